//! The connections of a client.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::settings::target::Address;
use crate::transport::dialing::Dialer;

/// How many calls one connection takes on: fewer than the 100 of the server, which counts them longer than its clients.
const CALLS: usize = 90;
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// What a stream receives before it is read.
const STREAM_WINDOW: u32 = 2 << 20;
/// Enough that streams nobody reads don't stop the others on their connection.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 100;

/// Sets what all connections have in common.
pub(crate) fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
}

/// Connections of one kind: further ones are opened while the others are full, and closed when nothing uses them.
pub(crate) struct Pool {
    endpoint: Endpoint,
    address: Address,
    turn: Arc<AtomicUsize>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: Vec<Weak<Connection>>,
    /// The one that stays open between calls.
    kept: Option<Arc<Connection>>,
}

/// A connection, which each call holds until it has ended.
pub(crate) struct Connection {
    pub(crate) channel: Channel,
    dialing: Arc<AtomicBool>,
    /// Where it lives: no call of another runtime can use it.
    runtime: runtime::Id,
}

impl Connection {
    /// Whether there is no connection yet, so that nothing was sent.
    pub(crate) fn is_dialing(&self) -> bool {
        self.dialing.load(Ordering::Acquire)
    }
}

impl Pool {
    pub(crate) fn new(endpoint: Endpoint, address: Address, turn: Arc<AtomicUsize>) -> Self {
        Self { endpoint, address, turn, open: Mutex::default() }
    }

    /// Returns a connection that has room for a call, which opens it if it is the first.
    pub(crate) fn connection(&self) -> Arc<Connection> {
        let runtime = Handle::current().id();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all.retain(|each| each.strong_count() > 0);
        let has_room = |each: &Arc<Connection>| each.runtime == runtime && Arc::strong_count(each) <= CALLS;
        let found = open.all.iter().filter_map(Weak::upgrade).find(has_room);
        let connection = found.unwrap_or_else(|| {
            let made = Arc::new(self.connect(runtime));
            open.all.push(Arc::downgrade(&made));
            made
        });
        if open.kept.as_ref().is_none_or(|kept| kept.runtime != runtime) {
            open.kept = Some(Arc::clone(&connection));
        }
        connection
    }

    fn connect(&self, runtime: runtime::Id) -> Connection {
        let dialer = Dialer::new(self.address.clone(), Arc::clone(&self.turn));
        let dialing = Arc::clone(&dialer.dialing);
        let connector = service_fn(move |_| dialer.clone().dial());
        Connection { channel: self.endpoint.connect_with_connector_lazy(connector), dialing, runtime }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Builder;

    fn pool() -> Pool {
        let address = Address::Tcp { host: "127.0.0.1".into(), port: 1 };
        Pool::new(Endpoint::from_static("http://127.0.0.1:1"), address, Arc::default())
    }

    #[tokio::test]
    async fn further_connections_are_open_while_calls_need_them() {
        let pool = pool();
        let calls: Vec<_> = std::iter::repeat_with(|| pool.connection()).take(2 * CALLS).collect();
        let further = Arc::downgrade(&calls[CALLS]);
        assert!(!Arc::ptr_eq(&calls[0], &calls[CALLS]));
        assert!(Arc::ptr_eq(&calls[CALLS], &calls[2 * CALLS - 2]));
        let first = Arc::downgrade(&calls[0]);
        drop(calls);
        assert_eq!((first.strong_count(), further.strong_count()), (1, 0));
        assert!(Arc::ptr_eq(&pool.connection(), &first.upgrade().unwrap()));
    }

    #[test]
    fn each_runtime_has_connections_of_its_own() {
        let pool = pool();
        let [one, two] = [(); 2].map(|()| {
            let runtime = Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { Arc::downgrade(&pool.connection()) })
        });
        assert_eq!((one.strong_count(), two.strong_count()), (0, 1));
    }
}

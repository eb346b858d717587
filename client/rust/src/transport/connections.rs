//! The connections of a client, and who has a place on them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::settings::target::Address;
use crate::transport::dialing::Dialer;

/// How many calls one connection takes on: fewer than the 100 of the server, which counts them longer than its clients.
const PLACES: usize = 90;
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
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    endpoint: Endpoint,
    address: Address,
    turn: Arc<AtomicUsize>,
    open: Mutex<Vec<Connection>>,
}

#[derive(Clone)]
struct Connection {
    number: usize,
    used: usize,
    channel: Channel,
    dialer: Dialer,
}

impl Pool {
    pub(crate) fn new(endpoint: Endpoint, address: Address, turn: Arc<AtomicUsize>) -> Self {
        Self(Arc::new(Shared { endpoint, address, turn, open: Mutex::default() }))
    }

    /// Takes a place on a connection, which is opened by the first call on it.
    pub(crate) fn place(&self) -> Place {
        let mut open = self.0.lock();
        let found = open.iter().position(|each| each.used < PLACES);
        let index = found.unwrap_or_else(|| {
            let number = open.last().map_or(0, |last| last.number + 1);
            open.push(self.0.connect(number));
            open.len() - 1
        });
        let connection = &mut open[index];
        connection.used += 1;
        Place {
            pool: Arc::clone(&self.0),
            number: connection.number,
            channel: connection.channel.clone(),
            dialer: connection.dialer.clone(),
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self, number: usize) -> Connection {
        let dialer = Dialer::new(self.address.clone(), Arc::clone(&self.turn));
        let each = dialer.clone();
        let connector = service_fn(move |_| each.clone().dial());
        Connection { number, used: 0, channel: self.endpoint.connect_with_connector_lazy(connector), dialer }
    }
}

/// A place on a connection, for one call at a time; dropping it makes room.
pub(crate) struct Place {
    pool: Arc<Shared>,
    number: usize,
    pub(crate) channel: Channel,
    dialer: Dialer,
}

impl Place {
    /// Whether there is no connection yet, so that nothing was sent.
    pub(crate) fn is_dialing(&self) -> bool {
        self.dialer.dialing.load(Ordering::Acquire)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.pool.lock();
        if let Some(own) = open.iter_mut().find(|each| each.number == self.number) {
            own.used -= 1;
        }
        open.retain(|each| each.number == 0 || each.used > 0);
    }
}

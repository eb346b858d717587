//! A stream of responses.

use std::sync::Arc;
use std::time::Duration;

use tonic::Streaming;

use crate::core::Core;
use crate::error::{Error, Result};
use crate::transport::connections::Connection;
use crate::transport::deadline::Deadline;
use crate::transport::sending::{Received, Sent};

/// How long a stream may take to end that has nothing more to say.
const LEAVING: Duration = Duration::from_millis(100);

/// A stream of responses. Dropping it cancels the call.
pub(crate) struct Incoming<A> {
    method: &'static str,
    responses: Streaming<A>,
    silence: Duration,
    /// Held as long as the stream lasts.
    _connection: Arc<Connection>,
}

impl<A: Received> Incoming<A> {
    /// Opens a stream; `silence` is how long it may be without a response.
    pub(crate) async fn open<Q: Sent>(
        core: &Core,
        method: &'static str,
        request: Q,
        deadline: Deadline,
        silence: Duration,
    ) -> Result<Self> {
        let connection = core.streams.connection();
        let quiet = Deadline::after(Some(silence));
        let opening = core.open_once(method, request, deadline, &connection);
        let Some(opened) = quiet.wait(opening).await else {
            return Err(silent(core, method, silence));
        };
        Ok(Self { method, responses: opened?, silence, _connection: connection })
    }

    /// Returns the next response; `None` at the end.
    pub(crate) async fn next(&mut self, core: &Core, deadline: Deadline) -> Result<Option<A>> {
        let quiet = Deadline::after(Some(self.silence));
        let waiting = deadline.wait(self.responses.message());
        let Some(arrived) = quiet.wait(waiting).await else {
            return Err(silent(core, self.method, self.silence));
        };
        let called = core.called(self.method, deadline.limit);
        let Some(response) = arrived else {
            return Err(called.late(false));
        };
        response.map_err(|status| called.explain(&status))
    }

    /// Lets a stream end that has nothing more to say, rather than cancel it, which would only bother the server.
    pub(crate) async fn finish(mut self) {
        let _ = tokio::time::timeout(LEAVING, self.responses.message()).await;
    }
}

fn silent(core: &Core, method: &str, silence: Duration) -> Error {
    let (target, seconds) = (&core.target, silence.as_secs_f64());
    Error::unavailable(format!("{method} at {target}: no data for {seconds} s"))
}

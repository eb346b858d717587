//! What all calls of a client share.

use std::fmt;
use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::Request;

use crate::transport::connections::Pool;
use crate::transport::deadline::Deadline;
use crate::transport::statuses::Called;

/// How long calls with one answer may take.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long streams may be without progress.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all calls of a client share.
pub(crate) struct Core {
    pub(crate) calls: Pool,
    pub(crate) streams: Pool,
    pub(crate) target: String,
    pub(crate) secure: bool,
    pub(crate) authorization: Option<MetadataValue<Ascii>>,
    /// The time for a call that the caller chose for all.
    pub(crate) timeout: Option<Duration>,
}

impl Core {
    /// A call, as errors tell of it.
    pub(crate) fn called<'a>(&'a self, method: &'a str, limit: Option<Duration>) -> Called<'a> {
        let (target, secure) = (self.target.as_str(), self.secure);
        Called { method, target, secure, limit, patience: self.patience() }
    }

    /// When a call with one answer must have ended.
    pub(crate) fn deadline(&self, timeout: Option<Duration>) -> Deadline {
        Deadline::after(Some(timeout.or(self.timeout).unwrap_or(DEFAULT_TIMEOUT)))
    }

    /// How long a stream may be without progress.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout.unwrap_or(PATIENCE).min(PATIENCE)
    }

    /// How long a read may be without a word of the service: longer than the service takes for a batch.
    pub(crate) fn silence(&self) -> Duration {
        self.timeout.unwrap_or(PATIENCE).max(PATIENCE).mul_f64(1.1)
    }

    /// What calls are sent with.
    pub(crate) fn authorization(&self) -> Authorization {
        Authorization(self.authorization.clone())
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Results")
            .field("target", &self.target)
            .field("tls", &self.secure)
            .finish_non_exhaustive()
    }
}

/// Sends the token of a client with each call.
#[derive(Clone, Debug)]
pub struct Authorization(Option<MetadataValue<Ascii>>);

impl Interceptor for Authorization {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, tonic::Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Results;

    #[test]
    fn the_timeout_of_a_client_bounds_its_calls_and_its_patience() {
        let seconds = Duration::from_secs;
        let of = |timeout: Option<Duration>| {
            let builder = Results::builder().target("localhost:1");
            let results =
                timeout.map_or(builder.clone(), |timeout| builder.timeout(timeout)).connect().unwrap();
            let core = &results.core;
            (core.deadline(None).limit.unwrap(), core.patience(), core.silence())
        };
        assert_eq!(of(None), (seconds(15), seconds(60), seconds(66)));
        assert_eq!(of(Some(seconds(2))), (seconds(2), seconds(2), seconds(66)));
        assert_eq!(of(Some(seconds(100))), (seconds(100), seconds(60), seconds(110)));
    }
}

//! When something must have ended.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// When something must have ended, and how much time it was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    /// The time that was given; `None` for no limit.
    pub(crate) limit: Option<Duration>,
    end: Option<Instant>,
}

impl Deadline {
    pub(crate) fn after(limit: Option<Duration>) -> Self {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        Self { limit, end }
    }

    /// The time that is left; `None` for no limit.
    pub(crate) fn left(&self) -> Option<Duration> {
        let now = Instant::now();
        self.end.map(|end| end.saturating_duration_since(now))
    }

    /// Whichever ends first.
    pub(crate) fn earlier(self, other: Self) -> Self {
        match (self.end, other.end) {
            (Some(one), Some(two)) if two < one => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    /// Waits for something; `None` where that takes too long.
    pub(crate) async fn wait<F: Future>(&self, future: F) -> Option<F::Output> {
        match self.end {
            Some(end) => tokio::time::timeout_at(end, future).await.ok(),
            None => Some(future.await),
        }
    }
}

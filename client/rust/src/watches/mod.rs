//! Watches: what they ask for, and the stream of changes that they return.

mod watching;

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use futures::Stream;

use crate::calls::attempts::{Attempts, IDEMPOTENT};
use crate::core::Core;
use crate::documents::{encoded, IntoRawDocument};
use crate::error::{Error, Result};
use crate::outcomes::Change;
use crate::proto::{WatchRequest, WatchResponse};
use crate::settings::checked;
use crate::transport::deadline::Deadline;
use crate::transport::incoming::Incoming;
use crate::watches::watching::{Arrivals, Watching};

const METHOD: &str = "Watch";
/// How long the service may say nothing: four times as long as it is silent.
const SILENCE: Duration = Duration::from_secs(60);

/// What to watch. The watch begins when this is awaited, and has begun on the server when that returns a [`Watch`].
#[must_use = "a watch begins when it is awaited"]
pub struct WatchBuilder {
    core: Arc<Core>,
    request: Result<WatchRequest>,
    timeout: Result<Option<Duration>>,
}

impl WatchBuilder {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core), request: Ok(WatchRequest::default()), timeout: Ok(None) }
    }

    /// One more pipeline to watch. Default: all that the caller may use, also those that are created later.
    pub fn pipeline(self, pipeline: impl Into<String>) -> Self {
        self.with(|request| request.pipelines.push(pipeline.into()))
    }

    /// A MongoDB filter: the changes of which results to tell of. Default: all.
    pub fn query(self, query: impl IntoRawDocument) -> Self {
        self.try_with(|request| {
            request.query = Some(encoded("query", query)?);
            Ok(())
        })
    }

    /// A MongoDB projection: which fields of them to send. Default: all.
    pub fn projection(self, projection: impl IntoRawDocument) -> Self {
        self.try_with(|request| {
            request.projection = Some(encoded("projection", projection)?);
            Ok(())
        })
    }

    /// Has the results that are there come first, without a gap before the changes.
    pub fn snapshot(self) -> Self {
        self.with(|request| request.snapshot = true)
    }

    /// Goes on behind the change, or where the watch was, that has this token. What to watch must be the same.
    pub fn resume_token(self, token: impl Into<Bytes>) -> Self {
        self.with(|request| request.resume_token = token.into())
    }

    /// The time for the whole watch. Default: none; it gives up when the service has failed for 60 s, or for the
    /// timeout of the client if that is shorter.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = checked(timeout).map(Some);
        self
    }

    fn with(mut self, set: impl FnOnce(&mut WatchRequest)) -> Self {
        if let Ok(request) = &mut self.request {
            set(request);
        }
        self
    }

    fn try_with(self, set: impl FnOnce(&mut WatchRequest) -> Result<()>) -> Self {
        let request = self.request.and_then(|mut request| {
            set(&mut request)?;
            Ok(request)
        });
        Self { request, ..self }
    }

    async fn begin(self) -> Result<Watch> {
        let mut watcher = Watcher {
            deadline: Deadline::after(self.timeout?),
            watching: Watching { request: self.request? },
            attempts: Attempts::new(IDEMPOTENT),
            stream: None,
            core: self.core,
        };
        let resume_token = watcher.watching.request.resume_token.clone();
        let first = watcher.next().await?;
        let later =
            stream::try_unfold(watcher, |mut watcher| async { Ok(Some((watcher.next().await?, watcher))) });
        let mut watch = Watch { later: Some(later.boxed()), arrivals: Arrivals::default(), resume_token };
        watch.arrive(first);
        Ok(watch)
    }
}

impl IntoFuture for WatchBuilder {
    type Output = Result<Watch>;
    type IntoFuture = BoxFuture<'static, Result<Watch>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.begin())
    }
}

impl fmt::Debug for WatchBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WatchBuilder")
            .field("request", &self.request)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A watch in progress.
struct Watcher {
    core: Arc<Core>,
    deadline: Deadline,
    watching: Watching,
    attempts: Attempts,
    stream: Option<Incoming<WatchResponse>>,
}

impl Watcher {
    /// Waits for the next response, on a new stream if need be.
    async fn next(&mut self) -> Result<Arrivals> {
        let mut failing: Option<Deadline> = None;
        loop {
            let error = match self.next_response().await {
                Ok(response) => {
                    self.attempts.progress();
                    return self.watching.take(response);
                }
                Err(error) => error,
            };
            self.stream = None;
            let patience = || Deadline::after(Some(self.core.patience()));
            let end = self.deadline.earlier(*failing.get_or_insert_with(patience));
            let pause = self.attempts.pause_after(error, end.left())?;
            tokio::time::sleep(pause).await;
        }
    }

    async fn next_response(&mut self) -> Result<WatchResponse> {
        if self.stream.is_none() {
            let request = self.watching.request.clone();
            let opening = Incoming::open(&self.core, METHOD, request, self.deadline, SILENCE);
            self.stream = Some(opening.await?);
        }
        let stream = self.stream.as_mut().expect("it was just opened");
        let response = stream.next(&self.core, self.deadline).await?;
        let ended = || Error::unavailable(format!("{METHOD} at {} ended", self.core.target));
        response.ok_or_else(ended)
    }
}

/// The changes of results as they are made, through restarts of the service: none is lost, one may come twice.
///
/// It has no end, other than an error: then watch again with its [`resume_token`](Self::resume_token). Dropping it
/// cancels the call on the server.
pub struct Watch {
    /// `None` after an error.
    later: Option<BoxStream<'static, Result<Arrivals>>>,
    arrivals: Arrivals,
    resume_token: Bytes,
}

impl Watch {
    /// What to give to another watch to go on where this one is: later than that of the last change, if nothing came.
    #[must_use]
    pub fn resume_token(&self) -> &Bytes {
        &self.resume_token
    }

    fn arrive(&mut self, arrivals: Arrivals) {
        if arrivals.is_empty() {
            self.resume_token = arrivals.behind.clone();
        }
        self.arrivals = arrivals;
    }
}

impl Stream for Watch {
    type Item = Result<Change>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let found = loop {
            if let Some(change) = self.arrivals.next() {
                break change;
            }
            let Some(later) = &mut self.later else {
                return Poll::Ready(None);
            };
            match ready!(later.poll_next_unpin(context)) {
                Some(Ok(arrivals)) => self.arrive(arrivals),
                Some(Err(error)) => break Err(error),
                None => self.later = None,
            }
        };
        match &found {
            Ok(change) => self.resume_token = change.resume_token.clone(),
            Err(_) => (self.later, self.arrivals) = (None, Arrivals::default()),
        }
        Poll::Ready(Some(found))
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Watch").field("resume_token", &self.resume_token).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{ChangeKind, EncodedDocuments, WatchEvent};
    use crate::{ErrorKind, Results};

    #[tokio::test]
    async fn a_token_without_changes_is_that_of_the_watch() {
        let change = || WatchEvent { kind: ChangeKind::Deleted as i32, ..Default::default() };
        let responses = [(0, "t1"), (2, "t2"), (0, "t3")].map(|(changes, token)| WatchResponse {
            events: std::iter::repeat_with(change).take(changes).collect(),
            resume_token: token.into(),
            ..Default::default()
        });
        let mut watching = Watching { request: WatchRequest::default() };
        let [first, changes, quiet] = responses.map(|each| watching.take(each).unwrap());
        let later = Some(stream::iter([Ok(changes), Ok(quiet)]).boxed());
        let mut watch = Watch { later, arrivals: Arrivals::default(), resume_token: Bytes::new() };
        watch.arrive(first);
        for token in ["t1", "t1", "t2"] {
            assert_eq!(watch.resume_token(), token);
            let _ = watch.next().await;
        }
        assert_eq!(watch.resume_token(), "t3");
    }

    #[tokio::test]
    async fn a_service_that_is_not_there_is_given_up() {
        let builder = Results::builder().target("127.0.0.1:1").timeout(Duration::from_millis(300));
        let watch = builder.connect().unwrap().watch().into_future();
        let found = tokio::time::timeout(Duration::from_secs(30), watch).await.unwrap();
        assert_eq!(found.unwrap_err().kind(), ErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn a_result_that_can_not_be_decoded_ends_the_watch() {
        let bson = [5, 0, 0, 0, 0, 9, 0, 0, 0, 99, b'n', 0, 0, 0].as_slice().into();
        let event = |index| WatchEvent {
            kind: ChangeKind::Deposited as i32,
            result_index: Some(index),
            ..Default::default()
        };
        let response = WatchResponse {
            events: [0, 1, 0].map(event).into(),
            results: Some(EncodedDocuments { bson, json: Vec::new() }),
            ..Default::default()
        };
        let mut watching = Watching { request: WatchRequest::default() };
        let later = stream::repeat_with(move || watching.take(response.clone())).boxed();
        let mut watch =
            Watch { later: Some(later), arrivals: Arrivals::default(), resume_token: Bytes::new() };
        assert!(watch.next().await.unwrap().is_ok());
        assert!(watch.next().await.unwrap().is_err());
        assert!(watch.next().await.is_none());
    }
}

//! Reads: what they ask for, and the stream of results that they return.

pub(crate) mod reader;
pub(crate) mod reading;
pub(crate) mod requests;

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use bson::Document;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use futures::Stream;

use crate::core::Core;
use crate::documents::{decode, encoded, split, IntoRawDocument};
use crate::error::Result;
use crate::proto::{GetByCountRequest, GetLockedRequest, TopRequest, ViewRequest};
use crate::reads::reader::Reader;
use crate::reads::requests::{Matching, ReadRequest};
use crate::settings::checked;

/// A read of results, which begins when its [`stream`](Self::stream) is polled. `Q` is its request.
#[must_use = "a read begins with its stream"]
pub struct Read<Q> {
    core: Arc<Core>,
    request: Result<Q>,
    timeout: Result<Option<Duration>>,
}

impl<Q> Read<Q> {
    pub(crate) fn new(core: &Arc<Core>, request: Q) -> Self {
        Self { core: Arc::clone(core), request: Ok(request), timeout: Ok(None) }
    }

    /// The time for the whole stream. Default: none; a read gives up when the service has failed for 60 s, or for the
    /// timeout of the client if that is shorter, and when it has said nothing for 66 s, or for 1.1 times the timeout of
    /// the client if that is longer than 60 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = checked(timeout).map(Some);
        self
    }

    fn with(mut self, set: impl FnOnce(&mut Q)) -> Self {
        if let Ok(request) = &mut self.request {
            set(request);
        }
        self
    }

    fn try_with(self, set: impl FnOnce(&mut Q) -> Result<()>) -> Self {
        let request = self.request.and_then(|mut request| {
            set(&mut request)?;
            Ok(request)
        });
        Self { request, ..self }
    }
}

impl<Q: Matching> Read<Q> {
    /// A MongoDB filter: which results to read. Default: all.
    pub fn query(self, query: impl IntoRawDocument) -> Self {
        self.try_with(|request| {
            *request.query_mut() = Some(encoded("query", query)?);
            Ok(())
        })
    }

    /// A MongoDB projection: which fields of them. Default: all.
    pub fn projection(self, projection: impl IntoRawDocument) -> Self {
        self.try_with(|request| {
            *request.projection_mut() = Some(encoded("projection", projection)?);
            Ok(())
        })
    }
}

impl Read<ViewRequest> {
    /// How many matching results to skip. Default: 0.
    pub fn skip(self, skip: i64) -> Self {
        self.with(|request| request.skip = skip)
    }

    /// How many results to read at most; 0 for no limit, which is the default.
    pub fn limit(self, limit: i64) -> Self {
        self.with(|request| request.limit = limit)
    }
}

impl Read<GetByCountRequest> {
    /// How many results to read at most; 0 for no limit. Default: 10.
    pub fn count(self, count: i64) -> Self {
        self.with(|request| request.count = count)
    }
}

impl Read<GetLockedRequest> {
    /// How many locked results to skip. Default: 0.
    pub fn skip(self, skip: i64) -> Self {
        self.with(|request| request.skip = skip)
    }

    /// How many results to read at most; 0 for no limit. Default: 10.
    pub fn count(self, count: i64) -> Self {
        self.with(|request| request.count = count)
    }
}

impl Read<TopRequest> {
    /// How many results to read at most, from 1 to 10,000. Default: 100.
    pub fn limit(self, limit: i32) -> Self {
        self.with(|request| request.limit = limit)
    }

    /// Has the lowest values come first, rather than the highest.
    pub fn ascending(self) -> Self {
        self.with(|request| request.ascending = true)
    }
}

impl<Q: ReadRequest> Read<Q> {
    /// Returns the stream of the results.
    pub fn stream(self) -> ResultStream {
        let batches = match (self.request, self.timeout) {
            (Ok(request), Ok(timeout)) => {
                let reader = Reader::new(self.core, VecDeque::from(request.divided()), timeout);
                stream::try_unfold(reader, |mut reader| async {
                    Ok(reader.next().await?.map(|batch| (batch, reader)))
                })
                .boxed()
            }
            (Err(error), _) | (_, Err(error)) => stream::once(async { Err(error) }).boxed(),
        };
        ResultStream { batches: Some(batches), batch: Bytes::new(), documents: VecDeque::new() }
    }
}

impl<Q: fmt::Debug> fmt::Debug for Read<Q> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Read")
            .field("request", &self.request)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The results of a [`Read`], in constant memory, through restarts of the service: none is missing and none comes
/// twice. After an error it ends. Dropping it cancels the call on the server.
pub struct ResultStream {
    /// `None` at the end.
    batches: Option<BoxStream<'static, Result<Bytes>>>,
    batch: Bytes,
    documents: VecDeque<Range<usize>>,
}

impl Stream for ResultStream {
    type Item = Result<Document>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let found = loop {
            if let Some(range) = self.documents.pop_front() {
                break Some(decode(&self.batch[range]));
            }
            let Some(batches) = &mut self.batches else {
                break None;
            };
            match ready!(batches.poll_next_unpin(context)) {
                Some(Ok(batch)) => {
                    self.documents = split(&batch)?.into();
                    self.batch = batch;
                }
                Some(Err(error)) => break Some(Err(error)),
                None => self.batches = None,
            }
        };
        if matches!(found, Some(Err(_))) {
            self.batches = None;
            self.documents.clear();
        }
        Poll::Ready(found)
    }
}

impl fmt::Debug for ResultStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ResultStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::proto::{EncodedDocuments, ResultBatch, ResultPart, ViewResponse};
    use crate::testing::{told, Service};
    use bson::{doc, rawdoc};

    #[tokio::test]
    async fn a_read_that_hangs_ends_with_its_timeout() {
        let answer = |_| {
            let bson = rawdoc! { "id": "a" }.into_bytes().into();
            let results = EncodedDocuments { bson, json: Vec::new() };
            let batch = ResultBatch { results: Some(results), resume_token: "t1".into() };
            told(&ViewResponse { part: Some(ResultPart { batch: Some(batch), summary: None }) }, None)
        };
        let (_service, results) = Service::start(answer).await;
        let mut read = results.view("p").timeout(Duration::from_millis(500)).stream();
        assert_eq!(read.next().await.unwrap().unwrap(), doc! { "id": "a" });
        let late = tokio::time::timeout(Duration::from_secs(30), read.next()).await.unwrap();
        assert_eq!(late.unwrap().unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    }

    #[tokio::test]
    async fn a_result_that_can_not_be_decoded_ends_the_stream() {
        let mut batch = rawdoc! { "id": "a" }.into_bytes();
        batch.extend([9, 0, 0, 0, 99, b'n', 0, 0, 0]);
        batch.extend(rawdoc! { "id": "c" }.into_bytes());
        let batches = stream::repeat_with(move || Ok(Bytes::from(batch.clone()))).boxed();
        let mut results =
            ResultStream { batches: Some(batches), batch: Bytes::new(), documents: VecDeque::new() };
        assert_eq!(results.next().await.unwrap().unwrap(), doc! { "id": "a" });
        assert!(results.next().await.unwrap().is_err());
        assert!(results.next().await.is_none());
    }
}

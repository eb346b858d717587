//! Reads on their way through one stream after another, nothing missing and nothing twice; without a clock.

use bytes::Bytes;

use crate::documents::split;
use crate::error::{Error, Result};
use crate::proto::ResultPart;
use crate::reads::requests::ReadRequest;

/// A read, part by part.
#[derive(Debug)]
pub(crate) struct Reading<Q> {
    /// What to send for the next stream: its resume token moves on with what arrives.
    pub(crate) request: Q,
    /// Whether all has arrived, so that it does not matter how the stream ends.
    pub(crate) complete: bool,
    count: usize,
    /// What has arrived of a stream that begins anew where it breaks.
    kept: Vec<u8>,
}

impl<Q: ReadRequest> Reading<Q> {
    pub(crate) fn new(request: Q) -> Self {
        Self { request, complete: false, count: 0, kept: Vec::new() }
    }

    /// Notes that a stream begins.
    pub(crate) fn begin(&mut self) {
        self.count = 0;
        self.kept.clear();
    }

    /// Notes what has arrived, and returns the documents to hand on, back to back.
    pub(crate) fn take(&mut self, part: ResultPart) -> Result<Bytes> {
        let mut documents = Bytes::new();
        if let Some(batch) = part.batch {
            documents = batch.results.unwrap_or_default().bson;
            self.count += split(&documents)?.len();
            self.request.resume(batch.resume_token);
        }
        if let Some(summary) = part.summary {
            if i64::try_from(self.count) != Ok(summary.count) {
                let (method, count, all) = (Q::METHOD, self.count, summary.count);
                return Err(Error::other(format!("{method} lost results: {count} of {all} arrived")));
            }
            self.complete = true;
        }
        if Q::RESUMES {
            return Ok(documents);
        }
        self.kept.extend_from_slice(&documents);
        Ok(if self.complete { std::mem::take(&mut self.kept).into() } else { Bytes::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{EncodedDocuments, ReadSummary, ResultBatch, TopRequest, ViewRequest};

    fn part(number: usize, summary: Option<i64>) -> ResultPart {
        let bson = [5, 0, 0, 0, 0].repeat(number).into();
        let json = Vec::new();
        let batch = ResultBatch {
            results: Some(EncodedDocuments { bson, json }),
            resume_token: vec![u8::try_from(number).unwrap()].into(),
        };
        ResultPart {
            batch: (number > 0).then_some(batch),
            summary: summary.map(|count| ReadSummary { count }),
        }
    }

    #[test]
    fn a_summary_counts_its_own_stream_and_tokens_move_on() {
        let mut reading = Reading::new(ViewRequest::default());
        reading.begin();
        assert_eq!(reading.take(part(2, None)).unwrap().len(), 10);
        assert_eq!(reading.request.resume_token, vec![2]);
        reading.begin();
        assert_eq!(reading.take(part(1, None)).unwrap().len(), 5);
        assert!(reading.take(part(0, Some(1))).unwrap().is_empty());
        assert!(reading.complete);
        assert_eq!(reading.request.resume_token, vec![1]);
    }

    #[test]
    fn lost_results_are_an_error() {
        let mut reading = Reading::new(ViewRequest::default());
        let error = reading.take(part(1, Some(2))).unwrap_err();
        assert!(error.to_string().contains("lost results: 1 of 2"));
        assert!(!reading.complete);
    }

    #[test]
    fn the_top_is_handed_on_when_it_is_complete() {
        let mut reading = Reading::new(TopRequest::default());
        reading.begin();
        assert!(reading.take(part(3, None)).unwrap().is_empty());
        reading.begin();
        assert!(reading.take(part(1, None)).unwrap().is_empty());
        assert_eq!(reading.take(part(1, Some(2))).unwrap().len(), 10);
    }
}

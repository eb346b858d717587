//! Watches on their way through one stream after another, no change missing; without a clock.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use crate::documents::{decode, split};
use crate::error::{Error, Result};
use crate::outcomes::{time, Change, ChangeKind};
use crate::proto::{WatchEvent, WatchRequest, WatchResponse};

/// A change as it has arrived: several may share one result, which may be large.
#[derive(Debug)]
struct Arrived {
    kind: ChangeKind,
    event: WatchEvent,
    result: Option<Range<usize>>,
}

/// The changes of one response.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    changes: VecDeque<Arrived>,
    documents: Bytes,
    /// The token behind all changes but the last.
    pub(crate) before: Bytes,
    /// The token behind the last one; where there is none, behind the response.
    pub(crate) behind: Bytes,
    snapshot_complete: bool,
}

/// A watch, response by response.
#[derive(Debug)]
pub(crate) struct Watching {
    /// What to send for the next stream: its resume token moves on with what arrives.
    pub(crate) request: WatchRequest,
}

impl Watching {
    /// Notes what has arrived.
    pub(crate) fn take(&mut self, response: WatchResponse) -> Result<Arrivals> {
        let before = self.request.resume_token.clone();
        if !response.resume_token.is_empty() {
            self.request.resume_token = response.resume_token;
        }
        let documents = response.results.unwrap_or_default().bson;
        let ranges = split(&documents)?;
        let changes = response.events.into_iter().map(|event| arrived(event, &ranges));
        Ok(Arrivals {
            changes: changes.collect::<Result<_>>()?,
            documents,
            before,
            behind: self.request.resume_token.clone(),
            snapshot_complete: response.snapshot_complete,
        })
    }
}

fn arrived(event: WatchEvent, results: &[Range<usize>]) -> Result<Arrived> {
    let known = event.kind.try_into().ok().and_then(ChangeKind::of);
    let Some(kind) = known else {
        return Err(Error::other(
            "a watch has changes that are not known to this client: is it older than the server?",
        ));
    };
    let result = match event.result_index {
        None => None,
        Some(index) => {
            let found = usize::try_from(index).ok().and_then(|it| results.get(it));
            let lost = || Error::other(format!("a watch lost results: {} arrived", results.len()));
            Some(found.ok_or_else(lost)?.clone())
        }
    };
    Ok(Arrived { kind, event, result })
}

impl Arrivals {
    /// Returns the next change, in the terms of the caller.
    pub(crate) fn next(&mut self) -> Option<Result<Change>> {
        let Some(arrived) = self.changes.pop_front() else {
            let complete = std::mem::take(&mut self.snapshot_complete);
            return complete.then(|| Ok(self.snapshot_complete()));
        };
        let is_last = self.changes.is_empty();
        let token = if is_last { &self.behind } else { &self.before };
        let result = arrived.result.map(|range| decode(&self.documents[range]));
        Some(result.transpose().map(|result| Change {
            kind: arrived.kind,
            pipeline: arrived.event.pipeline,
            id: arrived.event.id,
            result,
            time: arrived.event.time.map(time),
            caller: arrived.event.caller,
            reason: arrived.event.reason,
            fields: arrived.event.fields,
            resume_token: token.clone(),
        }))
    }

    /// Whether there is no change in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.snapshot_complete
    }

    fn snapshot_complete(&self) -> Change {
        Change {
            kind: ChangeKind::SnapshotComplete,
            pipeline: String::new(),
            id: String::new(),
            result: None,
            time: None,
            caller: String::new(),
            reason: String::new(),
            fields: Vec::new(),
            resume_token: self.behind.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto;

    fn response(kinds: &[i32], token: &'static str) -> WatchResponse {
        let event = |kind: &i32| WatchEvent { kind: *kind, ..Default::default() };
        WatchResponse {
            events: kinds.iter().map(event).collect(),
            resume_token: token.into(),
            ..Default::default()
        }
    }

    fn tokens(arrivals: &mut Arrivals) -> Vec<Bytes> {
        let changes = std::iter::from_fn(|| arrivals.next());
        changes.map(|change| change.unwrap().resume_token).collect()
    }

    fn watching() -> Watching {
        let request = WatchRequest { resume_token: "t0".into(), ..Default::default() };
        Watching { request }
    }

    #[test]
    fn the_token_of_a_response_is_behind_its_last_change() {
        let mut watching = watching();
        let deleted = proto::ChangeKind::Deleted as i32;
        let mut arrivals = watching.take(response(&[deleted; 3], "t1")).unwrap();
        assert_eq!(tokens(&mut arrivals), ["t0", "t0", "t1"]);
        let mut arrivals = watching.take(response(&[deleted], "")).unwrap();
        assert_eq!(tokens(&mut arrivals), ["t1"]);
        let arrivals = watching.take(response(&[], "t2")).unwrap();
        assert!(arrivals.is_empty());
        assert_eq!(arrivals.behind, "t2");
        assert_eq!(watching.request.resume_token, "t2");
    }

    #[test]
    fn the_end_of_a_snapshot_is_a_change() {
        let existing = proto::ChangeKind::Existing as i32;
        let mut told = response(&[existing], "t1");
        told.snapshot_complete = true;
        let mut arrivals = watching().take(told).unwrap();
        assert_eq!(arrivals.next().unwrap().unwrap().kind, ChangeKind::Existing);
        let end = arrivals.next().unwrap().unwrap();
        assert_eq!(end.kind, ChangeKind::SnapshotComplete);
        assert_eq!(end.resume_token, "t1");
        assert!(arrivals.next().is_none());
    }

    #[test]
    fn what_is_not_known_or_missing_is_an_error() {
        assert!(watching().take(response(&[99], "t1")).is_err());
        assert!(watching().take(response(&[0], "t1")).is_err());
        let mut told = response(&[proto::ChangeKind::Updated as i32], "t1");
        told.events[0].result_index = Some(0);
        let error = watching().take(told).unwrap_err();
        assert!(error.to_string().contains("lost results"));
    }
}

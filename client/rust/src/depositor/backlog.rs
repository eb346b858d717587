//! The works of a depositor that are not acknowledged yet: how they go together, and what becomes of them.
//!
//! It neither waits nor looks at a clock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

use bson::RawDocumentBuf;
use tokio::time::Instant;

use crate::depositor::pending::{PendingRequest, PendingWork, Teller};
use crate::deposits::{receipt, too_large};
use crate::error::{Error, ErrorKind, Result};
use crate::outcomes::{outcomes, Outcome, Receipt};
use crate::proto::{DepositStreamRequest, DepositStreamResponse};

const REQUESTS_IN_FLIGHT: usize = 8;
/// How long works are gathered for a request while another one is under way; otherwise they are sent at once.
const GATHERING: Duration = Duration::from_millis(10);

/// What to do next with a stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Step {
    /// Send a request.
    Send(DepositStreamRequest),
    /// Wait for a change, or until a time if that comes first.
    Wait(Option<Instant>),
    /// End the stream.
    End,
}

/// Works on their way to the service, as requests in their order.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// Whether it takes no more works.
    pub(crate) closing: bool,
    /// The error that the works have that are not acknowledged.
    pub(crate) failure: Option<Error>,
    /// When the service last acknowledged anything, or had nothing to acknowledge.
    pub(crate) progress: Instant,
    /// Since when the first request under way waits for its acknowledgement, or the end of the stream is awaited.
    pub(crate) waiting_since: Instant,
    /// Whether the stream was told that nothing more comes.
    ended: bool,
    sequence: u64,
    gathered: VecDeque<PendingRequest>,
    in_flight: VecDeque<PendingRequest>,
    /// Up to which request not to gather, since somebody waits for it.
    urgent: u64,
    not_stored: Vec<(Receipt, Arc<AtomicBool>)>,
}

impl Backlog {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            closing: false,
            failure: None,
            progress: now,
            waiting_since: now,
            ended: false,
            sequence: 0,
            gathered: VecDeque::new(),
            in_flight: VecDeque::new(),
            urgent: 0,
            not_stored: Vec::new(),
        }
    }

    /// Takes on a work.
    pub(crate) fn add(&mut self, pending: PendingWork, now: Instant) {
        if let Some(receipt) = too_large(&pending.work) {
            self.tell(pending.teller, Ok(receipt.clone()), receipt);
            return;
        }
        if self.is_empty() {
            self.progress = now;
        }
        let bytes = pending.work.as_bytes().len();
        let is_full = |last: &PendingRequest| last.is_full(bytes);
        if self.gathered.back().is_none_or(is_full) {
            self.sequence += 1;
            self.gathered.push_back(PendingRequest::new(self.sequence, now));
        }
        let last = self.gathered.back_mut().expect("there is a request");
        last.add(pending);
    }

    /// Sends what is gathered without waiting for more, and returns the number of its last request.
    pub(crate) fn hurry(&mut self) -> u64 {
        self.urgent = self.sequence;
        self.sequence
    }

    /// Whether all requests up to one are acknowledged, or have failed.
    pub(crate) fn is_done(&self, last: u64) -> bool {
        let mut first = [&self.in_flight, &self.gathered].into_iter();
        first.all(|each| each.front().is_none_or(|request| request.sequence > last))
    }

    /// Whether nothing waits for an acknowledgement.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty() && self.gathered.is_empty()
    }

    /// Whether something is sent and not acknowledged.
    pub(crate) fn has_in_flight(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Whether the service has to say something: an acknowledgement, or that the stream ends.
    pub(crate) fn is_waiting(&self) -> bool {
        self.ended || self.has_in_flight()
    }

    /// Notes that the stream is told that nothing more comes.
    fn end(&mut self, now: Instant) {
        self.ended = true;
        if !self.has_in_flight() {
            self.waiting_since = now;
        }
    }

    /// Ends a stream without works; returns whether it is one.
    pub(crate) fn end_if_idle(&mut self, now: Instant) -> bool {
        let idle = self.is_empty();
        if idle {
            self.end(now);
        }
        idle
    }

    /// Makes all that is not acknowledged ready for a new stream.
    pub(crate) fn begin(&mut self) {
        self.ended = false;
        while let Some(request) = self.in_flight.pop_back() {
            self.gathered.push_front(request);
        }
    }

    /// Says what to do next with a stream.
    pub(crate) fn next(&mut self, now: Instant) -> Step {
        let Some(first) = self.gathered.front() else {
            if self.closing {
                self.end(now);
                return Step::End;
            }
            return Step::Wait(None);
        };
        // Those that must be alone come before all others.
        let is_alone = self.in_flight.front().is_some_and(|under_way| under_way.alone);
        if is_alone || self.in_flight.len() == REQUESTS_IN_FLIGHT {
            return Step::Wait(None);
        }
        let hurries = self.closing || first.sequence <= self.urgent || self.in_flight.is_empty();
        let ripe = first.began + GATHERING;
        if !hurries && self.gathered.len() == 1 && !first.is_full(0) && now < ripe {
            return Step::Wait(Some(ripe));
        }
        let request = self.gathered.pop_front().expect("there is a request");
        let message = request.message();
        if self.in_flight.is_empty() {
            self.waiting_since = now;
        }
        self.in_flight.push_back(request);
        Step::Send(message)
    }

    /// Tells what the service says about the works of the first request under way.
    pub(crate) fn acknowledge(&mut self, answer: DepositStreamResponse, now: Instant) -> Result<()> {
        let expected = self.in_flight.front().map(|first| first.sequence);
        if expected != Some(answer.sequence) {
            let told = answer.sequence;
            return Err(Error::other(format!(
                "the service acknowledged request {told} instead of {expected:?}"
            )));
        }
        let first = self.in_flight.pop_front().expect("it is there");
        let told = match outcomes(&answer.outcomes, answer.rejections, first.works.len()) {
            Ok(told) => told,
            Err(error) => {
                self.in_flight.push_front(first);
                return Err(error);
            }
        };
        (self.progress, self.waiting_since) = (now, now);
        for (pending, told) in first.works.into_iter().zip(told) {
            let receipt = receipt(&pending.work, told);
            self.tell(pending.teller, Ok(receipt.clone()), receipt);
        }
        Ok(())
    }

    /// Notes that a stream has failed with which some requests were under way.
    pub(crate) fn interrupted(&mut self, error: &Error) {
        for request in &mut self.in_flight {
            request.outcome_unknown |= error.outcome_unknown();
        }
    }

    /// Makes the works fail that are at fault for the end of a stream, and has the others sent again; returns whether
    /// they can be told apart.
    ///
    /// One denied work denies its whole request. Acknowledgements may be lost behind the error, so that only a request
    /// that is alone on its way is known to be the one at fault.
    pub(crate) fn sort_out(&mut self, error: &Error, now: Instant) -> bool {
        let denied = error.kind() == ErrorKind::PermissionDenied;
        let has_culprit = match error.reason() {
            "PIPELINE" => true,
            "ROLE" => self.in_flight.iter().any(PendingRequest::has_locked),
            reason => !denied && !reason.is_empty(),
        };
        if self.in_flight.is_empty() || !has_culprit {
            return false;
        }
        self.progress = now;
        if self.in_flight.len() > 1 {
            for request in &mut self.in_flight {
                request.alone = true;
                request.outcome_unknown = true;
            }
            return true;
        }
        let only = self.in_flight.pop_front().expect("there is one");
        let mut parts = if denied { only.parts() } else { vec![only] };
        if parts.len() > 1 {
            self.in_flight.extend(parts);
        } else {
            self.refuse(parts.remove(0), error);
        }
        true
    }

    /// Makes all works of a request fail.
    fn refuse(&mut self, request: PendingRequest, error: &Error) {
        let error = error.clone().with_outcome_unknown(request.outcome_unknown);
        for pending in request.works {
            let reason = format!("{}: {error}", error.reason());
            let receipt = receipt(&pending.work, (Outcome::Rejected, reason));
            let failed = error.clone().with_works([pending.work].into());
            self.tell(pending.teller, Err(failed), receipt);
        }
    }

    /// Gives up all that is not acknowledged.
    pub(crate) fn fail(&mut self, error: &Error) {
        self.closing = true;
        self.begin();
        let lost = std::mem::take(&mut self.gathered);
        let unknown = lost.iter().any(|request| request.outcome_unknown);
        let error = error.clone().with_outcome_unknown(unknown || error.outcome_unknown());
        let mut works: Vec<RawDocumentBuf> = Vec::new();
        for pending in lost.into_iter().flat_map(|request| request.works) {
            let _ = pending.teller.receipt.send(Err(error.clone()));
            works.push(pending.work);
        }
        self.failure = Some(error.with_works(works.into()));
    }

    /// The error with which a depositor ends, if there is one: that which ended it, or one about works that are not
    /// stored, and that nobody has asked for.
    pub(crate) fn outcome(&self) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let unseen = self.not_stored.iter();
        let unseen = unseen.filter(|(_, seen)| !seen.load(Ordering::Acquire));
        let receipts: Vec<_> = unseen.map(|(receipt, _)| receipt.clone()).collect();
        let Some(first) = receipts.first() else {
            return Ok(());
        };
        let number = receipts.len();
        let Receipt { pipeline, id, outcome, reason } = first;
        let why = if reason.is_empty() { format!("{outcome:?}") } else { reason.clone() };
        let message = format!(
            "works are not stored, and nobody has awaited their receipts: {number}; the first is {id:?} of {pipeline}: {why}"
        );
        Err(Error::invalid(message).with_receipts(receipts))
    }

    fn tell(&mut self, teller: Teller, known: Result<Receipt>, receipt: Receipt) {
        if !receipt.stored() {
            if self.not_stored.len() == self.not_stored.capacity() {
                self.not_stored.retain(|(_, seen)| !seen.load(Ordering::Acquire));
                self.not_stored.reserve(self.not_stored.len() + 1); // so that this is done seldom
            }
            self.not_stored.push((receipt, teller.seen));
        }
        let _ = teller.receipt.send(known);
    }
}

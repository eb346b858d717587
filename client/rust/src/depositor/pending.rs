//! A request of a depositor: works that are sent together, and what they are divided into when they are denied.

use std::sync::atomic::AtomicBool;
use std::sync::Arc;

use bson::RawDocumentBuf;
use tokio::sync::{oneshot, OwnedSemaphorePermit};
use tokio::time::Instant;

use crate::documents::{is_locked, joined, text};
use crate::error::Result;
use crate::outcomes::Receipt;
use crate::proto::DepositStreamRequest;

/// What a request is made of at most; a larger work goes alone.
const REQUEST_BYTES: usize = 1 << 19;
const REQUEST_WORKS: usize = 1_000;

/// A work that is not acknowledged.
#[derive(Debug)]
pub(crate) struct PendingWork {
    pub(crate) work: RawDocumentBuf,
    pub(crate) teller: Teller,
    /// Makes room for other works when this one is dropped.
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

/// Who waits for the receipt of a work.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) receipt: oneshot::Sender<Result<Receipt>>,
    /// Whether what became of the work was asked for.
    pub(crate) seen: Arc<AtomicBool>,
}

/// Works that are sent together.
#[derive(Debug)]
pub(crate) struct PendingRequest {
    pub(crate) sequence: u64,
    pub(crate) works: Vec<PendingWork>,
    pub(crate) began: Instant,
    /// Whether it must be alone on its way, since it may be the one at fault.
    pub(crate) alone: bool,
    /// Whether it was sent on a stream that ended before it was acknowledged.
    pub(crate) outcome_unknown: bool,
    bytes: usize,
}

impl PendingRequest {
    pub(crate) fn new(sequence: u64, began: Instant) -> Self {
        Self { sequence, works: Vec::new(), began, alone: false, outcome_unknown: false, bytes: 0 }
    }

    pub(crate) fn add(&mut self, work: PendingWork) {
        self.bytes += work.work.as_bytes().len();
        self.works.push(work);
    }

    /// Whether it takes on no work of so many bytes.
    pub(crate) fn is_full(&self, more: usize) -> bool {
        self.alone || self.bytes + more > REQUEST_BYTES || self.works.len() == REQUEST_WORKS
    }

    /// What is sent.
    pub(crate) fn message(&self) -> DepositStreamRequest {
        DepositStreamRequest {
            sequence: self.sequence,
            works: Some(joined(self.works.iter().map(|each| &each.work))),
        }
    }

    /// Whether a work of it is to be stored locked.
    pub(crate) fn has_locked(&self) -> bool {
        self.works.iter().any(|each| is_locked(&each.work))
    }

    /// Divides it into requests whose works are all allowed or all denied, with those of each pipeline in order.
    pub(crate) fn parts(self) -> Vec<Self> {
        let mut parts: Vec<(String, bool, Self)> = Vec::new();
        for work in self.works {
            let (pipeline, locked) = (text(&work.work, "pipeline"), is_locked(&work.work));
            let last = parts.iter_mut().rev().find(|(name, ..)| name == pipeline);
            match last {
                Some((_, same, part)) if *same == locked => part.add(work),
                _ => {
                    let pipeline = pipeline.to_owned();
                    let mut part = Self::new(self.sequence, self.began);
                    part.outcome_unknown = self.outcome_unknown;
                    part.alone = true;
                    part.add(work);
                    parts.push((pipeline, locked, part));
                }
            }
        }
        parts.into_iter().map(|(.., part)| part).collect()
    }
}

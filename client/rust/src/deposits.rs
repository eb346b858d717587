//! Deposits of lists of works, with several requests under way at a time.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use bson::RawDocumentBuf;
use futures::stream::{self, StreamExt};

use crate::core::Core;
use crate::documents::{joined, text};
use crate::error::Result;
use crate::outcomes::{outcomes, rejection_name, Outcome, Receipt};
use crate::proto::{DepositRequest, RejectionReason};
use crate::transport::deadline::Deadline;

/// What a request aims at: enough to make little of its cost, little enough to keep several in flight.
const REQUEST_BYTES: usize = 1 << 20;
const REQUEST_WORKS: usize = 10_000;
const REQUESTS_IN_FLIGHT: usize = 4;
/// The largest work that a server stores.
const WORK_BYTES: usize = (16 << 20) - (16 << 10);

/// The works of a deposit, each with an id.
#[derive(Clone, Debug)]
pub struct Works(pub(crate) Vec<RawDocumentBuf>);

impl Works {
    /// Sends them, and returns their receipts.
    pub(crate) async fn deposit(self, core: &Core, deadline: Deadline) -> Result<Vec<Receipt>> {
        let works: Arc<[RawDocumentBuf]> = self.0.into();
        // Works with the same id are stored in their order, so that requests with some must not overtake each other.
        let in_flight = if has_repeated_ids(&works) { 1 } else { REQUESTS_IN_FLIGHT };
        let failed = AtomicBool::new(false);
        let sent = divided(&works).into_iter().map(|positions| {
            let sending = send(core, &works[positions], deadline);
            async {
                if failed.load(Ordering::Relaxed) {
                    return None; // what is under way is waited for, and nothing more is sent
                }
                let answer = sending.await;
                failed.fetch_or(answer.is_err(), Ordering::Relaxed);
                Some(answer)
            }
        });
        let answers: Vec<_> = stream::iter(sent).buffered(in_flight).collect().await;
        let maybe = answers.iter().flatten().any(|answer| match answer {
            Ok(receipts) => receipts.iter().any(|each| each.outcome != Outcome::Rejected),
            Err(error) => error.outcome_unknown(),
        });
        let receipts: Result<Vec<Vec<Receipt>>> = answers.into_iter().flatten().collect();
        match receipts {
            Ok(receipts) => Ok(receipts.concat()),
            Err(error) => Err(error.with_outcome_unknown(maybe).with_works(works)),
        }
    }
}

/// Sends one request.
async fn send(core: &Core, works: &[RawDocumentBuf], deadline: Deadline) -> Result<Vec<Receipt>> {
    if let [work] = works {
        if let Some(receipt) = too_large(work) {
            return Ok(vec![receipt]);
        }
    }
    let request = DepositRequest { works: Some(joined(works.iter())) };
    let answer = core.call(request, deadline).await?;
    let told = outcomes(&answer.outcomes, answer.rejections, works.len())?;
    let receipts = works.iter().zip(told);
    Ok(receipts.map(|(work, told)| receipt(work, told)).collect())
}

/// The receipt of a work.
pub(crate) fn receipt(work: &RawDocumentBuf, (outcome, reason): (Outcome, String)) -> Receipt {
    Receipt { pipeline: text(work, "pipeline").to_owned(), id: text(work, "id").to_owned(), outcome, reason }
}

/// The receipt of a work that is too large to be sent; `None` for others.
pub(crate) fn too_large(work: &RawDocumentBuf) -> Option<Receipt> {
    let bytes = work.as_bytes().len();
    let name = rejection_name(RejectionReason::TooLarge);
    let told = || format!("{name}: has {bytes} bytes of BSON; at most {WORK_BYTES} are stored");
    (bytes > WORK_BYTES).then(|| receipt(work, (Outcome::Rejected, told())))
}

/// Divides works into requests of a good size; one that is larger goes alone. Without works, there is one request.
fn divided(works: &[RawDocumentBuf]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (position, work) in works.iter().enumerate() {
        let bytes = work.as_bytes().len();
        let full = size + bytes > REQUEST_BYTES || position - start == REQUEST_WORKS;
        if full && position > start {
            parts.push(start..position);
            (start, size) = (position, 0);
        }
        size += bytes;
    }
    parts.push(start..works.len());
    parts
}

fn has_repeated_ids(works: &[RawDocumentBuf]) -> bool {
    let mut seen = HashSet::with_capacity(works.len());
    let mut names = works.iter().map(|work| (text(work, "pipeline"), text(work, "id")));
    names.any(|name| !seen.insert(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::proto::{DepositOutcome, DepositResponse};
    use crate::testing::{told, Service};
    use bson::rawdoc;
    use tonic::Code;

    fn work(id: &str, bytes: usize) -> RawDocumentBuf {
        rawdoc! { "id": id, "pipeline": "p", "padding": "x".repeat(bytes) }
    }

    #[test]
    fn works_are_divided_by_their_size_and_number() {
        let large = |number: usize| vec![work("a", 300 << 10); number];
        assert_eq!(divided(&large(7)), [0..3, 3..6, 6..7]);
        assert_eq!(divided(&vec![work("a", 0); 10_001]), [0..10_000, 10_000..10_001]);
        assert_eq!(divided(&[work("a", 0), work("b", 2 << 20)]), [0..1, 1..2]);
        assert_eq!(divided(&[work("a", 2 << 20), work("b", 0)]), [0..1, 1..2]);
        assert_eq!(divided(&[]).len(), 1);
    }

    #[test]
    fn works_that_are_too_large_are_not_sent() {
        assert!(too_large(&work("a", WORK_BYTES / 2)).is_none());
        let receipt = too_large(&work("a", WORK_BYTES)).unwrap();
        assert!(receipt.reason.starts_with("TOO_LARGE: "));
        assert!(!receipt.stored());
    }

    #[test]
    fn ids_are_repeated_within_a_pipeline() {
        let other = rawdoc! { "id": "a", "pipeline": "q" };
        assert!(!has_repeated_ids(&[work("a", 0), work("b", 0), other]));
        assert!(has_repeated_ids(&[work("a", 0), work("b", 0), work("a", 1)]));
    }

    /// Works that are too large to share a request.
    fn large(ids: impl IntoIterator<Item = usize>) -> Vec<RawDocumentBuf> {
        ids.into_iter().map(|id| work(&id.to_string(), 600 << 10)).collect()
    }

    fn deposited() -> DepositResponse {
        DepositResponse { outcomes: vec![DepositOutcome::Deposited as i32], ..Default::default() }
    }

    #[tokio::test]
    async fn nothing_more_is_sent_after_a_failure_whose_error_tells_of_all() {
        let answer = |number| match number {
            0 => told(&deposited(), Some(Code::Ok)),
            _ => (None, Some(Code::InvalidArgument)),
        };
        let (service, results) = Service::start(answer).await;
        let error = results.deposit(large(0..20)).await.unwrap_err();
        assert_eq!((error.kind(), error.works().len()), (ErrorKind::InvalidRequest, 20));
        assert!(error.outcome_unknown()); // some are stored
        assert!(service.calls.load(Ordering::SeqCst) < 10);

        let (_service, results) = Service::start(|_| (None, Some(Code::InvalidArgument))).await;
        assert!(!results.deposit(large(0..20)).await.unwrap_err().outcome_unknown());
    }

    #[tokio::test]
    async fn requests_overtake_each_other_unless_ids_are_repeated() {
        let (service, results) = Service::start(|_| told(&deposited(), Some(Code::Ok))).await;
        let receipts = results.deposit(large([1, 2, 1, 3, 4])).await.unwrap();
        assert_eq!(service.most.load(Ordering::SeqCst), 1);
        let ids: Vec<_> = receipts.iter().map(|each| each.id.as_str()).collect();
        assert_eq!(ids, ["1", "2", "1", "3", "4"]);
        results.deposit(large(0..8)).await.unwrap();
        assert!((2..=4).contains(&service.most.load(Ordering::SeqCst)));
    }
}

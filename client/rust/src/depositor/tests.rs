//! How works go together, and what becomes of them.

use super::*;
use crate::proto::DepositOutcome;
use crate::testing::Service;
use crate::Results;
use bson::{rawdoc, RawDocumentBuf};
use futures::StreamExt;

type Told = oneshot::Receiver<Result<Receipt>>;

fn work(id: &str, pipeline: &str, locked: bool) -> RawDocumentBuf {
    rawdoc! { "id": id, "pipeline": pipeline, "results": { "locked": locked } }
}

fn add(backlog: &mut Backlog, work: RawDocumentBuf, now: Instant) -> Told {
    let (receipt, told) = oneshot::channel();
    let seen = Arc::default();
    let teller = Teller { receipt, seen };
    let pending = PendingWork { work, teller, _room: None };
    backlog.add(pending, now);
    told
}

/// Sends all that may be sent now, and returns the sequences with the numbers of works.
fn send(backlog: &mut Backlog, now: Instant) -> Vec<(u64, usize)> {
    let sent = std::iter::from_fn(|| match backlog.next(now) {
        Step::Send(request) => Some(request),
        _ => None,
    });
    let sent = sent.map(|request| {
        let works = request.works.unwrap_or_default();
        let number = crate::documents::split(&works.bson).unwrap().len();
        (request.sequence, number)
    });
    sent.collect()
}

fn acknowledgement(sequence: u64, works: usize) -> DepositStreamResponse {
    DepositStreamResponse {
        sequence,
        outcomes: vec![DepositOutcome::Deposited as i32; works],
        rejections: Vec::new(),
    }
}

fn denied(reason: &str) -> Error {
    let (kind, code) = (ErrorKind::PermissionDenied, Code::PermissionDenied);
    Error::new(kind, code, "denied").with_reason(reason, "")
}

#[test]
fn works_are_gathered_while_others_are_under_way() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let _first = add(&mut backlog, work("a", "p", false), now);
    assert_eq!(send(&mut backlog, now), [(1, 1)]);
    let _others = ["b", "c"].map(|id| add(&mut backlog, work(id, "p", false), now));
    let ripe = now + Duration::from_millis(10);
    assert_eq!(backlog.next(now), Step::Wait(Some(ripe)));
    assert_eq!(send(&mut backlog, ripe), [(2, 2)]);
    let _more = add(&mut backlog, work("d", "p", false), now);
    backlog.hurry();
    assert_eq!(send(&mut backlog, now), [(3, 1)]);
}

#[test]
fn eight_requests_are_under_way_at_most() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let told: Vec<_> =
        (0..9_001).map(|number| add(&mut backlog, work(&number.to_string(), "p", false), now)).collect();
    assert_eq!(send(&mut backlog, now).len(), 8);
    backlog.acknowledge(acknowledgement(1, 1_000), now).unwrap();
    assert_eq!(send(&mut backlog, now), [(9, 1_000)]);
    assert_eq!(backlog.next(now), Step::Wait(None));
    drop(told);
}

#[test]
fn what_is_not_acknowledged_is_sent_again_in_its_order() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let mut told = Vec::new();
    for id in ["a", "b", "c"] {
        told.push(add(&mut backlog, work(id, "p", false), now));
        backlog.hurry();
        send(&mut backlog, now);
    }
    backlog.acknowledge(acknowledgement(1, 1), now).unwrap();
    assert!(told.remove(0).try_recv().unwrap().unwrap().stored());
    assert!(backlog.acknowledge(acknowledgement(3, 1), now).is_err());
    backlog.begin();
    assert_eq!(send(&mut backlog, now), [(2, 1), (3, 1)]);
    assert!(backlog.is_done(1) && !backlog.is_done(2));
    let error = Error::unavailable("gone").with_outcome_unknown(true);
    backlog.interrupted(&error);
    backlog.fail(&Error::unavailable("too long"));
    let failed = told[0].try_recv().unwrap().unwrap_err();
    assert!(failed.outcome_unknown());
    assert_eq!(backlog.outcome().unwrap_err().works().len(), 2);
}

#[test]
fn a_request_waits_for_its_acknowledgement_since_it_was_sent() {
    let now = Instant::now();
    let later = now + Duration::from_secs(20);
    let mut backlog = Backlog::new(now);
    let _works = ["a", "b"].map(|id| {
        let told = add(&mut backlog, work(id, "p", false), now);
        backlog.hurry();
        send(&mut backlog, now);
        told
    });
    backlog.begin();
    assert_eq!(send(&mut backlog, later), [(1, 1), (2, 1)]);
    assert_eq!((backlog.progress, backlog.waiting_since), (now, later));
    let end = later + Duration::from_secs(1);
    backlog.acknowledge(acknowledgement(1, 1), end).unwrap();
    assert_eq!((backlog.progress, backlog.waiting_since), (end, end));
}

#[test]
fn only_works_that_are_denied_fail() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let mut first = add(&mut backlog, work("a", "p", false), now);
    send(&mut backlog, now);
    let mut others = [("b", "p"), ("c", "q"), ("d", "p")]
        .map(|(id, pipeline)| add(&mut backlog, work(id, pipeline, false), now));
    backlog.hurry();
    assert_eq!(send(&mut backlog, now), [(2, 3)]);
    // Two are under way: which one was denied is not known, so they go one by one.
    assert!(backlog.sort_out(&denied("PIPELINE"), now));
    backlog.begin();
    assert_eq!(send(&mut backlog, now), [(1, 1)]);
    backlog.acknowledge(acknowledgement(1, 1), now).unwrap();
    assert!(first.try_recv().unwrap().is_ok());
    assert_eq!(send(&mut backlog, now), [(2, 3)]);
    assert!(backlog.sort_out(&denied("PIPELINE"), now));
    backlog.begin();
    assert_eq!(send(&mut backlog, now), [(2, 2)]);
    backlog.acknowledge(acknowledgement(2, 2), now).unwrap();
    assert_eq!(send(&mut backlog, now), [(2, 1)]);
    assert!(backlog.sort_out(&denied("PIPELINE"), now));
    assert!(backlog.is_empty());
    let [b, c, d] = &mut others;
    assert!(b.try_recv().unwrap().is_ok() && d.try_recv().unwrap().is_ok());
    let error = c.try_recv().unwrap().unwrap_err();
    assert_eq!((error.reason(), error.works().len()), ("PIPELINE", 1));
    assert!(error.outcome_unknown()); // it was under way with others when the first stream ended
    let unseen = backlog.outcome().unwrap_err();
    assert_eq!(unseen.receipts()[0].id, "c");
}

#[test]
fn a_role_that_may_not_deposit_is_no_fault_of_some_works() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let _plain = add(&mut backlog, work("a", "p", false), now);
    send(&mut backlog, now);
    assert!(!backlog.sort_out(&denied("ROLE"), now));
    backlog.acknowledge(acknowledgement(1, 1), now).unwrap();

    let mut works = [false, true].map(|locked| {
        let told = add(&mut backlog, work("b", "p", locked), now);
        backlog.hurry();
        assert_eq!(send(&mut backlog, now).len(), 1);
        told
    });
    let later = now + Duration::from_secs(1);
    assert!(backlog.sort_out(&denied("ROLE"), later));
    assert_eq!(backlog.progress, later);
    backlog.begin();
    assert_eq!(send(&mut backlog, now), [(2, 1)]);
    assert!(works.iter_mut().all(|told| told.try_recv().is_err()));
}

#[test]
fn a_locked_work_is_denied_without_the_others_of_its_pipeline() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let _first = add(&mut backlog, work("a", "p", false), now);
    send(&mut backlog, now);
    let [mut plain, mut locked] = [false, true].map(|locked| add(&mut backlog, work("b", "p", locked), now));
    backlog.acknowledge(acknowledgement(1, 1), now).unwrap();
    assert_eq!(send(&mut backlog, now), [(2, 2)]);
    assert!(backlog.sort_out(&denied("ROLE"), now));
    backlog.begin();
    assert_eq!(send(&mut backlog, now), [(2, 1)]);
    backlog.acknowledge(acknowledgement(2, 1), now).unwrap();
    assert_eq!(send(&mut backlog, now), [(2, 1)]);
    assert!(backlog.sort_out(&denied("ROLE"), now));
    assert!(plain.try_recv().unwrap().is_ok());
    let error = locked.try_recv().unwrap().unwrap_err();
    assert!(!error.outcome_unknown());
}

#[test]
fn a_work_that_is_too_large_is_rejected_alone() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let large = rawdoc! { "id": "a", "pipeline": "p", "padding": "x".repeat(17 << 20) };
    let mut told = add(&mut backlog, large, now);
    let receipt = told.try_recv().unwrap().unwrap();
    assert!(receipt.reason.starts_with("TOO_LARGE: "));
    assert!(backlog.is_empty() && backlog.outcome().is_err());
}

#[test]
fn receipts_that_were_seen_are_not_kept() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    let mut told = |seen: bool| {
        let (receipt, _told) = oneshot::channel();
        let seen = Arc::new(AtomicBool::new(seen));
        let work = rawdoc! { "id": "a", "pipeline": "p" };
        let teller = Teller { receipt, seen: Arc::clone(&seen) };
        backlog.add(PendingWork { work, teller, _room: None }, now);
        send(&mut backlog, now);
        let sequence = backlog.hurry();
        let outcomes = vec![DepositOutcome::Conflict as i32];
        let answer = DepositStreamResponse { sequence, outcomes, rejections: Vec::new() };
        backlog.acknowledge(answer, now).unwrap();
        seen
    };
    let unseen = told(false);
    let seen: Vec<_> = std::iter::repeat_with(|| told(true)).take(1_000).collect();
    let kept = seen.iter().filter(|each| Arc::strong_count(each) > 1).count();
    assert!(kept < 10, "{kept}");
    assert_eq!(Arc::strong_count(&unseen), 2);
    let error = backlog.outcome().unwrap_err();
    assert!(error.to_string().ends_with(r#"receipts: 1; the first is "a" of p: Conflict"#), "{error}");
}

#[test]
fn the_end_of_a_stream_is_awaited_no_longer_than_an_acknowledgement() {
    let now = Instant::now();
    let mut backlog = Backlog::new(now);
    assert!(!backlog.is_waiting());
    let _told = add(&mut backlog, work("a", "p", false), now);
    send(&mut backlog, now);
    assert!(backlog.is_waiting());
    backlog.acknowledge(acknowledgement(1, 1), now).unwrap();
    assert!(!backlog.is_waiting());
    let later = now + Duration::from_secs(20);
    backlog.closing = true;
    assert_eq!(backlog.next(later), Step::End);
    assert!(backlog.is_waiting());
    assert_eq!(backlog.waiting_since, later);
    backlog.begin();
    assert!(!backlog.is_waiting());
}

fn absent() -> Results {
    Results::connect("127.0.0.1:1").unwrap()
}

#[test]
fn nobody_waits_for_a_depositor_whose_runtime_has_ended() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let (depositor, receipt) = first.block_on(async {
        let depositor = absent().depositor();
        let receipt = depositor.deposit(work("a", "p", false)).await.unwrap();
        (depositor, receipt)
    });
    drop(first);
    second.block_on(async {
        let error = receipt.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert!(depositor.flush().await.is_err());
        assert!(depositor.deposit(work("b", "p", false)).await.is_err());
        assert_eq!(depositor.close().await.unwrap_err().works().len(), 1);
    });
}

#[tokio::test]
async fn a_receipt_of_a_depositor_that_is_dropped_is_an_error() {
    let depositor = absent().depositor();
    let receipt = depositor.deposit(work("a", "p", false)).await.unwrap();
    drop(depositor);
    assert_eq!(receipt.await.unwrap_err().kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn a_patience_may_be_as_long_as_can_be_but_not_zero() {
    let depositor = absent().depositor_with_patience(Duration::MAX);
    let _receipt = depositor.deposit(work("a", "p", false)).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(200), depositor.flush()).await.is_err());
    assert!(!depositor.task.is_finished());

    let depositor = absent().depositor_with_patience(Duration::ZERO);
    let error = depositor.deposit(work("a", "p", false)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(depositor.close().await.is_err());
}

#[tokio::test]
async fn a_deposit_waits_for_room_and_fails_with_its_depositor() {
    let depositor = absent().depositor_with_patience(Duration::from_millis(400));
    let large = || rawdoc! { "pipeline": "p", "padding": "x".repeat(9 << 20) };
    let _receipt = depositor.deposit(large()).await.unwrap();
    let began = Instant::now();
    let error = depositor.deposit(large()).await.unwrap_err();
    assert!(began.elapsed() > Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!((error.kind(), error.works().len()), (ErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn a_stream_that_is_replaced_takes_no_more_requests() {
    let mut backlog = Backlog::new(Instant::now());
    let _works = ["a", "b"].map(|id| {
        let told = add(&mut backlog, work(id, "p", false), Instant::now());
        backlog.hurry();
        told
    });
    let backlog = watch::Sender::new(backlog);
    let live = Arc::new(());
    let mut requests = std::pin::pin!(requests(backlog.clone(), Arc::downgrade(&live)));
    assert!(requests.next().await.is_some());
    drop(live);
    assert!(requests.next().await.is_none());
}

#[test]
fn a_stream_that_breaks_without_works_is_no_failure() {
    let long_ago = Instant::now();
    let backlog = watch::Sender::new(Backlog::new(long_ago));
    let sending = Sending { core: absent().core, patience: Duration::ZERO, backlog };
    let mut attempts = Attempts::new(STREAM_OF_DEPOSITS);
    let pause = sending.pause_after(Error::unavailable("gone"), &mut attempts);
    assert_eq!(pause.unwrap(), Duration::ZERO);
    assert!(sending.pause_after(Error::other("strange"), &mut attempts).is_err());
}

#[tokio::test]
async fn a_service_that_ends_all_streams_is_given_up() {
    let (_service, results) = Service::start(|_| (None, Some(Code::Ok))).await;
    let depositor = results.depositor_with_patience(Duration::from_millis(500));
    let receipt = depositor.deposit(work("a", "p", false)).await.unwrap();
    let error = tokio::time::timeout(Duration::from_secs(30), receipt).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("ended a stream before"), "{error}");
    assert!(error.outcome_unknown());
}

#[tokio::test]
async fn a_service_that_says_nothing_is_given_up() {
    let (_service, results) = Service::start(|_| (None, None)).await;
    let depositor = results.depositor_with_patience(Duration::from_millis(500));
    let receipt = depositor.deposit(work("a", "p", false)).await.unwrap();
    let error = tokio::time::timeout(Duration::from_secs(30), receipt).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("no acknowledgement for 0.5 s"), "{error}");
}

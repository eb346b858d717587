//! Depositors take works one by one, and send them together over streams that they replace where they break.

mod backlog;
mod pending;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{ready, Context, Poll};
use std::time::Duration;

use futures::stream;
use futures::Stream;
use tokio::sync::{oneshot, watch, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::Code;

use crate::calls::attempts::{Attempts, STREAM_OF_DEPOSITS};
use crate::core::Core;
use crate::depositor::backlog::{Backlog, Step};
use crate::depositor::pending::{PendingWork, Teller};
use crate::documents::{encode, with_id, IntoRawDocument};
use crate::error::{Error, ErrorKind, Result};
use crate::outcomes::Receipt;
use crate::proto::{DepositStreamRequest, DepositStreamResponse};
use crate::settings::checked;

const METHOD: &str = "DepositStream";
/// How much may wait for its receipt; `deposit` waits while there is more.
const PENDING_BYTES: u32 = 16 << 20;
/// How long a stream may leave requests without an acknowledgement before it is replaced.
const SILENCE: Duration = Duration::from_secs(10);
/// How long a stream is kept open without works.
const IDLE: Duration = Duration::from_secs(30);

/// Takes works one by one and sends them together, which costs the server far less than a call for each. Created by
/// [`Results::depositor`](crate::Results::depositor).
///
/// Any number of tasks may use it. Works with the same id are stored in the order in which they are given. If the
/// connection breaks or the service restarts, works that were not acknowledged are sent again, which is safe.
///
/// End it with [`close`](Self::close). Where it is dropped instead, works that are not acknowledged are lost, and their
/// receipts are errors.
#[must_use = "works that are not acknowledged are lost where a depositor is dropped rather than closed"]
pub struct Depositor {
    backlog: watch::Sender<Backlog>,
    room: Arc<Semaphore>,
    task: JoinHandle<()>,
}

/// What becomes of a work: await it for the receipt. The work is sent whether it is awaited or not.
#[derive(Debug)]
#[must_use = "await it, or close the depositor, to know that the work is stored"]
pub struct PendingReceipt {
    told: oneshot::Receiver<Result<Receipt>>,
    seen: Arc<AtomicBool>,
}

impl Future for PendingReceipt {
    type Output = Result<Receipt>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let told = ready!(Pin::new(&mut self.told).poll(context));
        self.seen.store(true, Ordering::Release);
        Poll::Ready(told.unwrap_or_else(|_| Err(dropped())))
    }
}

/// Changes a backlog, and tells everybody who waits for that.
fn change<T>(backlog: &watch::Sender<Backlog>, change: impl FnOnce(&mut Backlog) -> T) -> T {
    let mut changed = None;
    backlog.send_modify(|backlog| changed = Some(change(backlog)));
    changed.expect("it was changed")
}

impl Depositor {
    pub(crate) fn open(core: Arc<Core>, patience: Duration) -> Self {
        let mut backlog = Backlog::new(Instant::now());
        let patience = checked(patience);
        if let Err(error) = &patience {
            backlog.fail(error);
        }
        let backlog = watch::Sender::new(backlog);
        let sending = Sending { core, patience: patience.unwrap_or_default(), backlog: backlog.clone() };
        let task = tokio::spawn(sending.run());
        Self { backlog, room: Arc::new(Semaphore::new(PENDING_BYTES as usize)), task }
    }

    /// Deposits a work; waits while 16 MiB are not acknowledged. Without an id, it gets one, which is in its receipt.
    ///
    /// Await what it returns for the receipt, then or later. Dropping it before it returns may or may not deposit the
    /// work.
    ///
    /// # Errors
    ///
    /// The work can't be encoded, or the depositor has failed.
    pub async fn deposit(&self, work: impl IntoRawDocument) -> Result<PendingReceipt> {
        let work = with_id(encode("work", work)?);
        let bytes = u32::try_from(work.as_bytes().len()).unwrap_or(PENDING_BYTES);
        let room = Arc::clone(&self.room).acquire_many_owned(bytes.min(PENDING_BYTES)).await.ok();
        let (receipt, told) = oneshot::channel();
        let seen = Arc::new(AtomicBool::new(false));
        let teller = Teller { receipt, seen: Arc::clone(&seen) };
        let pending = PendingWork { work, teller, _room: room };
        change(&self.backlog, |backlog| match &backlog.failure {
            Some(failure) => Err(failure.clone()),
            None => {
                backlog.add(pending, Instant::now());
                Ok(PendingReceipt { told, seen })
            }
        })
    }

    /// Waits until all works given so far are acknowledged.
    ///
    /// # Errors
    ///
    /// The depositor has failed; [`Error::works`] has those that are not acknowledged.
    pub async fn flush(&self) -> Result<()> {
        let last = change(&self.backlog, Backlog::hurry);
        let mut changes = self.backlog.subscribe();
        let done = changes.wait_for(|backlog| backlog.failure.is_some() || backlog.is_done(last)).await;
        let failure = done.ok().and_then(|backlog| backlog.failure.clone());
        failure.map_or(Ok(()), Err)
    }

    /// Takes no more works, and waits until all are acknowledged.
    ///
    /// # Errors
    ///
    /// The depositor has failed; [`Error::works`] has those that are not acknowledged. Or works are not stored, and
    /// nobody has awaited their receipts, which are in [`Error::receipts`].
    pub async fn close(mut self) -> Result<()> {
        change(&self.backlog, |backlog| backlog.closing = true);
        let _ = (&mut self.task).await; // whatever happens to it, the backlog has the outcome
        self.backlog.borrow().outcome()
    }
}

impl Drop for Depositor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Depositor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Depositor").finish_non_exhaustive()
    }
}

fn dropped() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        Code::Cancelled,
        "the depositor was dropped, or its runtime has ended, before the work was acknowledged: close it",
    )
    .with_outcome_unknown(true)
}

/// The task that sends. When it is dropped, which may be at any time, nobody waits for a receipt any more.
struct Sending {
    core: Arc<Core>,
    patience: Duration,
    backlog: watch::Sender<Backlog>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        change(&self.backlog, |backlog| {
            if !backlog.closing || !backlog.is_empty() {
                backlog.fail(&dropped());
            }
        });
    }
}

impl Sending {
    /// Sends until the depositor is closed and everything is acknowledged, or has failed.
    async fn run(self) {
        let mut attempts = Attempts::new(STREAM_OF_DEPOSITS);
        while self.begin().await {
            let before = self.backlog.borrow().progress;
            let Err(error) = self.exchange().await else {
                attempts.progress();
                continue;
            };
            if self.backlog.borrow().progress != before {
                attempts.progress();
            }
            match self.pause_after(error, &mut attempts) {
                Ok(pause) => tokio::time::sleep(pause).await,
                Err(error) => return change(&self.backlog, |backlog| backlog.fail(&error)),
            }
        }
    }

    /// Decides what follows a stream that failed: the pause before the next one, or the error that ends the depositor.
    fn pause_after(&self, error: Error, attempts: &mut Attempts) -> Result<Duration> {
        change(&self.backlog, |backlog| {
            backlog.interrupted(&error);
            let now = Instant::now();
            match error.kind() {
                _ if backlog.is_empty() && error.is_passing() => Ok(Duration::ZERO),
                ErrorKind::PermissionDenied | ErrorKind::InvalidRequest if backlog.sort_out(&error, now) => {
                    Ok(Duration::ZERO)
                }
                _ => {
                    let end = backlog.progress + self.patience;
                    attempts.pause_after(error, Some(end.saturating_duration_since(now)))
                }
            }
        })
    }

    /// Makes all that is not acknowledged ready for a new stream, once there is something; false when all is done.
    async fn begin(&self) -> bool {
        change(&self.backlog, Backlog::begin);
        let mut changes = self.backlog.subscribe();
        let ready = changes.wait_for(|backlog| backlog.closing || !backlog.is_empty()).await;
        ready.is_ok_and(|backlog| !backlog.is_empty())
    }

    /// Sends what is gathered on a stream, until that ends.
    async fn exchange(&self) -> Result<()> {
        let connection = self.core.streams.connection();
        let called = self.core.called(METHOD, Some(self.patience));
        // Held as long as the stream is read: when it is dropped, an earlier stream takes no more requests.
        let live = Arc::new(());
        let requests = requests(self.backlog.clone(), Arc::downgrade(&live));
        let mut opening = std::pin::pin!(self.core.exchange_once(METHOD, requests, &connection));
        let opened = self.within_silence(&mut opening).await;
        let Some(opened) = opened else {
            let dialing = connection.is_dialing();
            return Err(if dialing { called.late(true) } else { self.silent() });
        };
        let mut responses = opened.map_err(|status| called.explain(&status))?;
        loop {
            let arrived = self.within_silence(&mut std::pin::pin!(responses.message())).await;
            let Some(arrived) = arrived else {
                return Err(self.silent());
            };
            let answer: Option<DepositStreamResponse> = arrived.map_err(|status| called.explain(&status))?;
            match answer {
                Some(answer) => change(&self.backlog, |backlog| backlog.acknowledge(answer, Instant::now()))?,
                None if self.backlog.borrow().has_in_flight() => {
                    let early = "the service ended a stream before it had acknowledged all works";
                    return Err(Error::unavailable(early).with_outcome_unknown(true));
                }
                None => return Ok(()),
            }
        }
    }

    fn silent(&self) -> Error {
        let (target, seconds) = (&self.core.target, self.silence().as_secs_f64());
        let told = format!("{METHOD} at {target}: no acknowledgement for {seconds} s");
        Error::unavailable(told).with_outcome_unknown(true)
    }

    fn silence(&self) -> Duration {
        SILENCE.min(self.patience)
    }

    /// Waits for something; `None` where the service has to say something, and that takes too long.
    async fn within_silence<F: Future>(&self, waiting: &mut Pin<&mut F>) -> Option<F::Output> {
        loop {
            let (since, waits) = {
                let backlog = self.backlog.borrow();
                (backlog.waiting_since, backlog.is_waiting())
            };
            let begin = if waits { since } else { Instant::now() };
            let end = begin + self.silence();
            match tokio::time::timeout_at(end, waiting.as_mut()).await {
                Ok(output) => return Some(output),
                Err(_) if waits && self.backlog.borrow().waiting_since == since => return None,
                Err(_) => {}
            }
        }
    }
}

/// What is to be sent on a stream, until it was idle for long or is replaced.
fn requests(
    backlog: watch::Sender<Backlog>,
    live: Weak<()>,
) -> impl Stream<Item = DepositStreamRequest> + Send + 'static {
    let changes = backlog.subscribe();
    stream::unfold((backlog, live, changes), |(backlog, live, mut changes)| async move {
        loop {
            changes.mark_unchanged();
            let mut step = Step::End;
            backlog.send_if_modified(|backlog| {
                if live.strong_count() > 0 {
                    step = backlog.next(Instant::now());
                }
                false // nobody waits for this
            });
            match step {
                Step::Send(request) => return Some((request, (backlog, live, changes))),
                Step::End => return None,
                Step::Wait(until) => {
                    let wake = until.unwrap_or_else(|| Instant::now() + IDLE);
                    let late = tokio::time::timeout_at(wake, changes.changed()).await.is_err();
                    if late
                        && until.is_none()
                        && change(&backlog, |backlog| backlog.end_if_idle(Instant::now()))
                    {
                        return None;
                    }
                }
            }
        }
    })
}

//! Calls with one answer.

pub(crate) mod attempts;
pub(crate) mod requests;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::calls::attempts::{Attempts, IDEMPOTENT};
use crate::calls::requests::{Reasoned, Repeatable, Unary};
use crate::core::Core;
use crate::error::Result;
use crate::proto::UnlockRequest;
use crate::settings::checked;
use crate::transport::deadline::Deadline;

type Answering<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;
type Run<Q, T> = Box<dyn FnOnce(Arc<Core>, Q, Deadline) -> Answering<T> + Send>;

/// A call with one answer, which is made when it is awaited. Dropping what awaits it cancels it.
///
/// `Q` is its request, `T` what it returns.
#[must_use = "a call is made when it is awaited"]
pub struct Call<Q, T> {
    core: Arc<Core>,
    request: Result<Q>,
    timeout: Result<Option<Duration>>,
    run: Run<Q, T>,
}

impl<Q, T> Call<Q, T> {
    pub(crate) fn new(
        core: &Arc<Core>,
        request: Result<Q>,
        run: impl FnOnce(Arc<Core>, Q, Deadline) -> Answering<T> + Send + 'static,
    ) -> Self {
        Self { core: Arc::clone(core), request, timeout: Ok(None), run: Box::new(run) }
    }

    /// The time for all attempts together. Default: the timeout of the client, which is 15 s unless set.
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
}

impl<Q: Reasoned, T> Call<Q, T> {
    /// Why results are changed, for their history: at most 1,000 characters. Default: empty.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with(|request| *request.reason_mut() = reason.into())
    }
}

impl<Q: Repeatable, T> Call<Q, T> {
    /// A name of up to 64 visible ASCII characters that is used for no other request, a UUID for example. Default: none.
    ///
    /// With it the client makes the call again where its outcome is unknown, and so may you: a request that was applied
    /// is answered as before.
    pub fn request_id(self, request_id: impl Into<String>) -> Self {
        self.with(|request| *request.request_id_mut() = request_id.into())
    }
}

impl<T> Call<UnlockRequest, T> {
    /// Unlocks the results; without it, they are only counted.
    pub fn force(self) -> Self {
        self.with(|request| request.force = true)
    }
}

impl<Q, T> IntoFuture for Call<Q, T>
where
    Q: Send + 'static,
    T: 'static,
{
    type Output = Result<T>;
    type IntoFuture = Answering<T>;

    fn into_future(self) -> Self::IntoFuture {
        match (self.request, self.timeout) {
            (Ok(request), Ok(timeout)) => {
                let core = Arc::clone(&self.core);
                Box::pin(async move {
                    let deadline = core.deadline(timeout);
                    (self.run)(core, request, deadline).await
                })
            }
            (Err(error), _) | (_, Err(error)) => Box::pin(async { Err(error) }),
        }
    }
}

impl<Q: fmt::Debug, T> fmt::Debug for Call<Q, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Call")
            .field("request", &self.request)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Makes a call with one answer: as often as its policy allows, until the deadline.
    pub(crate) async fn call<Q: Unary>(&self, request: Q, deadline: Deadline) -> Result<Q::Answer> {
        let policy = request.policy();
        if !policy.may_repeat() {
            self.reach(Q::METHOD, deadline).await?;
        }
        let mut attempts = Attempts::new(policy);
        loop {
            let sent = self.send_once(Q::METHOD, request.clone(), deadline);
            match sent.await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let pause = attempts.pause_after(error, deadline.left())?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Waits until the service answers, so that what must be sent once is not sent in vain.
    async fn reach(&self, method: &str, deadline: Deadline) -> Result<()> {
        let mut attempts = Attempts::new(IDEMPOTENT);
        loop {
            match self.ask(method, deadline).await {
                Err(error) if error.is_passing() => {
                    let pause = attempts.pause_after(error, deadline.left())?;
                    tokio::time::sleep(pause).await;
                }
                _ => return Ok(()), // it has answered, whatever it said
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::bson::rawdoc;
    use crate::proto::{HistoryEntry, HistoryResponse};
    use crate::testing::{told, Service};
    use crate::{Code, ErrorKind, Results};
    use std::net::TcpListener;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    #[tokio::test]
    async fn a_request_that_no_server_takes_is_not_sent() {
        let results = Results::connect("127.0.0.1:1").unwrap();
        let query = rawdoc! { "x": "y".repeat(32 << 20) };
        let error = results.count("p", query).await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
    }

    #[tokio::test]
    async fn a_service_that_hangs_fails_the_call_that_waits_for_it() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let results = Results::connect(listener.local_addr().unwrap().to_string()).unwrap();
        let timeout = Duration::from_millis(200);
        for (id, unknown) in [("", false), ("once", true)] {
            let error = results.lock("p", ["a"]).request_id(id).timeout(timeout).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
            assert!(error.to_string().starts_with("Lock at 127.0.0.1:"), "{error}");
            assert_eq!(error.outcome_unknown(), unknown);
        }
    }

    #[tokio::test]
    async fn a_history_has_all_its_pages() {
        let answer = |number: usize| {
            let next_page_token = if number == 0 { "more" } else { "" }.into();
            let result_count = number.try_into().unwrap();
            let entries = vec![HistoryEntry { result_count, ..Default::default() }];
            told(&HistoryResponse { entries, next_page_token }, Some(Code::Ok))
        };
        let (service, results) = Service::start(answer).await;
        let history = results.history("p", "a").await.unwrap();
        let counts: Vec<_> = history.iter().map(|entry| entry.result_count).collect();
        assert_eq!(counts, [0, 1]);
        assert_eq!(service.timed.load(Ordering::SeqCst), 2);
    }
}

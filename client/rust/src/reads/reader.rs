//! Reads a stream to its end, through restarts of the service.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::calls::attempts::{Attempts, IDEMPOTENT};
use crate::core::Core;
use crate::error::{Error, Result};
use crate::proto::ViewResponse;
use crate::reads::reading::Reading;
use crate::reads::requests::ReadRequest;
use crate::transport::deadline::Deadline;
use crate::transport::incoming::Incoming;

/// A read in progress: one request after the other, each on as many streams as it takes.
pub(crate) struct Reader<Q> {
    core: Arc<Core>,
    requests: VecDeque<Q>,
    timeout: Option<Duration>,
    /// When the whole read must have ended; set when it begins.
    deadline: Option<Deadline>,
    /// When to give up what has failed; moves on with each batch.
    patience: Deadline,
    current: Option<Current<Q>>,
}

struct Current<Q> {
    reading: Reading<Q>,
    attempts: Attempts,
    /// The responses of all reads are alike: a part each.
    stream: Option<Incoming<ViewResponse>>,
}

impl<Q: ReadRequest> Reader<Q> {
    pub(crate) fn new(core: Arc<Core>, requests: VecDeque<Q>, timeout: Option<Duration>) -> Self {
        let patience = Deadline::after(None);
        Self { core, requests, timeout, deadline: None, patience, current: None }
    }

    /// Returns the next documents, back to back; `None` when all have arrived.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        let deadline = *self.deadline.get_or_insert(Deadline::after(self.timeout));
        self.patience = Deadline::after(Some(self.core.patience()));
        loop {
            let Some(mut current) = self.current.take().or_else(|| self.begin_next()) else {
                return Ok(None);
            };
            let documents = self.advance(&mut current, deadline).await?;
            if !current.reading.complete {
                self.current = Some(current);
            } else if let Some(stream) = current.stream {
                stream.finish().await;
            }
            if !documents.is_empty() {
                return Ok(Some(documents));
            }
        }
    }

    fn begin_next(&mut self) -> Option<Current<Q>> {
        Some(Current {
            reading: Reading::new(self.requests.pop_front()?),
            attempts: Attempts::new(IDEMPOTENT),
            stream: None,
        })
    }

    /// Takes the next part, on a new stream if need be.
    async fn advance(&mut self, current: &mut Current<Q>, deadline: Deadline) -> Result<Bytes> {
        loop {
            let error = match self.next_part(current, deadline).await {
                Ok(response) => {
                    let part = response.part.unwrap_or_default();
                    if part.batch.is_some() {
                        current.attempts.progress();
                        self.patience = Deadline::after(Some(self.core.patience()));
                    }
                    return current.reading.take(part);
                }
                Err(error) => error,
            };
            current.stream = None;
            let left = deadline.earlier(self.patience).left();
            let pause = current.attempts.pause_after(error, left)?;
            tokio::time::sleep(pause).await;
        }
    }

    async fn next_part(&self, current: &mut Current<Q>, deadline: Deadline) -> Result<ViewResponse> {
        if current.stream.is_none() {
            current.reading.begin();
            let request = current.reading.request.clone();
            let opening = Incoming::open(&self.core, Q::METHOD, request, deadline, self.core.silence());
            current.stream = Some(opening.await?);
        }
        let stream = current.stream.as_mut().expect("it was just opened");
        let part = stream.next(&self.core, deadline).await?;
        part.ok_or_else(|| {
            let (method, target) = (Q::METHOD, &self.core.target);
            Error::unavailable(format!("{method} at {target} ended early, without a summary"))
        })
    }
}

//! One attempt at a call.

use std::future::Future;

use futures::Stream;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::core::{Authorization, Core};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::connections::Connection;
use crate::transport::deadline::Deadline;

const SERVICE: &str = "/workflow_results.v1.ResultsService/";
const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
/// The largest request that a server takes.
const REQUEST_BYTES: usize = 32 << 20;
/// The largest response that a server gives.
const RESPONSE_BYTES: usize = 17 << 20;

/// A message of a request.
pub trait Sent: Message + Clone + Send + Sync + 'static {}

impl<M: Message + Clone + Send + Sync + 'static> Sent for M {}

/// A message of a response.
pub trait Received: Message + Default + Send + 'static {}

impl<M: Message + Default + Send + 'static> Received for M {}

impl Core {
    /// Sends a request that has one answer, once.
    pub(crate) async fn send_once<Q: Sent, A: Received>(
        &self,
        method: &'static str,
        message: Q,
        deadline: Deadline,
    ) -> Result<A> {
        check_size(method, &message)?;
        let connection = self.calls.connection();
        let path = path_of(method);
        let sending = async {
            let mut grpc = self.grpc(&connection).await?;
            let request = timed(message, deadline);
            grpc.unary(request, path, ProstCodec::default()).await
        };
        self.answered(method, &connection, deadline, sending).await
    }

    /// Asks whether the service answers, once; a failure is that of the `method` which waits for it.
    pub(crate) async fn ask(&self, method: &str, deadline: Deadline) -> Result<()> {
        let connection = self.calls.connection();
        let sending = async {
            let mut grpc = self.grpc(&connection).await?;
            let path = PathAndQuery::from_static(HEALTH_CHECK);
            let codec = ProstCodec::<(), ()>::default();
            grpc.unary(timed((), deadline), path, codec).await
        };
        let answered = self.answered(method, &connection, deadline, sending).await;
        answered.map_err(|error| error.with_outcome_unknown(false))
    }

    /// Begins a stream of responses, once.
    pub(crate) async fn open_once<Q: Sent, A: Received>(
        &self,
        method: &'static str,
        message: Q,
        deadline: Deadline,
        connection: &Connection,
    ) -> Result<Streaming<A>> {
        check_size(method, &message)?;
        let path = path_of(method);
        let opening = async {
            let mut grpc = self.grpc(connection).await?;
            let request = timed(message, deadline);
            grpc.server_streaming(request, path, ProstCodec::default()).await
        };
        self.answered(method, connection, deadline, opening).await
    }

    /// Begins a stream in both directions, once; it has begun with the first response.
    pub(crate) async fn exchange_once<Q: Sent, A: Received>(
        &self,
        method: &'static str,
        messages: impl Stream<Item = Q> + Send + 'static,
        connection: &Connection,
    ) -> Result<Streaming<A>, Status> {
        let mut grpc = self.grpc(connection).await?;
        let opening = grpc.streaming(Request::new(messages), path_of(method), ProstCodec::default());
        opening.await.map(Response::into_inner)
    }

    async fn grpc(
        &self,
        connection: &Connection,
    ) -> Result<Grpc<InterceptedService<Channel, Authorization>>, Status> {
        let channel = InterceptedService::new(connection.channel.clone(), self.authorization());
        let mut grpc = Grpc::new(channel).max_decoding_message_size(RESPONSE_BYTES);
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        Ok(grpc)
    }

    /// Waits for the answer to what is sent, and puts what becomes of it into our terms.
    async fn answered<T>(
        &self,
        method: &str,
        connection: &Connection,
        deadline: Deadline,
        sending: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T> {
        let called = self.called(method, deadline.limit);
        match deadline.wait(sending).await {
            None => Err(called.late(connection.is_dialing())),
            Some(Ok(response)) => Ok(response.into_inner()),
            Some(Err(status)) if status.code() == Code::Cancelled && is_over(deadline) => {
                Err(called.late(connection.is_dialing())) // tonic has its own clock for the same time
            }
            Some(Err(status)) => Err(called.explain(&status)),
        }
    }
}

fn check_size(method: &str, message: &impl Message) -> Result<()> {
    let bytes = message.encoded_len();
    if bytes <= REQUEST_BYTES {
        return Ok(());
    }
    let told = format!("the request of {method} has {bytes} bytes; at most {REQUEST_BYTES} are sent");
    Err(Error::new(ErrorKind::Other, Code::ResourceExhausted, told))
}

fn path_of(method: &str) -> PathAndQuery {
    PathAndQuery::try_from(format!("{SERVICE}{method}")).expect("the names of methods are valid")
}

/// Tells the server how much time is left.
fn timed<M>(message: M, deadline: Deadline) -> Request<M> {
    let mut request = Request::new(message);
    if let Some(left) = deadline.left() {
        request.set_timeout(left);
    }
    request
}

fn is_over(deadline: Deadline) -> bool {
    deadline.left().is_some_and(|left| left < std::time::Duration::from_millis(5))
}

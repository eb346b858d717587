//! A service for unit tests, which answers as it is told to.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::net::{TcpListener, TcpStream};
use tonic::codegen::http::{HeaderMap, Response};
use tonic::Code;

use crate::Results;

/// What a call is answered with: a message, if any, and a status, or nothing more.
pub(crate) type Answer = (Option<Vec<u8>>, Option<Code>);

/// A service that runs.
#[derive(Clone)]
pub(crate) struct Service {
    answer: fn(usize) -> Answer,
    /// How many calls have come.
    pub(crate) calls: Arc<AtomicUsize>,
    /// How many of them were told how much time they have.
    pub(crate) timed: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
    /// How many were under way at a time.
    pub(crate) most: Arc<AtomicUsize>,
}

impl Service {
    /// Starts one that answers a call by its number, and returns it with a client.
    pub(crate) async fn start(answer: fn(usize) -> Answer) -> (Self, Results) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = listener.local_addr().unwrap().to_string();
        let [calls, timed, under_way, most] = [(); 4].map(|()| Arc::default());
        let service = Self { answer, calls, timed, under_way, most };
        let serving = service.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(socket));
            }
        });
        (service, Results::connect(target).unwrap())
    }

    async fn serve(self, socket: TcpStream) {
        let mut builder = h2::server::Builder::new();
        builder.initial_window_size(1 << 24).initial_connection_window_size(1 << 24);
        let mut connection = builder.handshake::<_, bytes::Bytes>(socket).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let service = self.clone();
            tokio::spawn(async move {
                let timed = usize::from(request.headers().contains_key("grpc-timeout"));
                service.timed.fetch_add(timed, Ordering::SeqCst);
                let (message, code) = (service.answer)(service.calls.fetch_add(1, Ordering::SeqCst));
                let now = 1 + service.under_way.fetch_add(1, Ordering::SeqCst);
                service.most.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                service.under_way.fetch_sub(1, Ordering::SeqCst);
                let response = Response::builder().header("content-type", "application/grpc");
                let mut body = respond.send_response(response.body(()).unwrap(), false).unwrap();
                if let Some(message) = message {
                    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
                    body.send_data([&[0], &length[..], &message].concat().into(), false).unwrap();
                }
                let Some(code) = code else {
                    return std::future::pending().await;
                };
                let status = ("grpc-status".parse().unwrap(), i32::from(code).into());
                body.send_trailers(HeaderMap::from_iter([status])).unwrap();
                drop(request);
            });
        }
    }
}

/// An answer with a message.
pub(crate) fn told(message: &impl Message, code: Option<Code>) -> Answer {
    (Some(message.encode_to_vec()), code)
}

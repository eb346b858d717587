//! Calls over the connection of the facade, without its retries: messages are bytes, so that they need not be valid.

use bytes::{Buf, BufMut, Bytes};
use futures::StreamExt;
use serde_json::json;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};
use workflow_results::Results;

use crate::encoding::{hex, unhex, Command};
use crate::Answer;

const RESPONSE_BYTES: usize = 17 << 20;

pub async fn carry_out(client: &Results, command: &Command) -> Answer {
    let method = command.text("method");
    let mut requests = command.texts("requests");
    if command.get("request").is_some() {
        requests.push(command.text("request").to_owned());
    }
    let take = command.integer("take");
    let called = call(client, method, requests, take).await;
    let responses = called.map_err(|status| client.explain(method, &status))?;
    Ok(json!({ "responses": responses.into_iter().map(hex).collect::<Vec<_>>() }))
}

/// Makes any call as if both sides were streams, which look the same on the wire.
async fn call(
    client: &Results,
    method: &str,
    requests: Vec<String>,
    take: Option<i64>,
) -> Result<Vec<Bytes>, Status> {
    let mut grpc = Grpc::new(client.channel()).max_decoding_message_size(RESPONSE_BYTES);
    grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = format!("/workflow_results.v1.ResultsService/{method}");
    let messages = requests.into_iter().map(|digits| Bytes::from(unhex(&digits)));
    let messages = futures::stream::iter(messages.collect::<Vec<_>>());
    let path = path.parse().expect("it is a path");
    let opened = grpc.streaming(Request::new(messages), path, RawCodec).await?;
    let mut streaming = opened.into_inner();
    let mut responses = Vec::new();
    while take.is_none_or(|most| responses.len() < usize::try_from(most).unwrap()) {
        let Some(response) = streaming.next().await else {
            break;
        };
        responses.push(response?);
    }
    Ok(responses)
}

/// Messages as they are.
#[derive(Clone, Copy, Default)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

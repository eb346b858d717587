"""What the tests of the service on the wire share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import bson
import grpc
import pytest
from bson import json_util
from google.rpc import error_details_pb2, status_pb2

from tests.support.waiting import PATIENCE
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results.v1.errors_pb2 import RejectionReason

Stub = results_pb2_grpc.ResultsServiceStub
SERVICE = "/workflow_results.v1.ResultsService"


class _Patient(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Gives each call without a deadline one, so that no test waits for ever."""

    def _call(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(details._replace(timeout=details.timeout or PATIENCE), request)

    intercept_unary_unary: Any = _call
    intercept_unary_stream: Any = _call
    intercept_stream_unary: Any = _call
    intercept_stream_stream: Any = _call


def patient(channel: grpc.Channel) -> grpc.Channel:
    """Return a channel whose calls all end."""
    return grpc.intercept_channel(channel, _Patient())


@contextlib.contextmanager
def open_channel(target: str, *options: tuple[str, Any], **arguments: Any) -> Iterator[grpc.Channel]:
    """Open a channel whose calls all end, and which takes messages as large as they come."""
    options = (("grpc.max_receive_message_length", 17 << 20), *options)
    with grpc.insecure_channel(target, options, **arguments) as channel:
        yield patient(channel)


class Answer:
    """An error as it came over the wire."""

    def __init__(self, error: grpc.RpcError) -> None:
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details() or ""
        self.info, self.bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        trailing = {item.key: item.value for item in error.trailing_metadata()}
        self.size = len(trailing.get("grpc-status-details-bin", b""))
        for detail in status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b"")).details:
            for kind in (self.info, self.bad):
                if detail.Is(kind.DESCRIPTOR):
                    detail.Unpack(kind)


def refused(call: Any, request: Any) -> Answer:
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(request, timeout=PATIENCE)
        if isinstance(answer, Iterator):
            list(answer)
    return Answer(caught.value)


def invalid(call: Any, request: Any, field: str, *, reason: str = "INVALID_REQUEST") -> str:
    answer = refused(call, request)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT, answer.message
    assert (answer.info.reason, answer.info.domain) == (reason, "workflow-results")
    assert [violation.field for violation in answer.bad.field_violations] == [field]
    assert answer.message.startswith(field)
    assert answer.size <= 4096
    return answer.message


def reason_of(rejection: pb.Rejection) -> str:
    return RejectionReason.Name(rejection.reason).removeprefix("REJECTION_REASON_")


def documents(*works: dict[str, Any]) -> pb.EncodedDocuments:
    return pb.EncodedDocuments(bson=b"".join(map(bson.encode, works)))


def read(responses: Any) -> tuple[list[dict[str, Any]], int]:
    """All documents of a stream, and the count of its summary, which must come last and once."""
    *others, last = parts = [response.part for response in responses]
    assert last.HasField("summary")
    assert all(part.HasField("batch") and not part.HasField("summary") for part in others)
    data = [document for part in parts for document in bson.decode_all(part.batch.results.bson)]
    texts = [json_util.loads(text) for part in parts for text in part.batch.results.json]
    return data + texts, last.summary.count

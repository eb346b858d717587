"""Errors on the wire: the status of a call, with the details of `google.rpc`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from workflow_results.common.reasons import DOMAIN

if TYPE_CHECKING:
    from workflow_results_server.errors import RequestError

_MOST_FIELDS: Final = 10
_FIELD_BYTES: Final = 300
"""With at most ten fields, and the message beside them, an error stays below 4 KiB."""
_MESSAGE_BYTES: Final = 1000


class Refusal(NamedTuple):
    """What a call is aborted with.

    Attributes:
        code: The canonical code.
        reason: The reason, which is also in the details.
        message: One sentence for the caller.
        metadata: The trailing metadata.
    """

    code: grpc.StatusCode
    reason: str
    message: str
    metadata: tuple[tuple[str, str | bytes], ...]


def refusal(error: RequestError, call_id: str) -> Refusal:
    """Put an error into words for the wire.

    Args:
        error: The error.
        call_id: The id of the call, which the server's log knows.
    """
    message = _cut(error.message, _MESSAGE_BYTES)
    metadata = (("grpc-status-details-bin", details(error, call_id)), ("x-request-id", call_id))
    return Refusal(grpc.StatusCode[error.code], error.reason, message, metadata)


def details(error: RequestError, call_id: str) -> bytes:
    """Return the `google.rpc.Status` of an error, serialized.

    Args:
        error: The error.
        call_id: The id of the call.
    """
    status = status_pb2.Status(code=code_pb2.Code.Value(error.code), message=_cut(error.message, _MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(
        reason=error.reason, domain=DOMAIN, metadata={**error.metadata, "call_id": call_id}
    )
    status.details.add().Pack(info)
    if error.fields:
        violations = [
            error_details_pb2.BadRequest.FieldViolation(
                field=_cut(field, _FIELD_BYTES), description=_cut(problem, _FIELD_BYTES)
            )
            for field, problem in list(error.fields.items())[:_MOST_FIELDS]
        ]
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_seconds is not None:
        delay = Duration(nanos=round(error.retry_seconds * 1e9))
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return bytes(status.SerializeToString())


def _cut(text: str, size: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= size else encoded[: size - 3].decode(errors="ignore") + "…"

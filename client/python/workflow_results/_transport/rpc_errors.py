"""From gRPC's errors to those of `errors.py`: one table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from workflow_results import errors
from workflow_results.common.reasons import DOMAIN, Reason

if TYPE_CHECKING:
    from workflow_results._transport.deadline import Deadline

_CLASSES: Final[dict[grpc.StatusCode, type[errors.ResultsError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidRequestError,
    grpc.StatusCode.FAILED_PRECONDITION: errors.InvalidRequestError,
    grpc.StatusCode.UNAUTHENTICATED: errors.UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDeniedError,
    grpc.StatusCode.UNAVAILABLE: errors.ServiceUnavailableError,
    # We cancel nothing that we wait for: a server that ends gives this to calls that it has not taken on (grpc#41785).
    grpc.StatusCode.CANCELLED: errors.ServiceUnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceededError,
}
_NOTHING_DONE: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
"""Answers to calls that were refused. After others, those of proxies too, a change may have been made."""
_REFUSED_STREAM: Final = re.compile(r"RST_STREAM with error code 7\b")
"""How gRPC tells of a call that was over the server's limit for a connection, and so not even looked at (RFC 9113,
section 8.7). A server counts calls longer than its clients, so that it happens to those that keep to the limit, too."""
_BROKEN: Final = re.compile(r"^Internal error from Core$|\bRST_STREAM\b")
"""What gRPC says with the status INTERNAL of a stream that broke. The first is said in event loops where it can't send
any more: it then forgets how the service ended the stream, and the next one will tell. The second comes from proxies
that have lost the service."""
_ABOUT_THE_REQUEST: Final = (errors.InvalidRequestError, errors.PermissionDeniedError)
_LONGEST_RETRY: Final = 60.0
"""However long a server asks for."""
_CHANGING: Final = frozenset({"Deposit", "DepositStream", "Update", "DeleteIds", "Lock", "Unlock"}).union(
    ("CreateIndex", "DropIndex", "DropPipeline")
)


def from_rpc_error(error: grpc.RpcError, method: str, target: str, deadline: Deadline) -> errors.ResultsError:
    """Put the failure of a call into our terms.

    Args:
        error: What gRPC raised.
        method: The method that was called.
        target: The target that it was called at.
        deadline: The deadline that the call had.

    Returns:
        The error to raise. Its `outcome_unknown` is set where the call may have changed something.
    """
    code, details = error.code(), error.details() or ""
    info, retry_seconds = _details(error)
    class_ = exception_for(code, info.reason)
    if code is grpc.StatusCode.INTERNAL and not info.reason and _BROKEN.search(details):
        class_ = errors.ServiceUnavailableError
    if info.reason == Reason.TOKEN_MISSING:
        details += " (token= or WORKFLOW_RESULTS_TOKEN)"
    if info.reason:
        message = details if issubclass(class_, _ABOUT_THE_REQUEST) else f"{method} at {target}: {details}"
    elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
        message = str(late(method, target, deadline))
    elif class_ is errors.ServiceUnavailableError:
        message = f"the connection to {target} failed: {details}"
    elif code is grpc.StatusCode.UNIMPLEMENTED:
        message = f"{target} does not offer {method}: is it a Workflow Results server, and not older than this client?"
    else:
        message = f"{method} at {target} failed with {code.name}: {details}"
    explained = class_(message, reason=info.reason, call_id=info.metadata.get("call_id", ""))
    explained.retry_seconds = retry_seconds
    explained.outcome_unknown = (
        method in _CHANGING
        and code not in _NOTHING_DONE
        and info.metadata.get("outcome") != "NOT_APPLIED"
        and not _REFUSED_STREAM.search(details)
    )
    return explained


def late(method: str, target: str, deadline: Deadline) -> errors.DeadlineExceededError:
    """Return the error of a call whose time is over."""
    limit = "the time limit of a proxy" if deadline.seconds is None else f"its timeout of {deadline.seconds:g} s"
    return errors.DeadlineExceededError(f"{method} at {target} took longer than {limit}")


def exception_for(code: grpc.StatusCode, reason: str) -> type[errors.ResultsError]:
    """Return the class of the errors with a code and a reason."""
    return errors.InvalidStatusError if reason == Reason.INVALID_STATUS else _CLASSES.get(code, errors.ResultsError)


def _details(error: grpc.RpcError) -> tuple[error_details_pb2.ErrorInfo, float]:
    """Return why a call failed, and how many seconds to wait before a repetition, as far as the service has said so."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    trailing: Any = error.trailing_metadata()  # pairs, which gRPC's types don't say, nor older versions to dict()
    metadata = {key: value for key, value in trailing or ()}  # noqa: C416
    try:
        for detail in status_pb2.Status.FromString(metadata.get("grpc-status-details-bin", b"")).details:
            for kind in (info, retry):
                if detail.Is(kind.DESCRIPTOR):
                    detail.Unpack(kind)
    except DecodeError:
        info.Clear()
    if info.domain != DOMAIN:  # it is from a proxy, say
        return error_details_pb2.ErrorInfo(), 0.0
    seconds = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
    return info, min(max(0.0, seconds), _LONGEST_RETRY)

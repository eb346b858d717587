"""Errors as HTTP answers: one status for each canonical code, and a body that says the same as the details of gRPC."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common.reasons import Reason
from workflow_results.common.rules import cut, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow_results_server.errors import RequestError

_STATUSES: Final = {
    "INVALID_ARGUMENT": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "FAILED_PRECONDITION": 409,
    "ABORTED": 409,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
_OTHER_STATUS: Final = 500
_TRY_AGAIN: Final = (429, 503)
_RETRY_SECONDS: Final = 1
"""Of `Retry-After`, which knows no parts of a second."""
_LENGTH: Final = 1_000


class HttpError(Exception):
    """A request is answered with an error.

    Attributes:
        status: The status code.
        body: What stands in the body: `status`, `message` and `reason`, and what else there is.
        headers: Headers of the answer.

    Args:
        status: The status code.
        reason: The reason, in capitals: that of an error of gRPC where there is one.
        message: One sentence for the caller.
        headers: Headers of the answer.
        more: What else stands in the body.
    """

    def __init__(
        self, status: int, reason: str, message: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {**({"retry-after": str(_RETRY_SECONDS)} if status in _TRY_AGAIN else {}), **(headers or {})}
        self.body = {"status": status, "message": visible(cut(message, _LENGTH)), "reason": str(reason), **more}


def answered(error: RequestError) -> HttpError:
    """Put an error in the terms of gRPC into those of HTTP."""
    status = _STATUSES.get(error.code, _OTHER_STATUS)
    headers = {"www-authenticate": "Bearer"} if status == _STATUSES["UNAUTHENTICATED"] else {}
    if error.retry_seconds is not None:
        headers["retry-after"] = str(math.ceil(error.retry_seconds))
    return HttpError(status, error.reason, error.message, headers)


def internal(call_id: str) -> HttpError:
    """Return the error for what nobody expected, of which the log tells more."""
    message = f"internal error; the server's log has the details under {call_id}"
    return HttpError(_OTHER_STATUS, Reason.INTERNAL, message)

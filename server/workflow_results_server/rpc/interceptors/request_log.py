"""The id of each call, its line in the log, and its part in the metrics."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules
from workflow_results_server.access.callers import current_caller
from workflow_results_server.rpc.status import Refusal
from workflow_results_server.telemetry.calls import CALLS
from workflow_results_server.telemetry.logs import call_id

if TYPE_CHECKING:
    from workflow_results_server.rpc.interceptors.call import Call, Headers, Link

_logger = logging.getLogger(__name__)

_OF_CONCERN: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNAUTHENTICATED", "PERMISSION_DENIED")
"""Codes that an operator wants to see; the others are mistakes of callers."""
_PATIENT_SECONDS: Final = 1.0
_ID_BYTES: Final = 8


class RequestLog:
    """Gives each call an id, and logs and counts how it ended.

    Args:
        inner: The next link.
    """

    def __init__(self, inner: Link) -> None:
        self._inner = inner

    async def __call__(self, request: Any, call: Call) -> Any:
        """Answer a call."""
        token = call_id.set(_call_id(call.headers))
        counts = CALLS.of(call.method.path)
        counts.start()
        call.received = 0 if call.method.takes_stream else request.size
        began = time.perf_counter()
        code, reason = "CANCELLED", ""
        try:
            answered = await self._inner(request, call)
            if isinstance(answered, Refusal):
                code, reason = answered.code.name, answered.reason
            elif not isinstance(answered, BaseException):
                code = "OK"
                if answered is not None:
                    call.sent = answered.ByteSize()
            return answered
        finally:
            seconds = time.perf_counter() - began
            counts.end(code, seconds, call.received, call.sent)
            _log(call, code, reason, seconds)
            call_id.reset(token)


def _call_id(headers: Headers) -> str:
    """Return the caller's `x-request-id`, or a new id."""
    for key, value in headers:
        if key == "x-request-id" and isinstance(value, str) and not rules.request_id_problem(value):
            return value
    return os.urandom(_ID_BYTES).hex()


def _log(call: Call, code: str, reason: str, seconds: float) -> None:
    gave_up = code == "CANCELLED" and seconds > _PATIENT_SECONDS  # a caller that waited, not one that had enough
    level = logging.INFO if code in _OF_CONCERN or gave_up else logging.DEBUG
    if _logger.isEnabledFor(level):
        extra = {
            "method": call.method.name,
            "code": code,
            "reason": reason,
            "caller": current_caller.get().name,
            "milliseconds": round(seconds * 1000, 3),
            "peer": call.context.peer(),
        }
        _logger.log(level, "call", extra=extra)

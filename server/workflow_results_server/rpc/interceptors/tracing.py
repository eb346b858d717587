"""A span for each call, by https://opentelemetry.io/docs/specs/semconv/rpc/grpc/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflow_results_server.rpc.status import Refusal
from workflow_results_server.telemetry.spans import fail

if TYPE_CHECKING:
    from workflow_results_server.rpc.interceptors.call import Call, Link
    from workflow_results_server.telemetry.spans import Spans

_FAILURES: Final = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""The codes that are errors of a server; others are the business of its callers."""


class Tracing:
    """Makes the span of each call, around all else that is done for it.

    Args:
        spans: Makes spans.
        path: The path of the method.
        inner: The next link.
    """

    def __init__(self, spans: Spans, path: str, inner: Link) -> None:
        self._spans = spans
        self._name = path.strip("/")
        self._attributes = {"rpc.system.name": "grpc", "rpc.method": self._name}
        self._inner = inner

    async def __call__(self, request: Any, call: Call) -> Any:
        """Answer a call."""
        code = "CANCELLED"
        with self._spans.serving(self._name, self._attributes, call.headers) as span:
            try:
                answered = await self._inner(request, call)
                if isinstance(answered, Refusal):
                    code = answered.code.name
                elif not isinstance(answered, BaseException):
                    code = "OK"
                return answered
            finally:
                if span.is_recording():
                    span.set_attribute("rpc.response.status_code", code)
                    if code in _FAILURES:
                        fail(span, code)

"""Spans of calls, and their context in the metadata, for programs that use OpenTelemetry.

Such a program has imported `opentelemetry.trace`, to set up an SDK if nothing else. Where nobody has, no span could be
recorded, so that this package never loads OpenTelemetry by itself: others pay for a look into a dict.

Names and attributes are those of https://opentelemetry.io/docs/specs/semconv/rpc/grpc/.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import grpc

from workflow_results._transport.forks import fork_guard
from workflow_results.errors import ResultsError
from workflow_results.v1 import results_pb2
from workflow_results.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from opentelemetry.trace import Span, Tracer
    from typing_extensions import Self

_logger = logging.getLogger(__name__)

_SCOPE: Final = "workflow_results"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.40.0"
_SERVICE: Final = results_pb2.DESCRIPTOR.services_by_name["ResultsService"].full_name
_API: Final = "opentelemetry.trace"
_SCHEME: Final = re.compile(r"\A(?:ipv4|ipv6|dns|unix|unix-abstract):(?://[^/]*/)?", re.ASCII)
_PORT: Final = re.compile(r"\A(.*):(\d+)\Z", re.DOTALL)
_SEVERAL: Final = 2
_TARGETS: Final = 1_000
"""For how many methods of how many services attributes are kept."""


class Call:
    """A call that nobody traces.

    As a context, it ends with the call, and says how that ended.

    Attributes:
        metadata: What goes into the metadata of the call.
    """

    metadata: tuple[tuple[str, str], ...] = ()

    def end(self, code: grpc.StatusCode) -> None:
        """Note that the call has ended; only the first end counts.

        Args:
            code: How.
        """

    def end_after(self, error: BaseException | None) -> None:
        """Note that the call has ended.

        Args:
            error: What it has raised; None if nothing.
        """

    def end_with(self, call: Any) -> None:
        """Note the end of a call of an event loop, once it comes.

        Args:
            call: The call.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.end_after(error)


UNTRACED: Final = Call()


class _TracedCall(Call):
    """A call with a span."""

    def __init__(self, span: Span, metadata: tuple[tuple[str, str], ...]) -> None:
        self.metadata = metadata
        self._span = span
        self._forks = fork_guard.forks
        self._asking: asyncio.Future[grpc.StatusCode] | None = None

    def end(self, code: grpc.StatusCode) -> None:
        if not self._span.is_recording() or self._forks != fork_guard.forks:  # the span is the parent's
            return
        self._span.set_attribute("rpc.response.status_code", code.name)
        if code is not grpc.StatusCode.OK:
            from opentelemetry.trace import StatusCode

            self._span.set_attribute("error.type", code.name)
            self._span.set_status(StatusCode.ERROR)
        self._span.end()

    def end_with(self, call: Any) -> None:
        def end(asking: asyncio.Future[grpc.StatusCode]) -> None:
            has_failed = asking.cancelled() or asking.exception() is not None  # as the event loop ends, too
            self.end(grpc.StatusCode.CANCELLED if has_failed else asking.result())

        def ask(_call: Any) -> None:
            self._asking = asyncio.ensure_future(call.code())  # which is known by now
            self._asking.add_done_callback(end)

        call.add_done_callback(ask)

    def end_after(self, error: BaseException | None) -> None:
        self.end(_code(error))


def _code(error: BaseException | None) -> grpc.StatusCode:
    if error is None:
        return grpc.StatusCode.OK
    if isinstance(error, grpc.RpcError):
        return error.code()
    # The service is silent, or could not be reached; or whoever called has had enough.
    return grpc.StatusCode.UNAVAILABLE if isinstance(error, ResultsError) else grpc.StatusCode.CANCELLED


class _Api:
    """OpenTelemetry, once a program has loaded it."""

    def __init__(self) -> None:
        from opentelemetry import context, propagate, trace

        self._context, self._propagate, self._trace = context, propagate, trace
        self._tracer: Tracer = trace.get_tracer(_SCOPE, __version__, schema_url=_SCHEMA)

    def begin(self, method: str, target: str) -> Call:
        trace = self._trace
        name = f"{_SERVICE}/{method}"
        span = self._tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=_attributes(name, target))
        if not span.get_span_context().is_valid:  # there is no SDK; older versions then forget whose part this is
            span = trace.get_current_span()
            if not span.get_span_context().is_valid:
                return UNTRACED
        carrier: dict[str, str] = {}
        self._propagate.inject(carrier, trace.set_span_in_context(span))
        return _TracedCall(span, tuple((key.lower(), value) for key, value in carrier.items()))

    def current(self) -> Span | None:
        span = self._trace.get_current_span()
        return span if span.is_recording() else None

    @contextmanager
    def sharing(self, name: str, callers: Sequence[Span]) -> Iterator[None]:
        trace = self._trace
        first, *others = callers
        links = [trace.Link(each.get_span_context()) for each in others]
        span = self._tracer.start_span(name, trace.set_span_in_context(first), links=links)
        for each in others:
            each.add_link(span.get_span_context())
        token = self._context.attach(trace.set_span_in_context(span))
        try:
            yield
        finally:
            self._context.detach(token)
            span.end()


_api: _Api | None = None
_is_usable = True


def _loaded() -> _Api | None:
    """Return OpenTelemetry where this program uses it."""
    global _api, _is_usable
    if _api is None and _is_usable and _API in sys.modules:
        try:
            with fork_guard:  # a child could wait for an import for ever
                _api = _Api()
        except Exception as error:  # noqa: BLE001 - as for a wrong OTEL_PROPAGATORS: no call fails for want of a span
            _is_usable = False
            _logger.warning("calls are not traced, as OpenTelemetry can't be used: %s", error)
    return _api


def begin(method: str, target: str) -> Call:
    """Begin the span of a call, as a child of the current one.

    Args:
        method: The name of the method.
        target: The gRPC target.
    """
    return UNTRACED if (api := _loaded()) is None else api.begin(method, target)


def current() -> Span | None:
    """Return the current span; None unless it is recorded."""
    return None if (api := _loaded()) is None else api.current()


def sharing(name: str, callers: Sequence[Span | None]) -> AbstractContextManager[object]:
    """Trace what is done within for several callers as a part of what the first one does, and link the others with it.

    Args:
        name: What it is.
        callers: The `current` span of each.
    """
    recorded = [each for each in dict.fromkeys(callers) if each is not None]
    api = _loaded()
    return nullcontext() if api is None or len(recorded) < _SEVERAL else api.sharing(name, recorded)


@lru_cache(_TARGETS)
def _attributes(name: str, target: str) -> dict[str, str | int]:
    address = _SCHEME.sub("", target, count=1)
    attributes: dict[str, str | int] = {"rpc.system.name": "grpc", "rpc.method": name, "server.address": address}
    if "," not in address and (host_and_port := _PORT.match(address)):
        attributes |= {"server.address": host_and_port[1].strip("[]"), "server.port": int(host_and_port[2])}
    return attributes

"""Spans by OpenTelemetry's conventions: https://opentelemetry.io/docs/specs/semconv/.

None holds anything of what callers send or store: results are confidential. Names have few values, since some make
metrics of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import context, propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, StatusCode

from workflow_results.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from opentelemetry.trace import Span, TracerProvider
    from opentelemetry.util.types import AttributeValue

    Attributes = Mapping[str, AttributeValue]

_SCOPE: Final = "workflow_results_server"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.40.0"
_BAGGAGE: Final = "baggage"
"""What nothing here asks for, and what takes OpenTelemetry 90 ms to read where a caller means ill."""
_HEADER_LENGTH: Final = 512
"""The longest header that is read of what a call is a part: what the W3C wants every `tracestate` to be allowed."""


class _Serving:
    """The time of a span, in which it is the current one. As a generator, it would take a microsecond more."""

    __slots__ = ("_context", "_span", "_token")

    def __init__(self, span: Span, parent: Context) -> None:
        self._span = span
        self._context = trace.set_span_in_context(span, parent)

    def __enter__(self) -> Span:
        self._token = context.attach(self._context)
        return self._span

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        context.detach(self._token)
        self._span.end()


class Spans:
    """Makes spans.

    Args:
        provider: Where they go.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(_SCOPE, __version__, schema_url=_SCHEMA)
        self._fields = frozenset(field.lower() for field in propagate.get_global_textmap().fields) - {_BAGGAGE}

    def serving(self, name: str, attributes: Attributes, headers: Iterable[tuple[str, str | bytes]]) -> _Serving:
        """Make a span for a call that is answered in the block of what this returns, where it is the current one.

        Args:
            name: The name of the span.
            attributes: What is known of the call, also to samplers.
            headers: Those of the call, with names in lower case, which may say of what it is a part.
        """
        carrier = {
            key: value
            for key, value in headers
            if key in self._fields and isinstance(value, str) and len(value) <= _HEADER_LENGTH
        }
        parent = propagate.extract(carrier, Context()) if carrier else Context()
        return _Serving(self._tracer.start_span(name, parent, SpanKind.SERVER, attributes), parent)

    def begin_command(self, name: str, attributes: Attributes) -> Span:
        """Begin a span for a command to a database, as a part of the current one."""
        return self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)

    @contextmanager
    def sharing(self, name: str, callers: Sequence[Span]) -> Iterator[None]:
        """See `tracing.sharing`; there is one caller at least, and each is recorded."""
        span, *others = callers
        if others:
            parent = trace.set_span_in_context(span)
            span = self._tracer.start_span(name, parent, links=[Link(each.get_span_context()) for each in others])
            for each in others:
                each.add_link(span.get_span_context())
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        except BaseException as error:
            if others:
                fail(span, type(error).__name__)
            raise
        finally:
            context.detach(token)
            if others:
                span.end()

    @staticmethod
    def recorded() -> Span | None:
        """Return the current span if it is recorded."""
        span = trace.get_current_span()
        return span if span.is_recording() else None

    @staticmethod
    def ids() -> dict[str, str]:
        """Return the ids of the current trace and span; empty if there are none."""
        current = trace.get_current_span().get_span_context()
        if not current.is_valid:
            return {}
        return {"trace_id": trace.format_trace_id(current.trace_id), "span_id": trace.format_span_id(current.span_id)}


def fail(span: Span, error: str) -> None:
    """Mark a span as one of something that has failed.

    Args:
        span: The span.
        error: What has happened, as one of few names.
    """
    span.set_attribute("error.type", error)
    span.set_status(StatusCode.ERROR)

"""Spans of calls, where a program uses OpenTelemetry; where it does not, nothing of it is loaded."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.waiting import PATIENCE, ended
from workflow_results import ServiceUnavailableError
from workflow_results._transport import tracing

TARGET = "localhost:50051"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Keeps the spans of a program that uses the SDK."""
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    monkeypatch.setattr(tracing, "_api", None)
    yield kept
    provider.shutdown()


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


def test_a_program_without_opentelemetry_loads_none_of_it() -> None:
    said = run(f"""
import sys
from workflow_results._transport import tracing
assert tracing.begin("View", {TARGET!r}) is tracing.UNTRACED
assert tracing.current() is None
print(*sys.modules)
""")
    assert "opentelemetry" not in said


def test_calls_go_on_where_opentelemetry_can_not_be_used() -> None:
    said = run(
        f"""
import opentelemetry.trace
from workflow_results._transport import tracing
for _ in range(3):
    assert tracing.begin("View", {TARGET!r}) is tracing.UNTRACED
""",
        OTEL_PROPAGATORS="nonsense",
    )
    assert said.count("calls are not traced, as OpenTelemetry can't be used: Propagator nonsense not found") == 1


def test_the_context_of_others_is_passed_on_without_an_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_api", None)
    assert tracing.begin("View", TARGET).metadata == ()
    state = trace.TraceState([("vendor", "1")])
    theirs = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1), trace_state=state)
    with trace.use_span(trace.NonRecordingSpan(theirs)):
        metadata = dict(tracing.begin("View", TARGET).metadata)
    assert metadata == {"traceparent": f"00-{1:032x}-{2:016x}-01", "tracestate": "vendor=1"}


def test_a_span_is_sent_along(exporter: InMemorySpanExporter) -> None:
    with tracing.begin("View", TARGET) as call:
        pass
    span = only(exporter)
    assert span.context is not None
    ids = f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
    assert dict(call.metadata)["traceparent"].startswith(f"00-{ids}-")
    assert (span.name, span.kind) == ("workflow_results.v1.ResultsService/View", trace.SpanKind.CLIENT)
    assert span.status.status_code is trace.StatusCode.UNSET


@pytest.mark.parametrize(
    ("target", "address", "port"),
    [
        ("results.example.org:443", "results.example.org", 443),
        ("dns:///results.example.org:443", "results.example.org", 443),
        ("dns://8.8.8.8/results.example.org:443", "results.example.org", 443),
        ("results.example.org", "results.example.org", None),
        ("[::1]:50051", "::1", 50051),
        ("ipv6:[::1]:50051", "::1", 50051),
        ("ipv4:10.0.0.1:443,10.0.0.2:443", "10.0.0.1:443,10.0.0.2:443", None),
        ("unix:/run/results.socket", "/run/results.socket", None),
    ],
)
def test_where_a_call_goes(exporter: InMemorySpanExporter, target: str, address: str, port: int | None) -> None:
    tracing.begin("View", target).end(grpc.StatusCode.OK)
    attributes = only(exporter).attributes
    assert attributes is not None
    assert (attributes["server.address"], attributes.get("server.port")) == (address, port)


class _Failed(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_Failed(), "NOT_FOUND"),
        (ServiceUnavailableError("no data for 20 s"), "UNAVAILABLE"),
        (KeyboardInterrupt(), "CANCELLED"),
        (GeneratorExit(), "CANCELLED"),
    ],
)
def test_how_a_call_ends(exporter: InMemorySpanExporter, error: BaseException, code: str) -> None:
    with pytest.raises(type(error)), tracing.begin("View", TARGET) as call:
        raise error
    call.end(grpc.StatusCode.OK)  # which it has already
    span: Any = only(exporter)
    assert (span.attributes["rpc.response.status_code"], span.attributes["error.type"]) == (code, code)
    assert span.status.status_code is trace.StatusCode.ERROR
    assert not span.events, "what the error says is for the caller alone"


class _Broken:
    """A call of an event loop."""

    def __init__(self, *, known: bool) -> None:
        self._known = known
        self._callbacks: list[Callable[[object], object]] = []

    async def code(self) -> grpc.StatusCode:
        if not self._known:
            await asyncio.get_running_loop().create_future()
        return grpc.StatusCode.UNAVAILABLE

    def add_done_callback(self, callback: Callable[[object], object]) -> None:
        self._callbacks.append(callback)

    def end(self) -> None:
        for callback in self._callbacks:
            callback(self)


@pytest.mark.parametrize(("known", "code"), [(True, "UNAVAILABLE"), (False, "CANCELLED")])
def test_a_call_ends_with_its_event_loop(exporter: InMemorySpanExporter, known: bool, code: str) -> None:
    async def call() -> None:
        broken = _Broken(known=known)
        tracing.begin("View", TARGET).end_with(broken)
        broken.end()

    asyncio.run(call())
    span: Any = only(exporter)
    assert span.attributes["rpc.response.status_code"] == code


def test_a_child_does_not_end_the_spans_of_its_parent(exporter: InMemorySpanExporter) -> None:
    call = tracing.begin("View", TARGET)
    child = os.fork()
    if child == 0:
        call.end(grpc.StatusCode.OK)
        os._exit(len(exporter.get_finished_spans()))
    assert ended(child) == 0
    call.end(grpc.StatusCode.OK)
    assert only(exporter)

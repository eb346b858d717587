"""What spans of a server say, and when there are any."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from opentelemetry import baggage, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

from tests.support.waiting import PATIENCE
from workflow_results_server.rpc.interceptors.tracing import Tracing
from workflow_results_server.rpc.status import Refusal
from workflow_results_server.store.command_spans import CommandSpans
from workflow_results_server.telemetry import logs
from workflow_results_server.telemetry.spans import Spans

MONGOD = ("127.0.0.1", 27017)
PATH = "/workflow_results.v1.ResultsService/View"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Iterator[Spans]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Spans(provider)
    provider.shutdown()


def only(exporter: InMemorySpanExporter, name: str) -> Any:
    (span,) = [each for each in exporter.get_finished_spans() if each.name == name]
    return span


def test_a_server_that_is_not_asked_loads_nothing() -> None:
    code = """
import sys
from workflow_results_server.serving import app
from workflow_results_server.telemetry import tracing
assert not tracing.check()
tracing.start()
assert tracing.spans() is None
assert tracing.current_call() is None
with tracing.sharing("insert", [None]):
    assert tracing.ids() == {}
tracing.stop()
print(*sys.modules)
"""
    environment = {"PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert "opentelemetry" not in done.stdout


def refusal(code: str) -> Refusal:
    return Refusal(grpc.StatusCode[code], "REASON", "a sentence", ())


@pytest.mark.parametrize(
    ("answered", "code", "failed"),
    [
        (None, "OK", False),
        (refusal("INVALID_ARGUMENT"), "INVALID_ARGUMENT", False),
        (refusal("UNAUTHENTICATED"), "UNAUTHENTICATED", False),
        (refusal("UNAVAILABLE"), "UNAVAILABLE", True),
        (refusal("DEADLINE_EXCEEDED"), "DEADLINE_EXCEEDED", True),
        (refusal("INTERNAL"), "INTERNAL", True),
        (grpc.RpcError(), "CANCELLED", False),
    ],
)
def test_which_answers_are_errors_of_a_server(
    spans: Spans, exporter: InMemorySpanExporter, answered: object, code: str, failed: bool
) -> None:
    async def inner(_request: object, _call: object) -> object:
        return answered

    call: Any = SimpleNamespace(headers=())
    assert asyncio.run(Tracing(spans, PATH, inner)(None, call)) is answered
    span = only(exporter, PATH.strip("/"))
    assert span.attributes["rpc.response.status_code"] == code
    assert (span.status.status_code is trace.StatusCode.ERROR) == failed


TRACEPARENT = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


@pytest.mark.parametrize(
    "value", ["", "00", "00-0-0-01", "ff" + TRACEPARENT[1][2:], TRACEPARENT[1] + "-x", "\xe9" * 55]
)
def test_what_is_no_traceparent_begins_a_trace(spans: Spans, exporter: InMemorySpanExporter, value: str) -> None:
    with spans.serving("call", {}, [("traceparent", value)]):
        pass
    assert only(exporter, "call").parent is None


def test_what_callers_send_beside_it_is_read_as_far_as_it_is_wanted(
    spans: Spans, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    long = "a=1" + " \t" * 4_000 + "b"
    with spans.serving("call", {}, [TRACEPARENT, ("tracestate", long), ("baggage", long)]):
        assert baggage.get_all() == {}
    with spans.serving("with state", {}, [TRACEPARENT, ("tracestate", "a=1"), ("baggage", "b=2")]):
        assert baggage.get_all() == {}
    assert not caplog.records  # nor is any of it in the log
    parent = only(exporter, "call").parent
    assert (parent.span_id, parent.trace_state) == (0xB7AD6B7169203331, {})
    assert only(exporter, "with state").parent.trace_state == {"a": "1"}


def started(command: dict[str, Any], request_id: int = 1, host: Any = MONGOD) -> CommandStartedEvent:
    return CommandStartedEvent(command, "results", request_id, host, None)


def test_commands_outside_of_calls_have_no_spans(spans: Spans, exporter: InMemorySpanExporter) -> None:
    listener = CommandSpans(spans)
    listener.started(started({"find": "p"}))
    listener.succeeded(CommandSucceededEvent(timedelta(), {"ok": 1}, "find", 1, MONGOD, None))
    assert exporter.get_finished_spans() == ()


def test_what_is_said_of_a_command(spans: Spans, exporter: InMemorySpanExporter) -> None:
    listener = CommandSpans(spans)
    socket: Any = ("/run/mongod.sock", None)
    with spans.serving("call", {}, ()):
        listener.started(started({"getMore": 5, "collection": "p"}, 1))
        listener.started(started({"ping": 1}, 2, socket))  # at the same time
        listener.started(started({"saslStart": 1}, 3))
        for request, name in enumerate(("getMore", "ping", "saslStart"), 1):
            listener.succeeded(CommandSucceededEvent(timedelta(), {"ok": 1}, name, request, MONGOD, None))
    called = {"db.system.name": "mongodb", "db.namespace": "results"}
    here = {"server.address": "127.0.0.1", "server.port": 27017}
    more = {"db.operation.name": "getMore", "db.collection.name": "p"}
    assert only(exporter, "getMore").attributes == {**called, **here, **more}
    assert only(exporter, "ping").attributes == {
        **called,
        "db.operation.name": "ping",
        "server.address": "/run/mongod.sock",
    }
    assert {each.name for each in exporter.get_finished_spans()} == {"call", "getMore", "ping"}


@pytest.mark.parametrize(
    ("failure", "error", "code"),
    [
        ({"code": 11600, "codeName": "InterruptedAtShutdown", "errmsg": "secret"}, "InterruptedAtShutdown", "11600"),
        ({"errmsg": "secret", "errtype": "AutoReconnect"}, "AutoReconnect", None),
        ({}, "_OTHER", None),
    ],
)
def test_a_command_that_fails_says_no_more_than_its_code(
    spans: Spans, exporter: InMemorySpanExporter, failure: dict[str, Any], error: str, code: str | None
) -> None:
    listener = CommandSpans(spans)
    with spans.serving("call", {}, ()):
        listener.started(started({"insert": "p", "documents": [{"dm": "secret"}]}))
        listener.failed(CommandFailedEvent(timedelta(), failure, "insert", 1, MONGOD, None))
    span = only(exporter, "insert")
    assert (span.attributes["error.type"], span.attributes.get("db.response.status_code")) == (error, code)
    assert span.status.status_code is trace.StatusCode.ERROR
    assert "secret" not in span.to_json()


def test_what_is_shared_fails_with_its_error(spans: Spans, exporter: InMemorySpanExporter) -> None:
    with spans.serving("one", {}, ()) as one:
        pass
    with spans.serving("two", {}, ()) as two, pytest.raises(KeyError), spans.sharing("shared", [one, two]):
        raise KeyError("secret")
    span = only(exporter, "shared")
    assert span.attributes == {"error.type": "KeyError"}
    assert span.parent == only(exporter, "one").context
    assert [link.context for link in span.links] == [only(exporter, "two").context]
    assert "secret" not in span.to_json()


def test_a_collector_that_is_gone_does_not_fill_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    logs.configure("info", "text")
    for number in range(1_000):
        logging.getLogger("opentelemetry.exporter").warning("no answer, retrying in %d s", number)
        logging.getLogger("opentelemetry.sdk").warning("Queue full, dropping %s.", "Span")
        logging.getLogger("workflow_results_server").info("call %d", number)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2] for line in lines if "opentelemetry" in line] == [
        "no answer, retrying in 0 s",
        "Queue full, dropping Span.",
    ]
    assert sum("call" in line for line in lines) == 1_000

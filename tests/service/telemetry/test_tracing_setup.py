"""When servers send traces: sampling, a collector that hangs or is gone, what is asked for but not installed."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.trace import Tracer

from tests.support.asking import ask
from tests.support.collector import Collector, logged
from tests.support.launcher import Service
from tests.support.metrics import RPC
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Results

Serve = Callable[..., Service]

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def held() -> Iterator[socket.socket]:
    with socket.socket() as made:
        yield made


def test_nothing_is_sent_of_calls_that_are_not_sampled(
    serve: Serve, collector: Collector, tracer: Tracer, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    server = serve("--http-port", "0", "--log-level", "debug", "--log-format", "json")
    with Results(server.target) as results:
        results.deposit([work(pipeline, "a")])
    ask(server, "GET", "/version", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    assert server.stop() == 0
    (client,) = collector.spans(name=f"{RPC}Deposit")
    assert {each.instance for each in collector.spans()} == {"client"}
    assert logged(server, event="call", method="Deposit")["trace_id"] == client.trace
    assert logged(server, event="request", path="/version")["trace_id"] == TRACE


def test_the_last_spans_are_sent_at_the_end(
    serve: Serve, collector: Collector, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", str(3600 * 1000))
    for workers in ("1", "2"):
        server = serve("--workers", workers)
        with Results(server.target) as results:
            results.deposit([work(pipeline, workers)])
        assert server.stop() == 0
    assert len(collector.spans(name=f"{RPC}Deposit", kind="SERVER")) == 2


def test_a_collector_that_hangs_keeps_no_server(
    serve: Serve, collector: Collector, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.hangs = True
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(round(2 * PATIENCE)))
    server = serve("--workers", "2", "--drain-seconds", "0")
    with Results(server.target) as results:
        results.deposit([work(pipeline, "a")])
    assert collector.called.wait(PATIENCE)
    assert server.stop() == 0
    log = server.log.read_text()
    assert "hangs and is killed" not in log
    assert "did not end in time" not in log


def test_a_collector_that_is_absent_disturbs_nothing(
    serve: Serve, held: socket.socket, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.bind(("127.0.0.1", 0))  # and does not listen
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{held.getsockname()[1]}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    server = serve()
    with Results(server.target) as results:

        def complained() -> bool:
            for number in range(50):
                assert results.deposit([work(pipeline, str(number))]) == {pipeline: True}
            return "opentelemetry" in server.log.read_text()

        eventually(complained)
        for _ in range(10):
            complained()
    assert server.stop() == 0
    lines = [line for line in server.log.read_text().splitlines() if "opentelemetry" in line]
    assert 0 < len(lines) < 10, lines


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "asks for another exporter than otlp"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "smoke"}, "OTEL_EXPORTER_OTLP_PROTOCOL=smoke is none of grpc, http/protobuf"),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            "pip install 'workflow-results[otel]' opentelemetry-exporter",
        ),
        ({"OTEL_EXPORTER_OTLP_TIMEOUT": "soon"}, "'soon'"),
        ({"OTEL_PROPAGATORS": "nonsense"}, "OpenTelemetry can't be set up: Propagator nonsense not found"),
        ({"PYTHONPATH": "shadow"}, "needs pip install 'workflow-results[otel]'"),
    ],
    ids=["exporter", "protocol", "package", "value", "propagator", "extra"],
)
def test_what_can_not_be_had_is_said_once(
    serve: Serve,
    collector: Collector,
    pipeline: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variables: dict[str, str],
    sentence: str,
) -> None:
    shadow = tmp_path / "opentelemetry"
    shadow.mkdir()
    (shadow / "__init__.py").touch()
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path) if value == "shadow" else value)
    server = serve()
    with Results(server.target) as results:
        assert results.deposit([work(pipeline, "a")]) == {pipeline: True}
    assert server.stop() == 0
    (line,) = [line for line in server.log.read_text().splitlines() if "no traces are sent" in line]
    assert sentence in line
    assert not collector.called.is_set()


@pytest.mark.parametrize(
    "variables", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}], ids=["disabled", "none"]
)
def test_traces_can_be_turned_off(
    serve: Serve, collector: Collector, pipeline: str, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    server = serve()
    with Results(server.target) as results:
        results.deposit([work(pipeline, "a")])
    assert server.stop() == 0
    assert not collector.called.is_set()
    assert "no traces" not in server.log.read_text()


def test_a_script_with_an_sdk_needs_nothing_else(serve: Serve, collector: Collector, pipeline: str) -> None:
    server = serve()
    script = f"""
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from workflow_results import Results

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
with Results({server.target!r}) as results, trace.get_tracer("script").start_as_current_span("script"):
    results.deposit([{work(pipeline, "a")!r}])
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)
    (insert,) = collector.wait_for(name="insert")
    names = {"": ["script"], "script": [f"{RPC}Deposit"], f"{RPC}Deposit": sorted([f"{RPC}Deposit", "insert"])}
    eventually(lambda: collector.names(insert.trace) == names)

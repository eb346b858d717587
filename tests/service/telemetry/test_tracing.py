"""Traces from a client through servers into MongoDB, as a collector of OpenTelemetry's protocol gets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from opentelemetry.trace import Tracer

from tests.support.asking import ask
from tests.support.blocking import Facade
from tests.support.collector import Collector, Span, logged
from tests.support.launcher import Service
from tests.support.metrics import RPC
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import InvalidRequestError, Results

Serve = Callable[..., Service]

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


def tree(collector: Collector, span: Span) -> dict[str, list[str]]:
    """The names of the children of what is in the trace of a span."""
    return collector.names(span.trace)


@pytest.mark.both_facades
def test_a_call_is_one_trace_from_client_to_mongodb(
    serve: Serve, facade: Facade, collector: Collector, tracer: Tracer, pipeline: str
) -> None:
    server = serve()
    with facade(server.target) as results:
        results.deposit([work(pipeline, "a")])
        with tracer.start_as_current_span("script"):
            results.update([{"pipeline": pipeline, "id": "a", "number": 1}])
    (script,) = collector.wait_for(name="script")
    (commit,) = collector.wait_for(trace=script.trace, name="commitTransaction")
    (server_span,) = collector.wait_for(trace=script.trace, kind="SERVER")
    (client_span,) = collector.spans(trace=script.trace, name=f"{RPC}Update", kind="CLIENT")
    assert client_span.parent == script.id
    assert server_span.parent == client_span.id
    assert {each.parent for each in collector.spans(trace=script.trace) if "db.system.name" in each.attributes} == {
        server_span.id
    }
    port = int(server.target.rpartition(":")[2])
    called = {"rpc.system.name": "grpc", "rpc.method": f"{RPC}Update", "rpc.response.status_code": "OK"}
    assert client_span.attributes == {**called, "server.address": "127.0.0.1", "server.port": port}
    assert server_span.attributes == called
    assert server_span.resource["service.name"] == "workflow-results"
    assert commit.attributes["db.namespace"] == "admin"
    (update, *_) = collector.spans(trace=script.trace, name="update")
    assert update.attributes["db.collection.name"] == pipeline
    assert update.attributes["db.namespace"] == "workflow_results"
    assert update.attributes["db.operation.name"] == "update"
    assert not any(each.failed for each in collector.spans(trace=script.trace))


@pytest.mark.both_facades
def test_reads_and_deposits(serve: Serve, facade: Facade, collector: Collector, tracer: Tracer, pipeline: str) -> None:
    server = serve()
    with facade(server.target) as results:
        with tracer.start_as_current_span("deposit") as span:
            results.deposit([work(pipeline, f"{number:05}", data=bytes(3_000)) for number in range(4_000)])
        (deposit,) = collector.wait_for(name="deposit")
        calls = collector.wait_for(3, trace=deposit.trace, kind="CLIENT", name=f"{RPC}Deposit")
        eventually(lambda: len(collector.spans(trace=deposit.trace, kind="SERVER")) == len(calls))
        assert {each.parent for each in calls} == {deposit.id}
        collector.wait_for(trace=deposit.trace, name="insert")
        assert span.get_span_context().is_valid

        with tracer.start_as_current_span("look up"):
            assert len(results.get_by_id(pipeline, ["00001"])) == 1
        (look_up,) = collector.wait_for(name="look up")
        collector.wait_for(trace=look_up.trace, name=f"{RPC}GetById", kind="SERVER")
        names = {"": ["look up"], "look up": [f"{RPC}GetById"], f"{RPC}GetById": sorted([f"{RPC}GetById", "find"])}
        assert tree(collector, look_up) == names

        with tracer.start_as_current_span("stream"):
            assert sum(1 for _ in results.stream(pipeline, {})) == 4_000
        (stream,) = collector.wait_for(name="stream")
        (view,) = collector.wait_for(trace=stream.trace, name=f"{RPC}View", kind="SERVER")
        commands = collector.wait_for(2, trace=stream.trace, parent=view.id, kind="CLIENT")
        assert {"find", "getMore"} <= {each.name for each in commands}
        assert {each.attributes["db.collection.name"] for each in commands} == {pipeline}


@pytest.mark.both_facades
def test_a_stream_that_is_broken_off_ends(
    serve: Serve, facade: Facade, collector: Collector, tracer: Tracer, pipeline: str
) -> None:
    with facade(serve().target) as results:
        results.deposit([work(pipeline, f"{number:05}", data=bytes(300_000)) for number in range(100)])
        stream = results.stream(pipeline, {})
        next(stream)
        stream.close()
        (client,) = collector.wait_for(name=f"{RPC}View", kind="CLIENT")
        (server,) = collector.wait_for(name=f"{RPC}View", kind="SERVER")
    assert client.attributes["rpc.response.status_code"] == server.attributes["rpc.response.status_code"] == "CANCELLED"
    assert (client.failed, server.failed) == (True, False)


@pytest.mark.both_facades
def test_a_depositor_is_a_part_of_what_opens_it(
    serve: Serve,
    facade: Facade,
    collector: Collector,
    tracer: Tracer,
    pipeline: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("depositor", "async_depositor"):  # one stream
        monkeypatch.setattr(f"workflow_results._deposit.{module}.IDLE_SECONDS", PATIENCE)
    with facade(serve().target) as results, tracer.start_as_current_span("script"), results.depositor() as depositor:
        for number in range(3):
            assert depositor.deposit(work(pipeline, str(number))).result(PATIENCE).stored
    (script,) = collector.wait_for(name="script")
    (client,) = collector.wait_for(trace=script.trace, kind="CLIENT", name=f"{RPC}DepositStream")
    (server,) = collector.wait_for(trace=script.trace, kind="SERVER")
    inserts = collector.wait_for(3, trace=script.trace, name="insert")
    assert (client.parent, server.parent) == (script.id, client.id)
    assert {each.parent for each in inserts} == {server.id}
    assert client.attributes["rpc.response.status_code"] == "OK"


def test_deposits_that_share_an_insert(serve: Serve, collector: Collector, tracer: Tracer, pipeline: str) -> None:
    server = serve()
    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        clients = [stack.enter_context(Results(server.target)) for _ in range(8)]  # one alone would share requests

        def deposit(number: int) -> None:
            clients[number % 8].deposit([work(pipeline, f"{number}")])

        def shared() -> list[Span]:
            list(pool.map(deposit, range(64)))
            return collector.spans(name="shared insert")

        eventually(shared)
    for insert in shared_with_callers(collector, "shared insert", "insert"):
        assert insert.attributes["db.collection.name"] == pipeline


def test_threads_that_share_a_request(serve: Serve, collector: Collector, tracer: Tracer, pipeline: str) -> None:
    with Results(serve().target) as results, ThreadPoolExecutor(8) as pool:

        def deposit(number: int) -> None:
            with tracer.start_as_current_span("thread"):
                results.deposit([work(pipeline, f"{number}")])

        def shared() -> list[Span]:
            list(pool.map(deposit, range(64)))
            return collector.spans(name="shared deposit")

        eventually(shared)
    shared_deposit, *_ = collector.spans(name="shared deposit")
    (client,) = collector.wait_for(parent=shared_deposit.id, kind="CLIENT")
    collector.wait_for(parent=client.id, kind="SERVER")
    callers = [collector.wait_for(id=each)[0] for each in (shared_deposit.parent, *shared_deposit.links)]
    assert len(callers) > 1
    assert {each.name for each in callers} == {"thread"}
    assert all(shared_deposit.id in each.links for each in callers[1:])


def test_look_ups_that_share_a_command(serve: Serve, collector: Collector, tracer: Tracer, pipeline: str) -> None:
    with Results(serve().target) as results, ThreadPoolExecutor(8) as pool:
        results.deposit([work(pipeline, f"{number}") for number in range(64)])

        def look_up(number: int) -> None:
            assert len(results.get_by_id(pipeline, [f"{number}"])) == 1

        def shared() -> list[Span]:
            list(pool.map(look_up, range(64)))
            return collector.spans(name="shared look-up")

        eventually(shared)
    shared_with_callers(collector, "shared look-up", "find")


def shared_with_callers(collector: Collector, name: str, command: str) -> list[Span]:
    """Check what several calls share, and return its commands."""
    shared, *_ = collector.spans(name=name)
    assert shared.links
    (first,) = collector.wait_for(id=shared.parent)
    others = [collector.wait_for(id=each)[0] for each in shared.links]
    calls = [first, *others]
    assert {each.kind for each in calls} == {"SERVER"}
    assert len({each.trace for each in calls}) == len(calls), "each call has a trace of its own"
    assert shared.trace == first.trace
    assert all(shared.id in each.links for each in others)
    for call in calls:
        (client,) = collector.wait_for(id=call.parent)
        assert (client.kind, client.trace) == ("CLIENT", call.trace)
    return collector.wait_for(parent=shared.id, trace=shared.trace, name=command)


def test_both_workers_send_theirs(serve: Serve, collector: Collector, tracer: Tracer, pipeline: str) -> None:
    server = serve("--workers", "2", "--http-port", "0")

    def both() -> bool:
        with Results(server.target) as results:  # the kernel spreads connections over the workers
            results.deposit([work(pipeline, "a")])
            results.get_by_id(pipeline, ["a"])
        return len({each.instance for each in collector.spans(kind="SERVER")}) == 2

    eventually(both)
    for call in collector.spans(kind="SERVER"):
        (client,) = collector.wait_for(id=call.parent)
        assert (client.trace, client.instance) == (call.trace, "client")
    for command in collector.spans(name="insert"):
        (call,) = collector.wait_for(id=command.parent)
        assert (call.trace, call.instance, call.kind) == (command.trace, command.instance, "SERVER")
    assert server.stop() == 0


def test_http_is_traced(serve: Serve, collector: Collector, pipeline: str) -> None:
    server = serve("--http-port", "0", "--log-level", "debug", "--log-format", "json")
    headers = {"traceparent": TRACEPARENT, "tracestate": "vendor=1"}
    assert ask(server, "POST", "/results", json.dumps([work(pipeline, "a")]).encode(), headers)[0] == 200
    (call,) = collector.wait_for(trace=TRACE, kind="SERVER")
    (insert,) = collector.wait_for(trace=TRACE, name="insert")
    assert (call.name, call.parent, insert.parent) == ("POST /results", PARENT, call.id)
    port = int(server.http.rpartition(":")[2])
    assert call.attributes == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/results",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.path": "/results",
        "url.scheme": "http",
    }
    line = logged(server, event="request", path="/results")
    assert (line["trace_id"], line["span_id"]) == (TRACE, call.id)

    assert ask(server, "GET", "/nothing/at/all?secret=1")[0] == 404
    (other,) = collector.wait_for(name="GET")
    assert (other.attributes["http.response.status_code"], other.failed) == (404, False)
    assert ask(server, "BREW", "/")[0] in {404, 405}
    collector.wait_for(name="HTTP /")
    assert not any("secret" in str(each.attributes) for each in collector.spans())


def test_refusals_are_errors_of_clients_alone(
    serve: Serve, collector: Collector, tracer: Tracer, pipeline: str
) -> None:
    server = serve("--log-level", "debug", "--log-format", "json")
    with Results(server.target) as results, pytest.raises(InvalidRequestError):
        results.count(pipeline, {"$where": "1"})
    (client,) = collector.wait_for(name=f"{RPC}Count", kind="CLIENT")
    (call,) = collector.wait_for(name=f"{RPC}Count", kind="SERVER")
    assert client.attributes["rpc.response.status_code"] == call.attributes["rpc.response.status_code"]
    assert client.attributes["error.type"] == "INVALID_ARGUMENT"
    assert (client.failed, call.failed) == (True, False)
    line = logged(server, event="call", method="Count")
    assert (line["trace_id"], line["span_id"]) == (call.trace, call.id)


def test_what_is_stored_and_asked_for_stays_out(
    serve: Serve, collector: Collector, tracer: Tracer, pipeline: str
) -> None:
    with Results(serve().target) as results:
        results.deposit([work(pipeline, "secret-id", secret="secret-value")])
        results.deposit([work(pipeline, "secret-id", secret="secret-other")])
        results.view(pipeline, {"results.secret-field": "secret-value"})
        results.lock(pipeline, ["secret-id"])
        results.update([{"pipeline": pipeline, "id": "secret-id", "secret-field": 1}])
    (last,) = collector.wait_for(name=f"{RPC}Update", kind="SERVER")
    collector.wait_for(trace=last.trace, name="update")
    assert "secret" not in str(collector.spans())

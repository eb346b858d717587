"""Several servers in front of one MongoDB, and connections that end by age."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Event

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.support.launcher import Service
from tests.support.waiting import PATIENCE, taken_from
from tests.support.wire import Answer, open_channel
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

Serve = Callable[..., Service]


def test_calls_go_to_all_servers_and_then_to_those_that_are_left(serve: Serve, pipeline: str) -> None:
    servers = [serve("--log-level", "debug") for _ in range(2)]
    with Results("ipv4:" + ",".join(server.target for server in servers)) as results:
        for number in range(20):
            assert results.deposit([work(pipeline, f"{number:02}")]) == {pipeline: True}
        for server in servers:
            assert "method=Deposit code=OK" in server.log.read_text()
        servers[0].stop(signal.SIGKILL)
        for number in range(20, 40):
            assert results.deposit([work(pipeline, f"{number:02}")]) == {pipeline: True}
        assert results.count(pipeline, {}) == 40


def test_nobody_notices_a_rolling_restart(serve: Serve, pipeline: str) -> None:
    servers = [serve(), serve()]
    ports = [server.target.rpartition(":")[2] for server in servers]
    done = Event()

    def use(results: Results, caller: int) -> int:
        for number in count():
            ids = [f"{caller}-{number:04}-{n}" for n in range(3)]
            assert results.deposit([work(pipeline, id_) for id_ in ids]) == {pipeline: True}
            assert results.lock(pipeline, ids[1:], request_id=ids[1])
            assert results.update([{"pipeline": pipeline, "id": ids[0], "n": 1}], request_id=ids[2])
            assert results.delete_ids(pipeline, ids[:1], request_id=ids[0])
            assert [result["id"] for result in results.get_by_id(pipeline, ids)] == ids[:0:-1]
            if done.is_set():
                return number + 1
        raise AssertionError("a count never ends")

    with Results("ipv4:" + ",".join(server.target for server in servers)) as results, ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(use, results, caller) for caller in range(4)]
        try:
            for server, port in zip(servers, ports, strict=True):
                assert server.stop() == 0
                serve("--port", port)
        finally:
            done.set()
        rounds = sum(caller.result(PATIENCE) for caller in callers)
        assert results.count(pipeline, {}) == results.get_locked_count(pipeline) == 2 * rounds


def test_streams_go_on_at_another_server_when_theirs_stops(serve: Serve, results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:03}", data=bytes(600_000)) for number in range(60)]
    assert results.deposit(works) == {pipeline: True}
    ids = [each["id"] for each in reversed(works)]
    stopping, lasting = serve("--drain-seconds", "0.2"), serve()
    with Results(f"ipv4:{stopping.target},{lasting.target}") as both:
        streams = [both.stream(pipeline, {}) for _ in range(4)]
        begun = [next(stream)["id"] for stream in streams]
        assert stopping.stop() == 0
        for first, stream in zip(begun, streams, strict=True):
            assert [first, *(result["id"] for result in stream)] == ids
    assert "Traceback" not in stopping.log.read_text()


def test_idle_streams_are_told_that_their_server_stops(serve: Serve) -> None:
    server = serve("--drain-seconds", "0.2")
    requests: SimpleQueue[pb.DepositStreamRequest | None] = SimpleQueue()
    with open_channel(server.target) as channel:
        stream = results_pb2_grpc.ResultsServiceStub(channel).DepositStream(taken_from(requests))
        requests.put(pb.DepositStreamRequest(sequence=1))
        assert next(stream).sequence == 1
        assert server.stop() == 0
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        requests.put(None)
    answer = Answer(caught.value)
    assert (answer.code, answer.info.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING")
    assert "Traceback" not in server.log.read_text()


def test_streams_of_other_services_do_not_hold_a_stopping_server(serve: Serve) -> None:
    """Load balancers watch the health for as long as they are connected, and need no token for it."""
    server = serve("--drain-seconds", "600")
    listing = reflection_pb2.ServerReflectionRequest(list_services="*")
    requests: SimpleQueue[reflection_pb2.ServerReflectionRequest | None] = SimpleQueue()
    with open_channel(server.target) as channel:
        watches = [
            health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=service))
            for service in ("", "workflow_results.v1.ResultsService", "unknown")
        ]
        seen = [[next(watch).status] for watch in watches]
        idle = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(taken_from(requests))
        requests.put(listing)
        next(idle)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE) == 0
        for watch, statuses in zip(watches, seen, strict=True):
            with pytest.raises(grpc.RpcError) as caught:
                statuses += (response.status for response in watch)
            assert Answer(caught.value).info.reason == "SERVER_STOPPING"
        with pytest.raises(grpc.RpcError) as caught:
            next(idle)
        requests.put(None)
    assert Answer(caught.value).info.reason == "SERVER_STOPPING"
    status = health_pb2.HealthCheckResponse
    assert seen == [[status.SERVING, status.NOT_SERVING]] * 2 + [[status.SERVICE_UNKNOWN]]
    assert "Traceback" not in server.log.read_text()


def test_streams_and_depositors_outlast_their_connections(serve: Serve, pipeline: str) -> None:
    server = serve("--connection-seconds", "1", "--drain-seconds", "0.5")
    works = [work(pipeline, f"{number:05}", data=bytes(2_000)) for number in range(4_000)]
    ids = [each["id"] for each in reversed(works)]
    end = time.monotonic() + 4
    with Results(server.target) as results:
        while True:
            with results.depositor() as depositor:
                given = [depositor.deposit(each) for each in works]
            assert all(future.result().stored for future in given)
            assert [result["id"] for result in results.stream(pipeline, {})] == ids
            if time.monotonic() > end:
                break


def test_the_limit_of_open_files_is_raised(serve: Serve) -> None:
    server = serve()
    soft, hard = Path(f"/proc/{server.process.pid}/limits").read_text().partition("Max open files")[2].split()[:2]
    assert soft == hard

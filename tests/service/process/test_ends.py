"""The end of a server comes in time, whatever peers, workers and MongoDB do, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import psutil
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.support.launcher import Service, listening
from tests.support.mongods import fake_mongod
from tests.support.raw_peer import HEALTH, Deaf, Peer
from tests.support.waiting import eventually
from tests.support.wire import Answer
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results_server.mongod.data_directory import DataDirectory

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
ENDS_SECONDS = 30.0
"""Much more than the second of `--drain-seconds` and the few after it; a server that waits for somebody never ends."""

Run = Callable[..., "subprocess.Popen[str]"]

QUICK = """
import sys
from workflow_results.cli import main
from workflow_results_server.mongod import embedded as mongod, restarts
from workflow_results_server.serving import server, workers
mongod.Restarts = lambda: restarts.Restarts(0.01, 0.02, 1000, 3)
server._SLACK_SECONDS = 1
{}
main(prog_name="workflow-results")
"""


@pytest.fixture
def run(directory: Path) -> Iterator[Run]:
    """Start servers whose pauses are short, on a directory of the test; returns their processes."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, patch: str = "") -> subprocess.Popen[str]:
        where = () if "--mongo-uri" in arguments else ("--data-dir", str(directory))
        command = ["serve", "--port", "0", "--drain-seconds", "1", *where, *arguments]
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", QUICK.format(patch), *command],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        children = offspring(process.pid)
        process.kill()
        for child in children:  # which hold the pipes, too
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.communicate()


def offspring(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def check(target: str, service: str = "") -> Any:
    with grpc.insecure_channel(target) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(channel).Check(request, timeout=10).status


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_watcher_that_takes_no_answer_holds_up_nobody(run: Run, directory: Path, workers: str) -> None:
    server = run("--workers", workers)
    target = listening(server)
    mongod = DataDirectory(directory).mongod_pid()
    with contextlib.ExitStack() as stack:
        for _ in range(4):  # so that each worker has one
            stack.callback(Deaf(target, f"{HEALTH}/Watch").close)
        watching = stack.enter_context(grpc.insecure_channel(target))
        told: SimpleQueue[int] = SimpleQueue()
        watch = health_pb2_grpc.HealthStub(watching).Watch(health_pb2.HealthCheckRequest())

        def listen() -> None:
            with contextlib.suppress(grpc.RpcError):
                for answer in watch:
                    told.put(answer.status)

        thread = threading.Thread(target=listen)
        thread.start()
        stack.callback(thread.join)
        stack.callback(watch.cancel)
        assert told.get(timeout=30) == SERVING
        os.kill(mongod, signal.SIGSTOP)
        assert told.get(timeout=30) == NOT_SERVING
        for _ in range(8):
            eventually(lambda: check(target) == NOT_SERVING)
        os.kill(mongod, signal.SIGCONT)
        assert told.get(timeout=30) == SERVING
        server.terminate()
        assert told.get(timeout=30) == NOT_SERVING
        assert server.wait(ENDS_SECONDS) == 0
    assert not DataDirectory(directory).mongod_lives()


def test_health_of_a_service_that_is_none(service: Service) -> None:
    with grpc.insecure_channel(service.target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health_pb2.HealthCheckRequest(service="other"), timeout=30)
        answer = Answer(caught.value)
        assert (answer.code, answer.info.reason) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_SERVICE")
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="other"), timeout=30)
        assert next(watch).status == SERVICE_UNKNOWN
        watch.cancel()
        for call in (stub.Check, stub.Watch):  # a watch would hold the name for as long as it lasts
            with pytest.raises(grpc.RpcError) as caught:
                list(call(health_pb2.HealthCheckRequest(service="x" * 1_001), timeout=30))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_peers_that_say_nothing_or_take_nothing_do_not_hold_up_the_end(run: Run) -> None:
    server = run()
    target = listening(server)
    host, _, port = target.rpartition(":")
    view = pb.ViewRequest(pipeline="any").SerializeToString()
    service = "/workflow_results.v1.ResultsService"
    with contextlib.ExitStack() as stack:
        for start in (b"", b"PRI * HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00"):
            stack.enter_context(socket.create_connection((host, int(port)))).sendall(start)
        idle = Peer(target)
        stack.callback(idle.close)
        idle.open()  # and answers no ping
        idle.begin("Deposit")
        idle.begin("DepositStream")
        idle.flush()
        for path, message in (
            (f"{HEALTH}/Watch", b""),
            (f"{HEALTH}/Check", b""),
            (f"{service}/Info", b""),
            (f"{service}/View", view),
            ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", b"\x3a\x01*"),
        ):
            stack.callback(Deaf(target, path, message).close)
        assert check(target) == SERVING
        server.terminate()
        assert server.wait(ENDS_SECONDS) == 0


def test_a_worker_that_hangs_is_killed(run: Run, mongo_uri: str) -> None:
    server = run("--workers", "2", "--mongo-uri", mongo_uri)
    listening(server)
    workers = offspring(server.pid)
    assert len(workers) == 2
    workers[0].suspend()
    server.terminate()
    _, errors = server.communicate(timeout=ENDS_SECONDS)
    assert server.returncode == 0
    assert errors.count("a worker hangs and is killed") == 1
    assert not any(worker.is_running() for worker in workers)


@pytest.mark.parametrize("told_to_end", [True, False])
def test_workers_that_never_start(run: Run, mongo_uri: str, tmp_path: Path, told_to_end: bool) -> None:
    stubborn = fake_mongod(tmp_path, "trap '' TERM; while :; do sleep 1; done")
    patch = f"workers.sys = type('', (), {{'executable': {stubborn!r}}})"
    server = run(
        "--workers",
        "2",
        "--mongo-uri",
        mongo_uri,
        patch=f"{patch}; workers._START_SECONDS = {99 if told_to_end else 0.5}",
    )
    workers: list[psutil.Process] = []
    if told_to_end:
        eventually(lambda: len(offspring(server.pid)) >= 2)
        workers = offspring(server.pid)
        server.terminate()
    output, errors = server.communicate(timeout=ENDS_SECONDS)
    assert (server.returncode, output) == (0 if told_to_end else 1, "")
    assert told_to_end or re.search(r"worker [01] could not start", errors.splitlines()[-1])
    assert "Traceback" not in errors
    eventually(lambda: not any(worker.is_running() for worker in workers))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_whose_mongod_is_lost_for_good_ends(run: Run, directory: Path, workers: str) -> None:
    server = run("--workers", workers, "--drain-seconds", "1000")
    target = listening(server)
    with grpc.insecure_channel(target) as channel:
        requests: SimpleQueue[pb.DepositStreamRequest | None] = SimpleQueue()
        depositing = results_pb2_grpc.ResultsServiceStub(channel).DepositStream(iter(requests.get, None))
        requests.put(pb.DepositStreamRequest(sequence=1))
        assert next(depositing).sequence == 1  # a call under way, which is not waited for
        children = offspring(server.pid)
        (directory / "keyfile").chmod(0o644)
        os.kill(DataDirectory(directory).mongod_pid(), signal.SIGKILL)
        try:
            _, errors = server.communicate(timeout=ENDS_SECONDS)
        finally:
            requests.put(None)
    assert server.returncode == 1
    last = errors.splitlines()[-1]
    assert last.startswith("workflow-results: mongod died and can't be restarted: mongod failed to start")
    assert str(directory / "mongod.log") in last
    assert "Traceback" not in errors
    assert not any(child.is_running() for child in children)


def test_what_holds_up_the_end_for_ever_is_ended(run: Run, directory: Path) -> None:
    patch = """
from workflow_results_server.serving import app
app._SLACK_SECONDS = app.STOP_SECONDS = 0
app.Server.stop = lambda *_, **__: app.asyncio.Event().wait()
"""
    server = run(patch=patch)
    listening(server)
    server.terminate()
    _, errors = server.communicate(timeout=ENDS_SECONDS)
    assert server.returncode == 1
    assert "did not end in time" in errors
    eventually(lambda: not DataDirectory(directory).mongod_lives(), otherwise="mongod was not asked to shut down")

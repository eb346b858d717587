"""The life of the server process: how it starts, what it refuses, what it survives and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import pymongo
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.support.launcher import COMMAND, Service
from tests.support.waiting import PATIENCE, eventually, taken_from
from tests.support.wire import open_channel
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results_server.mongod.binary import find_binary

Serve = Callable[..., Service]

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
RESULTS_SERVICE = "workflow_results.v1.ResultsService"


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers that end with the test, and the mongods of theirs in the test's directory."""
    started: list[Service] = []

    def start(*arguments: str) -> Service:
        started.append(Service(*arguments, log=tmp_path / "log"))
        return started[-1]

    yield start
    for service in started:
        service.stop(signal.SIGKILL)
    for directory in tmp_path.glob("*/db"):
        kill_mongod(directory.parent)


@pytest.fixture
def with_mongo_uri(serve: Serve, mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Start servers on the MongoDB of the session, which is quicker."""
    monkeypatch.setenv("WORKFLOW_RESULTS_SERVE_MONGO_URI", mongo_uri)
    return serve


def mongod_pid(directory: Path) -> int:
    """Return the pid of the mongod on a data directory, 0 if there is none."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((directory / "db" / "mongod.lock").read_text())
        if str(directory).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return 0


def kill_mongod(directory: Path) -> None:
    if pid := mongod_pid(directory):
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: mongod_pid(directory) != pid)


def refused(*all_arguments: list[str], status: int = 1) -> list[str]:
    """Start servers that can't run, and return the last line that each says on standard error."""
    servers = [
        subprocess.Popen([COMMAND, "serve", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for arguments in all_arguments
    ]
    try:
        said = [server.communicate(timeout=PATIENCE) for server in servers]
    finally:
        for server in servers:
            server.kill()
    assert [server.returncode for server in servers] == [status] * len(servers), said
    assert not any("Traceback" in errors or output for output, errors in said), said
    return [errors.rstrip().rpartition("\n")[2] for _, errors in said]


def health(target: str, service: str = "") -> Any:
    with open_channel(target) as channel:
        return (
            health_pb2_grpc.HealthStub(channel)
            .Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE)
            .status
        )


def test_serves_after_a_restart_what_was_deposited_before(serve: Serve, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    works = [work("sample", f"{number:03}", results={"n": number}) for number in range(300)]
    service = serve("--data-dir", str(directory))
    with Results(service.target) as results:
        assert results.deposit(works[:200]) == {"sample": True}
        assert results.lock("sample", ["000"])
    assert service.stop() == 0
    assert mongod_pid(directory) == 0

    service = serve("--data-dir", str(directory))
    with Results(service.target) as results:
        assert results.count("sample", {}) == 200
        assert results.deposit(works[200:]) == {"sample": True}
    service.stop(signal.SIGKILL)
    kill_mongod(directory)

    service = serve("--data-dir", str(directory))
    with Results(service.target) as results:
        works[0]["results"]["locked"] = True
        assert results.view("sample", {}, limit=0) == works[::-1]
    assert service.stop() == 0


def test_mongod_that_is_killed_is_started_again_and_missed_meanwhile(serve: Serve, tmp_path: Path) -> None:
    directory = tmp_path / "data"
    service = serve("--data-dir", str(directory))
    with Results(service.target) as results:
        kill_mongod(directory)
        assert results.deposit([work("sample", "a")]) == {"sample": True}  # waits for the new one
        assert results.count("sample", {}) == 1
        eventually(lambda: health(service.target) == health(service.target, RESULTS_SERVICE) == SERVING)

        (directory / "keyfile").chmod(0o644)  # which mongod does not start with
        kill_mongod(directory)
        eventually(lambda: health(service.target) == health(service.target, RESULTS_SERVICE) == NOT_SERVING)
        with open_channel(service.target) as channel:
            stub = results_pb2_grpc.ResultsServiceStub(channel)
            with pytest.raises(grpc.RpcError) as caught:
                stub.Lock(pb.LockRequest(pipeline="sample", ids=["a"]), timeout=8)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "NOT_APPLIED" in str(caught.value.trailing_metadata())
        assert results.info()["server"]["api"] == "workflow_results.v1"  # the server itself goes on
        (directory / "keyfile").chmod(0o600)
        eventually(lambda: health(service.target) == health(service.target, RESULTS_SERVICE) == SERVING, 60)
        assert results.lock("sample", ["a"])
    assert service.stop() == 0
    assert "could not be restarted, next attempt in 2 s: mongod failed to start" in service.log.read_text()


def test_sigterm_lets_calls_under_way_finish(with_mongo_uri: Serve, results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:03}", results={"data": bytes(200_000)}) for number in range(100)]
    assert results.deposit(works) == {pipeline: True}
    service = with_mongo_uri()
    with open_channel(service.target) as channel:
        stub = results_pb2_grpc.ResultsServiceStub(channel)
        reading = stub.View(pb.ViewRequest(pipeline=pipeline))
        next(reading)

        requests: SimpleQueue[pb.DepositStreamRequest | None] = SimpleQueue()
        depositing = stub.DepositStream(taken_from(requests))
        requests.put(pb.DepositStreamRequest(sequence=1))
        assert next(depositing).sequence == 1

        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: stopping(stub))
        requests.put(
            pb.DepositStreamRequest(sequence=2, works=pb.EncodedDocuments(json=[json.dumps(work(pipeline, "new"))]))
        )
        assert next(depositing).outcomes == [pb.DEPOSIT_OUTCOME_DEPOSITED]
        requests.put(None)
        assert not list(depositing)
        assert service.process.poll() is None
        assert [response.part.summary.count for response in reading][-1] == 100
        assert service.process.wait(PATIENCE) == 0
    assert results.get_by_id(pipeline, ["new"])


def stopping(stub: results_pb2_grpc.ResultsServiceStub) -> bool:
    try:
        stub.Info(pb.InfoRequest(), timeout=PATIENCE)
    except grpc.RpcError as error:
        return error.code() is grpc.StatusCode.UNAVAILABLE
    return False


def test_sigterm_waits_no_longer_than_told(with_mongo_uri: Serve, results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:03}", results={"data": bytes(600_000)}) for number in range(100)]
    assert results.deposit(works) == {pipeline: True}
    service = with_mongo_uri("--drain-seconds", "0.5")
    with open_channel(service.target) as channel:
        reading = results_pb2_grpc.ResultsServiceStub(channel).View(pb.ViewRequest(pipeline=pipeline))
        next(reading)
        began = time.monotonic()
        assert service.stop() == 0
        assert 0.4 < time.monotonic() - began < PATIENCE / 2
        with pytest.raises(grpc.RpcError):
            list(reading)


def test_workers_share_a_port_and_are_restarted(with_mongo_uri: Serve, pipeline: str) -> None:
    service = with_mongo_uri("--workers", "2")
    first, second = service.workers()
    os.kill(first, signal.SIGKILL)
    eventually(lambda: len(service.workers()) == 2 and first not in service.workers())
    for number in range(8):  # connections of their own, which the kernel spreads over the workers
        with Results(service.target) as results:
            assert results.deposit([work(pipeline, str(number))]) == {pipeline: True}
            assert results.count(pipeline, {}) == number + 1
    everyone = service.workers()
    assert second in everyone
    assert service.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in everyone)


def test_workers_end_with_a_server_that_is_killed(with_mongo_uri: Serve) -> None:
    service = with_mongo_uri("--workers", "2")
    everyone = service.workers()
    service.stop(signal.SIGKILL)
    eventually(lambda: not any(running(pid) for pid in everyone))


def running(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_second_server_on_a_directory_or_port_is_refused(
    service: Service, data_directory: Path, mongo_uri: str
) -> None:
    port = service.target.rpartition(":")[2]
    in_use, taken, taken_by_workers = refused(
        ["--port", "0", "--data-dir", str(data_directory)],
        ["--port", port, "--mongo-uri", mongo_uri],
        ["--port", port, "--mongo-uri", mongo_uri, "--workers", "2"],
    )
    assert in_use.endswith(f"{data_directory} is in use by another server (pid {service.process.pid})")
    for line in (taken, taken_by_workers):
        assert f"can't listen on {service.target}" in line


def test_mongodb_that_could_lose_results_is_refused() -> None:
    options = ("w=1", "journal=false", "readPreference=secondary", "retryWrites=false")
    lines = refused(*(["--mongo-uri", f"mongodb://me:hidden@127.0.0.1:1/?{option}"] for option in options))
    for option, line in zip(options, lines, strict=True):
        assert option.lower().partition("=")[0] in line.lower()
        assert "hidden" not in line


def test_mongodb_that_does_not_answer_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        (line,) = refused(["--port", "0", "--mongo-uri", f"mongodb://me:hidden@{host}/?replicaSet=rs0"])
    assert host in line
    assert "hidden" not in line


def test_standalone_mongod_is_refused_with_the_cure(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = ["--dbpath", str(tmp_path), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
    with subprocess.Popen([find_binary(), *arguments], stdout=subprocess.DEVNULL) as standalone:
        try:
            uri = f"mongodb://127.0.0.1:{port}"
            with pymongo.MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=PATIENCE * 1000) as client:
                client.admin.command("ping")  # however long its start takes
            command = [COMMAND, "serve", "--port", "0", "--mongo-uri", uri]
            done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE)
        finally:
            standalone.kill()
    assert done.returncode == 1
    assert "mongod --replSet rs0" in done.stderr
    assert f"mongosh --host 127.0.0.1:{port} --eval 'rs.initiate()'" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_that_are_wrong_are_refused() -> None:
    lines = refused(["--port", "70000"], ["--workers", "0"], ["--database", "admin"], ["--call-seconds", "0"])
    for option, line in zip(("--port", "--workers", "--database", "--call-seconds"), lines, strict=True):
        assert line.startswith(f"workflow-results: {option}")
    refused(["--mongo-uri", "mongodb://localhost", "--data-dir", "data"], ["--config", "missing.yml"], status=2)


def test_arguments_go_before_the_environment_and_that_before_the_file(
    serve: Serve, mongo_uri: str, mongo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: str
) -> None:
    config = tmp_path / "serve.yml"
    settings = {"mongo_uri": mongo_uri, "database": "of_file", "log_level": "error", "reflection": False, "port": 1}
    config.write_text(yaml.safe_dump({**settings, "log_format": "json"}))
    monkeypatch.setenv("WORKFLOW_RESULTS_SERVE_DATABASE", "of_environment")
    monkeypatch.setenv("WORKFLOW_RESULTS_SERVE_LOG_LEVEL", "error")
    service = serve("--config", str(config), "--log-level", "debug")
    with Results(service.target) as results:
        results.deposit([work(pipeline, "a")])
    assert mongo["of_environment"][pipeline].count_documents({}) == 1
    mongo["of_environment"].drop_collection(pipeline)
    with pytest.raises(grpc.RpcError) as caught:
        reflected(service.target)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert service.stop() == 0
    events = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert any(event["level"] == "DEBUG" and event.get("method") == "Deposit" for event in events)


def reflected(target: str) -> set[str]:
    with open_channel(target) as channel:
        return set(ProtoReflectionDescriptorDatabase(channel).get_services())


def test_api_and_health_can_be_asked_for(service: Service) -> None:
    assert {RESULTS_SERVICE, "grpc.health.v1.Health"} <= reflected(service.target)
    assert health(service.target) == health(service.target, RESULTS_SERVICE) == SERVING
    with open_channel(service.target) as channel:
        listed = health_pb2_grpc.HealthStub(channel).List(health_pb2.HealthListRequest(), timeout=PATIENCE).statuses
    assert {name: answer.status for name, answer in listed.items()} == {"": SERVING, RESULTS_SERVICE: SERVING}


def test_passwords_are_neither_in_logs_nor_in_command_lines(
    service: Service, with_mongo_uri: Serve, data_directory: Path, tmp_path: Path
) -> None:
    server = with_mongo_uri("--workers", "2", "--log-level", "debug")
    of_both = [pid for each in (service, server) for pid in (each.process.pid, *each.workers())]
    lines = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in of_both]
    server.stop()
    password = (data_directory / "password").read_text().encode()
    assert len(password) > 16
    assert any(b"mongod" in line for line in lines)
    for text in (*lines, service.log.read_bytes(), (tmp_path / "log").read_bytes()):
        assert password not in text

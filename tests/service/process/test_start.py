"""The start of a server: what stops it, and what it does about those who were killed before it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.guard import RUN_VARIABLE
from tests.support.launcher import listening
from tests.support.mongods import fake_mongod, kill_a_server, run
from tests.support.waiting import PATIENCE, eventually, killed_after
from tests.support.works import work
from workflow_results import Results
from workflow_results_server.mongod.data_directory import DataDirectory
from workflow_results_server.mongod.embedded import EmbeddedMongod


def serve(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "workflow_results", "serve", "--port", "0", *arguments],
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            RUN_VARIABLE: os.environ[RUN_VARIABLE],
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_ends_a_server_whose_mongod_takes_its_time(directory: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow = fake_mongod(tmp_path, f"echo $$ > {started}; exec sleep 1000")
    server = serve("--data-dir", str(directory), WORKFLOW_RESULTS_MONGOD=slow)
    try:
        eventually(lambda: server.poll() is not None or (started.exists() and started.read_text().strip()))
        server.send_signal(signal.SIGTERM)
        output, errors = server.communicate(timeout=PATIENCE)
    finally:
        server.kill()
    assert (server.returncode, output) == (0, ""), errors
    assert "Traceback" not in errors
    assert not Path(f"/proc/{started.read_text().strip()}").exists()


def test_signals_after_the_end_do_not_change_the_status() -> None:
    """Those who are impatient, and process managers, send more than one."""
    program = """
import sys
from workflow_results_server import settings
from workflow_results_server.serving import app
app._serve = lambda _settings: app.asyncio.sleep(0)
status = app.run(settings.Settings())
print("ended", flush=True)
sys.stdin.read()
sys.exit(status)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        with killed_after(PATIENCE, process):
            assert process.stdout.readline() == "ended\n"
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("port: null", "port must be a whole number"),
        ("port: [1]", "port must be a whole number"),
        ("port: true", "port must be a whole number"),
        ("port: 50051.0", "port must be a whole number"),
        ("port: '5_0051'", "'5_0051' is not a valid integer"),
        ("call_seconds: yes", "call_seconds must be a number"),
        ("insecure: 1", "insecure must be true or false"),
        ("database: no", "database must be a string; quote it"),
        ("tls_cert: 5", "tls_cert must be a string; quote it"),
        ("mongo_uri: [mongodb://u:hunter2@h/]", "mongo_uri must be a string; quote it"),
        (
            'port: 1\nmongo_uri: "mongodb://u:hunter2@h/\n',
            "can't be read as YAML: found unexpected end of stream in line 3",
        ),
        ("mongo_uri: *hunter2", "can't be read as YAML: found undefined alias … in line 1"),
        ("mongo_uri: !hunter2 mongodb://h", "can't be read as YAML: could not determine a constructor for the tag …"),
        ("mongo_uri: !!timestamp hunter2", "can't be read as YAML"),
        ("mongo_uri: mongodb://u:hunter2\x80@h", "can't be read as YAML"),
        ("host: {a: 1}", "host must be a string; quote it"),
        ("port: many", "--port"),
        ("call_seconds: .nan", "'nan' is not a valid float"),
        ("call_seconds: .inf", "'inf' is not a valid float"),
        ("host: h\ncolour: red", "has an unknown key, 'colour': its keys may be call_seconds, "),
        ("prot: 1", "has an unknown key, 'prot': did you mean 'port'?"),
        ("data-dir: d", "has an unknown key, 'data-dir': did you mean 'data_dir'?"),
        ("'mongodb://u:hunter2@h/': 1", "has an unknown key, number 1: its keys may be"),
        ("http_cors_origin: [https://a.example, 1]", "http_cors_origin must be a string; quote it"),
        ("http_port: 1\nport: 1", "--http-port must be another port than --port"),
        ("http_port: 65536", "--http-port must be from 0 to 65535, not 65536"),
        ("http_max_body: 0", "--http-max-body must be positive"),
        ("[port]", "must contain a mapping with keys from"),
        ("port: [", "can't be read as YAML"),
        ("host: h\nport: 1\nport: 2", "can't be read as YAML: a key occurs twice in line 3"),
    ],
)
def test_a_config_that_cannot_be_used(tmp_path: Path, config: str, message: str) -> None:
    path = tmp_path / "config.yml"
    path.write_bytes(config.encode("latin-1"))
    server = subprocess.run(
        [sys.executable, "-m", "workflow_results", "serve", "--config", str(path), "--mongo-uri", "mongodb://h/"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert server.returncode in (1, 2)
    assert message in server.stderr
    assert "Traceback" not in server.stderr
    assert "hunter2" not in server.stderr


def test_transactions_of_a_killed_server_are_ended(directory: Path) -> None:
    kill_a_server(directory)

    async def scenario() -> None:
        mongod = EmbeddedMongod(directory)
        password, port = ((directory / name).read_text() for name in ("password", "port"))
        uri = f"mongodb://results:{password}@127.0.0.1:{port}/?replicaSet=rs0&authSource=admin&serverSelectionTimeoutMS=30000"
        try:
            async with AsyncMongoClient[dict[str, Any]](uri) as left_behind, left_behind.start_session() as session:
                collection = left_behind["results"]["sample"]
                await collection.insert_one({"_id": "a"})
                await session.start_transaction()
                await collection.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
                await mongod.start()
                change = collection.update_one({"_id": "a"}, {"$set": {"n": 2}})
                assert (await asyncio.wait_for(change, 40)).modified_count == 1
        finally:
            await mongod.stop()

    run(scenario())


@contextlib.contextmanager
def ending(server: subprocess.Popen[str]) -> Iterator[None]:
    """End a server with the block, whatever has become of it."""
    try:
        yield
    finally:
        server.kill()
        server.communicate(timeout=60)


def shell(redirection: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a server whose standard streams a shell has redirected."""
    command = [sys.executable, "-m", "workflow_results", "serve", "--port", "0", *arguments]
    return subprocess.Popen(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("redirection", "words"),
    [(">&-", "standard output is closed"), (">/dev/full", "can't write to standard output: No space left on device")],
)
def test_standard_output_that_takes_nothing(directory: Path, redirection: str, words: str, workers: str) -> None:
    server = shell(redirection, "--data-dir", str(directory), "--workers", workers, "--log-level", "error")
    with ending(server):
        _, errors = server.communicate(timeout=60)
    assert server.returncode == 1
    assert errors.startswith(f"workflow-results: {words}")
    assert errors.count("\n") == 1
    assert not DataDirectory(directory).mongod_lives()
    assert directory.exists() == (redirection == ">/dev/full"), "a mongod was started for nothing"


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_standard_error_that_takes_nothing(
    directory: Path, mongo_uri: str, redirection: str, workers: str, tmp_path: Path
) -> None:
    server = shell(redirection, "--mongo-uri", mongo_uri, "--workers", workers, "--log-level", "debug")
    with ending(server):
        target = listening(server)
        with Results(target) as results:
            assert results.status() is not None
        server.terminate()
        server.communicate(timeout=60)
    assert server.returncode == 0
    refused = shell(redirection, "--mongo-uri", "mongodb://h/?w=1")
    with ending(refused):
        refused.communicate(timeout=60)
    assert refused.returncode == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sighup_stops_a_server(directory: Path, workers: str) -> None:
    server = serve("--data-dir", str(directory), "--workers", workers)
    with ending(server):
        listening(server)
        server.send_signal(signal.SIGHUP)
        _, errors = server.communicate(timeout=60)
    assert server.returncode == 0
    assert "Traceback" not in errors
    assert not DataDirectory(directory).mongod_lives()


def test_sighup_is_ignored_under_nohup(mongo_uri: str) -> None:
    server = subprocess.Popen(
        ["nohup", sys.executable, "-m", "workflow_results", "serve", "--port", "0", "--mongo-uri", mongo_uri],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with ending(server):
        target = listening(server)
        server.send_signal(signal.SIGHUP)
        with Results(target) as results:
            for _ in range(3):
                assert results.status() is not None
        server.terminate()
        assert server.wait(60) == 0


def test_data_directory_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    directory = os.fsdecode(bytes(tmp_path) + b"/d\xff\xe4t\xe4")
    for workers in ("2", "1"):  # the second one on data that are there
        server = serve("--data-dir", directory, "--workers", workers, "--log-format", "json")
        with ending(server):
            target = listening(server)
            with Results(target) as results:
                assert results.deposit([work("sample", workers)]) == {"sample": True}
                assert results.count("sample", {}) == 3 - int(workers)
            server.terminate()
            _, errors = server.communicate(timeout=60)
        assert server.returncode == 0, errors
        assert "Traceback" not in errors

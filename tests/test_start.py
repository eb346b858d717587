"""The start of a server: what stops it, and what it does about those who were killed before it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from embedded import fake_mongod, kill_a_server, run
from workflow_results_server.mongod import EmbeddedMongod


def serve(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "workflow_results", "serve", "--port", "0", *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_sigterm_ends_a_server_whose_mongod_takes_its_time(directory: Path, tmp_path: Path) -> None:
    started = tmp_path / "started"
    slow = fake_mongod(tmp_path, f"echo $$ > {started}; exec sleep 1000")
    server = serve("--data-dir", str(directory), WORKFLOW_RESULTS_MONGOD=slow)
    try:
        while not (started.exists() and started.read_text().strip()):
            assert server.poll() is None
        server.send_signal(signal.SIGTERM)
        output, errors = server.communicate(timeout=30)
    finally:
        server.kill()
    assert (server.returncode, output) == (0, ""), errors
    assert "Traceback" not in errors
    assert not Path(f"/proc/{started.read_text().strip()}").exists()


def test_signals_after_the_end_do_not_change_the_status() -> None:
    """Those who are impatient, and process managers, send more than one."""
    program = """
import sys
from workflow_results_server import app, settings
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
        assert process.stdout.readline() == "ended\n"
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("port: null", "port must be one text, number or bool"),
        ("port: [1]", "port must be one text, number or bool"),
        ("mongo_uri: [mongodb://u:hunter2@h/]", "mongo_uri must be one text, number or bool"),
        (
            'port: 1\nmongo_uri: "mongodb://u:hunter2@h/\n',
            "can't be read as YAML: found unexpected end of stream in line 3",
        ),
        ("mongo_uri: *hunter2", "can't be read as YAML: found undefined alias … in line 1"),
        ("mongo_uri: !hunter2 mongodb://h", "can't be read as YAML: could not determine a constructor for the tag …"),
        ("mongo_uri: !!timestamp hunter2", "can't be read as YAML"),
        ("mongo_uri: mongodb://u:hunter2\x80@h", "can't be read as YAML"),
        ("host: {a: 1}", "host must be one text, number or bool"),
        ("port: many", "--port"),
        ("call_seconds: .nan", "--call-seconds can't be nan"),
        ("colour: red", "must hold a mapping with keys among"),
        ("port: [", "can't be read as YAML"),
    ],
)
def test_a_config_that_cannot_be_used(tmp_path: Path, config: str, message: str) -> None:
    path = tmp_path / "config.yml"
    path.write_bytes(config.encode("latin-1"))
    server = subprocess.run(
        [sys.executable, "-m", "workflow_results", "serve", "--config", str(path), "--mongo-uri", "mongodb://h/"],
        capture_output=True,
        text=True,
        timeout=60,
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
        uri = f"mongodb://results:{password}@127.0.0.1:{port}/?replicaSet=rs0&authSource=admin&serverSelectionTimeoutMS=2000"
        try:
            async with AsyncMongoClient[dict[str, Any]](uri) as left_behind, left_behind.start_session() as session:
                collection = left_behind["results"]["sample"]
                await collection.insert_one({"_id": "a"})
                await session.start_transaction()
                await collection.update_one({"_id": "a"}, {"$set": {"n": 1}}, session=session)
                await mongod.start()
                change = collection.update_one({"_id": "a"}, {"$set": {"n": 2}})
                assert (await asyncio.wait_for(change, 10)).modified_count == 1
        finally:
            await mongod.stop()

    run(scenario())

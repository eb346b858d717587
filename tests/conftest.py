"""What tests share: one real server on one real mongod a session, and a pipeline of its own for each test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
from hypothesis import HealthCheck, settings

from wire import PATIENCE, Stub, open_channel
from workflow_results import Results
from workflow_results_server.mongod.data_directory import DataDirectory

pytest_plugins = ["guard"]

settings.register_profile("workflow-results", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workflow-results")

_START_SECONDS = 120.0
"""How long a server may take to say where it listens."""


class Service:
    """`workflow-results serve` as a process of its own, which may open so many files, if that is told."""

    def __init__(self, *arguments: str, log: Path, files: int = 0) -> None:
        self.log = log
        limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"] if files else []
        self._stderr = log.open("ab")
        self.process = subprocess.Popen(
            [*limited, str(Path(sys.executable).with_name("workflow-results")), "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        assert self.process.stdout
        with killed_after(_START_SECONDS, self.process):
            line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.stop()
            raise AssertionError(f"the server did not start: {log.read_text()}")
        self.target = line.split()[-1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process and give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()  # one that hangs, which the error is about
            assert self.process.stdout
            self.process.stdout.close()
            self._stderr.close()


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> Iterator[None]:
    """Give calls more time than scripts have: what must succeed does so on a machine that is busy, too."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WORKFLOW_RESULTS_TIMEOUT", str(PATIENCE))
        yield


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("service") / "data"


@pytest.fixture(scope="session")
def service(data_directory: Path) -> Iterator[Service]:
    running = Service("--data-dir", str(data_directory), log=data_directory.parent / "log")
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log, log


@pytest.fixture(scope="session")
def mongo_uri(service: Service, data_directory: Path) -> str:
    port, password = ((data_directory / name).read_text().strip() for name in ("port", "password"))
    return f"mongodb://results:{password}@127.0.0.1:{port}/?replicaSet=rs0&authSource=admin"


@pytest.fixture(scope="session")
def mongo(mongo_uri: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongo_uri)
    with client:
        yield client


@pytest.fixture(scope="session")
def database(mongo: pymongo.MongoClient[dict[str, Any]]) -> Any:
    """The database that the service keeps its results in."""
    return mongo["workflow_results"]


@pytest.fixture(scope="session")
def results(service: Service) -> Iterator[Results]:
    with Results(service.target) as client:
        yield client


@pytest.fixture(scope="session")
def stub(service: Service) -> Iterator[Stub]:
    with open_channel(service.target) as channel:
        yield Stub(channel)


@pytest.fixture
def serve(mongo_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """Start servers on the MongoDB of the session, each with a log of its own."""
    monkeypatch.setenv("WORKFLOW_RESULTS_SERVE_MONGO_URI", mongo_uri)
    started: list[Service] = []

    def start(*arguments: str) -> Service:
        started.append(Service(*arguments, log=tmp_path / f"log{len(started)}"))
        return started[-1]

    yield start
    for service in started:
        service.stop(signal.SIGKILL)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A data directory of an embedded mongod, which ends with the test."""
    yield tmp_path / "data"
    for path in tmp_path.iterdir():
        if path.is_dir():
            DataDirectory(path).kill_mongod()


@pytest.fixture
def pipeline() -> str:
    return f"test-pipeline_{uuid.uuid4()}"


def workflow_core(code: str, home: Path) -> Any:
    """What a piece of code that uses workflow-core gives as `answer`; apart, since its import sets up logging."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"import json\n{code}\nprint(json.dumps(answer))"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return json.loads(done.stdout)


@contextlib.contextmanager
def killed_after(seconds: float, process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill a process unless the block is left in time, so that nobody waits for its output for ever."""
    overdue = threading.Timer(seconds, process.kill)
    overdue.daemon = True
    overdue.start()
    try:
        yield
    finally:
        overdue.cancel()


def ended(child: int) -> int:
    """Wait for a forked child, and return its exit status; a child that hangs is killed."""
    try:
        eventually(lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT), otherwise="a child hangs")
    finally:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status)


def join(*threads: threading.Thread) -> None:
    """Wait for the end of threads."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} hangs"


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE, otherwise: str = "this took too long") -> None:
    """Wait until a condition holds; fail with a message if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)


def work(pipeline: str, id_: str | None = None, **fields: Any) -> dict[str, Any]:
    """A minimal work."""
    made = {"pipeline": pipeline, "status": "success", **fields}
    return made if id_ is None else {"id": id_, **made}

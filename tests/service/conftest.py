"""What only these tests start: one real server on one real mongod a session, and further ones where a test asks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from tests.support.blocking import Facade, blocking
from tests.support.launcher import Service, embedded_uri
from tests.support.wire import Stub, open_channel
from workflow_results import Results
from workflow_results_server.mongod.data_directory import DataDirectory


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
    return embedded_uri(data_directory)


@pytest.fixture(scope="session")
def mongo(mongo_uri: str) -> Iterator[pymongo.MongoClient[dict[str, Any]]]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(mongo_uri)
    with client:
        yield client


@pytest.fixture(scope="session")
def database(mongo: pymongo.MongoClient[dict[str, Any]]) -> Any:
    """The database that the service keeps its results in."""
    return mongo["workflow_results"]


FACADES: dict[str, Facade] = {"Results": Results, "AsyncResults": blocking}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests that are marked with `both_facades` with each of the two."""
    if metafunc.definition.get_closest_marker("both_facades") and "facade" in metafunc.fixturenames:
        metafunc.parametrize("facade", list(FACADES), indirect=True, scope="session")


@pytest.fixture(scope="session")
def facade(request: pytest.FixtureRequest) -> Facade:
    """What makes a client."""
    return FACADES[getattr(request, "param", "Results")]


@pytest.fixture(scope="session")
def results(facade: Facade, service: Service) -> Iterator[Results]:
    with facade(service.target) as client:
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

"""What was built, and the server that the clients without one of their own call."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packages.built import Built, built
from tests.packages.environments import NEWEST, Environment, Wanted, installed
from tests.support.launcher import Service

Install = Callable[[Wanted], Environment]


@pytest.fixture(scope="session")
def release() -> Built:
    return built()


@pytest.fixture(scope="session")
def install(release: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Make environments, each once, and remove them at the end."""
    directory = tmp_path_factory.mktemp("environments")
    made: dict[Wanted, Environment] = {}

    def environment(wanted: Wanted) -> Environment:
        if wanted not in made:
            made[wanted] = installed(release, wanted, directory / str(wanted))
        return made[wanted]

    yield environment
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def embedded(install: Install) -> Environment:
    """The environment of the server for clients without one."""
    return install(Wanted(NEWEST, "embedded"))


@pytest.fixture(scope="session")
def service(embedded: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("service")
    command = str(embedded.commands / "workflow-results")
    running = Service("--data-dir", str(directory / "data"), log=directory / "log", command=command)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def data_directory(service: Service) -> Path:
    """The data of that server, whose MongoDB has room for others."""
    return service.log.parent / "data"

"""What the suite for clients shares: the languages, a testee of each, and a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.languages import LANGUAGES
from tests.clients.testee import Testee
from tests.support.launcher import Service, embedded_uri
from tests.support.vectors import controlled


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--language", action="append", choices=[*LANGUAGES], help="whose client to test; default: all")
    parser.addoption("--all-tools", action="store_true", help="fail where a tool is not installed")


def languages(config: pytest.Config) -> list[str]:
    """Return the names of the languages to test."""
    return config.getoption("--language") or [*LANGUAGES]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "language" in metafunc.fixturenames:
        metafunc.parametrize("language", languages(metafunc.config), scope="session")


@pytest.fixture(scope="session")
def testees() -> Iterator[Callable[[str], Testee]]:
    """Return what starts the testee of a language, which is built and which all tests share."""
    started: dict[str, Testee] = {}

    def testee(name: str) -> Testee:
        if name not in started:
            started[name] = Testee(LANGUAGES[name].command())
        return started[name]

    yield testee
    for each in started.values():
        each.close()


@pytest.fixture
def testee(language: str, testees: Callable[[str], Testee]) -> Testee:
    """The testee of the language that is tested."""
    return testees(language)


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients") / "data"


@pytest.fixture(scope="session")
def service(data_directory: Path) -> Iterator[Service]:
    running = Service("--data-dir", str(data_directory), log=data_directory.parent / "log")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def mongo_uri(service: Service, data_directory: Path) -> str:
    return embedded_uri(data_directory)


@pytest.fixture(scope="session")
def control(mongo_uri: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The target of a server that can be broken, and what breaks it."""
    with controlled(mongo_uri) as (target, client):
        yield target, client

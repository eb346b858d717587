"""What was built, installed in an empty environment, does what the tutorial says."""

from __future__ import annotations

import re
import shlex
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.packages.built import Built, built
from tests.packages.conftest import Install
from tests.packages.environments import NEWEST, OLDEST, PYTHONS, SUPPORTED, Environment, Wanted
from tests.support.launcher import Service, embedded_uri
from tests.support.paths import DOCS
from tests.support.reader import follow
from tests.support.waiting import PATIENCE
from workflow_results import Results, __version__


def _where_there_is(python: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(python not in PYTHONS, reason=f"python{python} is not installed")


NATIVE = pytest.mark.skipif(not built().has_native(), reason="there is no native part for this machine")
MATRIX: list[Any] = [
    *(pytest.param(Wanted(python), marks=_where_there_is(python)) for python in SUPPORTED),
    *(Wanted(python, extra) for extra in built().extras() for python in dict.fromkeys((OLDEST, NEWEST))),
    *(Wanted(OLDEST, lowest=lowest) for lowest in ("all", "grpcio", "protobuf", "pymongo")),
    Wanted(OLDEST, "demo", lowest="all"),
    *(pytest.param(Wanted(python, "embedded", native=True), marks=NATIVE) for python in (OLDEST, NEWEST)),
]
pytestmark = pytest.mark.timeout(600)  # what is installed may have to be downloaded first


@pytest.fixture
def environment(request: pytest.FixtureRequest, install: Install) -> Environment:
    return install(request.param)


def server_of(environment: Environment, embedded: Environment, data: Path, database: str) -> str:
    """Write what `workflow-results serve` is for an environment: its own server, else that of another one."""
    if environment.has_mongod or not environment.has_server:
        owner = environment if environment.has_mongod else embedded
        return f'exec {owner.commands}/workflow-results "$@"'
    uri = shlex.quote(embedded_uri(data))
    command = f"{environment.commands}/workflow-results serve --database {database}"
    return f"mkdir data; WORKFLOW_RESULTS_SERVE_MONGO_URI={uri} exec {command}"


@pytest.mark.parametrize("environment", MATRIX, ids=str, indirect=True)
def test_the_tutorial_works(
    environment: Environment, embedded: Environment, data_directory: Path, tmp_path: Path
) -> None:
    commands = tmp_path / "commands"
    commands.mkdir()
    (commands / "python").write_text(f'#!/bin/sh\nexec {environment.commands}/python "$@"\n')
    serve = server_of(environment, embedded, data_directory, re.sub(r"\W", "_", tmp_path.name))
    (commands / "workflow-results").write_text(
        f'#!/bin/sh\n[ "$1" = serve ] && {{ {serve}; }}\nexec {environment.commands}/workflow-results "$@"\n'
    )
    for each in commands.iterdir():
        each.chmod(0o700)
    with socket.socket() as free:  # the tutorial starts the server itself
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = tmp_path / "place"
    place.mkdir()
    follow((DOCS / "guide" / "tutorial.md").read_text(), commands, place, port)
    assert environment.run("workflow-results", "--version") == f"workflow-results, version {__version__}\n"


def test_the_client_brings_what_its_page_lists_and_nothing_else(install: Install) -> None:
    page = (DOCS / "internals" / "dependencies.md").read_text()
    section = page.partition("## The client:")[2].partition("\n## ")[0]
    listed = [name for cells in re.findall(r"^\| ([\w, -]+) \|", section, re.MULTILINE) for name in cells.split(", ")]
    brought = re.findall(r"`([\w-]+)`", section.partition("With them come")[2])
    expected = {name.lower() for name in [*listed, *brought]} - {"package"}
    for python in PYTHONS:
        assert set(install(Wanted(python)).packages) == expected | {"workflow-results"}


def test_the_lowest_versions_are_those_that_are_asked_for(install: Install, release: Built) -> None:
    lowest = install(Wanted(OLDEST, lowest="all")).packages
    for name in ("grpcio", "protobuf", "pymongo"):
        assert lowest[name].removesuffix(".0") == release.lowest(name).removesuffix(".0")
        alone = install(Wanted(OLDEST, lowest=name)).packages
        assert [each for each in ("grpcio", "protobuf", "pymongo") if alone[each] == lowest[each]] == [name]


@NATIVE
def test_the_native_part_checks_works(install: Install, tmp_path: Path) -> None:
    for native, checker in ((True, "native"), (False, "python")):
        environment = install(Wanted(NEWEST, "embedded", native=native))
        command = str(environment.commands / "workflow-results")
        service = Service("--data-dir", str(tmp_path / checker), log=tmp_path / f"log-{checker}", command=command)
        try:
            told = environment.run("workflow-results", "info", "--target", service.target)
            assert re.search(rf"^server\.checker +{checker}", told, re.MULTILINE), told
        finally:
            service.stop()


def certificate(environment: Environment, _: Service, place: Path) -> None:
    environment.run("workflow-results", "certificate", "--output", str(place / "tls"))
    assert list((place / "tls").glob("*.pem"))


def demo(environment: Environment, _: Service, __: Path) -> None:
    assert environment.run("workflow-results", "demo")


def http(environment: Environment, service: Service, place: Path) -> None:
    own = Service(
        "--http-port", "0", "--metrics-port", "0",
        log=place / "log",
        command=str(environment.commands / "workflow-results"),
        environment={"WORKFLOW_RESULTS_SERVE_MONGO_URI": embedded_uri(service.log.parent / "data")},
    )  # fmt: skip
    try:
        for url, expected in ((f"{own.http}/ui/", b"app.js"), (own.metrics, b"# TYPE")):
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                assert expected in answer.read()
    finally:
        assert own.stop() == 0


def table(method: str, rows: str) -> Callable[[Environment, Service, Path], None]:
    def check(environment: Environment, service: Service, place: Path) -> None:
        pipeline = re.sub(r"\W", "-", place.name)
        with Results(service.target) as results:
            results.deposit([{"pipeline": pipeline, "status": "success", "results": {"n": n}} for n in range(3)])
        code = f"from workflow_results import Results; t = Results({service.target!r}).{method}({pipeline!r}, {{}})"
        assert environment.run("python", "-c", f"{code}; print({rows})") == "3\n"

    return check


CHECKS: dict[str, Callable[[Environment, Service, Path], None]] = {
    "arrow": table("to_arrow", "t.num_rows"),
    "certificate": certificate,
    "demo": demo,
    "http": http,
    "pandas": table("to_pandas", "t.shape[0]"),
    "polars": table("to_polars", "t.height"),
}
"""What an extra is for, where the tutorial does not show it."""


@pytest.mark.parametrize("python", dict.fromkeys((OLDEST, NEWEST)))
@pytest.mark.parametrize("extra", CHECKS)
def test_the_extra_does_what_it_is_for(
    extra: str, python: str, install: Install, service: Service, tmp_path: Path
) -> None:
    CHECKS[extra](install(Wanted(python, extra)), service, tmp_path)

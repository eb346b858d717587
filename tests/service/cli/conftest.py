"""What the tests of commands have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.commands import Done, Terminal, run
from tests.support.launcher import Service
from tests.support.works import OF_ALL_TYPES, work
from workflow_results import Results

Command = Callable[..., Done]


@pytest.fixture
def command(service: Service, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command against the service of the session."""
    monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", service.target)
    return run


@pytest.fixture
def terminal(service: Service) -> Iterator[Callable[..., Terminal]]:
    """Starts commands on terminals."""
    started: list[Terminal] = []

    def start(*arguments: object, **options: object) -> Terminal:
        started.append(Terminal(*arguments, "--target", service.target, **options))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def filled(results: Results, pipeline: str) -> str:
    """A pipeline with three results, of which "b" is locked."""
    works = [
        work(pipeline, "a", results=OF_ALL_TYPES, creation=1_700_000_000.5),
        work(pipeline, "b", results={"locked": True, "note": "=1+1"}, event=[1, 2]),
        work(pipeline, "c", status="failure", results=None),
    ]
    assert results.deposit(works) == {pipeline: True}
    return pipeline

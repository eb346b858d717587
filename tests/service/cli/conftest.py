"""What the tests of commands have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.commands import Done, Terminal, run
from tests.support.launcher import Service

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

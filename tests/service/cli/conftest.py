"""What the tests of commands have in common."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.commands import Done, run
from tests.support.launcher import Service

Command = Callable[..., Done]


@pytest.fixture
def command(service: Service, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command against the service of the session."""
    monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", service.target)
    return run

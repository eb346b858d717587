"""No MongoDB for these tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_mongod(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an embedded mongod not start, were a test to want one."""
    monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", "/no/mongod/for/unit/tests")

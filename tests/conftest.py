"""What all tests have: a guard, patience, and a pipeline of their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.support")

from tests.support.waiting import PATIENCE  # noqa: E402 (its asserts are rewritten)

pytest_plugins = ["tests.support.guard", "tests.support.reasons"]

settings.register_profile("workflow-results", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("workflow-results")


@pytest.fixture(scope="session", autouse=True)
def _patient_clients() -> Iterator[None]:
    """Give calls more time than scripts have: what must succeed does so on a machine that is busy, too."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WORKFLOW_RESULTS_TIMEOUT", str(PATIENCE))
        yield


@pytest.fixture
def pipeline() -> str:
    return f"test-pipeline_{uuid.uuid4()}"

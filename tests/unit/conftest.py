"""No MongoDB for these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _no_mongod() -> Iterator[None]:
    """Let an embedded mongod not start, were a test to want one."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WORKFLOW_RESULTS_MONGOD", "/no/mongod/for/unit/tests")
        yield

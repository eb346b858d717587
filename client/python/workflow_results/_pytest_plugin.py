"""The fixture `local_results`, which pytest finds by the entry point of this package.

pytest loads this module in every project of an environment, so it imports nothing until the fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow_results._throw_away import ThrowAway
    from workflow_results.results import Results


@pytest.fixture(scope="session")
def _local_results_server() -> Iterator[ThrowAway]:
    """One server for all tests of this process."""
    from workflow_results._throw_away import ThrowAway

    with ThrowAway() as server:
        yield server


@pytest.fixture
def local_results(_local_results_server: ThrowAway) -> Iterator[Results]:
    """A `Results` on an empty store for this test alone: see `workflow_results.testing`."""
    from workflow_results.errors import ResultsError

    try:
        results = _local_results_server.results(timeout=60.0)
    except ResultsError as error:
        pytest.fail(str(error), pytrace=False)
    with results:
        yield results

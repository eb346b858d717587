"""A store for the tests of projects that use Workflow Results: see docs/guide/testing.md.

With pytest, the fixture `local_results` does the same for each test, with one server for all of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from workflow_results._throw_away import ThrowAway

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow_results.results import Results

__all__ = ["local_results"]


@contextmanager
def local_results(*, timeout: float = 60.0, strict: bool = False) -> Iterator[Results]:
    """Start a server with an embedded MongoDB, for a `with` block.

    It is a real one, in a process of its own, and starts in about two seconds. It is gone after the block, with all
    that was stored, and also when this process is killed. Needs `pip install 'workflow-results[embedded]'`.

    Args:
        timeout: Seconds, see `Results`.
        strict: Whether conflicts, locks and missing results raise an error, see `Results`.

    Yields:
        A client of the server. Environment variables such as WORKFLOW_RESULTS_TARGET and WORKFLOW_TOKEN don't matter
        to it. `baseurl` is the target, for other clients.

    Raises:
        InvalidRequestError: A setting can't be used.
        ResultsError: The server can't be started; the message says why, and what helps.

    Example:
        >>> with local_results() as results:
        ...     results.deposit([{"pipeline": "sample", "status": "success", "results": {"snr": 12.5}}])
        {'sample': True}
    """
    with ThrowAway() as server, server.results(timeout=timeout, strict=strict) as results:
        yield results

"""Whether what has failed is tried again, and after which pause: one policy for calls, streams and depositors.

It looks at no clock and does not sleep. The table is in docs/reference/retries.md.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Final, NamedTuple

from workflow_results.errors import DeadlineExceededError, ResultsError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_logger = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
RETRIED: Final = frozenset(
    {
        "Count",
        "CountBy",
        "CreateIndex",
        "Deposit",  # idempotent: works that are already stored are reported as such
        "DropIndex",
        "DropPipeline",
        "GetByCount",
        "GetByEvent",
        "GetById",
        "GetLocked",
        "GetLockedCount",
        "History",
        "Info",
        "ListIndexes",
        "Status",
        "Top",
        "View",
        "Watch",
    }
)
"""The methods that are sent again when the service was unavailable. Update, DeleteIds, Lock and Unlock are not, unless
they have a `request_id`: done twice they answer something else. Without one they are sent again only when the server
says that nothing was changed."""


class Policy(NamedTuple):
    """What is tried again besides calls that found the service unavailable and have changed nothing.

    Attributes:
        unknown: Calls that may have changed something.
        late: Calls whose deadline has passed, since that is not the deadline of all attempts.
    """

    unknown: bool
    late: bool


IDEMPOTENT: Final = Policy(unknown=True, late=False)
"""Calls that may be carried out twice, and reads that resume."""
ONCE: Final = Policy(unknown=False, late=False)
"""Calls that must be carried out once."""
STREAM_OF_DEPOSITS: Final = Policy(unknown=True, late=True)
"""Depositors, which replace their streams."""


def policy_for(method: str, request_id: str) -> Policy:
    """Return the policy for a method with one answer.

    Args:
        method: Its name.
        request_id: How the caller has named the request; empty if it has no name.
    """
    return IDEMPOTENT if method in RETRIED or request_id else ONCE


class Attempts:
    """The attempts at one call, or at going on with one stream.

    Args:
        what: What is tried, for the log.
        policy: What is tried again.
    """

    def __init__(self, what: str, policy: Policy) -> None:
        self._what = what
        self._policy = policy
        self.progress()

    def progress(self) -> None:
        """Note that the service has answered: what fails from now on has nothing to do with earlier failures."""
        self._pauses = pauses()
        self._before: ResultsError | None = None

    def pause_after(self, error: ResultsError, left: float | None) -> float | None:
        """Decide what follows an attempt that failed.

        Args:
            error: What has become of it. If an earlier attempt may have changed something, it says so, too.
            left: The seconds that are left for further attempts; None for no limit.

        Returns:
            The seconds to wait before the next attempt; None where there is none, and `error` is to be raised.

        Raises:
            ServiceUnavailableError, DeadlineExceededError: The time ended during this attempt; the error of the one
                before says more.
        """
        before, self._before = self._before, error
        if before is not None:
            error.outcome_unknown |= before.outcome_unknown
        late = isinstance(error, DeadlineExceededError)
        if not late and not isinstance(error, ServiceUnavailableError):
            return None
        refused = (late and not self._policy.late) or (error.outcome_unknown and not self._policy.unknown)
        pause = max(next(self._pauses), error.retry_seconds)
        if refused or (left is not None and pause >= left):
            if late and before is not None and not error.reason:
                before.outcome_unknown = error.outcome_unknown
                raise before from error
            return None
        _logger.debug("%s is tried again in %.2f s: %s", self._what, pause, error)
        return pause


def pauses() -> Iterator[float]:
    """Return the pauses before further attempts: growing, and random so that clients don't come back all at once."""
    longest = _FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        longest = min(longest * 2, _LONGEST_PAUSE)

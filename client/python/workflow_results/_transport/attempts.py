"""Which calls are sent again after they failed, and when."""

from __future__ import annotations

import logging
from typing import Final

from workflow_results._transport.backoff import pauses
from workflow_results._transport.deadline import Deadline
from workflow_results.errors import DeadlineExceededError, ResultsError, ServiceUnavailableError

_logger = logging.getLogger(__name__)

RETRIED: Final = frozenset(
    {
        "Count",
        "Deposit",  # idempotent: works that are already stored are reported as such
        "DropPipeline",
        "GetByCount",
        "GetByEvent",
        "GetById",
        "GetLocked",
        "GetLockedCount",
        "History",
        "Info",
        "Status",
        "View",
    }
)
"""The methods that are sent again when the service was unavailable. Update, DeleteIds, Lock and Unlock are not, unless
they have a `request_id`: done twice they answer something else. Without one they are sent again only when the server
says that nothing was changed."""


class Attempts:
    """The attempts at one call with one answer.

    Attributes:
        once: Whether the call must not be sent again once it may have changed something.

    Args:
        method: The name of the method.
        request_id: What the caller has named the request, so that it may be sent again; empty if it has no name.
        deadline: When to be done with all of them.
    """

    def __init__(self, method: str, request_id: str, deadline: Deadline) -> None:
        self.once = method not in RETRIED and not request_id
        self._method = method
        self._deadline = deadline
        self._pauses = pauses()
        self._before: ServiceUnavailableError | None = None

    def go_on(self, error: ResultsError) -> bool:
        """Pause before a further attempt, and report whether there is one.

        Args:
            error: What has become of the last one; it is to be raised where there is no other.

        Raises:
            ServiceUnavailableError: The time ended during this attempt; the errors of earlier ones say more.
        """
        before = self._before
        error.outcome_unknown |= before is not None and before.outcome_unknown
        if isinstance(error, DeadlineExceededError) and not error.reason and before is not None:
            before.outcome_unknown = error.outcome_unknown
            raise before from error
        if not isinstance(error, ServiceUnavailableError):
            return False
        pause = max(next(self._pauses), error.retry_seconds)
        if (self.once and error.outcome_unknown) or not self._deadline.pause(pause):
            return False
        self._before = error
        _logger.debug("%s is sent again: %s", self._method, error)
        return True

"""The errors of Workflow Results.

Each is a `ResultsError` and, where Python has one of that meaning, a built-in error as well::

    ResultsError
    ├── InvalidRequestError         (ValueError)
    │   └── InvalidStatusError      (AssertionError)
    ├── ConflictError
    ├── LockedError
    ├── NotFoundError               (LookupError)
    ├── UnauthenticatedError
    ├── PermissionDeniedError       (PermissionError)
    ├── ServiceUnavailableError     (ConnectionError)
    └── DeadlineExceededError       (TimeoutError)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow_results.common.rules import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results.outcomes import Receipt, Refusal


class ResultsError(Exception):
    """Any failure of Workflow Results.

    Args:
        message: What is wrong and, where it is known, what would be right.
        reason: The reason, as in the proto's `ErrorReason` without the prefix: "OVERLOADED" for example. Empty for most
            errors that the client finds.
        call_id: Names the call in the log of the server; empty where no server was involved.

    Attributes:
        reason (str): As given.
        call_id (str): As given.
        retry_seconds (float): How long the server asks to wait before the call is repeated; 0 where it does not ask.
        outcome_unknown (bool): Whether the call may have changed something although it failed. Of calls before it with
            the same `request_id` it tells nothing.
        works (list[dict[str, Any]]): On errors of a deposit the works, with the ids that were given to them:
            depositing these again is safe. Else empty.
        receipts (list[Receipt]): On errors of a deposit that was carried out, the outcome of each work. Else empty.
    """

    def __init__(self, message: str, *, reason: str = "", call_id: str = "") -> None:
        super().__init__(visible(message))  # which holds what callers said, and goes to terminals and logs
        self.reason = reason
        self.call_id = call_id
        self.retry_seconds = 0.0
        self.outcome_unknown = False
        self.works: list[dict[str, Any]] = []
        self.receipts: list[Receipt] = []


class InvalidRequestError(ResultsError, ValueError):
    """The request, or a work in it, breaks a rule; the message names the field and says what would be right."""


class InvalidStatusError(InvalidRequestError, AssertionError):
    """The status of a work is neither 'success' nor 'failure'. (The HTTP client raised AssertionError here.)"""


class ConflictError(ResultsError):
    """A work is stored already with other content, which was not overwritten; `receipts` tell which."""


class _RefusedError(ResultsError):
    """Results stood in the way of an all-or-nothing call; nothing was changed.

    Attributes:
        refusals (list[Refusal]): The results that stood in the way: the first 1,000.
    """

    def __init__(self, message: str, refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(message)
        self.refusals = list(refusals)


class LockedError(_RefusedError):
    """A result is locked, so that it can be neither updated nor deleted; nothing was changed."""


class NotFoundError(_RefusedError, LookupError):
    """A result does not exist; nothing was changed."""


class UnauthenticatedError(ResultsError):
    """The token or certificate is missing, wrong or expired."""


class PermissionDeniedError(ResultsError, PermissionError):
    """The token or certificate does not allow this."""


class ServiceUnavailableError(ResultsError, ConnectionError):
    """The service can't be reached, or can't work at the moment.

    `outcome_unknown` tells whether the call may have changed something.
    """


class DeadlineExceededError(ResultsError, TimeoutError):
    """The call took longer than its `timeout`, or than the server spends on one.

    `outcome_unknown` tells whether the call may have changed something.
    """

"""The errors of Workflow Results.

Each is a `ResultsError` and, if Python has a matching built-in error, one of those as well::

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
        message: What is wrong and, if known, what would be right.
        reason: The reason, as in the proto's `ErrorReason` without the prefix: "OVERLOADED" for example. Empty for most
            errors that the client finds.
        call_id: The id of the call in the server's log; empty if no server was involved.

    Attributes:
        reason (str): As given.
        call_id (str): As given.
        retry_seconds (float): How long the server asks to wait before a retry; 0 if it does not ask.
        outcome_unknown (bool): Whether the call may have changed something although it failed. This does not cover
            earlier calls with the same `request_id`.
        works (list[dict[str, Any]]): On errors of a deposit, the works with the ids that they got: depositing these
            again is safe. Otherwise empty.
        receipts (list[Receipt]): On errors of a deposit that was carried out, the outcome of each work. Otherwise
            empty.
    """

    def __init__(self, message: str, *, reason: str = "", call_id: str = "") -> None:
        super().__init__(visible(message))  # which holds what callers said, and goes to terminals and logs
        self.reason = str(reason)
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
    """A result with the same id and other content exists; it was not overwritten. `receipts` has all outcomes."""


class _RefusedError(ResultsError):
    """An all-or-nothing call was refused; nothing was changed.

    Attributes:
        refusals (list[Refusal]): The results for which it was refused: the first 1,000.
    """

    def __init__(self, message: str, refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(message)
        self.refusals = list(refusals)


class LockedError(_RefusedError):
    """A result is locked, so it can be neither updated nor deleted; nothing was changed."""


class NotFoundError(_RefusedError, LookupError):
    """A result does not exist; nothing was changed."""


class UnauthenticatedError(ResultsError):
    """The token or certificate is missing, wrong or expired."""


class PermissionDeniedError(ResultsError, PermissionError):
    """The token or certificate does not allow this."""


class ServiceUnavailableError(ResultsError, ConnectionError):
    """The service can't be reached, or can't work at the moment.

    `outcome_unknown` is True if the call may have changed something.
    """


class DeadlineExceededError(ResultsError, TimeoutError):
    """The call took longer than its `timeout`, or than the server's limit for a call.

    `outcome_unknown` is True if the call may have changed something.
    """

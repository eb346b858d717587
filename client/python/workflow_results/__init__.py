"""Workflow Results: the results store of scientific pipelines.

Example:
    >>> from workflow_results import Results
    >>> with Results("localhost:50051") as results:
    ...     results.deposit([{"pipeline": "sample", "status": "success", "results": {"snr": 12.5}}])
    {'sample': True}
"""

from workflow_results._deposit.depositor import Depositor
from workflow_results._deposit.futures import DepositFuture
from workflow_results.context import GRPCContext
from workflow_results.errors import (
    ConflictError,
    DeadlineExceededError,
    InvalidRequestError,
    InvalidStatusError,
    LockedError,
    NotFoundError,
    PermissionDeniedError,
    ResultsError,
    ServiceUnavailableError,
    UnauthenticatedError,
)
from workflow_results.outcomes import HistoryEntry, Outcome, Receipt, Refusal
from workflow_results.results import Results
from workflow_results.version import __version__

__all__ = [
    "ConflictError",
    "DeadlineExceededError",
    "DepositFuture",
    "Depositor",
    "GRPCContext",
    "HistoryEntry",
    "InvalidRequestError",
    "InvalidStatusError",
    "LockedError",
    "NotFoundError",
    "Outcome",
    "PermissionDeniedError",
    "Receipt",
    "Refusal",
    "Results",
    "ResultsError",
    "ServiceUnavailableError",
    "UnauthenticatedError",
    "__version__",
]

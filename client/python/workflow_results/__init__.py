"""Workflow Results: the results store of scientific pipelines.

Example:
    >>> from workflow_results import Results
    >>> with Results("localhost:50051") as results:
    ...     results.deposit([{"pipeline": "sample", "status": "success", "results": {"snr": 12.5}}])
    {'sample': True}

PYTEST_DONT_REWRITE: there are no asserts here, and pytest would warn of a program that has imported this before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from workflow_results._transport.forks import fork_guard
from workflow_results.version import __version__

if TYPE_CHECKING:
    from workflow_results._deposit.async_depositor import AsyncDepositor
    from workflow_results._deposit.async_futures import AsyncDepositFuture
    from workflow_results._deposit.depositor import Depositor
    from workflow_results._deposit.futures import DepositFuture
    from workflow_results._stream.async_watching import AsyncWatch
    from workflow_results._stream.watching import Watch
    from workflow_results.async_results import AsyncResults
    from workflow_results.context import AsyncGRPCContext, GRPCContext
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
    from workflow_results.outcomes import (
        Change,
        ChangeKind,
        FieldIndex,
        HistoryEntry,
        Outcome,
        Receipt,
        Refusal,
        ValueCount,
        ValueCounts,
    )
    from workflow_results.results import Results

__all__ = [
    "AsyncDepositFuture",
    "AsyncDepositor",
    "AsyncGRPCContext",
    "AsyncResults",
    "AsyncWatch",
    "Change",
    "ChangeKind",
    "ConflictError",
    "DeadlineExceededError",
    "DepositFuture",
    "Depositor",
    "FieldIndex",
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
    "ValueCount",
    "ValueCounts",
    "Watch",
    "__version__",
]

_MODULES: Final = {
    "AsyncDepositFuture": "_deposit.async_futures",
    "AsyncDepositor": "_deposit.async_depositor",
    "AsyncGRPCContext": "context",
    "AsyncResults": "async_results",
    "AsyncWatch": "_stream.async_watching",
    "Change": "outcomes",
    "ChangeKind": "outcomes",
    "ConflictError": "errors",
    "DeadlineExceededError": "errors",
    "DepositFuture": "_deposit.futures",
    "Depositor": "_deposit.depositor",
    "FieldIndex": "outcomes",
    "GRPCContext": "context",
    "HistoryEntry": "outcomes",
    "InvalidRequestError": "errors",
    "InvalidStatusError": "errors",
    "LockedError": "errors",
    "NotFoundError": "errors",
    "Outcome": "outcomes",
    "PermissionDeniedError": "errors",
    "Receipt": "outcomes",
    "Refusal": "outcomes",
    "Results": "results",
    "ResultsError": "errors",
    "ServiceUnavailableError": "errors",
    "UnauthenticatedError": "errors",
    "ValueCount": "outcomes",
    "ValueCounts": "outcomes",
    "Watch": "_stream.watching",
}
"""Where each name is. It is imported when it is needed, since gRPC takes most of the time in which a command starts."""
_PUBLIC: Final = {"async_results", "context", "errors", "outcomes", "results", "settings", "testing"}
"""The modules that need no import of their own to be used."""

if not TYPE_CHECKING:  # for which there would be no name that this module lacks

    def __getattr__(name: str) -> object:
        if name not in _MODULES and name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with fork_guard:  # a child forked meanwhile would wait for the import forever
            module = import_module(f"{__name__}.{_MODULES.get(name, name)}")
        if name in _PUBLIC:
            return module
        value = globals()[name] = getattr(module, name)
        return value


def __dir__() -> list[str]:
    return sorted({*__all__, *_PUBLIC})

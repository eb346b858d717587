"""Depositing what depositors have left in a spool, for `workflow-results deposit --spool`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from workflow_results import settings
from workflow_results._deposit.depositor import Depositor
from workflow_results._deposit.spool import Spool, checked_directory, works_left
from workflow_results.common.rules import quoted
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from workflow_results.results import Results


class Drained(NamedTuple):
    """What became of the works in a spool.

    Attributes:
        deposited: How many were deposited, now or before with the same content.
        refused: How many were rejected or conflict; they are in `refused.bson`, with the reasons.
        denied: How many the caller may not deposit; they are in `denied.bson`, to be deposited by another one.
        left: How many are in the directory still: those denied, and those of processes that run.
    """

    deposited: int
    refused: int
    denied: int
    left: int


def drain(
    results: Results,
    directory: str | os.PathLike[str],
    *,
    timeout: float | None = None,
    on_progress: Callable[[int], object] | None = None,
) -> Drained:
    """Deposit the works in a spool, except those of processes that run: these deposit their own.

    It may be interrupted and repeated at any time. Works that were denied are tried again.

    Args:
        results: The service.
        directory: The directory that was the `spool_dir` of depositors.
        timeout: Seconds without an acknowledgement after which this fails. Defaults to the timeout of `results`, at
            most 60, else to 60.
        on_progress: Called with the number of works since the last call, in another thread, as they are done.
            `works_left` says how many there are in all.

    Returns:
        What became of the works.

    Raises:
        InvalidRequestError: The directory is not there, or others may write into it.
        ServiceUnavailableError: The service can't be reached; what is not deposited is still there.
        PermissionDeniedError, UnauthenticatedError: The caller may not deposit anything; the same.
        ResultsError: Anything else; the same.
    """
    path = checked_directory(directory)
    if not path.is_dir():
        raise InvalidRequestError(f"there is no spool {quoted(str(path))}")
    spool = Spool(path, 0, fsync=True)
    spool.on_done = on_progress
    spool.take_denied()
    patience = results._patience if timeout is None else settings.checked_timeout(timeout)  # noqa: SLF001
    with Depositor(results._channel, patience, strict=False, spool=spool):  # noqa: SLF001
        pass  # its end waits for what is in the spool
    return Drained(spool.deposited, spool.refused, spool.denied, works_left(path))

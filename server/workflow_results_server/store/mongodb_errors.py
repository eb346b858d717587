"""MongoDB's failures in the terms of `errors.py`. What MongoDB says goes to the log, never to a caller."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pymongo
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, RequestError, Unavailable, let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_logger = logging.getLogger(__name__)

MAX_TIME_EXPIRED: Final = 50
_DEADLINE_CODES: Final = {MAX_TIME_EXPIRED, 262}
"""This, and ExceededTimeLimit."""
TOO_LARGE_CODES: Final = {10334, 17419, 17420}
"""BSONObjectTooLarge, and what an update says that makes a document too large."""
_REGEX_INVALID: Final = 51091
_WRITE_CONFLICT: Final = 112
_DETAIL_LENGTH: Final = 500
MEMBER_CODES: Final = frozenset({6, 7, 89, 91, 189, 9001, 10107, 11600, 11601, 11602, 13435, 13436})
"""Failures of the network, and of members that are shut down or change their roles."""
_STORE_CODES: Final = MEMBER_CODES | {13, 18, 43, 96, 134, 136, 175, 237, 246}
"""Failures of reads that the query has no part in: these, and of authorization, of cursors and of snapshots."""


@contextmanager
def mongodb_deadline(
    seconds: float | None, *, may_have_changed: Callable[[], bool] | None = None, hint: str = ""
) -> Iterator[None]:
    """Bound the time of what is done within, and put MongoDB's failures into the terms of `errors.py`.

    Args:
        seconds: The time that is left; None for no limit.
        may_have_changed: Returns, after a failure, whether something may have been changed. None for reads.
        hint: What a caller can do when the time does not suffice.

    Raises:
        RequestError: MongoDB failed.
    """
    try:
        with pymongo.timeout(None if seconds is None else max(seconds, 0.001)):
            yield
    except PyMongoError as error:
        not_applied = may_have_changed is None or not may_have_changed()
        let_go(error)
        raise _translated(error, reading=may_have_changed is None, not_applied=not_applied, hint=hint) from error


def _translated(error: PyMongoError, *, reading: bool, not_applied: bool, hint: str) -> RequestError:
    code = _code(error)
    metadata = NOT_APPLIED if not_applied else {}
    if code == _WRITE_CONFLICT or _code(error.__cause__) == _WRITE_CONFLICT:  # a time limit hides it
        message = "the deadline passed while other calls kept changing these results"
        return DeadlineExceeded(message, metadata)
    if code in _DEADLINE_CODES or (error.timeout and not isinstance(error, ServerSelectionTimeoutError)):
        return DeadlineExceeded(f"the deadline passed{hint}", metadata)
    if code == _REGEX_INVALID:
        return RequestError(Reason.INVALID_QUERY, "the query contains an invalid regular expression")
    if reading and code is not None and code not in _STORE_CODES and not isinstance(error, ConnectionFailure):
        return RequestError(Reason.INVALID_QUERY, "MongoDB can't evaluate this query on some of the values")
    if code in TOO_LARGE_CODES:
        return RequestError(Reason.TOO_LARGE, "a result would become larger than MongoDB's 16 MiB")
    # The text of a BulkWriteError holds documents of the caller.
    detail = "" if isinstance(error, BulkWriteError) else str(error)[:_DETAIL_LENGTH]
    _logger.warning("MongoDB failed", extra={"error": type(error).__name__, "code": code, "detail": detail})
    if isinstance(error, ConnectionFailure):
        return Unavailable(
            Reason.MONGODB_UNAVAILABLE, "the server can't reach MongoDB at the moment", not_applied=not_applied
        )
    return Unavailable(Reason.MONGODB_FAILED, "MongoDB failed; the server's log says how", not_applied=not_applied)


def _code(error: BaseException | None) -> int | None:
    if isinstance(error, BulkWriteError) and (failures := error.details.get("writeErrors")):
        return int(failures[0]["code"])
    return error.code if isinstance(error, OperationFailure) else None

"""Change streams of MongoDB: opened, read and closed, with their failures in our terms."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import DeadlineExceeded, RequestError, Unavailable
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.watching.events import STAGES, HistoryLost, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.watching.events import Event, Interpreter

    Database = AsyncDatabase[dict[str, Any]]
    Stream = AsyncDatabaseChangeStream[dict[str, Any]]

IN_TURN: Final = 100
"""After how many changes other tasks get their turn."""
OPEN_SECONDS: Final = 10.0
_CLOSING_SECONDS: Final = 5.0
_AWAIT_MS: Final = 200
"""How long MongoDB waits for a change before it says that there is none."""
_BATCH: Final = 1_000
"""How many changes MongoDB sends at once."""
_OWN_IDS: Final = 5_000
"""How many ids are read for somebody at once, about."""
_OWN_CHANGES: Final = 50_000
"""How many changes are looked at for that, at most, unless they belong to one transaction."""
_HISTORY_LOST: Final = frozenset({280, 286})
"""ChangeStreamFatalError and ChangeStreamHistoryLost."""
_INVALID_TOKEN: Final = frozenset({9, 15, 207, 260})
"""FailedToParse, Overflow, InvalidUUID and InvalidResumeToken."""
_WITHOUT_A_NAME: Final = 40_000
"""Codes beyond are those of single checks: of parts of a token, where a stream is opened."""


class Expired(RequestError):
    """The changes behind a token can't be told any more."""

    def __init__(self) -> None:
        super().__init__(
            Reason.RESUME_TOKEN_EXPIRED,
            "the changes since this resume token are not known any more: watch again without it, with a snapshot",
        )


class InvalidToken(Exception):
    """MongoDB has never given this token."""


async def open_stream(database: Database, token: bytes | None) -> Stream:
    """Open a stream behind a token, or at this moment.

    Raises:
        Expired: What has changed behind the token is not known any more.
        InvalidToken: MongoDB has never given it.
        RequestError: MongoDB failed.
    """
    where: dict[str, Any] = {}
    if token is not None:
        since = time_of(token)
        where = {"start_at_operation_time": since} if since else {"resume_after": {"_data": token.hex().upper()}}
    with mongodb(OPEN_SECONDS):
        try:
            return await database.watch(STAGES, max_await_time_ms=_AWAIT_MS, batch_size=_BATCH, **where)
        except OperationFailure as error:
            code = error.code or 0
            if token is not None and code not in _HISTORY_LOST and (code in _INVALID_TOKEN or code > _WITHOUT_A_NAME):
                raise InvalidToken from error
            raise


async def close_stream(stream: Stream) -> None:
    """Close a stream, and don't wait long for a MongoDB that is gone."""
    with suppress(PyMongoError), pymongo.timeout(_CLOSING_SECONDS):
        await stream.close()


def place_of(stream: Stream) -> bytes:
    """Return the token of the place that a stream has come to which has nothing more to say for now.

    Raises:
        HistoryLost: It never will: the database was dropped.
    """
    token = stream.resume_token
    if not stream.alive or token is None:
        raise HistoryLost
    return bytes.fromhex(token["_data"])


async def read_some(
    stream: Stream, interpreter: Interpreter, until: bytes, wanted: Callable[[str], bool]
) -> list[Event]:
    """Read events, up to a token at most, and at least what belongs to one transaction.

    Args:
        stream: Where to read.
        interpreter: Knows the place where the stream begins; afterwards, where it ends.
        until: The token.
        wanted: Returns whether events of a pipeline are wanted; others are left out.

    Raises:
        Expired: They can't be told.
        RequestError: MongoDB failed.
    """
    start, ids, number = interpreter.token, 0, 0
    events: list[Event] = []
    with mongodb():  # a limit would be how long MongoDB waits for a change
        while interpreter.token < until:
            change = await stream.try_next()
            complete = interpreter.idle(place_of(stream)) if change is None else interpreter.read(change)
            for event in complete:
                if wanted(event.pipeline):
                    events.append(event)
                    ids += len(event.ids)
            number += 1
            is_enough = ids >= _OWN_IDS or number >= _OWN_CHANGES
            if change is None or (is_enough and interpreter.token > start):
                break
            if number % IN_TURN == 0:
                await asyncio.sleep(0)
    return events


@contextmanager
def mongodb(seconds: float | None = None) -> Iterator[None]:
    """Put failures of MongoDB, and what it does not know any more, into the terms of `errors.py`.

    Args:
        seconds: How long it may take; None for no limit.

    Raises:
        Expired: What has changed is not known any more.
        RequestError: MongoDB failed.
    """
    try:
        with resumable(), mongodb_deadline(seconds, may_have_changed=lambda: False):
            try:
                yield
            except OperationFailure as error:
                if error.code in _HISTORY_LOST:
                    raise Expired from error
                raise
    except HistoryLost as error:
        raise Expired from error


@contextmanager
def resumable() -> Iterator[None]:
    """Let a watch, which has no deadline, be resumed where MongoDB is slow.

    Raises:
        RequestError: It is, or what is raised within.
    """
    try:
        yield
    except DeadlineExceeded as error:
        message = "the server can't reach MongoDB in time at the moment"
        raise Unavailable(Reason.MONGODB_UNAVAILABLE, message, not_applied=True) from error

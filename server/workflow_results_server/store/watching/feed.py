"""The changes of a database as they come: one stream of MongoDB for all who watch, which keeps the latest events.

MongoDB reads its oplog anew for each stream, and a stream takes one of its connections. So all who keep up share one.
Who has fallen behind what it keeps, or goes on where another server has ended, reads some more events from a stream of
its own, again and again, until it has come to those that are kept. Nothing is queued for anybody.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from contextlib import asynccontextmanager, contextmanager, suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import pymongo
from pymongo.errors import OperationFailure, PyMongoError

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import RequestError
from workflow_results_server.store.mongodb_errors import STORE_CODES, mongodb_deadline
from workflow_results_server.store.shielding import in_own_context, retrieve_outcome, shielded
from workflow_results_server.store.watching.events import (
    STAGES,
    HistoryLost,
    Interpreter,
    seconds_of,
    time_of,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.primary import Primary
    from workflow_results_server.store.watching.events import Event

    Database = AsyncDatabase[dict[str, Any]]
    Stream = AsyncDatabaseChangeStream[dict[str, Any]]

_logger = logging.getLogger(__name__)

_KEPT_BYTES: Final = 32 * rules.MIB
"""How much memory the events that are kept may take, about."""
_EVENT_BYTES: Final = 500
_ID_BYTES: Final = 150
"""What an event takes, and each of its ids: those of ObjectIds take half of it."""
_AT_ONCE: Final = 2_000
"""How many events are given to somebody at once, or read for somebody from a stream of its own."""
_SCANNED: Final = 50_000
"""How many changes are read for somebody at once, at most, unless they belong to one transaction."""
_OWN_STREAMS: Final = 4
"""How many read from a stream of their own at a time."""
_GATHER_SECONDS: Final = 0.05
"""How long events are gathered before they are told, so that results which change together are read together."""
_AWAIT_MS: Final = 200
"""How long MongoDB waits for a change before it says that there is none."""
_BATCH: Final = 1_000
"""How many changes MongoDB sends at once."""
_TURN_SECONDS: Final = 0.04
_PAUSES: Final = 3
"""How long changes are read in one go, and how many times as long is the pause behind it: deposits come first …"""
_FAR_BEHIND_SECONDS: Final = 10.0
"""… unless what is read has happened so long ago."""
_IN_TURN: Final = 100
"""After how many changes other tasks get their turn."""
_OPEN_SECONDS: Final = 10.0
_CLOSING_SECONDS: Final = 5.0
_LOST_SECONDS: Final = 15.0
"""A stream that has said nothing for so long is lost."""
_FUTURE_SECONDS: Final = 3_600
"""A token so far ahead of MongoDB's time is of another database: MongoDB would wait for that time."""
_HISTORY_LOST: Final = frozenset({280, 286})
"""ChangeStreamFatalError and ChangeStreamHistoryLost."""
_token: Final = attrgetter("token")


class Expired(RequestError):
    """The changes behind a token can't be told any more."""

    def __init__(self) -> None:
        super().__init__(
            Reason.RESUME_TOKEN_EXPIRED,
            "the changes since this resume token are not known any more: watch again without it, with a snapshot",
        )


class InvalidToken(Exception):
    """MongoDB has never given this token."""


class ChangeFeed:
    """The changes in one database.

    Args:
        database: The database.
        primary: What is known of the primary.
    """

    def __init__(self, database: Database, primary: Primary) -> None:
        self._database = database
        self._primary = primary
        self._shared: _Shared | None = None
        self._opening: asyncio.Task[None] | None = None
        self._followers = 0
        self._own_streams = asyncio.Semaphore(_OWN_STREAMS)

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Keep the shared stream open, once somebody has asked for it."""
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers and self._shared is not None:
                self._shared.stop()
                self._shared = None

    async def now(self) -> bytes:
        """Return the token of this moment: what is changed from now on comes behind it, what was before can be read.

        Raises:
            RequestError: MongoDB failed.
        """
        start = (await self._open()).start
        return max(start, token_of(await self._primary.catch_up()))

    async def behind(self, token: bytes, seconds: float) -> tuple[Sequence[Event], bytes]:
        """Return what has changed behind a token.

        Args:
            token: The token.
            seconds: How long to wait for a change, about.

        Returns:
            Some events, and the token behind them. Without any: nothing has changed up to that token.

        Raises:
            Expired: That is not known any more.
            InvalidToken: It is not a token of MongoDB.
            RequestError: MongoDB failed.
        """
        end = time.monotonic() + seconds
        while True:
            shared = await self._open()
            if token < shared.start:
                return await self._read_own(token, shared.start, end)
            if events := shared.behind(token):
                return events, events[-1].token
            if seconds_of(token) > seconds_of(shared.end) + _FUTURE_SECONDS:
                raise InvalidToken
            if not await shared.news(end - time.monotonic()):
                return (), max(token, shared.end)

    async def _open(self) -> _Shared:
        """Return the shared stream, and open it if need be."""
        while self._shared is None or self._shared.is_lost:
            if self._opening is None:
                self._opening = in_own_context(self._open_shared())  # for all who wait, with its own time limit
                self._opening.add_done_callback(retrieve_outcome)
            opening = self._opening
            try:
                await asyncio.shield(opening)
            finally:
                if opening.done() and self._opening is opening:
                    self._opening = None
        return self._shared

    async def _open_shared(self) -> None:
        shared = await _Shared.open(self._database, self._primary)
        if self._followers:
            self._shared = shared
        else:
            shared.stop()

    async def _read_own(self, token: bytes, until: bytes, end: float) -> tuple[Sequence[Event], bytes]:
        """Read some events from a stream of one's own, as soon as there is room for it."""
        try:
            await asyncio.wait_for(self._own_streams.acquire(), end - time.monotonic())
        except asyncio.TimeoutError:
            return (), token
        return await self._read_some(token, until)

    @shielded
    async def _read_some(self, token: bytes, until: bytes) -> tuple[Sequence[Event], bytes]:
        try:
            seconds = await self._primary.wait_until_ready(_OPEN_SECONDS)
            with _mongodb(seconds), _explained():
                stream = await _watch(self._database, token)
            interpreter = Interpreter(token)
            try:
                with _mongodb(), _explained():  # a limit would be how long MongoDB waits for a change
                    return await _some(stream, interpreter, until), interpreter.token
            finally:
                await _close(stream)
        finally:
            self._own_streams.release()


class _Shared:
    """The stream that all share who keep up, and its latest events.

    Args:
        stream: The stream.
        start: The token of its beginning.

    Attributes:
        start: The events that are kept are those behind this token …
        end: … up to this one.
    """

    def __init__(self, stream: Stream, start: bytes) -> None:
        self.start = self.end = start
        self._stream = stream
        self._interpreter = Interpreter(start)
        self._events: list[Event] = []
        self._bytes = 0
        self._gathered: list[Event] = []
        self._waiting: set[asyncio.Future[None]] = set()
        self._heard = time.monotonic()
        self._stopping = self._has_ended = False
        self._task = in_own_context(self._run())
        self._task.add_done_callback(retrieve_outcome)

    @classmethod
    async def open(cls, database: Database, primary: Primary) -> _Shared:
        """Open the stream at this moment.

        Raises:
            RequestError: MongoDB failed.
        """
        seconds = await primary.wait_until_ready(_OPEN_SECONDS)
        with _mongodb(seconds):
            stream = await _watch(database, None)
        try:
            with _mongodb():
                first = await stream.try_next()
                start = _token_of(stream) if first is None else bytes.fromhex(first["_id"]["_data"])
        except BaseException:
            await _close(stream)
            raise
        return cls(stream, start)

    @property
    def is_lost(self) -> bool:
        """Whether nothing comes any more."""
        return self._has_ended or time.monotonic() - self._heard > _LOST_SECONDS

    def stop(self) -> None:
        """End the stream soon."""
        self._stopping = True

    def behind(self, token: bytes) -> Sequence[Event]:
        """Return the first events behind a token that is not before `start`."""
        first = bisect_right(self._events, token, key=_token)
        last = first + _AT_ONCE
        while last < len(self._events) and self._events[last].token == self._events[last - 1].token:
            last += 1  # there is no place between them
        return self._events[first:last]

    async def news(self, seconds: float) -> bool:
        """Wait until there are events behind `end`, or until this is lost; return False if neither came in time."""
        if self._has_ended:
            return True
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait((waiting,), timeout=seconds)
            return waiting.done()
        finally:
            self._waiting.discard(waiting)

    async def _run(self) -> None:
        try:
            with _mongodb():
                while not self._stopping:
                    spent = await self._take_turn()
                    behind = time.time() - seconds_of(self._interpreter.token)
                    await asyncio.sleep(spent * _PAUSES if behind < _FAR_BEHIND_SECONDS else 0)
        except HistoryLost:
            _logger.warning("a collection was renamed, or the database dropped: who watches must begin anew")
        finally:
            self._has_ended = True
            self._tell()
            await _close(self._stream)

    async def _take_turn(self) -> float:
        """Wait for a change, and read for a moment; returns how long."""
        began, number = 0.0, 0
        while (change := await self._stream.try_next()) is not None:
            self._gather(self._interpreter.read(change))
            self._heard = now = time.monotonic()
            began = began or now
            if now - began > _TURN_SECONDS:
                return now - began
            number += 1
            if number % _IN_TURN == 0:
                await asyncio.sleep(0)
        self._heard = time.monotonic()
        self._gather(self._interpreter.idle(_token_of(self._stream)))
        return 0.0

    def _gather(self, events: list[Event]) -> None:
        if events and not self._gathered:
            asyncio.get_running_loop().call_later(_GATHER_SECONDS, self._tell)
        self._gathered += events
        if not self._gathered:
            self.end = self._interpreter.token

    def _tell(self) -> None:
        """Let all who wait have what was gathered."""
        self.end = self._interpreter.token
        self._events += self._gathered
        self._bytes += sum(map(_size, self._gathered))
        self._gathered.clear()
        given_up = 0
        while self._bytes > _KEPT_BYTES and given_up < len(self._events):
            self._bytes -= _size(self._events[given_up])
            given_up += 1
        if given_up:
            self.start = self._events[given_up - 1].token
            del self._events[:given_up]
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)


async def _watch(database: Database, token: bytes | None) -> Stream:
    """Open a stream of MongoDB behind a token, or at this moment."""
    where: dict[str, Any] = {}
    if token is not None:
        since = time_of(token)
        where = {"start_at_operation_time": since} if since else {"resume_after": {"_data": token.hex().upper()}}
    return await database.watch(STAGES, max_await_time_ms=_AWAIT_MS, batch_size=_BATCH, **where)


async def _some(stream: Stream, interpreter: Interpreter, until: bytes) -> list[Event]:
    """Read events, up to a token at most, and at least what belongs to one transaction."""
    start, ids, number = interpreter.token, 0, 0
    events: list[Event] = []
    while interpreter.token < until:
        change = await stream.try_next()
        if change is None:
            return events + interpreter.idle(_token_of(stream))
        for event in interpreter.read(change):
            events.append(event)
            ids += len(event.ids)
        number += 1
        if interpreter.token > start and (ids >= _AT_ONCE or number >= _SCANNED):
            break
        if number % _IN_TURN == 0:
            await asyncio.sleep(0)
    return events


def _token_of(stream: Stream) -> bytes:
    """Return the place that a stream has come to which has nothing more to say for now.

    Raises:
        HistoryLost: It never will: the database was dropped.
    """
    token = stream.resume_token
    if not stream.alive or token is None:
        raise HistoryLost
    return bytes.fromhex(token["_data"])


async def _close(stream: Stream) -> None:
    """Close a stream, and don't wait long for a MongoDB that is gone."""
    with suppress(PyMongoError), pymongo.timeout(_CLOSING_SECONDS):
        await stream.close()


def _mongodb(seconds: float | None = None) -> AbstractContextManager[None]:
    """Put MongoDB's failures into the terms of `errors.py`; no query has a part in them."""
    return mongodb_deadline(seconds, may_have_changed=lambda: False)


@contextmanager
def _explained() -> Iterator[None]:
    """Say what is wrong with a token.

    Raises:
        Expired: What has changed behind it is not known any more.
        InvalidToken: MongoDB has never given it.
    """
    try:
        yield
    except HistoryLost as error:
        raise Expired from error
    except OperationFailure as error:
        if error.code in _HISTORY_LOST:
            raise Expired from error
        if error.code in STORE_CODES:
            raise
        raise InvalidToken from error


def _size(event: Event) -> int:
    return _EVENT_BYTES + _ID_BYTES * len(event.ids) + len(event.reason) + sum(map(len, event.fields))

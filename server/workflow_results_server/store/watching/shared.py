"""The change stream that all watches of a process share, and its latest events."""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results_server.store.shielding import in_own_context, retrieve_outcome
from workflow_results_server.store.watching.events import Interpreter, seconds_of
from workflow_results_server.store.watching.stream import IN_TURN, Expired, close_stream, mongodb, open_stream, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results_server.store.watching.events import Event
    from workflow_results_server.store.watching.stream import Database, Stream

_logger = logging.getLogger(__name__)

_KEPT_BYTES: Final = 32 * rules.MIB
"""How much memory the events that are kept may take, about."""
_EVENT_BYTES: Final = 500
_ID_BYTES: Final = 150
_NAME_BYTES: Final = 60
"""What an event takes, and each of its ids and fields: ids of ObjectIds take half of it."""
_AT_ONCE: Final = 2_000
"""How many ids are told at once, about."""
_GATHER_SECONDS: Final = 0.05
"""How long events are gathered before they are told, so that results which change together are read together."""
_TURN_SECONDS: Final = 0.04
_PAUSES: Final = 4
"""How long changes are read in one go, and how many times as long is the pause behind it: deposits come first …"""
_FAR_BEHIND_SECONDS: Final = 10.0
"""… unless what is read has happened so long ago."""
_LOST_SECONDS: Final = 15.0
"""A stream that has said nothing for so long is lost."""
_token: Final = attrgetter("token")


class Shared:
    """A change stream, read as it goes on.

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
    async def open(cls, database: Database) -> Shared:
        """Open a stream at this moment.

        Raises:
            RequestError: MongoDB failed.
        """
        stream = await open_stream(database, None)
        try:
            with mongodb():
                first = await stream.try_next()
                start = place_of(stream) if first is None else bytes.fromhex(first["_id"]["_data"])
        except BaseException:
            await close_stream(stream)
            raise
        return cls(stream, start)

    @property
    def is_lost(self) -> bool:
        """Whether nothing comes any more."""
        return self._has_ended or time.monotonic() - self._heard > _LOST_SECONDS

    @property
    def lag(self) -> float:
        """How long ago MongoDB has done what was last read, in seconds."""
        return max(0.0, time.time() - seconds_of(self._interpreter.token))

    def stop(self) -> asyncio.Task[None]:
        """End the stream soon; returns what to wait for."""
        self._stopping = True
        return self._task

    def behind(self, token: bytes) -> Sequence[Event]:
        """Return the first events behind a token that is not before `start`."""
        first = last = bisect_right(self._events, token, key=_token)
        ids = 0
        while last < len(self._events) and (
            # There is no place between events with the same token.
            ids < _AT_ONCE or self._events[last].token == self._events[last - 1].token
        ):
            ids += len(self._events[last].ids)
            last += 1
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
            with mongodb():
                while not self._stopping:
                    spent = await self._take_turn()
                    await asyncio.sleep(spent * _PAUSES if self.lag < _FAR_BEHIND_SECONDS else 0)
        except Expired:
            why = "a collection was renamed, the database was dropped, or the oplog is too short"
            _logger.warning("the change stream can't go on: %s", why)
        finally:
            self._has_ended = True
            self._tell()
            await close_stream(self._stream)

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
            if number % IN_TURN == 0:
                await asyncio.sleep(0)
        self._heard = time.monotonic()
        self._gather(self._interpreter.idle(place_of(self._stream)))
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


def _size(event: Event) -> int:
    texts = len(event.caller) + len(event.reason) + sum(map(len, event.fields))
    return _EVENT_BYTES + _ID_BYTES * len(event.ids) + _NAME_BYTES * len(event.fields) + texts

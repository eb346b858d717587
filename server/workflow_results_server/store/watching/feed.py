"""The changes of a database for all who watch it.

MongoDB reads its oplog anew for each change stream, and a stream takes one of its connections. So all who keep up share
one. Who has fallen behind what it keeps, or goes on where another server has ended, reads some more events from a
stream of its own, again and again, until it has come to those that are kept. Nothing is queued for anybody.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import Unavailable
from workflow_results_server.store.history import COLLECTION
from workflow_results_server.store.shielding import in_own_context, retrieve_outcome, shielded
from workflow_results_server.store.watching.events import Interpreter, is_token, seconds_of, token_of
from workflow_results_server.store.watching.shared import Shared
from workflow_results_server.store.watching.stream import (
    OPEN_SECONDS,
    InvalidToken,
    close_stream,
    mongodb,
    open_stream,
    read_some,
)
from workflow_results_server.telemetry.metrics import CHANGE_STREAM_RESTARTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from workflow_results_server.store.primary import Primary
    from workflow_results_server.store.watching.events import Event
    from workflow_results_server.store.watching.stream import Database

_OWN_STREAMS: Final = 4
"""How many read from a stream of their own at a time."""
_OWN_SECONDS: Final = 30.0
"""How long that may take; MongoDB hangs where it takes longer."""
_FUTURE_SECONDS: Final = 300
"""A token so far ahead of MongoDB's time is of another database: MongoDB would wait for that time."""


class ChangeFeed:
    """The changes in one database.

    Args:
        database: The database.
        primary: What is known of the primary.
    """

    def __init__(self, database: Database, primary: Primary) -> None:
        self._database = database
        self._primary = primary
        self._shared: Shared | None = None
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
            if not self._followers:
                self._share(None)

    @property
    def lag(self) -> float:
        """How long ago MongoDB has done what was last read of its changes, in seconds; 0 if nobody reads them."""
        shared = self._shared  # which may go while a thread asks
        return 0.0 if shared is None else shared.lag

    async def close(self, seconds: float) -> None:
        """End the shared stream, and wait for that, at most for so many seconds."""
        if self._shared is not None:
            ending = self._shared.stop()
            self._shared = None
            await asyncio.wait((ending,), timeout=seconds)

    @shielded
    async def database_id(self) -> bytes:
        """Return the UUID of the history, which is created with the database.

        Raises:
            RequestError: MongoDB failed.
        """
        with mongodb(await self._primary.wait_until_ready(OPEN_SECONDS)):
            async for about in await self._database.list_collections(filter={"name": COLLECTION}):
                return bytes(about["info"]["uuid"])
        return b""

    async def now(self) -> bytes:
        """Return the token of this moment: what is changed from now on comes behind it, what was before can be read.

        Raises:
            RequestError: MongoDB failed.
        """
        shared = await self._open()
        with mongodb():
            reached = await self._primary.catch_up()
        return shared.end if reached is None else max(shared.start, token_of(reached))

    async def behind(
        self, token: bytes, seconds: float, wanted: Callable[[str], bool]
    ) -> tuple[Sequence[Event], bytes]:
        """Return what has changed behind a token.

        Args:
            token: The token.
            seconds: How long to wait for a change, about.
            wanted: Returns whether events of a pipeline are wanted; others may be left out.

        Returns:
            Some events, and the token behind them. Without any: nothing that is wanted has changed up to that token.

        Raises:
            Expired: That is not known any more.
            InvalidToken: It is not a token of MongoDB.
            RequestError: MongoDB failed.
        """
        if not is_token(token):
            raise InvalidToken
        end = time.monotonic() + seconds
        while True:
            shared = await self._open()
            if token < shared.start:
                return await self._read_own(token, shared.start, end, wanted)
            if events := shared.behind(token):
                return events, events[-1].token
            if seconds_of(token) > seconds_of(shared.end) + _FUTURE_SECONDS:
                raise InvalidToken
            if not await shared.news(end - time.monotonic()):
                return (), max(token, shared.end)

    async def _open(self) -> Shared:
        """Return the shared stream, and open it if need be."""
        while self._shared is None or self._shared.is_lost:
            if self._opening is None:
                self._opening = in_own_context(self._open_shared())  # for all who wait, with its own time limit
                self._opening.add_done_callback(self._opened)
            await asyncio.shield(self._opening)
        return self._shared

    def _opened(self, opening: asyncio.Task[None]) -> None:
        """Forget how a stream was opened: if that failed, the next one who asks opens another one."""
        self._opening = None
        retrieve_outcome(opening)

    async def _open_shared(self) -> None:
        with mongodb():
            await self._primary.wait_until_ready(OPEN_SECONDS)
        shared = await Shared.open(self._database)
        if self._shared is not None:
            CHANGE_STREAM_RESTARTS.inc()
        self._share(shared)
        if not self._followers:
            self._share(None)

    def _share(self, shared: Shared | None) -> None:
        """Share another stream, or none; a stream that seemed lost must not go on for nobody."""
        if self._shared is not None:
            self._shared.stop()
        self._shared = shared

    async def _read_own(
        self, token: bytes, until: bytes, end: float, wanted: Callable[[str], bool]
    ) -> tuple[Sequence[Event], bytes]:
        """Read some events from a stream of one's own, as soon as there is room for it."""
        entering = asyncio.ensure_future(self._own_streams.acquire())
        try:
            await asyncio.wait((entering,), timeout=max(0.0, end - time.monotonic()))
        except asyncio.CancelledError:
            if not entering.cancel():
                self._own_streams.release()
            raise
        if not entering.done():
            entering.cancel()
            return (), token
        try:
            reading = asyncio.ensure_future(self._read_some(token, until, wanted))
            reading.add_done_callback(retrieve_outcome)  # nobody else may: the watch may end first
            await asyncio.wait((reading,), timeout=_OWN_SECONDS)
            if not reading.done():
                raise Unavailable(Reason.MONGODB_UNAVAILABLE, "MongoDB does not answer", not_applied=True)
            return reading.result()
        finally:
            self._own_streams.release()

    @shielded
    async def _read_some(
        self, token: bytes, until: bytes, wanted: Callable[[str], bool]
    ) -> tuple[Sequence[Event], bytes]:
        with mongodb():
            await self._primary.wait_until_ready(OPEN_SECONDS)
        stream = await open_stream(self._database, token)
        try:
            interpreter = Interpreter(token)
            return await read_some(stream, interpreter, until, wanted), interpreter.token
        finally:
            await close_stream(stream)

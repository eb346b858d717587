"""Streams of stored documents, passed on as MongoDB gives them."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import pymongo
from pymongo.errors import PyMongoError

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.documents import bson_bytes
from workflow_results_server.errors import RequestError, Unavailable
from workflow_results_server.store.look_ups import LookUps
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.read_memory import ReadMemory
from workflow_results_server.store.selection import FIRST_DOCUMENTS, SLOW_HINT, Batch, Selection, fetch_first
from workflow_results_server.store.shielding import shielded

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator

    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.cursor import AsyncRawBatchCursor

    from workflow_results_server.store.primary import Primary
    from workflow_results_server.store.read_memory import Share

_SHARED_BYTES: Final = 64 * rules.MIB
"""What the batches of all readers have together; each is there a few times on its way from MongoDB to the reader."""
_LEAST_BYTES: Final = 64 * rules.KIB
MOST_READERS: Final = 1_000
"""How many may read at a time, with which the least batches are as many bytes as those of all readers may have."""
_MOST_DOCUMENTS: Final = 10_000
_CLOSING_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 5.0
"""How long a reader may leave a cursor unused before it is closed."""


class Reads:
    """Reads from the collections of a database, and shares memory between those that are under way.

    Args:
        primary: What is known of the primary.
    """

    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self._memory = ReadMemory()
        self._look_ups = LookUps(primary)
        self._under_way = 0

    @property
    def bytes_held(self) -> int:
        """How many bytes all readers together hold."""
        return self._memory.held

    async def read(
        self, collection: AsyncCollection[dict[str, Any]], selection: Selection, seconds: float
    ) -> AsyncGenerator[Batch, None]:
        """Stream documents in descending order of `_id`, in batches that aim at `rules.BATCH_BYTES`.

        While a batch is sent the next one is fetched, and no further. A reader that pauses holds no cursor for long.
        Batches are smaller while there are many readers. Large results are not fetched ahead, and those who read them
        wait for each other.

        Args:
            collection: Where to read.
            selection: What to read.
            seconds: The longest time to wait for a batch.

        Raises:
            RequestError: MongoDB failed, or found nothing in time; or there are too many readers.
        """
        if self._under_way >= MOST_READERS:
            message = f"the server answers at most {MOST_READERS:,} reads at a time: retry later"
            raise Unavailable(Reason.OVERLOADED, message, not_applied=True)
        if selection.ids:
            began = time.monotonic()
            self._under_way += 1
            try:
                found = await self._look_ups.find(collection, selection.ids, seconds / 2, self._aim())
                if found is not None:
                    if found.number:
                        yield found
                    return
            finally:
                self._under_way -= 1
            seconds -= time.monotonic() - began
        share = self._memory.share()
        make_source = partial(_Source, collection, self._primary, self._memory, share, seconds, self._aim)
        source = make_source()
        batches = source.batches(selection)
        wanted = asyncio.Event()
        wanted.set()
        ahead = asyncio.create_task(_fetch_ahead(batches, wanted, share))
        self._under_way += 1
        try:
            while True:
                batch, paused = await asyncio.shield(ahead)
                if batch is None and not paused:
                    return
                if batch is not None and batch.final:
                    with share.sending(len(batch.data)):
                        yield batch
                    return
                large = False
                if batch is not None:
                    selection = selection.rest(batch.last, batch.number)
                    wanted.clear()
                    large = len(batch.data) > rules.BATCH_BYTES
                if paused:
                    source = make_source()
                    batches = source.batches(selection)
                ahead = asyncio.create_task(_fetch_ahead(batches, wanted, share, at_once=not large))
                if batch is not None:
                    with share.sending(len(batch.data)):
                        yield batch
                    wanted.set()
        finally:
            wanted.set()
            if ahead.done() and not source.has_cursor:  # as after a look-up: there is nothing to wait for
                await batches.aclose()
                self._forget(share)
            else:
                await self._leave(batches, ahead, share)

    def _forget(self, share: Share) -> None:
        self._under_way -= 1
        share.close()

    @shielded
    async def _leave(self, batches: AsyncGenerator[Batch, None], ahead: asyncio.Task[Any], share: Share) -> None:
        """Close a source that a reader leaves, once it has fetched what it is about to fetch.

        The answer alone tells the id of a cursor that is being opened: cut off, it would stay open. Until then the
        reader counts among those under way.
        """
        try:
            await asyncio.gather(ahead, return_exceptions=True)
            await batches.aclose()
        finally:
            self._forget(share)

    def _aim(self) -> int:
        """Return how many bytes a batch should have now."""
        return max(_LEAST_BYTES, min(rules.BATCH_BYTES, _SHARED_BYTES // max(1, self._under_way)))


class _Source:
    """The documents of a selection, fetched some at a time.

    No cursor has to last: MongoDB bounds the time that it spends on one, a failover loses it, and how many documents
    make a good batch changes. The next one goes on behind the last `_id`.

    Args:
        collection: Where to read.
        primary: What is known of the primary.
        memory: Where there must be room for what is fetched.
        share: What the reader holds of it.
        seconds: The longest time to wait for a batch, whatever is tried for it.
        aim: Returns how many bytes a batch should have.
    """

    def __init__(
        self,
        collection: AsyncCollection[dict[str, Any]],
        primary: Primary,
        memory: ReadMemory,
        share: Share,
        seconds: float,
        aim: Callable[[], int],
    ) -> None:
        self._collection = collection
        self._primary = primary
        self._memory = memory
        self._share = share
        self._seconds = seconds
        self._aim = aim
        self._end = 0.0
        """When the next batch must be there."""
        self._complete = False
        """Whether no more documents follow those that were fetched."""
        self._size: int | None = None
        """The bytes of the last fetch; None before the first one."""
        self._cursor: AsyncRawBatchCursor[Any] | None = None
        self._opened_for: Selection | None = None
        """What was to be read when a cursor was last opened, or could not be."""
        self._number = self._better = FIRST_DOCUMENTS
        """How many documents the cursor fetches at a time, and how many would make good batches."""

    @property
    def has_cursor(self) -> bool:
        """Whether a cursor is open."""
        return self._cursor is not None

    async def batches(self, selection: Selection) -> AsyncGenerator[Batch, None]:
        """Fetch documents when they are asked for, cut into batches.

        Args:
            selection: What to read.

        Raises:
            RequestError: MongoDB failed and went on doing so, or found nothing in time.
        """
        self._end = time.monotonic() + self._seconds
        try:
            while not self._complete and selection.limit != 0:  # which MongoDB takes for no limit
                fetched = await self._fetch(selection)
                for batch in _cut(fetched, self._aim(), complete=self._complete):
                    yield batch
                    selection = selection.rest(batch.last, batch.number)
                    self._end = time.monotonic() + self._seconds
                    self._better = max(1, min(_MOST_DOCUMENTS, self._aim() * batch.number // len(batch.data)))
                del fetched  # what was sent need not be held while more is waited for
        finally:
            await self._close()

    async def _fetch(self, selection: Selection) -> bytes:
        """Fetch the next documents, from another cursor if one is lost that has brought some."""
        if self._size is None:
            left = await self._primary.wait_until_ready(self._seconds)
            return await self._into_memory(partial(fetch_first, self._collection, selection), left)
        while True:
            try:
                return await self._fetch_from_cursor(selection)
            except RequestError:
                await self._close()
                if selection is self._opened_for or time.monotonic() >= self._end:
                    raise

    async def _fetch_from_cursor(self, selection: Selection) -> bytes:
        if not self._better // 2 <= self._number <= self._better * 2:
            await self._close()
        cursor = self._cursor or await self._open(selection)
        batches = cast("AsyncIterator[bytes]", cursor)  # which pymongo's types don't say
        return await self._into_memory(partial(_next, cursor, batches), self._end - time.monotonic())

    async def _into_memory(self, fetch: Callable[[float], Awaitable[tuple[bytes, bool]]], seconds: float) -> bytes:
        """Fetch documents once there is memory for them."""
        fetched, self._complete = await self._memory.fetch(self._share, seconds, fetch, like=self._size)
        self._size = len(fetched)
        return fetched

    async def _open(self, selection: Selection) -> AsyncRawBatchCursor[Any]:
        self._opened_for = selection
        self._number = self._better
        await self._primary.wait_until_ready(self._end - time.monotonic())
        self._cursor = self._collection.find_raw_batches(**selection.find(), batch_size=self._number)
        return self._cursor

    async def _close(self) -> None:
        """Close the cursor, and don't wait long for a MongoDB that is gone."""
        if self._cursor is not None:
            cursor, self._cursor = self._cursor, None
            with suppress(PyMongoError), pymongo.timeout(_CLOSING_SECONDS):
                await cursor.close()


async def _fetch_ahead(
    source: AsyncGenerator[Batch, None], wanted: asyncio.Event, share: Share, *, at_once: bool = True
) -> tuple[Batch | None, bool]:
    """Fetch a batch; when it is not wanted for a while, close the source with its cursor.

    Args:
        source: Where to fetch it.
        wanted: Set while the reader waits for it.
        share: What the reader holds.
        at_once: Whether to fetch it before it is wanted.

    Returns:
        The batch, if there was one to be fetched, and whether the source is closed.
    """
    if not at_once and await _pauses(wanted):
        await source.aclose()
        share.keep(0)
        return None, True
    batch = await anext(source, None)
    if await _pauses(wanted):
        await source.aclose()
        share.keep(0 if batch is None else len(batch.data))
        return batch, True
    return batch, False


async def _pauses(wanted: asyncio.Event) -> bool:
    """Return whether nothing is wanted for a while."""
    if wanted.is_set():
        return False
    try:
        await asyncio.wait_for(wanted.wait(), _PAUSE_SECONDS)
    except asyncio.TimeoutError:
        return True
    return False


async def _next(cursor: AsyncRawBatchCursor[Any], batches: AsyncIterator[bytes], seconds: float) -> tuple[bytes, bool]:
    """Fetch the next documents of a cursor; return them, and whether no more follow."""
    with mongodb_deadline(seconds, hint=SLOW_HINT):
        data = await anext(batches, b"")
    return data, not cursor.alive


def _cut(data: bytes, aim: int, *, complete: bool) -> Iterator[Batch]:
    size = 0
    for batch, last, number in bson_bytes.batches(data, aim):
        size += len(batch)
        yield Batch(batch, number, bson_bytes.stored_id(last), final=complete and size == len(data))

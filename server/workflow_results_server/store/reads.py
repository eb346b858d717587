"""Streams of stored documents, passed on as MongoDB gives them."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo.errors import PyMongoError

from workflow_results.common import rules
from workflow_results.common.bson_codec import OPTIONS
from workflow_results.common.reasons import Reason
from workflow_results_server.documents import bson_bytes
from workflow_results_server.errors import RequestError, Unavailable
from workflow_results_server.store.calls import shielded
from workflow_results_server.store.failures import mongodb_deadline
from workflow_results_server.store.read_memory import ReadMemory

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.cursor import AsyncRawBatchCursor

    from workflow_results_server.store.primary import Primary
    from workflow_results_server.store.read_memory import Share

CursorT = TypeVar("CursorT", bound="AsyncRawBatchCursor[Any]")

_FIRST_DOCUMENTS: Final = 100
"""How many documents the first fetch asks for: few, so that the first result comes at once."""
_SHARED_BYTES: Final = 64 * rules.MIB
"""What the batches of all readers have together; each is there a few times on its way from MongoDB to the reader."""
_LEAST_BYTES: Final = 64 * rules.KIB
MOST_READERS: Final = 1_000
"""How many may read at a time, with which the least batches are as many bytes as those of all readers may have."""
_MOST_DOCUMENTS: Final = 10_000
_CLOSING_SECONDS: Final = 5.0
_RAW: Final = OPTIONS.with_options(document_class=RawBSONDocument)
_PAUSE_SECONDS: Final = 5.0
"""How long a reader may leave a cursor unused before it is closed."""
SLOW_HINT: Final = ": ask by fields with an index (id, event, results.locked), or for less"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents to read, and what of them.

    Attributes:
        filter: A MongoDB filter.
        projection: A MongoDB projection that keeps `_id`; empty for whole documents.
        skip: How many matching documents to pass over.
        limit: How many to read at most; None for no limit.
        after: Read only documents behind this `_id` in descending order; None for all.
    """

    filter: dict[str, Any] = field(default_factory=dict)
    projection: dict[str, Any] = field(default_factory=dict)
    skip: int = 0
    limit: int | None = None
    after: str | None = None

    def find(self) -> dict[str, Any]:
        """Return the arguments of `Collection.find`."""
        filter_ = self.filter
        if self.after is not None:
            below = {"_id": {"$lt": self.after}}
            filter_ = {"$and": [below, filter_]} if filter_ else below
        return {
            "filter": filter_,
            "projection": self.projection or None,
            "sort": [("_id", -1)],
            "skip": self.skip,
            "limit": self.limit or 0,
        }

    def rest(self, last: str, count: int) -> Selection:
        """Return what is left to read once `count` documents up to `last` have been read."""
        return replace(self, after=last, skip=0, limit=None if self.limit is None else self.limit - count)


class Batch(NamedTuple):
    """Documents back to back."""

    data: bytes
    number: int
    last: str
    """The `_id` of the last one."""
    final: bool
    """Whether it is known that no more follow."""


class Reads:
    """Reads from the collections of a database, and shares memory between those that are under way.

    Args:
        primary: What is known of the primary.
    """

    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self._memory = ReadMemory()
        self._under_way = 0

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
            message = f"the server answers {MOST_READERS:,} readers at a time: ask again after a pause"
            raise Unavailable(Reason.OVERLOADED, message, not_applied=True)
        share = self._memory.share()
        source = self._fetched(collection, selection, seconds, share)
        wanted = asyncio.Event()
        wanted.set()
        ahead = asyncio.create_task(_fetch_ahead(source, wanted, share))
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
                    source = self._fetched(collection, selection, seconds, share)
                ahead = asyncio.create_task(_fetch_ahead(source, wanted, share, at_once=not large))
                if batch is not None:
                    with share.sending(len(batch.data)):
                        yield batch
                    wanted.set()
        finally:
            wanted.set()
            await self._leave(source, ahead, share)

    @shielded
    async def _leave(self, source: AsyncGenerator[Batch, None], ahead: asyncio.Task[Any], share: Share) -> None:
        """Close a source that a reader leaves, once it has fetched what it is about to fetch.

        The answer alone tells the id of a cursor that is being opened: cut off, it would stay open. Until then the
        reader counts among those under way.
        """
        try:
            await asyncio.gather(ahead, return_exceptions=True)
            await source.aclose()
        finally:
            self._under_way -= 1
            share.close()

    async def _fetched(
        self, collection: AsyncCollection[dict[str, Any]], selection: Selection, seconds: float, share: Share
    ) -> AsyncGenerator[Batch, None]:
        """Fetch documents when they are asked for.

        No cursor has to last: MongoDB bounds the time that it spends on one, a failover loses it, and how many
        documents make a good batch changes. The next one goes on behind the last `_id`.
        """
        if selection.limit == 0:  # which MongoDB takes for no limit
            return
        fetch = _FIRST_DOCUMENTS
        end = time.monotonic() + seconds  # for the next batch, whatever is tried for it
        left = await self._primary.wait_until_ready(seconds)
        data, complete = await self._memory.fetch(share, left, partial(_first, collection, selection))
        size = len(data)
        for batch in _cut(data, self._aim, complete=complete):
            selection = selection.rest(batch.last, batch.number)
            yield batch
            end = time.monotonic() + seconds
            fetch = self._good_fetch(batch)
        while not complete and selection.limit != 0:
            opened_for = selection
            try:
                await self._primary.wait_until_ready(end - time.monotonic())
                async with _closing(collection.find_raw_batches(**selection.find(), batch_size=fetch)) as cursor:
                    batches = cast("AsyncIterator[bytes]", cursor)  # which pymongo's types don't tell
                    better = fetch
                    while not complete and better // 2 <= fetch <= better * 2:
                        data = b""  # what was sent need not be held while more is waited for
                        next_ = partial(_next, cursor, batches)
                        data, complete = await self._memory.fetch(share, end - time.monotonic(), next_, like=size)
                        size = len(data)
                        for batch in _cut(data, self._aim, complete=complete):
                            selection = selection.rest(batch.last, batch.number)
                            yield batch
                            end = time.monotonic() + seconds
                            better = self._good_fetch(batch)
                    fetch = better
            except RequestError:
                if selection is opened_for or time.monotonic() >= end:
                    raise

    def _good_fetch(self, batch: Batch) -> int:
        """Return how many documents, if they are like those of a batch, make a good one."""
        return max(1, min(_MOST_DOCUMENTS, self._aim * batch.number // len(batch.data)))

    @property
    def _aim(self) -> int:
        """How many bytes a batch should have."""
        return max(_LEAST_BYTES, min(rules.BATCH_BYTES, _SHARED_BYTES // max(1, self._under_way)))


async def _fetch_ahead(
    source: AsyncGenerator[Batch, None], wanted: asyncio.Event, share: Share, *, at_once: bool = True
) -> tuple[Batch | None, bool]:
    """Fetch a batch; when it is not wanted for a while, close the source with its cursor, and tell so.

    Args:
        source: Where to fetch it.
        wanted: Set while the reader waits for it.
        share: What the reader holds.
        at_once: Whether to fetch it before it is wanted.
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


@asynccontextmanager
async def _closing(cursor: CursorT) -> AsyncIterator[CursorT]:
    """Close a cursor in the end, and don't wait for ever for a MongoDB that is gone."""
    try:
        yield cursor
    finally:
        with suppress(PyMongoError), pymongo.timeout(_CLOSING_SECONDS):
            await cursor.close()


async def _next(cursor: AsyncRawBatchCursor[Any], batches: AsyncIterator[bytes], seconds: float) -> tuple[bytes, bool]:
    """Fetch the next documents of a cursor; return them, and whether no more follow."""
    with mongodb_deadline(seconds, hint=SLOW_HINT):
        data = await anext(batches, b"")
    return data, not cursor.alive


async def _first(
    collection: AsyncCollection[dict[str, Any]], selection: Selection, seconds: float
) -> tuple[bytes, bool]:
    """Fetch the first documents with a plain command and no cursor, which takes less time.

    Returns:
        The documents, and whether they are known to be all.
    """
    database = collection.database
    number = min(_FIRST_DOCUMENTS, selection.limit or _FIRST_DOCUMENTS)
    find = {name: value for name, value in selection.find().items() if value}
    find |= {
        "sort": dict(find["sort"]),
        "limit": number,
        "batchSize": number + 1,  # so that no cursor is left
        "readConcern": collection.read_concern.document,
    }
    with mongodb_deadline(seconds, hint=SLOW_HINT):
        reply = await database.command({"find": collection.name, **find}, codec_options=_RAW)
        cursor = reply["cursor"]
        if cursor["id"]:  # except where the documents have more than the 16 MiB that fit into a reply
            await database.command({"killCursors": collection.name, "cursors": [cursor["id"]]})
    documents = [document.raw for document in cursor["firstBatch"]]
    complete = not cursor["id"] and (len(documents) < number or number == selection.limit)
    return b"".join(documents), complete


def _cut(data: bytes, aim: int, *, complete: bool) -> Iterator[Batch]:
    size = 0
    for batch, last, number in bson_bytes.batches(data, aim):
        size += len(batch)
        yield Batch(batch, number, bson_bytes.stored_id(last), final=complete and size == len(data))

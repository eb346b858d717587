"""Streams of stored documents, passed on as MongoDB gives them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from workflow_results import rules
from workflow_results_server import bson_documents
from workflow_results_server.errors import RequestError
from workflow_results_server.store.failures import limited, primary_is_known

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from pymongo.asynchronous.collection import AsyncCollection

_FIRST_DOCUMENTS: Final = 100
"""How many documents the first fetch asks for: few, so that the first result comes at once."""
_MOST_DOCUMENTS: Final = 10_000
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
        """Give the arguments of `Collection.find`."""
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
        """Give what is left to read once `count` documents up to `last` have been read."""
        return replace(self, after=last, skip=0, limit=None if self.limit is None else self.limit - count)


class Batch(NamedTuple):
    """Documents back to back."""

    data: bytes
    number: int
    last: str
    """The `_id` of the last one."""
    final: bool
    """Whether it is known that no more follow."""


async def read(
    collection: AsyncCollection[dict[str, Any]], selection: Selection, seconds: float
) -> AsyncGenerator[Batch, None]:
    """Stream documents in descending order of `_id`, in batches that aim at `rules.BATCH_BYTES`.

    While a batch is sent the next one is fetched, and no further. A reader that pauses holds no cursor for long.

    Args:
        collection: Where to read.
        selection: What to read.
        seconds: The longest time to wait for a batch.

    Raises:
        RequestError: MongoDB failed, or found nothing in time.
    """
    source = _fetched(collection, selection, seconds)
    ahead: asyncio.Task[tuple[Batch | None, bool]] | None = None
    try:
        batch = await anext(source, None)
        while batch is not None:
            if batch.final:
                yield batch
                return
            wanted = asyncio.Event()
            ahead = asyncio.create_task(_fetch_ahead(source, wanted))
            selection = selection.rest(batch.last, batch.number)
            yield batch
            wanted.set()
            batch, paused = await ahead
            if batch is not None and paused:
                source = _fetched(collection, selection.rest(batch.last, batch.number), seconds)
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
        await source.aclose()


async def _fetch_ahead(source: AsyncGenerator[Batch, None], wanted: asyncio.Event) -> tuple[Batch | None, bool]:
    """Fetch a batch; when it is not wanted for a while, close the source with its cursor, and tell so."""
    batch = await anext(source, None)
    try:
        await asyncio.wait_for(wanted.wait(), _PAUSE_SECONDS)
    except asyncio.TimeoutError:
        await source.aclose()
        return batch, True
    return batch, False


async def _fetched(
    collection: AsyncCollection[dict[str, Any]], selection: Selection, seconds: float
) -> AsyncGenerator[Batch, None]:
    """Fetch documents when they are asked for.

    No cursor has to last: MongoDB bounds the time that it spends on one, a failover loses it, and how many documents
    make a good fetch is known only after the first. The next cursor goes on behind the last `_id`.
    """
    fetch = _FIRST_DOCUMENTS
    while selection.limit is None or selection.limit > 0:
        opened_for = selection
        try:
            await primary_is_known(collection.database, seconds)
            async with collection.find_raw_batches(**selection.find(), batch_size=fetch) as cursor:
                batches = cast("AsyncIterator[bytes]", cursor)  # which pymongo's types don't tell
                while True:
                    with limited(seconds, hint=SLOW_HINT):
                        data = await anext(batches, b"")
                    number = size = 0
                    for batch, last, count in bson_documents.batches(data, rules.BATCH_BYTES):
                        number += count
                        size += len(batch)
                        last_id = bson_documents.stored_id(last)
                        selection = selection.rest(last_id, count)
                        yield Batch(batch, count, last_id, final=size == len(data) and not cursor.alive)
                    if not cursor.alive:
                        return
                    better = max(1, min(_MOST_DOCUMENTS, rules.BATCH_BYTES * number // max(1, size)))
                    if not better // 4 <= fetch <= better * 4:
                        fetch = better
                        break
        except RequestError:
            if selection is opened_for:
                raise

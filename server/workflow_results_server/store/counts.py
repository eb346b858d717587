"""The numbers of results of all pipelines, from MongoDB's metadata."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

_AT_ONCE: Final = 100
"""How many pipelines one command counts: 10,000 take a second then, and one by one seven."""
_CONCURRENT: Final = 4
_COUNT: Final[list[dict[str, Any]]] = [{"$collStats": {"count": {}}}, {"$project": {"ns": 1, "count": 1}}]


async def counts(database: AsyncDatabase[dict[str, Any]], pipelines: Iterable[str]) -> dict[str, int]:
    """Count the results of each pipeline that has any.

    Args:
        database: The database of the results.
        pipelines: The pipelines.

    Raises:
        PyMongoError: MongoDB failed.
    """
    concurrent = asyncio.Semaphore(_CONCURRENT)

    async def count(names: Sequence[str]) -> dict[str, int]:
        async with concurrent:
            try:
                return await _counted_together(database, names)
            except OperationFailure:  # as when one of them has just been dropped
                return {name: await database[name].estimated_document_count() for name in names}

    names = sorted(pipelines)
    starts = range(0, len(names), _AT_ONCE)
    parts = await asyncio.gather(*(count(names[start : start + _AT_ONCE]) for start in starts))
    return {name: number for part in parts for name, number in part.items() if number}


async def _counted_together(database: AsyncDatabase[dict[str, Any]], names: Sequence[str]) -> dict[str, int]:
    first, *others = names
    collection = database.get_collection(first, read_concern=ReadConcern("local"))  # as metadata always are
    union = [{"$unionWith": {"coll": name, "pipeline": _COUNT}} for name in others]
    counted = dict.fromkeys(names, 0)
    async for each in await collection.aggregate([*_COUNT, *union]):
        counted[each["ns"].partition(".")[2]] += each["count"]
    return counted

"""Results ranked, and counted, by the values of a field: MongoDB does it, within bounds."""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymongo.errors import OperationFailure

from workflow_results.common import rules
from workflow_results_server.documents import bson_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pymongo.asynchronous.collection import AsyncCollection

    from workflow_results_server.store.selection import Batch

    Collection = AsyncCollection[dict[str, Any]]

_LONG_BYTES: Final = 1_024
"""The longest strings and binaries that are told apart."""
_TOLD_APART: Final = (
    *("int", "long", "double", "decimal", "string", "binData", "bool", "date", "null"),
    *("objectId", "timestamp", "minKey", "maxKey"),
)
_MOST_IDS: Final = 1_000
_RESULTS_A_VALUE: Final = 1_000
"""From how many results a value on it takes less time to count each value by itself: a call takes as long as to group a
thousand entries of an index."""
_DROPPED_CODES: Final = frozenset({2, 27, 175})
"""BadValue, IndexNotFound and QueryPlanKilled: what MongoDB says of a hint at an index that is gone, or goes."""


class Ranking(NamedTuple):
    """By what results are ranked.

    Attributes:
        field: The path of the field.
        limit: How many to rank at most.
        ascending: Whether the lowest values come first.
    """

    field: str
    limit: int
    ascending: bool


class Ranked(NamedTuple):
    """Ids of results in their order, and how many bytes each has."""

    ids: list[str]
    sizes: list[int]


class ValueCounts(NamedTuple):
    """The numbers of results by value.

    Attributes:
        counts: Each value with its number, the most frequent first.
        has_more: Whether there are more values.
        other: How many values are not told apart.
    """

    counts: list[tuple[Any, int]]
    has_more: bool
    other: int


async def ranked(collection: Collection, filter_: Mapping[str, Any], ranking: Ranking) -> Ranked:
    """Rank results by a field that holds a number.

    Args:
        collection: Where they are.
        filter_: A MongoDB filter.
        ranking: By what to rank them.

    Raises:
        PyMongoError: MongoDB failed.
    """
    direction = 1 if ranking.ascending else -1
    # Numbers alone compare with infinity, and NaN is not among them: an index tells which may be meant. But that finds
    # numbers in lists, too, also in the fields of documents in lists.
    number = {ranking.field: {"$gte": -math.inf}, "$expr": {"$isNumber": f"${ranking.field}"}}
    stages: list[Mapping[str, Any]] = [
        {"$match": {"$and": [number, filter_]} if filter_ else number},
        {"$sort": {ranking.field: direction, "_id": direction}},
        {"$limit": ranking.limit},
        {"$project": {"size": {"$bsonSize": "$$ROOT"}}},
    ]
    found = await (await collection.aggregate(stages)).to_list()
    return Ranked([each["_id"] for each in found], [each["size"] for each in found])


def parts(found: Ranked) -> Iterator[Sequence[str]]:
    """Divide ids into parts whose results have about as many bytes as a batch should."""
    start = size = 0
    for at, bytes_ in enumerate(found.sizes):
        if at > start and (size + bytes_ > rules.BATCH_BYTES or at - start == _MOST_IDS):
            yield found.ids[start:at]
            start, size = at, 0
        size += bytes_
    if found.ids:
        yield found.ids[start:]


def in_order(ids: Sequence[str], batches: Sequence[Batch]) -> list[bytes]:
    """Return the documents of some batches in the order of their ids; those that are gone are left out."""
    documents = {
        bson_bytes.stored_id(document): document
        for batch in batches
        for document in bson_bytes.split(batch.data, batch.number)
    }
    return [documents[id_] for id_ in ids if id_ in documents]


async def counted(collection: Collection, filter_: Mapping[str, Any], field: str, most: int) -> ValueCounts:
    """Count results by the values of a field.

    Args:
        collection: Where they are.
        filter_: A MongoDB filter.
        field: The path of the field.
        most: How many values to return at most.

    Raises:
        PyMongoError: MongoDB failed.
    """
    value = "$value"
    stages: list[Mapping[str, Any]] = [
        {"$match": filter_},
        {"$project": {"_id": 0, "value": f"${field}"}},
        {"$match": {"value": {"$exists": True}}},
        {"$set": {"value": {"$cond": [{"$isArray": value}, {"$setUnion": [value, []]}, [value]]}}},
        {"$unwind": value},
        {"$group": {"_id": {"$cond": [_is_other(value), {"other": True}, {"value": value}]}, "count": {"$sum": 1}}},
        {"$sort": {"_id.other": -1, "count": -1, "_id.value": 1}},
        {"$limit": most + 2},
    ]
    found = await (await collection.aggregate(stages)).to_list()
    other = sum(each["count"] for each in found if "other" in each["_id"])
    counts = [(each["_id"]["value"], each["count"]) for each in found if "other" not in each["_id"]]
    return ValueCounts(counts[:most], len(counts) > most, other)


async def counted_by_index(collection: Collection, field: str, index: str, most: int) -> ValueCounts | None:
    """Count all results by the values of a field that has an index, which takes a fraction of the time.

    The index tells which values there are, without a look at all of its entries. If they are few, each is counted by
    itself, and the counts are not of one moment.

    Args:
        collection: Where they are.
        field: The path of the field.
        index: The name of an index that holds its values.
        most: How many values to return at most.

    Returns:
        None if there are more values, or some that are not told apart, or if the index is dropped meanwhile.

    Raises:
        PyMongoError: MongoDB failed.
    """
    try:
        return await _counted_by_index(collection, field, index, most)
    except OperationFailure as error:
        if error.code not in _DROPPED_CODES:
            raise
        return None


async def _counted_by_index(collection: Collection, field: str, index: str, most: int) -> ValueCounts | None:
    found = await _values(collection, field, index, most, {})
    number = await collection.estimated_document_count()
    is_grouped = found is not None and number < _RESULTS_A_VALUE * len(found)
    if is_grouped:
        found = await _values(collection, field, index, most, {"count": {"$sum": 1}})
    if found is None:
        return None
    counts = []
    for each in found:
        value = each["_id"]
        if value is None:  # to the index, a field that is missing is like one that is null
            count = await collection.count_documents({field: {"$type": "null"}}, hint=index)
        elif is_grouped:
            count = each["count"]
        else:
            count = await collection.count_documents({field: {"$eq": value}}, hint=index)
        if count:
            counts.append((value, count))
    counts.sort(key=itemgetter(1), reverse=True)  # of equal numbers, the lowest value stays first
    return ValueCounts(counts, has_more=False, other=0)


async def _values(
    collection: Collection, field: str, index: str, most: int, accumulators: Mapping[str, Any]
) -> list[dict[str, Any]] | None:
    """Return the values of an index, with accumulators over their entries.

    Returns:
        None if there are more, or some that are not told apart.
    """
    other = _is_other("$_id")
    stages: list[Mapping[str, Any]] = [
        {"$sort": {field: 1}},
        {"$group": {"_id": f"${field}", **accumulators}},
        {"$limit": most + 1},
        {"$set": {"_id": {"$cond": [other, None, "$_id"]}, "other": other}},
        {"$sort": {"_id": 1}},
    ]
    found = await (await collection.aggregate(stages, hint=index)).to_list()
    return None if len(found) > most or any(each["other"] for each in found) else found


def _is_other(value: str) -> dict[str, Any]:
    """Return the expression for values that are not told apart."""
    kind = {"$type": value}
    has_size = {"$in": [kind, ["string", "binData"]]}
    is_long = {"$and": [has_size, {"$gt": [{"$binarySize": {"$cond": [has_size, value, ""]}}, _LONG_BYTES]}]}
    return {"$or": [{"$not": {"$in": [kind, _TOLD_APART]}}, is_long]}

"""Filters that are supported, and what MongoDB is asked for those that it is not asked as they are."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from bson import (
    Binary,
    CodecOptions,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
)
from bson.binary import UuidRepresentation

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)

CODEC: CodecOptions[Any] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)

SCALARS: tuple[Any, ...] = (None, True, 1, Int64(2), 1.5, float("nan"), Decimal128("1.5"), "text", b"bytes", NOW)
SCALARS += (Binary(b"x", 5), uuid.UUID(int=7), ObjectId(b"twelve bytes"), Timestamp(1, 2), MinKey(), MaxKey())


def nested(wrap: Callable[[Any], Any], times: int, innermost: Any) -> Any:
    for _ in range(times):
        innermost = wrap(innermost)
    return innermost


# Each is accepted as it stands.
ACCEPTED: tuple[dict[str, Any], ...] = (
    {},
    {"dm": 1, "results.fit.dm": {"$gt": 1, "$lte": Decimal128("3")}},
    *({"field": scalar} for scalar in SCALARS),
    *({"field": {"$eq": scalar}} for scalar in SCALARS),
    *({"field": {operator: 1}} for operator in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")),
    {"field": {}},
    {"field": []},
    {"field": {"plain": {"document": [1, {"a.b": 2, "": 3}]}}},
    {"field": {"$ne": {"plain": [None]}}},
    {"field.0": {"$in": []}},
    {"field": {"$in": [1, "text", None, [1], {"a": 1}, Regex("^B0", "i")], "$nin": [Regex("x")]}},
    {"field": Regex("^B0[0-9]+$", "imsx")},
    {"field": {"$not": Regex("x")}},
    {"field": {"$not": {"$not": {"$gt": 1, "$exists": True}}}},
    {"field": {"$not": {"$regex": "x", "$options": "i"}}},
    {"field": {"$regex": "", "$options": ""}},
    {"field": {"$options": "imsx", "$regex": "x"}},
    {"field": {"$regex": Regex("x", "i")}},
    {"field": {"$regex": Regex("x"), "$options": "i"}},
    {"field": {"$regex": "x" * 1000}},
    {"field": {"$exists": False}},
    {"field": {"$type": "number"}},
    {"field": {"$type": [-1, *range(1, 20), 127]}},
    {"field": {"$type": ["javascript", "javascriptWithScope", "int", "objectId", "minKey"]}},
    {"field": {"$size": 0}},
    {"field": {"$size": 2**31 - 1}},
    {"field": {"$mod": [4, 0]}},
    {"field": {"$mod": [-(2**63), 2**63 - 1]}},
    {"field": {"$mod": [1.5, Decimal128("0.5")]}},
    *({"field": {operator: 5}} for operator in ("$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear")),
    {"field": {"$bitsAllSet": 0, "$bitsAnySet": 2**63 - 1}},
    {"field": {"$bitsAllSet": b"", "$bitsAnySet": Binary(b"\x05", 5), "$bitsAllClear": b"\xff" * 12_499}},
    {"field": {"$bitsAllSet": [], "$bitsAnySet": [0, 63, 64, 2**31 - 1, 0]}},
    {"field": {"$not": {"$bitsAllSet": 1}, "$elemMatch": {"$bitsAnySet": [0], "$not": {"$bitsAnyClear": [1]}}}},
    {"field": {"$bitsAnySet": list(range(100_000))}},
    {"field": {"$all": []}},
    {"field": {"$all": [1, "text", None, {"a": 1}, [1], Regex("x")]}},
    {"field": {"$all": [{"$elemMatch": {"a": 1}}, {"$elemMatch": {"$gt": 1}}]}},
    {"field": {"$elemMatch": {}}},
    {"field": {"$elemMatch": {"$gt": 1, "$not": {"$in": [3]}}}},
    {"field": {"$elemMatch": {"id": 1, "a.b": {"$gt": 1}, "$or": [{"id": 1}, {"$nor": [{"a": 1}]}]}}},
    {"field": {"$elemMatch": {"$and": [{"a": 1}]}}},
    {"field": {"$elemMatch": {"$elemMatch": {"$eq": 1}}}},
    {"$and": [{}, {"a": 1}], "$or": [{"a": 1}], "$nor": [{"$and": [{"a": 2}]}], "a": 3},
    {"$or": [{"$expr": {"$gt": ["$a", "$b"]}}, {"$nor": [{"$expr": "$a"}]}]},
    {"_id": "one"},
    {"results.id": "one", "ids": 2, "field": {"id": 1}, "$expr": {"$eq": ["$id", "one"]}},
    {".".join("a" * 100): 1},
    {f"field{number}": number for number in range(1000)},
    {"field": {"$in": list(range(100_000))}},
    nested(lambda inner: {"$and": [inner]}, 15, {"field": {"$gt": 1}}),
    nested(lambda inner: {"$nor": [inner]}, 15, {"field": [1]}),
    {"field": nested(lambda inner: {"$not": inner}, 30, {"$gt": 1})},
    {"field": nested(lambda inner: {"$elemMatch": {"field": inner}}, 15, 1)},
    {"field": nested(lambda inner: {"field": [inner]}, 15, 1)},
    {"$expr": nested(lambda inner: {"$add": [inner, 1]}, 15, "$dm")},
)

# What MongoDB is asked in place of what was written.
REWRITTEN: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
    ({"id": "one"}, {"_id": "one"}),
    ({"a": 1, "id": {"$not": {"$in": ["one"]}}, "b": 2}, {"a": 1, "_id": {"$not": {"$in": ["one"]}}, "b": 2}),
    ({"id": Regex("^o")}, {"_id": Regex("^o")}),
    (
        {"$and": [{"id": "one"}], "$or": [{"$nor": [{"id": "two"}]}, {"id": "three"}]},
        {"$and": [{"_id": "one"}], "$or": [{"$nor": [{"_id": "two"}]}, {"_id": "three"}]},
    ),
    ({"id": "one", "_id": {"$gt": "n"}}, {"_id": {"$gt": "n"}, "$and": [{"_id": "one"}]}),
    (
        {"$and": [{"a": 1}], "_id": "one", "id": "two"},
        {"$and": [{"a": 1}, {"_id": "two"}], "_id": "one"},
    ),
    ({"a": re.compile("x", re.IGNORECASE)}, {"a": Regex("x", "i")}),
    ({"a": {"$in": [re.compile("x")]}}, {"a": {"$in": [Regex("x")]}}),
    ({"a": {"$regex": re.compile("x"), "$options": "ui"}}, {"a": {"$regex": Regex("x"), "$options": "i"}}),
    ({"a": {"$exists": 1}}, {"a": {"$exists": True}}),
    ({"a": {"$exists": 0.0}}, {"a": {"$exists": False}}),
    ({"a": {"$size": 2.0}}, {"a": {"$size": 2}}),
    ({"a": {"$type": [2.0, Decimal128("3")]}}, {"a": {"$type": [2, 3]}}),
    ({"a": {"$bitsAllSet": 2.0**62}}, {"a": {"$bitsAllSet": 2**62}}),
    ({"a": {"$bitsAllSet": Decimal128("9007199254740993")}}, {"a": {"$bitsAllSet": 2**53 + 1}}),
    ({"a": {"$bitsAllSet": -0.0, "$bitsAnySet": (1.0, Int64(2))}}, {"a": {"$bitsAllSet": 0, "$bitsAnySet": [1, 2]}}),
    ({"a": {"$bitsAllSet": uuid.UUID(int=7)}}, {"a": {"$bitsAllSet": Binary(b"\0" * 15 + b"\x07", 4)}}),
    ({"a": ({"b": (1,)},)}, {"a": [{"b": [1]}]}),
)

"""The projections that are supported, what MongoDB is asked for each, and which fields it shows."""

from __future__ import annotations

from typing import Any

from bson import Decimal128, Int64

ALL_FIELDS = "_id id dm event tags results plots"

# A projection, what MongoDB is asked, and the fields that it answers with.
SUPPORTED: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({}, {}, ALL_FIELDS),
    ({"_id": 0}, {}, ALL_FIELDS),
    ({"_id": 1}, {"_id": True}, "_id"),
    ({"dm": 1}, {"dm": True}, "_id dm"),
    ({"_id": False, "dm": 1}, {"dm": True}, "_id dm"),
    ({"dm": True, "_id": 1.0}, {"dm": True, "_id": True}, "_id dm"),
    ({"id": Int64(1)}, {"id": True}, "_id id"),
    ({"id": 0}, {"id": False}, "_id dm event tags results plots"),
    ({"_id": 0, "dm": 0, "tags": False}, {"dm": False, "tags": False}, "_id id event results plots"),
    ({"_id": 1, "dm": 0}, {"_id": True, "dm": False}, "_id id event tags results plots"),
    ({"results.fit": 1, "results.locked": 1}, {"results.fit": True, "results.locked": True}, "_id results"),
    ({"event": {"$slice": 1}}, {"event": {"$slice": 1}}, ALL_FIELDS),
    ({"_id": 0, "event": {"$slice": -1}}, {"event": {"$slice": -1}}, ALL_FIELDS),
    ({"_id": 1, "event": {"$slice": 1}}, {"_id": True, "event": {"$slice": 1}}, "_id event"),
    ({"event": {"$slice": (1.0, Int64(2))}, "dm": 1}, {"event": {"$slice": [1, 2]}, "dm": True}, "_id event dm"),
    ({"event": {"$slice": 0}, "dm": 0}, {"event": {"$slice": 0}, "dm": False}, "_id id event tags results plots"),
    ({"event": {"$slice": 2**31 - 1}}, {"event": {"$slice": 2**31 - 1}}, ALL_FIELDS),
    (
        {"event": {"$slice": [1 - 2**31, 1]}},
        {"event": {"$slice": [1 - 2**31, 1]}},
        ALL_FIELDS,
    ),
    (
        {"results.fit.dm": {"$slice": Decimal128("1")}, "results.locked": 0},
        {"results.fit.dm": {"$slice": 1}, "results.locked": False},
        ALL_FIELDS,
    ),
    ({"plots": {"$elemMatch": {"name": "b"}}}, {"plots": {"$elemMatch": {"name": "b"}}}, "_id plots"),
    ({"event": {"$elemMatch": {"$gt": 1}}}, {"event": {"$elemMatch": {"$gt": 1}}}, "_id event"),
    (
        {"_id": 0, "plots": {"$elemMatch": {"id": None, "$or": [{"size": 1}]}}, "event": {"$slice": 1}},
        {"plots": {"$elemMatch": {"id": None, "$or": [{"size": 1}]}}, "event": {"$slice": 1}},
        ALL_FIELDS,
    ),
    (
        {"plots": {"$elemMatch": {}}, "dm": 0},
        {"plots": {"$elemMatch": {}}, "dm": False},
        "_id id event tags results plots",
    ),
    ({".".join("a" * 100): 1}, {".".join("a" * 100): True}, "_id"),
    ({f"field{n}": 1 for n in range(1000)}, {f"field{n}": True for n in range(1000)}, "_id"),
)

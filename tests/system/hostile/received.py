"""What MongoDB may be sent, spelled out once more: this must not learn it from what it looks after."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from bson import Code, DBRef, Regex

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS: Final = frozenset(
    ("find", "aggregate", "getMore", "killCursors", "insert", "update", "delete", "count", "listCollections")
).union(
    (
        "createIndexes",
        "hello",
        "isMaster",
        "ismaster",
        "ping",
        "saslStart",
        "saslContinue",
        "buildInfo",
        "listDatabases",
    ),
    ("commitTransaction", "abortTransaction", "endSessions", "hostInfo", "listIndexes", "drop"),
    ("explain", "dropIndexes"),
)
OPTIONS: Final = {
    "find": frozenset(("find", "filter", "projection", "sort", "skip", "limit", "batchSize", "singleBatch")),
    "aggregate": frozenset(("aggregate", "pipeline", "cursor", "hint")),
    "count": frozenset(("count",)),
    "insert": frozenset(("insert", "documents", "ordered")),
    "update": frozenset(("update", "updates", "ordered")),
    "delete": frozenset(("delete", "deletes", "ordered")),
    "drop": frozenset(("drop", "collectionUUID")),
    "listIndexes": frozenset(("listIndexes", "cursor")),
    "dropIndexes": frozenset(("dropIndexes", "index")),
}
OF_ALL: Final = frozenset(("$db", "lsid", "$clusterTime", "txnNumber", "startTransaction", "autocommit")).union(
    ("readConcern", "writeConcern", "$readPreference", "maxTimeMS")
)
"""What beside these options any command may have."""
OF_AN_UPDATE: Final = frozenset(("q", "u", "multi", "upsert"))
OF_A_DELETE: Final = frozenset(("q", "limit"))
DATABASE: Final = "workflow_results"
LOGICAL: Final = frozenset(("$and", "$or", "$nor"))
OF_FIELDS: Final = frozenset(
    (
        "$eq",
        "$ne",
        "$gt",
        "$gte",
        "$lt",
        "$lte",
        "$in",
        "$nin",
        "$not",
        "$exists",
        "$type",
        "$all",
        "$elemMatch",
        "$size",
    )
).union(
    ("$mod", "$regex", "$options", "$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"),
)
COMPUTING: Final = frozenset(
    ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp", "$and", "$or", "$not", "$add", "$subtract", "$multiply")
).union(
    ("$divide", "$mod", "$abs", "$ceil", "$floor", "$round", "$trunc", "$pow", "$sqrt", "$exp", "$ln", "$log"),
    ("$log10", "$literal"),
)
_GROUP: Final = {"_id": 1, "n": {"$sum": 1}}
_SIZES: Final = [
    {"$collStats": {"storageStats": {}}},
    {"$project": {"sizes": "$storageStats.indexSizes", "builds": "$storageStats.indexBuilds"}},
]
_CHANGES: Final = {
    "operation": "$operationType",
    "pipeline": "$ns.coll",
    "id": "$documentKey._id",
    "time": {"$toLong": "$wallTime"},
    "lsid": 1,
    "txnNumber": 1,
    "entry": {"$cond": [{"$eq": ["$ns.coll", "_history"]}, "$fullDocument", "$$REMOVE"]},
}
_COUNT: Final = [{"$collStats": {"count": {}}}, {"$project": {"ns": 1, "count": 1}}]
_TEXTS: Final = ["string", "binData"]
_SIMPLE: Final = ["int", "long", "double", "decimal", "string", "binData", "bool", "date", "null", "objectId"]


def _other(value: str) -> dict[str, Any]:
    """Return the expression for values that are not told apart."""
    is_text = {"$in": [{"$type": value}, _TEXTS]}
    size = {"$binarySize": {"$cond": [is_text, value, ""]}}
    is_told_apart = {"$in": [{"$type": value}, [*_SIMPLE, "timestamp", "minKey", "maxKey"]]}
    return {"$or": [{"$not": is_told_apart}, {"$and": [is_text, {"$gt": [size, 1_024]}]}]}


_VALUES: Final = [
    {"$match": {"value": {"$exists": True}}},
    {"$set": {"value": {"$cond": [{"$isArray": "$value"}, {"$setUnion": ["$value", []]}, ["$value"]]}}},
    {"$unwind": "$value"},
    {"$group": {"_id": {"$cond": [_other("$value"), {"other": True}, {"value": "$value"}]}, "count": {"$sum": 1}}},
    {"$sort": {"_id.other": -1, "count": -1, "_id.value": 1}},
    {"$limit": 1_002},
]
_LOCK: Final = [{"$set": {"results": {"$mergeObjects": ["$results", {"locked": True}]}}}]
_UNLOCK: Final = [
    {
        "$set": {
            "results": {
                "$cond": [
                    {"$eq": ["$results.locked", True]},
                    {"$mergeObjects": ["$results", {"locked": False}]},
                    "$results",
                ]
            }
        }
    }
]
_TOO_LARGE: Final = {
    "$gt": [{"$subtract": [{"$bsonSize": "$$ROOT"}, {"$strLenBytes": "$_id"}]}, (16 << 20) - (16 << 10) + 64]
}


def problems(command: Mapping[str, Any]) -> Iterator[str]:
    """Return what a command holds that no command of this service may hold."""
    name = next(iter(command))
    if name not in COMMANDS:
        yield f"the command {name}"
    if name == "aggregate" and command[name] == 1:
        if not _watches(command["pipeline"]):
            yield f"the stages {command['pipeline']}"
        return
    if name == "explain":
        yield from problems({**command["explain"], "$db": command.get("$db")})
        return
    if name in OPTIONS:
        yield from (f"the option {option} of {name}" for option in command.keys() - OPTIONS[name] - OF_ALL)
        where = command[name]
        if command.get("$db") != DATABASE or not isinstance(where, str) or where.startswith("system."):
            yield f"{name} in {command.get('$db')}.{where}"
    if name == "find":
        if not _looks_for_too_large(command):
            yield from _filter(command.get("filter", {}), "filter")
        yield from _projection(command.get("projection", {}))
        order = {"order": -1} if command["find"] == "_history" else {"_id": -1}
        if command.get("sort", order) != order:
            yield f"the sort {command['sort']}"
    elif name == "drop":
        if "collectionUUID" not in command or command["drop"].startswith("_"):
            yield f"a drop of whatever is called {command['drop']}"
    elif name == "aggregate" and not _counts_pipelines(command["pipeline"]):
        stages = [next(iter(stage)) for stage in command["pipeline"]]
        counts = stages == ["$match", "$group"] and command["pipeline"][1]["$group"] == _GROUP
        counts |= stages == ["$collStats", "$project"] and command["pipeline"] == _SIZES
        counts |= _finds_values(command["pipeline"])
        matches = command["pipeline"][0].get("$match", {})
        if _ranks(command["pipeline"][1:]):
            matches = _without_numbers(matches, next(iter(command["pipeline"][1]["$sort"])))
        elif not (counts or _counts_values(command["pipeline"][1:])):
            yield f"the stages {stages}"
        yield from _filter(matches, "$match")
    elif name == "update":
        for statement in command["updates"]:
            yield from _filter(statement["q"], "q")
            yield from _update(statement["u"])
            yield from (f"the option {option} of an update" for option in statement.keys() - OF_AN_UPDATE)
            if statement.get("upsert", False) is not False:
                yield "an update that inserts"
    elif name == "delete":
        for statement in command["deletes"]:
            yield from _filter(statement["q"], "q")
            yield from (f"the option {option} of a delete" for option in statement.keys() - OF_A_DELETE)
    elif name == "insert":
        for document in command["documents"]:
            yield from (f"the field {key!r}" for key in document if not key or key.startswith("$") or "." in key)


def _looks_for_too_large(command: Mapping[str, Any]) -> bool:
    """Return whether this is the look that an update takes, in its transaction, at what it has made.

    Its operators are for no other command, and for no other place in this one.
    """
    query = command.get("filter", {})
    if query.keys() != {"_id", "$expr"} or query["$expr"] != _TOO_LARGE or command.get("autocommit") is not False:
        return False
    ids = query["_id"].get("$in") if isinstance(query["_id"], Mapping) and len(query["_id"]) == 1 else None
    return isinstance(ids, list) and all(isinstance(each, str) for each in ids)


def _counts_pipelines(stages: list[Mapping[str, Any]]) -> bool:
    """Return whether this is what counts the results of several pipelines, from MongoDB's metadata."""
    names = [stage.get("$unionWith", {}).get("coll", "_") for stage in stages[2:]]
    unions = [{"$unionWith": {"coll": name, "pipeline": _COUNT}} for name in names if not name.startswith("_")]
    return stages == [*_COUNT, *unions]


def _watches(stages: list[Mapping[str, Any]]) -> bool:
    """Return whether this reads changes, and nothing of results but their ids."""
    options = {"resumeAfter", "startAtOperationTime"}
    opens = [*stages[0]] == ["$changeStream"] and stages[0]["$changeStream"].keys() <= options
    return opens and stages[1:] == [{"$project": _CHANGES}]


def _finds_values(stages: list[Mapping[str, Any]]) -> bool:
    """Return whether this finds the values of a field in an index."""
    if [next(iter(stage)) for stage in stages] != ["$sort", "$group", "$limit", "$set", "$sort"]:
        return False
    [(path, direction)] = stages[0]["$sort"].items()
    value, other = {"_id": f"${path}"}, _other("$_id")
    return (
        (direction, stages[2], stages[4]) == (1, {"$limit": 1_001}, {"$sort": {"_id": 1}})
        and stages[1]["$group"] in (value, {**value, "count": {"$sum": 1}})
        and _is_path(path)
        and stages[3] == {"$set": {"_id": {"$cond": [other, None, "$_id"]}, "other": other}}
    )


def _ranks(stages: list[Mapping[str, Any]]) -> bool:
    """Return whether this ranks results by a field."""
    if [next(iter(stage)) for stage in stages] != ["$sort", "$limit", "$project"]:
        return False
    sort, limit, shown = (stage[next(iter(stage))] for stage in stages)
    directions = set(sort.values())
    return (
        list(sort) in ([next(iter(sort)), "_id"], ["_id"])
        and _is_path(next(iter(sort)))
        and directions in ({1}, {-1})
        and 1 <= limit <= 10_000
        and shown == {"size": {"$bsonSize": "$$ROOT"}}
    )


def _without_numbers(matches: Mapping[str, Any], path: str) -> Any:
    """Return the filter of a ranking without the part that says that the field must be a number."""
    numbers = {path: {"$gte": -math.inf}, "$expr": {"$isNumber": f"${path}"}}
    if matches == numbers:
        return {}
    parts = matches.get("$and", [])
    return parts[1] if len(parts) == 2 and parts[0] == numbers else matches


def _counts_values(stages: list[Mapping[str, Any]]) -> bool:
    """Return whether this counts results by the values of a field."""
    if not stages or stages[1:] != _VALUES or list(stages[0]) != ["$project"]:
        return False
    shown = stages[0]["$project"]
    path = shown.get("value", "")
    return shown == {"_id": 0, "value": path} and path.startswith("$") and _is_path(path[1:])


def _is_path(path: str) -> bool:
    return not any(not part or part.startswith("$") for part in path.split("."))


def _update(update: object) -> Iterator[str]:
    if isinstance(update, list):
        if update not in (_LOCK, _UNLOCK):
            yield f"the update {update}"
    elif not isinstance(update, Mapping) or list(update) != ["$set"]:
        yield f"the update {update}"
    else:
        yield from (f"the update of {key!r}" for key in update["$set"] if not key or key.startswith("$") or "." in key)


def _filter(query: Any, where: str) -> Iterator[str]:
    if not isinstance(query, Mapping):
        yield f"{where} is no document"
        return
    for key, value in query.items():
        if key in LOGICAL:
            for each in value:
                yield from _filter(each, f"{where}.{key}")
        elif key == "$expr":
            yield from _expression(value, f"{where}.$expr")
        elif any(part.startswith("$") for part in key.split(".")):
            yield f"{where}.{key}"
        else:
            yield from _condition(value, f"{where}.{key}")


def _condition(value: Any, where: str) -> Iterator[str]:
    if not isinstance(value, Mapping) or not any(key.startswith("$") for key in value):
        yield from _literal(value, where, patterns=True)
        return
    for key, operand in value.items():
        if key not in OF_FIELDS:
            yield f"{where}.{key}"
        elif key == "$elemMatch":
            inner = _condition if OF_FIELDS & operand.keys() else _filter
            yield from inner(operand, f"{where}.{key}")
        elif key == "$not":
            yield from _condition(operand, f"{where}.{key}")
        elif key == "$all":
            for each in operand:
                yield from _condition(each, f"{where}.{key}")
        else:
            yield from _literal(operand, f"{where}.{key}", patterns=True)


def _literal(value: Any, where: str, *, patterns: bool = False) -> Iterator[str]:
    if isinstance(value, (Code, DBRef)) or (isinstance(value, Regex) and not patterns):
        yield f"{where} holds {value!r}"
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key.startswith("$"):
                yield f"{where}.{key}"
            yield from _literal(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from _literal(inner, where, patterns=patterns)


def _expression(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, (Code, Regex, DBRef, list)):
        yield f"{where} holds {value!r}"
    elif isinstance(value, str) and value.startswith("$") and (value.startswith("$$") or ".$" in value):
        yield f"{where} holds {value}"
    elif isinstance(value, Mapping):
        for key, operand in value.items():
            if key not in COMPUTING:
                yield f"{where}.{key}"
            elif key == "$literal":
                yield from _literal(operand, f"{where}.{key}")
            else:
                for each in operand if isinstance(operand, list) else [operand]:
                    yield from _expression(each, f"{where}.{key}")


def _projection(projection: Mapping[str, Any]) -> Iterator[str]:
    for key, value in projection.items():
        if any(part.startswith("$") for part in key.split(".")):
            yield f"projection.{key}"
        if isinstance(value, Mapping):
            for operator, operand in value.items():
                if operator == "$elemMatch":
                    yield from _condition({operator: operand}, f"projection.{key}")
                elif operator != "$slice" or "$" in str(operand):
                    yield f"projection.{key}.{operator}"
        elif not isinstance(value, (bool, int)):
            yield f"projection.{key}: {value!r}"

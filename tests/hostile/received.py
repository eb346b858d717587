"""What MongoDB may be sent, spelled out once more: this must not learn it from what it looks after."""

from __future__ import annotations

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
    ("commitTransaction", "abortTransaction", "endSessions"),
)
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
).union(("$mod", "$regex", "$options"))
COMPUTING: Final = frozenset(
    ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp", "$and", "$or", "$not", "$add", "$subtract", "$multiply")
).union(
    ("$divide", "$mod", "$abs", "$ceil", "$floor", "$round", "$trunc", "$pow", "$sqrt", "$exp", "$ln", "$log"),
    ("$log10", "$literal"),
)
_GROUP: Final = {"_id": 1, "n": {"$sum": 1}}
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


def problems(command: Mapping[str, Any]) -> Iterator[str]:
    """Tell what a command holds that no command of this service may hold."""
    name = next(iter(command))
    if name not in COMMANDS:
        yield f"the command {name}"
    if name == "find":
        yield from _filter(command.get("filter", {}), "filter")
        yield from _projection(command.get("projection", {}))
        if set(command) & {"let", "hint", "comment", "returnKey", "collation", "min", "max", "tailable"}:
            yield f"an option of find: {sorted(command)}"
        order = {"order": -1} if command["find"] == "_history" else {"_id": -1}
        if command.get("sort", order) != order:
            yield f"the sort {command['sort']}"
    elif name == "aggregate":
        stages = [next(iter(stage)) for stage in command["pipeline"]]
        if stages != ["$match", "$group"] or command["pipeline"][1]["$group"] != _GROUP:
            yield f"the stages {stages}"
        yield from _filter(command["pipeline"][0].get("$match", {}), "$match")
    elif name == "update":
        for statement in command["updates"]:
            yield from _filter(statement["q"], "q")
            yield from _update(statement["u"])
    elif name == "delete":
        for statement in command["deletes"]:
            yield from _filter(statement["q"], "q")
    elif name == "insert":
        for document in command["documents"]:
            yield from (f"the field {key!r}" for key in document if not key or key.startswith("$") or "." in key)


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
    elif isinstance(value, str) and (value.startswith("$$") or ".$" in value[1:]):
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

"""Documents that are like filters, projections and works, with what is not allowed at any place and depth."""

from __future__ import annotations

import struct
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import bson
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

if TYPE_CHECKING:
    from random import Random

FIELDS: Final = ("id", "_id", "a", "b", "n", "t", "a.b", "a.0", "results.x", "results.locked", "event", "status")
ODD_FIELDS: Final = (
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a.$",
    "a.$[]",
    "$a",
    "__proto__",
    "\0",
    "a\0b",
    "é" * 200,
    "x" * 5000,
)
ODD_FIELDS_MORE: Final = ("a.$where", "constructor.prototype", "_bsontype", "results.$set", ".".join("a" * 150))
LOGICAL: Final = ("$and", "$or", "$nor")
COMPARING: Final = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
OF_FIELDS: Final = (
    *COMPARING,
    "$in",
    "$nin",
    "$not",
    "$exists",
    "$type",
    "$all",
    "$elemMatch",
    "$size",
    "$mod",
    "$regex",
    "$bitsAllSet",
    "$bitsAnySet",
    "$bitsAllClear",
    "$bitsAnyClear",
)
COMPUTING: Final = (
    *COMPARING,
    "$cmp",
    "$and",
    "$or",
    "$not",
    "$add",
    "$subtract",
    "$multiply",
    "$divide",
    "$mod",
    "$abs",
)
COMPUTING_MORE: Final = (
    "$ceil",
    "$floor",
    "$round",
    "$trunc",
    "$pow",
    "$sqrt",
    "$exp",
    "$ln",
    "$log",
    "$log10",
    "$literal",
)
FORBIDDEN: Final = (
    *("$where", "$function", "$accumulator", "$jsonSchema", "$text", "$near", "$nearSphere", "$geoWithin", "$comment"),
    *("$lookup", "$unionWith", "$out", "$merge", "$expr", "$rand", "$sampleRate", "$meta", "$slice", "$let", "$map"),
    *("$reduce", "$filter", "$cond", "$switch", "$getField", "$regexMatch", "$trim", "$bitsNoneSet", "$ref", "$id"),
    *("$set", "$rename", "$", "$$ROOT", "$where\0", "$WHERE", " $where", "$_internalExprEq", "$alwaysTrue", "$options"),
)
PATTERNS: Final = (
    "^B0",
    "",
    "(",
    "[",
    "a" * 1001,
    "(a+)+$",
    "(x+x+)+y",
    "\0",
    "a{1,32764}",
    "(" * 300 + ")" * 300,
    "\\p{L}",
)
STRINGS: Final = (
    "",
    "a",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
    "$a",
    "$$ROOT",
    "$where",
    "é",
    "\ud7ff",
    "x" * 3000,
    "2026",
)

_INTEGERS: Final = (0, 1, -1, 2, 100, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63))
_FLOATS: Final = (0.0, -0.0, 0.5, 1e300, -1e308, 5e-324, float("inf"), float("-inf"), float("nan"))
_ODD: Final = (
    *(Code("1"), Code("f()", {"x": 1}), Regex("a", "i"), Regex("(a+)+$"), Regex("(", "x"), MinKey(), MaxKey()),
    *(
        Binary(b"x", 4),
        Binary(b"y" * 16, 3),
        Binary(b"", 128),
        UUID(int=5),
        ObjectId(b"twelve bytes"),
        b"",
        b"\0" * 100,
    ),
    *(Timestamp(0, 0), Timestamp(2**32 - 1, 1), Decimal128("sNaN"), Decimal128("1E+6000"), Decimal128("-Infinity")),
    *(datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, tzinfo=timezone.utc), Int64(5)),
)


class Grammar:
    """Makes documents.

    Args:
        random: Where it takes its choices from.
        hostility: How often a place holds what it must not.
    """

    def __init__(self, random: Random, hostility: float) -> None:
        self._random = random
        self._hostility = hostility

    def filter(self, depth: int = 0) -> dict[str, Any]:
        """Make a filter."""
        made: dict[str, Any] = {}
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            if self._hostile():
                made[self._odd_key()] = self._anything(depth + 1)
            elif depth < 6 and self._random.random() < 0.25:
                made[self._random.choice(LOGICAL)] = [self.filter(depth + 1) for _ in range(self._random.randint(1, 3))]
            elif self._random.random() < 0.12:
                made["$expr"] = self.expression(depth + 1)
            else:
                made[self._random.choice(FIELDS)] = self._condition(depth + 1)
        return made

    def projection(self) -> dict[str, Any]:
        """Make a projection."""
        shown = self._random.choice((0, 1, True, False, 1.0))
        made: dict[str, Any] = {}
        for _ in range(self._random.randint(1, 4)):
            key = self._odd_key() if self._hostile() else self._random.choice(FIELDS)
            form = self._random.random()
            if self._hostile() or form < 0.1:
                made[key] = self._anything(1)
            elif form < 0.3:
                made[key] = {"$slice": self._random.choice((1, -1, [0, 2], [1], "$a", 2**40, {"$a": 1}, [1, "$b"]))}
            elif form < 0.5:
                made[key] = {"$elemMatch": self.filter(3)}
            else:
                made[key] = shown
        return made

    def expression(self, depth: int) -> Any:
        """Make the operand of `$expr`."""
        if self._hostile():
            return self._random.choice(
                ("$$ROOT", "$$NOW", "$a.$b", {self._forbidden(): self._anything(depth + 1)}, [1])
            )
        if depth > 6 or self._random.random() < 0.4:
            return self._random.choice(("$a", "$n", "$results.x", "text", 1, 2.5, None, {"$literal": "$a"}, True))
        operator = self._random.choice((*COMPUTING, *COMPUTING_MORE))
        operands = [self.expression(depth + 1) for _ in range(self._random.choice((1, 2, 2, 2, 3)))]
        return {operator: operands if self._random.random() < 0.9 else operands[0]}

    def work(self, pipeline: str, id_: Any) -> dict[str, Any]:
        """Make a work, or something like it."""
        made: dict[str, Any] = {"id": id_, "pipeline": pipeline, "status": self._random.choice(("success", "failure"))}
        for _ in range(self._random.randint(0, 4)):
            key = self._odd_key() if self._hostile() else self._random.choice(("a", "b", "n", "t", "event", "results"))
            made[key] = self._anything(2)
        if self._hostile():
            made[self._random.choice(("id", "pipeline", "status", "results", "_id"))] = self._anything(2)
        if self._random.random() < 0.1:
            made["deep"] = nested(self._random.choice((50, 99, 100, 101, 150)))
        return made

    def _condition(self, depth: int) -> Any:
        if self._random.random() < 0.3:
            return self.value(depth)
        made: dict[str, Any] = {}
        for _ in range(self._random.choice((1, 1, 2))):
            if self._hostile():
                made[self._odd_key()] = self._anything(depth + 1)
                continue
            operator = self._random.choice(OF_FIELDS)
            made[operator] = self._operand(operator, depth + 1)
        if "$regex" in made and self._random.random() < 0.5:
            made["$options"] = self._random.choice(("i", "imsx", "", "g", 1))
        return made

    def _operand(self, operator: str, depth: int) -> Any:
        if self._hostile():
            return self._anything(depth)
        if operator in ("$in", "$nin", "$all"):
            number = self._random.choice((0, 1, 3, 30, 300)) if depth < 4 else 2
            return [self.value(depth + 2) for _ in range(number)]
        if operator in ("$not", "$elemMatch"):
            return self._condition(depth + 1) if depth < 8 else {"$gt": 1}
        if operator == "$exists":
            return self._random.choice((True, False, 1, 0))
        if operator == "$type":
            return self._random.choice(("int", "string", 2, ["int", "null"], "no such", 99))
        if operator == "$size":
            return self._random.choice((0, 1, 2, 2.0, -1, 2**40))
        if operator == "$mod":
            return [self._random.choice((*_INTEGERS, 2.5)), self._random.choice(_INTEGERS)]
        if operator == "$regex":
            return self._random.choice(PATTERNS)
        if operator.startswith("$bits"):
            return self._random.choice(
                (0, 5, -1, 2.0, 2**63 - 1, [0, 3, 64], [2**31 - 1, -1], [1.5], b"\x05", bytes(20_000))
            )
        return self.value(depth)

    def value(self, depth: int) -> Any:
        """Make a value, with other values in it or not."""
        kind = self._random.random()
        if depth < 8 and kind < 0.08:
            return [self.value(depth + 1) for _ in range(self._random.randint(0, 4))]
        if depth < 8 and kind < 0.16:
            keys = [self._odd_key() if self._hostile() else self._random.choice(("a", "b", "c")) for _ in range(2)]
            return {key: self.value(depth + 1) for key in keys}
        return self._random.choice(self._random.choice((_INTEGERS, _FLOATS, STRINGS, (None, True, False), _ODD)))

    def _anything(self, depth: int) -> Any:
        kind = self._random.randint(0, 9)
        if depth > 10 or kind < 3:
            return self.value(depth)
        if kind == 3:
            return nested(self._random.choice((5, 31, 33, 99, 120)), self._random.choice(("$and", "$not", "a", "$or")))
        if kind == 4:
            return {self._forbidden(): self._anything(depth + 1)}
        if kind == 5:
            return [self._anything(depth + 1) for _ in range(self._random.randint(0, 3))]
        if kind == 6:
            return {"a": {}, "b": [], "c": {self._forbidden(): "1"}}
        return {self._odd_key(): self._anything(depth + 1) for _ in range(self._random.randint(1, 3))}

    def _hostile(self) -> bool:
        return self._random.random() < self._hostility

    def _forbidden(self) -> str:
        return self._random.choice(FORBIDDEN)

    def _odd_key(self) -> str:
        return self._random.choice(
            (self._forbidden(), self._random.choice((*ODD_FIELDS, *ODD_FIELDS_MORE, *OF_FIELDS)))
        )


def nested(levels: int, key: str = "a") -> Any:
    """Nest documents, or lists of them where the key is an operator that takes such."""
    made: Any = {"a": 1}
    for _ in range(levels):
        made = {key: [made] if key in LOGICAL else made}
    return made


def raw(document: Any) -> bytes:
    """Encode a document as BSON, also where names hold NUL, which pymongo refuses: they end there, as BSON has it."""
    body = b""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        name = str(key).encode(errors="surrogatepass").split(b"\0")[0] + b"\0"
        if isinstance(value, (dict, list)):
            body += (b"\x03" if isinstance(value, dict) else b"\x04") + name + raw(value)
        else:
            try:
                element = bson.encode({"": value}, codec_options=_CODEC)[4:-1]
            except (bson.errors.BSONError, OverflowError, ValueError, UnicodeError):
                element = b"\x0a\0"
            body += element[:1] + name + element[2:]
    return struct.pack("<i", len(body) + 5) + body + b"\0"


_CODEC: Final = bson.CodecOptions[dict[str, Any]](uuid_representation=bson.binary.UuidRepresentation.STANDARD)

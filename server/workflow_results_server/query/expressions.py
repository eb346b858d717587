"""What the values of a MongoDB query may be: literals, field paths, and the expressions of `$expr`.

Everything is allow-listed at every depth: lists of what is forbidden have been got around every time, mostly by
nesting (CVE-2021-22911, CVE-2024-53900, CVE-2025-23061, CVE-2026-30938).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import NoneType
from typing import Any, Final, NamedTuple
from uuid import UUID

from bson import Binary, CodecOptions, Decimal128, Int64, MaxKey, MinKey, ObjectId, Timestamp
from bson.binary import UuidRepresentation
from bson.datetime_ms import DatetimeMS
from bson.errors import BSONError

from workflow_results.common.bson_codec import encode, to_decimal
from workflow_results.common.rules import INT64_MAX, INT64_MIN, MIB, WORK_DEPTH, type_name

QUERY_DEPTH: Final = 32
"""The most steps from the root of a query to a value, far below what Python and MongoDB can recurse."""
QUERY_KEYS: Final = 1_000
"""The most operators and fields in a query: MongoDB plans all of them, and evaluates them for each result."""
QUERY_ELEMENTS: Final = 100_000
"""The most list elements in a query, and bits in its masks: as many ids as one all-or-nothing request may name."""
QUERY_BYTES: Final = 14 * MIB
"""The largest filter: 100,000 of the longest ids fit, and the rest of the command into MongoDB's 16 MiB."""
PATH_COMPONENTS: Final = WORK_DEPTH
"""The most components of a field path: no work is nested deeper, and MongoDB refuses more than 200."""

_SCALARS: Final = frozenset((NoneType, bool, int, float, str, bytes, datetime, UUID)).union(
    (Binary, DatetimeMS, Decimal128, Int64, MaxKey, MinKey, ObjectId, Timestamp)
)
_SCALAR_NAMES: Final = (
    "null, bool, int, long, double, decimal, string, binary, date, objectId, timestamp, minKey, maxKey"
)
_CODEC: Final[CodecOptions[Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)


class QueryError(ValueError):
    """A filter or projection that is not supported.

    Attributes:
        path: Where it is at fault, for example ``query.$and[1].results.dm.$gt``.
        problem: What is wrong there, and what would be right.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


@dataclass(slots=True)
class Place:
    """Where in a query a value stands. Each step further in counts against the limits of the whole query.

    The path is spelled out for errors alone: on every step it would cost more than linear time.
    """

    step: str | int
    parent: Place | None = None
    depth: int = 0
    used: Counter[str] = field(default_factory=Counter)

    def fields(self, document: object) -> Iterator[tuple[str, Place, Any]]:
        """Step into each field of a document: its key, its place and its value."""
        if not isinstance(document, Mapping):
            raise self.error(f"must be a document, not {type_name(document)}")
        for key, value in document.items():
            if type(key) is not str:
                raise self.error(f"keys must be strings, not {type_name(key)}")
            at = self._into(key)
            at.count_key()
            yield key, at, value

    def elements(self, values: object) -> Iterator[tuple[Place, Any]]:
        """Step into each element of a list: its place and its value."""
        if not isinstance(values, (list, tuple)):
            raise self.error(f"must be an array, not {type_name(values)}")
        self.count_elements(len(values))
        for index, value in enumerate(values):
            yield self._into(index), value

    def at(self, steps: Iterable[str | int]) -> Place:
        """Return the place that some steps lead to, for an error."""
        place = self
        for step in steps:
            place = Place(step, place)
        return place

    def count_key(self) -> None:
        """Count one more key, or something that costs MongoDB as much."""
        self._count("fields, operators and patterns", 1, QUERY_KEYS)

    def count_elements(self, number: int) -> None:
        """Count further list elements, or something that costs MongoDB as much."""
        self._count("array elements and bits of masks", number, QUERY_ELEMENTS)

    def error(self, problem: str) -> QueryError:
        """Return the error for a problem at this place."""
        path, place = "", self
        while place.parent is not None:
            path = f"[{place.step}]{path}" if isinstance(place.step, int) else f".{clip(place.step)}{path}"
            place = place.parent
        return QueryError(f"{place.step}{path}", problem)

    def unsupported(self, operator: str, supported: Iterable[str]) -> QueryError:
        """Return the error for an operator that is not among those supported at this place."""
        names = " ".join(supported)
        return self.error(f"the operator {clip(operator)} is not supported; supported are {names}")

    def _into(self, step: str | int) -> Place:
        if self.depth == QUERY_DEPTH:
            raise self.error(f"nested too deep; at most {QUERY_DEPTH} levels are supported")
        return Place(step, self, self.depth + 1, self.used)

    def _count(self, what: str, number: int, most: int) -> None:
        self.used[what] += number
        if self.used[what] > most:
            raise self.error(f"the query is too large; it may contain at most {most:,} {what}")


def clip(text: str, length: int = 60) -> str:
    """Cut a text for a message, and escape what UTF-8 can't hold."""
    shown = text if len(text) <= length else f"{text[: length - 1]}…"
    return shown.encode(errors="backslashreplace").decode()


def check_encodable(document: Mapping[str, Any], place: Place, most: int) -> None:
    """Refuse a document that BSON can't hold, or that takes more than so many bytes."""
    try:
        size = len(encode(document, _CODEC))
    except (BSONError, OverflowError, ValueError) as error:
        raise place.error(f"can't be encoded as BSON: {clip(str(error), 200)}") from error
    if size > most:
        raise place.error(f"takes {size:,} bytes of BSON; at most {most:,} are supported")


def check_field_path(path: str, place: Place) -> None:
    """Refuse a field path that MongoDB would refuse or take for something else."""
    components = path.split(".", PATH_COMPONENTS)
    if len(components) > PATH_COMPONENTS:
        raise place.error(f"a field path has at most {PATH_COMPONENTS} components")
    if not all(components):
        raise place.error("no component of a field path may be empty")
    if "\0" in path or any(component.startswith("$") for component in components):
        raise place.error("no component of a field path may start with '$' or contain the character NUL")


def checked_literal(value: object, place: Place) -> object:
    """Return a literal value: no operators, JavaScript or regular expressions at any depth."""
    if isinstance(value, Mapping):
        return {_literal_key(key, at): checked_literal(item, at) for key, at, item in place.fields(value)}
    if isinstance(value, (list, tuple)):
        return [checked_literal(item, at) for at, item in place.elements(value)]
    if type(value) not in _SCALARS:
        raise place.error(f"a literal can't be of type {type_name(value)}; supported are {_SCALAR_NAMES}")
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        raise place.error("integers must fit into 64 bits")
    return value


def _literal_key(key: str, place: Place) -> str:
    if key.startswith("$"):
        raise place.error("keys inside a literal document must not start with '$'")
    return key


def as_number(value: object) -> int | float | Decimal | None:
    """Return a BSON number as a Python number that is equal to it, anything else as None."""
    if isinstance(value, Decimal128):
        decimal = to_decimal(value)
        if not decimal.is_finite():
            return math.nan if decimal.is_nan() else float(decimal)
        return int(decimal) if decimal == decimal.to_integral_value() else decimal
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def as_integer(value: object) -> int | None:
    """Return an integral number as an int, 2.0 included; anything else as None."""
    number = as_number(value)
    if isinstance(number, float):
        return int(number) if number.is_integer() else None
    return int(number) if isinstance(number, int) else None


class _Kind(NamedTuple):
    """What an argument must be, as far as literals show it."""

    name: str
    accepts: Callable[[object], bool]


def _number(name: str, accepts: Callable[[int | float | Decimal], bool]) -> _Kind:
    def accepts_literal(value: object) -> bool:
        number = as_number(value)
        return value is None or (number is not None and accepts(number))

    return _Kind(name, accepts_literal)


# MongoDB takes NaN where it refuses a number for being too small; every comparison with NaN is false.
_ANY = _Kind("any value", lambda _: True)
_NUMBER = _number("a number", lambda _: True)
_DATE = _Kind("a number or a date", lambda v: isinstance(v, (datetime, DatetimeMS)) or _NUMBER.accepts(v))
_DIVISOR = _number("a number other than 0", lambda number: number != 0)
_NOT_NEGATIVE = _number("a number of at least 0", lambda number: not number < 0)
_POSITIVE = _number("a number above 0", lambda number: not number <= 0)
_BASE = _number("a number above 0 other than 1", lambda number: not number <= 0 and number != 1)
_PLACES = _number("an integer from -20 to 100", lambda number: -20 <= number <= 100 and as_integer(number) is not None)


class _Signature(NamedTuple):
    """What an operator takes and gives; further arguments are of the last kind."""

    kinds: tuple[_Kind, ...]
    least: int
    most: int
    gives_number: bool = True


_UNARY = _Signature((_NUMBER,), 1, 1)
_COMPARISON = _Signature((_ANY,), 2, 2, gives_number=False)
_BOOLEAN = _Signature((_ANY,), 1, QUERY_ELEMENTS, gives_number=False)
_SIGNATURES: Final[dict[str, _Signature]] = {
    **dict.fromkeys(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), _COMPARISON),
    "$cmp": _Signature((_ANY,), 2, 2),
    "$and": _BOOLEAN,
    "$or": _BOOLEAN,
    "$not": _Signature((_ANY,), 1, 1, gives_number=False),
    "$add": _Signature((_DATE,), 1, QUERY_ELEMENTS),
    "$subtract": _Signature((_DATE,), 2, 2),
    "$multiply": _Signature((_NUMBER,), 1, QUERY_ELEMENTS),
    "$divide": _Signature((_NUMBER, _DIVISOR), 2, 2),
    "$mod": _Signature((_NUMBER, _DIVISOR), 2, 2),
    "$abs": _UNARY,
    "$ceil": _UNARY,
    "$floor": _UNARY,
    "$round": _Signature((_NUMBER, _PLACES), 1, 2),
    "$trunc": _Signature((_NUMBER, _PLACES), 1, 2),
    "$pow": _Signature((_NUMBER,), 2, 2),
    "$sqrt": _Signature((_NOT_NEGATIVE,), 1, 1),
    "$exp": _UNARY,
    "$ln": _Signature((_POSITIVE,), 1, 1),
    "$log": _Signature((_POSITIVE, _BASE), 2, 2),
    "$log10": _Signature((_POSITIVE,), 1, 1),
}


def checked_expression(value: object, place: Place, kind: _Kind = _ANY) -> object:
    """Return the expression of a `$expr`: a literal, a field path, or one operator with its arguments.

    Arguments that MongoDB would refuse for every result are refused here. What depends on the results, only
    MongoDB can find: a field that holds text where a number is needed, for example.

    Args:
        value: The expression.
        place: Where it stands.
        kind: What the operator around it needs; by default, anything.

    Returns:
        A copy of the expression.

    Raises:
        QueryError: It is not supported.
    """
    # The type and not its subclasses: JavaScript code is a string to bson.
    if type(value) is str and value.startswith("$"):
        if value.startswith("$$"):
            raise place.error('variables are not supported; a field is "$name", a string {"$literal": "$…"}')
        check_field_path(value[1:], place)
        return value
    if isinstance(value, Mapping):
        return _checked_operation(value, place, kind)
    if isinstance(value, (list, tuple)):
        raise place.error('an array must be the arguments of an operator, or a literal: {"$literal": […]}')
    return _of_kind(checked_literal(value, place), place, kind)


def _checked_operation(operation: Mapping[Any, Any], place: Place, kind: _Kind) -> dict[str, object]:
    if len(operation) != 1:
        raise place.error('must have exactly one operator; a literal document is {"$literal": {…}}')
    [(operator, at, operand)] = place.fields(operation)
    if operator == "$literal":
        return {operator: _of_kind(checked_literal(operand, at), at, kind)}
    signature = _SIGNATURES.get(operator)
    if signature is None:
        raise at.unsupported(operator, (*_SIGNATURES, "$literal"))
    if kind is not _ANY and not signature.gives_number:
        raise at.error(f"{operator} returns true or false, but {kind.name} is required here")
    return {operator: _checked_arguments(operand, at, signature)}


def _checked_arguments(operand: object, place: Place, signature: _Signature) -> object:
    kinds, least, most, _ = signature
    listed = isinstance(operand, (list, tuple))
    arguments = list(place.elements(operand)) if listed else [(place, operand)]
    if not least <= len(arguments) <= most:
        number = f"{least}" if least == most else f"{least} to {most:,}"
        raise place.error(f"the number of arguments must be {number}, not {len(arguments):,}")
    checked = [
        checked_expression(argument, at, kinds[min(index, len(kinds) - 1)])
        for index, (at, argument) in enumerate(arguments)
    ]
    return checked if listed else checked[0]


def _of_kind(literal: object, place: Place, kind: _Kind) -> object:
    if not kind.accepts(literal):
        raise place.error(f"must be {kind.name}, null, a field or an operator that returns a number")
    return literal

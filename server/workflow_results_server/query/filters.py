"""The filters that callers may send: MongoDB's query language without what runs code or looks elsewhere.

Every key at every depth is on a list of what is allowed, and every operand has the shape that MongoDB needs,
so that callers get a message that names the place. What was checked is built anew, and that is what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeGuard
from uuid import UUID

from bson import Binary, Regex
from bson.binary import OLD_BINARY_SUBTYPE

from workflow_results.common.rules import INT64_MAX, INT64_MIN, type_name
from workflow_results_server.query.expressions import (
    QUERY_BYTES,
    Place,
    QueryError,
    as_integer,
    as_number,
    check_encodable,
    check_field_path,
    checked_expression,
    checked_literal,
)

__all__ = ["QueryError", "checked_element_match", "checked_filter"]

PATTERN_LENGTH: Final = 1_000
"""The most characters of a regular expression, which MongoDB compiles to as much as 64 KiB."""
SIZE_MAX: Final = 2**31 - 1
"""The largest operand of `$size`, which MongoDB reads as a 32-bit integer."""
BIT_MAX: Final = 2**31 - 1
"""The highest position of a bit, which MongoDB reads as a 32-bit integer."""

_LOGICAL: Final = ("$and", "$or", "$nor")
_AT_THE_TOP: Final = (*_LOGICAL, "$expr")
_FLAGS: Final = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
# Compiled Python patterns carry the flag `u`, which goes without saying in MongoDB, if the version knows it.
_FLAG_LETTERS: Final = frozenset((*_FLAGS, "u"))
_FLAG_BITS: Final = re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.UNICODE
_TYPE_NAMES: Final = frozenset(
    ("double", "string", "object", "array", "binData", "undefined", "objectId", "bool", "date", "null")
).union(
    ("regex", "dbPointer", "javascript", "symbol", "javascriptWithScope", "int", "timestamp", "long"),
    ("decimal", "minKey", "maxKey", "number"),
)
_TYPE_NUMBERS: Final = frozenset((-1, *range(1, 20), 127))


def checked_filter(query: Mapping[str, Any]) -> dict[str, Any]:
    """Check a filter and give what MongoDB is asked.

    The field `id` is asked for as `_id`, which equals it in this store and has an index.

    Args:
        query: The filter, a decoded BSON document. It is not changed.

    Returns:
        A filter with the same meaning.

    Raises:
        QueryError: The filter is not supported, with the path of what is at fault: ``query.$and[1].dm.$gt``.
    """
    place = Place("query")
    checked = _checked_filter(query, place)
    check_encodable(checked, place, QUERY_BYTES)
    return checked


def checked_element_match(operand: object, place: Place) -> dict[str, object]:
    """Check the operand of `$elemMatch`: operators for elements that are values, a filter for documents."""
    if _holds_operators(operand) and not any(name in operand for name in _LOGICAL):
        return _checked_operators(operand, place)
    return _checked_filter(operand, place, _LOGICAL)


def _checked_filter(query: object, place: Place, supported: Sequence[str] = _AT_THE_TOP) -> dict[str, object]:
    checked: dict[str, object] = {}
    for key, at, value in place.fields(query):
        if not key.startswith("$"):
            check_field_path(key, at)
            checked[key] = _checked_condition(value, at)
        elif key not in supported:
            raise _misplaced(key, at, supported)
        elif key == "$expr":
            checked[key] = checked_expression(value, at)
        else:
            checked[key] = [_checked_filter(query, inner, supported) for inner, query in at.elements(value)]
            if not checked[key]:
                raise at.error("must be an array of at least one filter")
    return _served_by_index(checked) if supported is _AT_THE_TOP else checked


def _served_by_index(query: dict[str, Any]) -> dict[str, object]:
    """Ask for `_id` in place of `id`; for both, when both are asked for."""
    if "id" not in query:
        return query
    if "_id" not in query:
        return {"_id" if key == "id" else key: value for key, value in query.items()}
    by_id = {"_id": query.pop("id")}
    return {**query, "$and": [*query.get("$and", ()), by_id]}


def _checked_condition(value: object, place: Place) -> object:
    return _checked_operators(value, place) if _holds_operators(value) else _checked_match(value, place)


def _holds_operators(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping) and any(isinstance(key, str) and key.startswith("$") for key in value)


def _misplaced(key: str, place: Place, supported: Sequence[str]) -> QueryError:
    if key in _OPERATORS:
        return place.error(f'{key} must be inside the field that it applies to: {{"field": {{"{key}": …}}}}')
    if key in _AT_THE_TOP:
        return place.error(f"{key} must not be inside $elemMatch")
    return place.unsupported(key, supported)


def _stray(key: str, place: Place) -> QueryError:
    if not key.startswith("$"):
        return place.error("a document must not mix fields and operators")
    if key in _AT_THE_TOP:
        return place.error(f"{key} must be next to fields, not inside one")
    return place.unsupported(key, _OPERATORS)


def _checked_operators(document: Mapping[Any, Any], place: Place) -> dict[str, object]:
    checked: dict[str, object] = {}
    for key, at, operand in place.fields(document):
        check = _OPERATORS.get(key)
        if check is None:
            raise _stray(key, at)
        checked[key] = check(operand, at)
    _check_options(checked, place)
    return checked


def _check_options(operators: Mapping[str, Any], place: Place) -> None:
    """Refuse options without a pattern, and options given twice."""
    if "$options" in operators:
        if "$regex" not in operators:
            raise place.error("$options must be next to $regex")
        if isinstance(operators["$regex"], Regex) and operators["$regex"].flags:
            raise place.error("options must be given in $options or in the regular expression, not in both")


def _is_regex(value: object) -> TypeGuard[Regex[str] | re.Pattern[str]]:
    return isinstance(value, (Regex, re.Pattern))


def _checked_match(value: object, place: Place) -> object:
    """Check what a value is matched with: a regular expression or a literal."""
    return _checked_regex(value, place) if _is_regex(value) else checked_literal(value, place)


def _checked_regex(value: object, place: Place) -> object:
    # The type and not its subclasses: JavaScript code is a string to bson.
    if type(value) is str:
        _check_pattern(value, place)
        return value
    if not _is_regex(value):
        raise place.error(f"must be a string or a regular expression, not {type_name(value)}")
    _check_pattern(value.pattern, place)
    if value.flags & ~_FLAG_BITS:
        raise place.error("a regular expression has no flags other than i, m, s and x")
    return Regex(value.pattern, value.flags & ~re.UNICODE)


def _check_pattern(pattern: object, place: Place) -> None:
    place.count_key()
    if type(pattern) is not str:
        raise place.error("a regular expression must be text, not bytes")
    if len(pattern) > PATTERN_LENGTH:
        raise place.error(f"a regular expression has at most {PATTERN_LENGTH:,} characters")
    if "\0" in pattern:
        raise place.error("a regular expression must not contain the character NUL")


def _checked_options(operand: object, place: Place) -> str:
    if not isinstance(operand, str) or not _FLAG_LETTERS.issuperset(operand):
        raise place.error("must be a string of the letters i, m, s and x")
    return "".join(letter for letter in _FLAGS if letter in operand)


def _checked_comparison(operand: object, place: Place) -> object:
    if _is_regex(operand):
        raise place.error("can't be compared with a regular expression; $regex matches one")
    return checked_literal(operand, place)


def _checked_members(operand: object, place: Place) -> list[object]:
    return [_checked_match(member, at) for at, member in place.elements(operand)]


def _checked_all(operand: object, place: Place) -> list[object]:
    checked: list[object] = []
    matches = 0
    for at, member in place.elements(operand):
        # MongoDB makes a separate condition of each: 100,000 on a field with an index took it 16 seconds.
        at.count_key()
        if isinstance(member, Mapping) and "$elemMatch" in member:
            matches += 1
            if len(member) > 1:
                raise at.error("$elemMatch must be the only operator")
            checked.append(_checked_operators(member, at))
        else:
            checked.append(_checked_match(member, at))
    if matches not in (0, len(checked)):
        raise place.error("must be an array of only values or only $elemMatch")
    return checked


def _checked_not(operand: object, place: Place) -> object:
    if _is_regex(operand):
        return _checked_regex(operand, place)
    if not _holds_operators(operand):
        raise place.error('must be a document of operators or a regular expression; "other than" is $ne')
    return _checked_operators(operand, place)


def _checked_exists(operand: object, place: Place) -> bool:
    if not isinstance(operand, (bool, int, float)) or operand not in (0, 1):
        raise place.error("must be true or false")
    return bool(operand)


def _checked_size(operand: object, place: Place) -> int:
    size = as_integer(operand)
    if size is None or not 0 <= size <= SIZE_MAX:
        raise place.error(f"must be an integer from 0 to {SIZE_MAX:,}")
    return size


def _checked_mod(operand: object, place: Place) -> list[object]:
    pair = [checked_literal(number, at) for at, number in place.elements(operand)]
    if len(pair) != 2 or not all(map(_fits_int64, pair)):
        raise place.error("must be [divisor, remainder], two numbers that fit into 64 bits")
    if -1 < (as_number(pair[0]) or 0) < 1:
        # MongoDB cuts off what is behind the point.
        raise place.error("the divisor must not be 0 or between -1 and 1")
    return pair


def _fits_int64(value: object) -> bool:
    number = as_number(value)
    return number is not None and INT64_MIN <= number <= INT64_MAX


def _checked_bits(operand: object, place: Place) -> object:
    if isinstance(operand, (list, tuple)):
        return [_checked_bit(position, at) for at, position in place.elements(operand)]
    if isinstance(operand, UUID):
        operand = Binary.from_uuid(operand)
    if isinstance(operand, bytes):
        return _checked_mask(operand, place)
    mask = as_integer(operand)
    if mask is None or not 0 <= mask <= INT64_MAX:
        forms = f"an integer from 0 to {INT64_MAX:,}, or binary data"
        raise place.error(f"must be a mask ({forms}) or an array of the positions of bits")
    return mask


def _checked_bit(position: object, place: Place) -> int:
    number = as_integer(position)
    if number is None or not 0 <= number <= BIT_MAX:
        raise place.error(f"the position of a bit must be an integer from 0 to {BIT_MAX:,}")
    return number


def _checked_mask(mask: bytes, place: Place) -> bytes:
    if isinstance(mask, Binary) and mask.subtype == OLD_BINARY_SUBTYPE:
        raise place.error("a mask must not have the old binary subtype 2, whose length MongoDB reads as bits, too")
    # MongoDB makes a list of positions of it: one of 14 MB took it three seconds and half a GiB.
    place.count_elements(8 * len(mask))
    return mask


def _checked_type(operand: object, place: Place) -> object:
    if isinstance(operand, (list, tuple)):
        types = [_checked_type_name(name, at) for at, name in place.elements(operand)]
        if not types:
            raise place.error("must be a type or an array of at least one")
        return types
    return _checked_type_name(operand, place)


def _checked_type_name(name: object, place: Place) -> str | int:
    if type(name) is str and name in _TYPE_NAMES:
        return name
    number = as_integer(name)
    if number is None or number not in _TYPE_NUMBERS:
        raise place.error(f"types are the numbers -1, 1 to 19 and 127 or {' '.join(sorted(_TYPE_NAMES))}")
    return number


_OPERATORS: Final[dict[str, Callable[[object, Place], object]]] = {
    **dict.fromkeys(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), _checked_comparison),
    **dict.fromkeys(("$in", "$nin"), _checked_members),
    "$not": _checked_not,
    "$exists": _checked_exists,
    "$type": _checked_type,
    "$all": _checked_all,
    "$elemMatch": checked_element_match,
    "$size": _checked_size,
    "$mod": _checked_mod,
    "$regex": _checked_regex,
    "$options": _checked_options,
    **dict.fromkeys(("$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"), _checked_bits),
}

"""The type wrappers of Extended JSON v2: documents whose keys announce one BSON value, as `{"$oid": "…"}` does.

bson's own `json_util` takes much that is no such value, in silence: `{"$oid": null}` is a new id, and base64 is read
past what is none. Here each key has one reader, which takes what the specification allows and nothing else.
"""

from __future__ import annotations

import binascii
import math
import re
from datetime import datetime, timedelta
from decimal import DecimalException
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.binary import UUID_SUBTYPE
from bson.datetime_ms import DatetimeMS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_INTEGER: Final = re.compile("-?(?:0|[1-9][0-9]{0,18})")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_DECIMAL: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)", re.ASCII | re.IGNORECASE
)
"""The grammar of MongoDB's specification of decimal128, where letters may be of either case."""
_NOT_FINITE: Final = ("Infinity", "-Infinity", "NaN")
_FORM_LENGTH: Final = 4_096
"""More characters than any number, id or date needs: of millions of digits, Python makes a number in one go."""
_OBJECT_ID: Final = re.compile("[0-9a-fA-F]{24}")
_SUBTYPE: Final = re.compile("[0-9a-fA-F]{1,2}")
_UUID: Final = re.compile("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_UUID_BYTES: Final = 16
_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,3})0*)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
"""RFC 3339, to the millisecond at most."""
_EPOCH: Final = datetime(1970, 1, 1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_REGEX_OPTIONS: Final = frozenset("ilmsux")
_UINT32_MAX: Final = 2**32 - 1


class UnfitError(ValueError):
    """A value is not what its key announces; the message says what would be right."""


def announced(names: Mapping[str, Any]) -> Any:
    """Read the value that several names announce together.

    Args:
        names: A document of at least two names, one of which is among `WRAPPERS`; the values in it have been read.

    Raises:
        UnfitError: They announce none.
    """
    if names.keys() == {"$code", "$scope"}:
        if not isinstance(names["$scope"], dict):
            raise UnfitError("$scope must be a document")
        return Code(_string(names["$code"], "$code must be a string"), names["$scope"])
    if names.keys() == {"$binary", "$type"}:  # version 1 of Extended JSON
        problem = "$binary with $type must be padded base64, and $type one or two hexadecimal digits, as strings"
        return _binary_of(names["$binary"], names["$type"], problem)
    key = next(name for name in names if name in WRAPPERS)
    raise UnfitError(f"{key} must be the only key in its document")


def _object_id(value: object) -> ObjectId:
    return ObjectId(_text(value, _OBJECT_ID, "$oid must be 24 hexadecimal digits as a string"))


def _symbol(value: object) -> str:
    # The deprecated type, which Python doesn't have: bson makes a string of it wherever it meets one.
    return _string(value, "$symbol must be a string")


def _int32(value: object) -> int:
    return _integer(value, 32, "$numberInt must be an integer of 32 bits as a string of decimal digits")


def _int64(value: object) -> Int64:
    problem = "$numberLong must be an integer of 64 bits as a string of decimal digits"
    return Int64(_integer(value, 64, problem))


def _integer(value: object, bits: int, problem: str) -> int:
    number = int(_text(value, _INTEGER, problem))
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise UnfitError(problem)
    return number


def _double(value: object) -> float:
    if value in _NOT_FINITE:
        return float(value)
    problem = "$numberDouble must be a number for a double as a string, or Infinity, -Infinity or NaN"
    number = float(_text(value, _NUMBER, problem))
    if math.isinf(number):
        raise UnfitError(problem)
    return number


def _decimal(value: object) -> Decimal128:
    problem = "$numberDecimal must be a string of a number that decimal128 holds exactly, Infinity or NaN"
    text = _text(value, _DECIMAL, problem)
    try:
        return Decimal128(text)
    except DecimalException as error:  # too large, or it would be rounded
        raise UnfitError(problem) from error


def _binary(value: object) -> Any:
    problem = '$binary must be {"base64": padded base64, "subType": one or two hexadecimal digits}'
    if not isinstance(value, dict) or value.keys() != {"base64", "subType"}:
        raise UnfitError(problem)
    return _binary_of(value["base64"], value["subType"], problem)


def _binary_of(encoded: object, subtype: object, problem: str) -> Any:
    number = int(_text(subtype, _SUBTYPE, problem), 16)
    data = _from_base64(_string(encoded, problem), problem)
    if number == UUID_SUBTYPE and len(data) != _UUID_BYTES:
        raise UnfitError(f"$binary of subtype 04, a UUID, must have {_UUID_BYTES} bytes, not {len(data):,}")
    return Binary(data, number)


def _from_base64(text: str, problem: str) -> bytes:
    """Read base64 that is what an encoder writes; others overlook what is none, padding and bits behind the end."""
    try:
        encoded = text.encode("ascii")
        data = binascii.a2b_base64(encoded)
    except ValueError as error:
        raise UnfitError(problem) from error
    if binascii.b2a_base64(data, newline=False) != encoded:
        raise UnfitError(problem)
    return data


def _uuid(value: object) -> Binary:
    text = _text(value, _UUID, '$uuid must be a string like "01234567-89ab-cdef-0123-456789abcdef"')
    return Binary.from_uuid(UUID(text))


def _code(value: object) -> Any:
    return Code(_string(value, "$code must be a string"))


def _timestamp(value: object) -> Timestamp:
    if (
        not isinstance(value, dict)
        or value.keys() != {"t", "i"}
        or not all(type(part) is int and 0 <= part <= _UINT32_MAX for part in value.values())
    ):
        raise UnfitError(f'$timestamp must be {{"t": …, "i": …}}, both integers from 0 to {_UINT32_MAX:,}')
    return Timestamp(value["t"], value["i"])


def _regex(value: object) -> Regex[str]:
    problem = '$regularExpression must be {"pattern": a string without NUL, "options": letters out of "ilmsux"}'
    if not isinstance(value, dict) or value.keys() != {"pattern", "options"}:
        raise UnfitError(problem)
    pattern, options = (_string(part, problem) for part in (value["pattern"], value["options"]))
    if "\0" in pattern or not _REGEX_OPTIONS.issuperset(options):
        raise UnfitError(problem)
    return Regex(pattern, options)


def _pointer(value: object) -> dict[str, Any]:
    if (
        not isinstance(value, dict)
        or value.keys() != {"$ref", "$id"}
        or type(value["$ref"]) is not str
        or not isinstance(value["$id"], ObjectId)
    ):
        raise UnfitError('$dbPointer must be {"$ref": a string, "$id": {"$oid": …}}')
    # The deprecated type, which Python doesn't have: bson makes a DBRef of it, which is this document.
    return {"$ref": value["$ref"], "$id": value["$id"]}


def _date(value: object) -> DatetimeMS:
    if type(value) is Int64:
        return DatetimeMS(int(value))
    problem = '$date must be a string like "2026-01-02T03:04:05.678Z", or {"$numberLong": milliseconds}'
    match = _TIME.fullmatch(_string(value, problem))
    if match is None:
        raise UnfitError(problem)
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    thousandths, sign, hours, minutes = match.groups()[6:]
    try:
        since = datetime(year, month, day, hour, minute, second) - _EPOCH
    except ValueError as error:
        raise UnfitError(problem) from error
    milliseconds = since // _MILLISECOND + int((thousandths or "0").ljust(3, "0"))
    if sign:
        ahead = (int(hours) * 60 + int(minutes)) * 60_000
        milliseconds -= ahead if sign == "+" else -ahead
    return DatetimeMS(milliseconds)


def _least_key(value: object) -> MinKey:
    _one(value, "$minKey must be 1")
    return MinKey()


def _greatest_key(value: object) -> MaxKey:
    _one(value, "$maxKey must be 1")
    return MaxKey()


def _one(value: object, problem: str) -> None:
    if type(value) is not int or value != 1:
        raise UnfitError(problem)


def _undefined(value: object) -> None:
    # The deprecated type, which Python doesn't have: bson makes null of it wherever it meets one.
    if value is not True:
        raise UnfitError("$undefined must be true")


def _string(value: object, problem: str) -> str:
    if type(value) is not str:  # not of a subclass: JavaScript code is a string to bson
        raise UnfitError(problem)
    return value


def _text(value: object, form: re.Pattern[str], problem: str) -> str:
    if type(value) is not str or len(value) > _FORM_LENGTH or not form.fullmatch(value):
        raise UnfitError(problem)
    return value


WRAPPERS: Final[dict[str, Callable[[Any], Any]]] = {
    "$oid": _object_id,
    "$symbol": _symbol,
    "$numberInt": _int32,
    "$numberLong": _int64,
    "$numberDouble": _double,
    "$numberDecimal": _decimal,
    "$binary": _binary,
    "$uuid": _uuid,
    "$code": _code,
    "$timestamp": _timestamp,
    "$regularExpression": _regex,
    "$dbPointer": _pointer,
    "$date": _date,
    "$minKey": _least_key,
    "$maxKey": _greatest_key,
    "$undefined": _undefined,
}
"""The keys that announce a value, and the reader of each.

Not among them are `$ref`, whose documents stay documents, and `$regex`, which is an operator in version 2."""

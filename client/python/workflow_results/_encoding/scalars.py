"""What each scalar becomes on its way to bson's encoder, and why it is refused where it can't be encoded."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import pathlib
import re
import uuid
from collections.abc import Callable, Set
from typing import Any, Final

from bson.binary import ALL_UUID_SUBTYPES, Binary
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from bson.max_key import MaxKey
from bson.min_key import MinKey
from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument
from bson.regex import Regex
from bson.timestamp import Timestamp

from workflow_results.common.rules import INT64_MAX, INT64_MIN, shorten

NEVER_FAIL: Final[frozenset[type[Any]]] = frozenset(
    {type(None), bool, float, bytes, ObjectId, Decimal128, uuid.UUID, Timestamp, MinKey, MaxKey}
)
"""The types whose values bson's encoder always encodes as they should be."""
SCALARS: Final[frozenset[type[Any]]] = NEVER_FAIL | {str, int, Int64}
"""The types whose values it either encodes as they should be or fails for."""

_REGEX_FLAGS: Final = re.IGNORECASE | re.LOCALE | re.MULTILINE | re.DOTALL | re.UNICODE | re.VERBOSE


class RefusedError(Exception):
    """A value can't be encoded; the message says what is wrong, worded to follow the path of the value.

    Attributes:
        steps (list[str]): The path from the document to the value, the last step first.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.steps: list[str] = []

    def place(self, limit: int = 20) -> str:
        """Write the path, to follow the name of the document, cut after a number of steps."""
        steps = self.steps[::-1]
        return "".join(steps if len(steps) <= limit else [*steps[:limit], "…"])


def root_of(kind: type[Any]) -> str:
    """Return the name of the package that a type comes from."""
    return kind.__module__.partition(".")[0]


def name_of(kind: type[Any]) -> str:
    """Return the name of a type as errors show it."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def refusing(right: str) -> Callable[[Any, object], object]:
    """Make a converter that refuses each value and says what would be right."""

    def refuse(value: object, _walk: object) -> object:
        raise RefusedError(f"must be {right}, not {name_of(type(value))}")

    return refuse


def _as_is(value: object, _walk: object = None) -> object:
    return value


def text(value: str, _walk: object = None) -> str:
    """Refuse a string that has no UTF-8."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            half = value[error.start]
            raise RefusedError(f"must be valid Unicode: {half!r} at {error.start} is a lone surrogate") from None
    return value


def _int(value: int, _walk: object = None) -> int:
    if not INT64_MIN <= value <= INT64_MAX:
        raise RefusedError(f"must be within 64 bits, or else a float or a string, not {shorten(value)}")
    return value


def _datetime(value: dt.datetime, _walk: object = None) -> dt.datetime:
    if value.utcoffset() is None:
        raise RefusedError("must be a timezone-aware datetime, as datetime.now(timezone.utc) is, not a naive one")
    try:
        return value.astimezone(dt.timezone.utc)
    except OverflowError:
        raise RefusedError(f"must be within the years 1 to 9999 in UTC, not {value}") from None


def _binary(value: Binary, _walk: object = None) -> Binary:
    # bson encodes such a binary, but its decoder fails, and with it the batch that a reader gets.
    if value.subtype in ALL_UUID_SUBTYPES and len(value) != 16:
        raise RefusedError(f"must have 16 bytes, being a binary of a subtype for UUIDs, not {len(value)}")
    return value


def _regex(value: Regex[Any] | re.Pattern[Any], _walk: object = None) -> Regex[str]:
    pattern = value.pattern
    if isinstance(pattern, bytes):
        try:
            pattern = pattern.decode()
        except UnicodeDecodeError:
            raise RefusedError("must be a regular expression in UTF-8") from None
    if "\0" in pattern:
        raise RefusedError(r"must not have the character NUL in its pattern: write \x00")
    # Python always sets UNICODE; in MongoDB it is always on, and its flag is only noise.
    flags = value.flags if isinstance(value, Regex) else value.flags & ~re.UNICODE
    if lost := flags & ~_REGEX_FLAGS:
        raise RefusedError(f"must not have the flag {re.RegexFlag(lost)!r}, which BSON doesn't have")
    return Regex(text(pattern), flags)


def _path(value: pathlib.PurePath, _walk: object = None) -> str:
    return text(str(value))


SCALAR_CONVERTERS: Final[dict[type[Any], Callable[[Any, object], object]]] = {
    **dict.fromkeys(NEVER_FAIL, _as_is),
    str: text,
    int: _int,
    dt.datetime: _datetime,
    Binary: _binary,
    DatetimeMS: _as_is,
    RawBSONDocument: _as_is,
    Regex: _regex,
    re.Pattern: _regex,
    pathlib.PurePath: _path,
    Set: refusing("a list"),
    complex: refusing("two numbers, .real and .imag"),
    decimal.Decimal: refusing("a bson.Decimal128"),
    bytearray: refusing("bytes"),
    memoryview: refusing("bytes"),
    dt.date: refusing("a timezone-aware datetime"),
    dt.time: refusing("a string, as .isoformat() gives"),
    dt.timedelta: refusing("a number, as .total_seconds() gives"),
    enum.Enum: refusing("its .value"),
}
"""What converts the values of each type, or refuses them; to be called with the value and anything."""

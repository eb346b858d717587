"""MongoDB Extended JSON v2, of which plain JSON is a part: how the command line reads and writes results.

https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
"""

from __future__ import annotations

import json
import math
from typing import Any, Final

from bson import json_util
from bson.codec_options import DatetimeConversion
from bson.errors import BSONError
from bson.json_util import JSONMode, JSONOptions

from workflow_results.common.bson_codec import OPTIONS
from workflow_results.common.rules import shorten

_LOST: Final = {"$symbol": "symbols", "$undefined": "undefined", "$dbPointer": "DBPointers"}
"""Deprecated types that Python has no values for."""
_SETTINGS: Final[dict[str, Any]] = {
    "tz_aware": True,
    "tzinfo": OPTIONS.tzinfo,
    "uuid_representation": OPTIONS.uuid_representation,
    "datetime_conversion": DatetimeConversion.DATETIME_AUTO,
}
_MOST_DIGITS: Final = 1_000
"""Far more than 64 bits take; Python refuses to convert 4,300 in words of its own."""
_SPACE: Final = " \t\r\n"
RELAXED: Final = JSONOptions(json_mode=JSONMode.RELAXED, **_SETTINGS)
CANONICAL: Final = JSONOptions(json_mode=JSONMode.CANONICAL, **_SETTINGS)


class NotJSONError(ValueError):
    """It is no JSON at all."""


def parse(text: str) -> Any:
    """Parse a value.

    Args:
        text: JSON.

    Raises:
        NotJSONError: It is not JSON.
        ValueError: It is JSON, but no Extended JSON that can be kept as it is. The message says what.
    """
    value, end = parse_at(text, len(text) - len(text.lstrip(_SPACE)))
    if text[end:].strip(_SPACE):
        raise NotJSONError(f"it is not JSON: something follows at character {end + 1}")
    return value


def parse_at(text: str, start: int) -> tuple[Any, int]:
    """Parse the value that begins at a position.

    Args:
        text: JSON, and what follows it.
        start: The position.

    Returns:
        The value, and the position behind it.

    Raises:
        NotJSONError: No JSON begins there, or it does not end.
        ValueError: As in `parse`.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise NotJSONError(f"it is not JSON: {error.msg} at character {error.pos - start + 1}") from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> Any:
    document = dict(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shorten(twice)} stands twice in an object")
    if not any(name.startswith("$") for name in document) or "$ref" in document:
        return document
    for name, noun in _LOST.items():
        if name in document:
            raise ValueError(f"{name} can't be kept: Python has no {noun}")
    try:
        return json_util.object_hook(document, RELAXED)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError, BSONError) as error:
        raise ValueError(f"{shorten(document)} is not Extended JSON: {error}") from error


def _constant(name: str) -> None:
    raise ValueError(f'{name} must be written as {{"$numberDouble": "{name}"}}')


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"the number {shorten(digits)} is not within 64 bits")
    return int(digits)


def _float(written: str) -> float:
    value = float(written)
    if math.isinf(value):
        raise ValueError(f"the number {shorten(written)} is too large for a float")
    return value


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_float, parse_constant=_constant
)


def dumps(value: Any, options: JSONOptions = RELAXED) -> str:
    """Return a value as JSON on one line, without any character that a terminal would not show.

    Args:
        value: A result, or a value in it.
        options: RELAXED, which people read; or CANONICAL, which keeps every type.
    """
    text = json_util.dumps(value, json_options=options, ensure_ascii=False)
    return text if text.isprintable() else "".join(each if each.isprintable() else _escape(each) for each in text)


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1] if ord(character) > 0x7F else f"\\u{ord(character):04x}"

"""MongoDB Extended JSON v2: text to BSON and back.

The specification is https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md.
"""

from __future__ import annotations

import json
import math
from datetime import timezone
from typing import TYPE_CHECKING, Any, Final

import bson
from bson import json_util
from bson.binary import UuidRepresentation
from bson.codec_options import DatetimeConversion

from workflow_results.documents import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

_CODEC: Final = bson.CodecOptions[dict[str, Any]](uuid_representation=UuidRepresentation.STANDARD)


_KEPT: Final = frozenset(("$ref", "$id", "$regex"))
"""Keys whose documents stay documents: those like a DBRef, and the operator `$regex`, which version 1 of Extended JSON
took for a value, dropping what stands beside it."""
_PAIRS: Final = ({"$binary", "$type"}, {"$code", "$scope"})
"""Keys that announce one value together."""
_REGEX_OPTIONS: Final = frozenset("ilmsux")


def _options(mode: int, uuids: int) -> json_util.JSONOptions:
    return json_util.JSONOptions(
        json_mode=mode,
        tz_aware=True,
        tzinfo=timezone.utc,
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
        uuid_representation=uuids,
    )


CANONICAL: Final = _options(json_util.JSONMode.CANONICAL, UuidRepresentation.STANDARD)
RELAXED: Final = _options(json_util.JSONMode.RELAXED, UuidRepresentation.STANDARD)
# Read as binaries, UUIDs of every subtype stay what they are.
_READ: Final = _options(json_util.JSONMode.CANONICAL, UuidRepresentation.UNSPECIFIED)


class NotExtendedJson(ValueError):
    """A text is no document in Extended JSON; the message says what is wrong, worded to follow its name."""


class TooDeep(NotExtendedJson):
    """A text is nested too deeply to be read."""


def has_more_values(text: str, most: int) -> bool:
    """Tell, without reading a text, whether it has more values: by what stands before and between them.

    Args:
        text: JSON, or something like it.
        most: How many it may have.
    """
    if _separators(text) <= most:
        return False
    outside_strings = text.replace("\\\\", "").replace('\\"', "").split('"')[::2]
    return sum(map(_separators, outside_strings)) > most


def _separators(text: str) -> int:
    return text.count(",") + text.count("{") + text.count("[")


def to_bson(text: str) -> bytes:
    """Read one document.

    Args:
        text: Extended JSON, relaxed or canonical.

    Raises:
        NotExtendedJson: It is not, or not a document.
    """
    try:
        document = json.loads(text, object_pairs_hook=_document, parse_float=_finite, parse_constant=_refuse_constant)
        if not isinstance(document, dict):
            raise NotExtendedJson(f"must be a document, not {type(document).__name__}")
        return bson.encode(document, codec_options=_CODEC)
    except NotExtendedJson:
        raise
    except RecursionError as error:
        raise TooDeep("is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise NotExtendedJson(f"is not JSON: {error.msg} at character {error.pos}") from error
    except Exception as error:  # json_util raises whatever comes of what it meets, with texts for programmers
        raise NotExtendedJson(
            "is not Extended JSON: a value is not what its key announces, or none that BSON can hold"
        ) from error


def from_bson(data: bytes, options: json_util.JSONOptions) -> list[str]:
    """Write documents, each without MongoDB's `_id`.

    Args:
        data: BSON documents back to back.
        options: `CANONICAL` or `RELAXED`.
    """
    return [json_util.dumps(document, json_options=options, ensure_ascii=False) for document in decode(data)]


def _document(pairs: Sequence[tuple[str, Any]]) -> Any:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise NotExtendedJson("holds a document with the same name twice")
    if not _KEPT.isdisjoint(names):
        return names
    value = json_util.object_pairs_hook(pairs, _READ)
    # json_util overlooks what stands beside some keys, and options that it does not know.
    if not isinstance(value, dict) and len(names) > 1 and names.keys() not in _PAIRS:
        raise NotExtendedJson("holds a document with another name beside one that announces a value")
    if isinstance(value, bson.Regex) and not _REGEX_OPTIONS.issuperset(names["$regularExpression"]["options"]):
        raise NotExtendedJson("holds a regular expression with other options than i, l, m, s, u and x")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotExtendedJson(f"holds the number {text}, which is too large for a double")
    return value


def _refuse_constant(text: str) -> None:
    raise ValueError(f'holds {text}; Extended JSON writes it {{"$numberDouble": "{text}"}}')

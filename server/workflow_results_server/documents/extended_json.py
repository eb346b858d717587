"""MongoDB Extended JSON v2: text to BSON and back.

The specification is https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md.
"""

from __future__ import annotations

import decimal
import gc
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timezone
from json.scanner import py_make_scanner  # type: ignore[attr-defined]
from typing import Any, Final

import bson
from bson import json_util
from bson.binary import UuidRepresentation
from bson.code import Code
from bson.codec_options import DatetimeConversion
from bson.decimal128 import Decimal128

from workflow_results.common.bson_codec import decode, encode, to_decimal
from workflow_results.common.framing import pieces
from workflow_results.common.rules import INT64_MAX, INT64_MIN, KIB, MIB, cut, type_name
from workflow_results_server.documents import bson_bytes
from workflow_results_server.documents.json_wrappers import WRAPPERS, UnfitError, announced

_CODEC: Final = bson.CodecOptions[dict[str, Any]](uuid_representation=UuidRepresentation.STANDARD)
_ANNOUNCING: Final = frozenset(WRAPPERS)
_CONTAINERS: Final = (bson_bytes.DOCUMENT, bson_bytes.ARRAY, bson_bytes.CODE_WITH_SCOPE)
_PATH_LENGTH: Final = 40
"""How much a message shows of a path, behind which it says what would be right."""
_LARGE_BYTES: Final = 64 * KIB
"""From how many bytes on a document is written part by part."""
_PART_BYTES: Final = 16 * KIB
"""How many bytes of small elements become one part. As text each may have fourteen times as many."""
_MANY_CHARACTERS: Final = 2 * MIB
"""From how many on a text is read so that other threads go on, which takes four times as long."""
_PAIRS_AT_ONCE: Final = 20_000
_PIECE: Final = 65_536
"""How many characters are looked at together: of a whole text, the parts would take many times its memory."""
_INTEGER_LENGTH: Final = 20
"""More characters than any integer of 64 bits has."""
_DIGITS_PROBLEM: Final = "a number must have the digits 0 to 9"
_INTEGER_PROBLEM: Final = "an integer must fit into 64 bits; larger numbers are doubles, written with a point"


def _options(mode: int) -> json_util.JSONOptions:
    return json_util.JSONOptions(
        json_mode=mode,
        tz_aware=True,
        tzinfo=timezone.utc,
        datetime_conversion=DatetimeConversion.DATETIME_AUTO,
        uuid_representation=UuidRepresentation.STANDARD,
    )


CANONICAL: Final = _options(json_util.JSONMode.CANONICAL)
RELAXED: Final = _options(json_util.JSONMode.RELAXED)


class NotExtendedJson(ValueError):
    """A text is no document in Extended JSON; the message says what is wrong, worded to follow its name."""


class TooDeep(NotExtendedJson):
    """A text is nested too deeply to be read."""


class NameTwice(NotExtendedJson):
    """A name stands twice in a document."""


class TooLong(ValueError):
    """The text of a document has more bytes than it may."""


def has_more_values(text: str, most: int) -> bool:
    """Return, without parsing a text, whether it has more values: by what precedes and separates them.

    Args:
        text: JSON, or something like it.
        most: How many it may have.
    """
    if _separators(text) <= most:
        return False
    text = text.replace("\\\\", "").replace('\\"', "")
    if text.count('"') > 4 * (most + 1):  # two of a string, which is a value or the name of one
        return True
    number = in_string = 0
    for start in range(0, len(text), _PIECE):
        parts = text[start : start + _PIECE].split('"')
        number += _separators(" ".join(parts[in_string::2]))
        if number > most:
            return True
        in_string = (in_string + len(parts) - 1) % 2
    return False


def _separators(text: str) -> int:
    return text.count(",") + text.count("{") + text.count("[")


def to_bson(text: str) -> bytes:
    """Read one document.

    Args:
        text: Extended JSON, relaxed or canonical.

    Raises:
        NotExtendedJson: It is not, or not a document. Of a value at fault, the message names the place in the document
            and says what would be right.
    """
    problem: NotExtendedJson
    try:
        return _encoded(_loaded(text))
    except NotExtendedJson as error:
        problem = error.with_traceback(None)
    except RecursionError:
        problem = TooDeep("is nested too deeply")
    except json.JSONDecodeError as error:
        problem = NotExtendedJson(f"is not JSON: {error.msg} at character {error.pos}")
    try:
        raise problem  # here, where it holds nothing of what was read
    finally:
        del problem


def from_bson(data: bytes, options: json_util.JSONOptions, most: int | None = None) -> list[str]:
    """Write documents, each without MongoDB's `_id`.

    Args:
        data: BSON documents back to back.
        options: `CANONICAL` or `RELAXED`.
        most: How many bytes the text of a document of over 64 KiB may have; None for any number.

    Raises:
        TooLong: One has more.
    """
    texts: list[str] = []
    for piece in pieces(data):
        for part in [piece] if len(piece) <= _LARGE_BYTES else bson_bytes.split(piece, len(piece)):
            if len(part) <= _LARGE_BYTES:
                texts += (_dumped(document, options) for document in decode(part))
            else:
                texts.append(_large_from_bson(part, options, most))
    return texts


def _large_from_bson(document: bytes, options: json_util.JSONOptions, most: int | None) -> str:
    """Write a document part by part: what is made of one of 16 MiB at once could take GiB, and many seconds of all."""
    _, _, value, stop = next(bson_bytes.walk(document, 4, len(document) - 1))
    start = stop if document[5:value] == b"_id\0" else 4
    text = io.StringIO()
    size = 0
    for part in _parts(document, bson_bytes.DOCUMENT, start, len(document) - 1, options):
        size += len(part) if part.isascii() else len(part.encode())
        if most is not None and size > most:
            raise TooLong
        text.write(part)
    return text.getvalue()


def _parts(data: bytes, kind: int, start: int, end: int, options: json_util.JSONOptions) -> Iterator[str]:
    """Write a document, an array or the scope of a code, of which the elements stand between `start` and `end`."""
    opening, closing = "[]" if kind == bson_bytes.ARRAY else "{}"
    before, waiting = opening, start
    for type_, at, value, stop in bson_bytes.walk(data, start, end, together=kind == bson_bytes.ARRAY):
        large = type_ in _CONTAINERS and stop - value > _LARGE_BYTES
        ready = at if large else stop
        if ready > waiting and (large or ready - waiting > _PART_BYTES):
            yield before + _written(data, kind, waiting, ready, options)
            before, waiting = ", ", ready
        if large:
            yield before if kind == bson_bytes.ARRAY else f"{before}{_quoted(data[at + 1 : value - 1])}: "
            before, waiting = ", ", stop
            if type_ == bson_bytes.CODE_WITH_SCOPE:
                scope = bson_bytes.scope_of(data, value)
                yield f'{{"$code": {_quoted(data[value + 8 : scope - 1])}, "$scope": '
                yield from _parts(data, bson_bytes.DOCUMENT, scope + 4, stop - 1, options)
                yield "}"
            else:
                yield from _parts(data, type_, value + 4, stop - 1, options)
    if end > waiting:
        yield before + _written(data, kind, waiting, end, options)
        before = ""
    yield closing if before != opening else opening + closing


def _written(data: bytes, kind: int, start: int, end: int, options: json_util.JSONOptions) -> str:
    """Write elements of a document or an array, without the brackets around them."""
    inner = bson_bytes.made_of([bytes([kind, 0]), bson_bytes.made_of([data[start:end]])])
    [document] = decode(inner)
    return _dumped(document[""], options)[1:-1]


def _dumped(value: Any, options: json_util.JSONOptions) -> str:
    try:
        return str(json_util.dumps(value, json_options=options, ensure_ascii=False))
    except decimal.Inexact:  # see `to_decimal`
        return str(json_util.dumps(_with_decimals(value), json_options=options, ensure_ascii=False))


def _with_decimals(value: Any) -> Any:
    """Replace the numbers in a value that older versions of pymongo can't write."""
    match value:
        case Decimal128():
            return Decimal128(to_decimal(value))
        case Code() if value.scope is not None:
            return Code(str.__str__(value), _with_decimals(value.scope))
        case dict():
            return {name: _with_decimals(each) for name, each in value.items()}
        case list():
            return [_with_decimals(each) for each in value]
        case _:
            return value


def _quoted(text: bytes) -> str:
    return json.dumps(text.decode(), ensure_ascii=False)


class _Unfit:
    """Stands in for a value that can't be read, until all is read and the place of the value is known."""

    def __init__(self, problem: str, kind: type[NotExtendedJson] = NotExtendedJson) -> None:
        self.problem = problem
        self.kind = kind


class _Hooks:
    """What `json` calls while it reads.

    Attributes:
        unfit: Whether anything could not be read.
    """

    def __init__(self) -> None:
        self.unfit = False

    def document(self, pairs: Sequence[tuple[str, Any]]) -> Any:
        """Make a document of its fields, or the value that these announce."""
        names: dict[str, Any] = {}
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):  # between which other threads go on
            names.update(pairs[start : start + _PAIRS_AT_ONCE])
        if len(names) != len(pairs):
            return self._is_unfit("a name must not occur twice in one document", NameTwice)
        # Only the first wrong value is reported; after it, nothing more is made of the text.
        if self.unfit or _ANNOUNCING.isdisjoint(names):
            return names
        try:
            if len(names) > 1:
                return announced(names)
            [(name, value)] = pairs
            return WRAPPERS[name](value)
        except UnfitError as error:
            return self._is_unfit(str(error))

    def integer(self, text: str) -> int | _Unfit:
        """Read a number without, of any length and in any digits, as `py_make_scanner` finds it."""
        if not text.isascii():
            return self._is_unfit(_DIGITS_PROBLEM)
        return self._is_unfit(_INTEGER_PROBLEM) if len(text) > _INTEGER_LENGTH else int(text)

    def double(self, text: str) -> float | _Unfit:
        """Read a number with a point or an exponent."""
        if not text.isascii():
            return self._is_unfit(_DIGITS_PROBLEM)
        value = float(text)
        return self._is_unfit(f"{cut(text, 20)} is too large for a double") if math.isinf(value) else value

    def constant(self, text: str) -> _Unfit:
        """Refuse what Python, unlike JSON, takes for numbers."""
        return self._is_unfit(f'{text} must be written {{"$numberDouble": "{text}"}}')

    def _is_unfit(self, problem: str, kind: type[NotExtendedJson] = NotExtendedJson) -> _Unfit:
        self.unfit = True
        return _Unfit(problem, kind)


def _loaded(text: str) -> dict[str, Any]:
    hooks = _Hooks()
    decoder = json.JSONDecoder(
        object_pairs_hook=hooks.document, parse_float=hooks.double, parse_constant=hooks.constant
    )
    try:
        if len(text) <= _MANY_CHARACTERS:
            value = decoder.decode(text)
        else:
            decoder.parse_int = hooks.integer
            # The scanner in C would let no other thread go on.
            decoder.scan_once = py_make_scanner(decoder)  # type: ignore[attr-defined]
            with _no_search_for_cycles():
                value = decoder.decode(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python reads no integer of thousands of digits, and doesn't say where it stands
        raise NotExtendedJson(_INTEGER_PROBLEM) from None
    if hooks.unfit:
        raise _fault(value, _problem_of_unfit)
    if not isinstance(value, dict):
        raise NotExtendedJson(f"must be a document, not {type_name(value)}")
    return value


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Let Python not search for cycles: there are none in JSON, and meanwhile no other thread goes on.

    Long texts are read one after the other (`offload.py`).
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _encoded(document: dict[str, Any]) -> bytes:
    with suppress(bson.errors.BSONError, OverflowError, ValueError):
        return encode(document, _CODEC)
    raise _fault(document, _problem_of_unencodable)


def _fault(value: Any, problem_of: Callable[[str | int, object], str]) -> NotExtendedJson:
    """Find the first value with a problem."""
    for steps, each in _walk(value):
        if problem := problem_of(steps[-1], each):
            path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps[1:])
            shown = cut(path.removeprefix("."), _PATH_LENGTH)
            if not shown.isprintable():
                shown = shown.encode("unicode_escape").decode()
            kind = each.kind if isinstance(each, _Unfit) else NotExtendedJson
            return kind(f"at {shown}: {problem}" if path else problem)
    return NotExtendedJson("contains a value that BSON can't represent")


def _problem_of_unfit(_step: str | int, value: object) -> str:
    return value.problem if type(value) is _Unfit else ""


def _problem_of_unencodable(step: str | int, value: object) -> str:
    if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
        return _INTEGER_PROBLEM
    if isinstance(step, str) and "\0" in step:
        return "a name must not contain the character NUL"
    try:
        for text in (step, value, getattr(value, "pattern", "")):
            if isinstance(text, str):
                text.encode()
    except UnicodeEncodeError:
        return "strings must be valid Unicode, without lone surrogates"
    return ""


def _walk(value: Any) -> Iterator[tuple[list[str | int], Any]]:
    """Walk over a value and all that is in it, each with the steps that lead there, which go on changing."""
    steps: list[str | int] = [""]
    waiting: list[Iterator[tuple[str | int, Any]]] = [iter([("", value)])]
    while waiting:
        for steps[-1], each in waiting[-1]:
            yield steps, each
            inner = getattr(each, "scope", None) or each  # the scope of JavaScript code
            if isinstance(inner, (dict, list)):
                steps.append("")
                waiting.append(iter(inner.items() if isinstance(inner, dict) else enumerate(inner)))
                break
        else:
            steps.pop()
            waiting.pop()

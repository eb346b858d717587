"""The works in a body: a JSON list, taken apart as it arrives.

Only what is not yet a whole work is held of it. A work is tried to be read again when its text is twice as long as at
the last try, or 4 MiB longer, so that also large ones take time for what they are, and not for its square.
"""

from __future__ import annotations

import codecs
import json
import math
import re
import struct
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, NoReturn, TypeVar

import bson

from workflow_results.common import rules
from workflow_results.common.bson_codec import encode
from workflow_results.common.reasons import Reason
from workflow_results_server.documents.extended_json import has_more_values
from workflow_results_server.documents.works import size_problem
from workflow_results_server.http.errors import HttpError
from workflow_results_server.offload import Turns, offload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from workflow_results_server.http.requests import Call

MadeT = TypeVar("MadeT")

_TEXT_BYTES: Final = 3 * rules.WORK_BYTES
"""The longest text of a work: with each letter written as an escape, it takes three times what it takes in BSON."""
_LEAST_STEP: Final = 16 * rules.KIB
_MOST_STEP: Final = 4 * rules.MIB
_LONG: Final = 128 * rules.KIB
"""A work whose text is longer is read in a thread, which lets other calls go on less well than turns do, but at all."""
SMALL_BYTES: Final = 2 * rules.MIB
"""How much of a body is read as fast as can be: one of some hundred works is soon over. What is beyond gives way to
other calls, each of which waits for a dozen turns of the event loop."""
_TURN_SECONDS: Final = 0.0005
"""How long works beyond that are read at a time."""
_REST_SECONDS: Final = 0.001
"""For other calls after each of these turns: to read JSON takes several times as long as all else for a work."""
_VALUES: Final = rules.WORK_BYTES // 4 + 3 * _MOST_STEP // 4
"""More values than a work can have, with those that may stand behind it in what is added for one try."""
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_TAIL: Final = 16
"""How far from the end of a text an error may be that more text would cure."""
_ENDS: Final = '}]"'
"""What an element ends with that can't go on."""
_INFINITIES: Final = tuple(struct.pack("<d", value) for value in (math.inf, -math.inf))
_INTEGER_LENGTH: Final = 20
"""Longer integers have more than 64 bits, and take time for the square of their length."""


class Problem(NamedTuple):
    """Why a work can't be stored."""

    reason: Reason
    message: str


class Element(NamedTuple):
    """One element of the list.

    Attributes:
        position: Its position.
        value: What it is.
        text: Its text.
        problem: What of it can't be stored as it stands there.
    """

    position: int
    value: Any
    text: str
    problem: Problem | None


class _Reader:
    """Reads JSON, and notes what a dict of Python would not show.

    Args:
        careful: Whether to look at doubles as well. That takes longer, and lets other threads go on meanwhile.
    """

    def __init__(self, *, careful: bool) -> None:
        self.problem: Problem | None = None
        decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_int=self._integer, parse_float=self._double if careful else None
        )
        self._read = decoder.raw_decode

    def read(self, text: str, start: int) -> tuple[Any, int]:
        self.problem = None
        return self._read(text, start)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
            self.problem = Problem(Reason.DUPLICATE_FIELD, f"{rules.shorten(twice)} occurs more than once")
        return fields

    def _integer(self, digits: str) -> int:
        if len(digits) <= _INTEGER_LENGTH:
            return int(digits)
        self.problem = Problem(Reason.INVALID_WORK, f"{rules.shorten(digits)} does not fit into 64 bits")
        return 0

    def _double(self, digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            self.problem = Problem(Reason.INVALID_WORK, f"{rules.shorten(digits)} is too large for a double")
        return value


def read_json(text: str) -> tuple[Any, str]:
    """Read a text that is one value of JSON.

    Returns:
        The value, and what of it would be lost; empty where nothing is.

    Raises:
        JSONDecodeError: It is no JSON.
        RecursionError: It is nested too deep.
    """
    reader = _Reader(careful=True)
    value, stop = reader.read(text, _SPACE.match(text).end())  # type: ignore[union-attr] # it matches anything
    if (stop := _SPACE.match(text, stop).end()) < len(text):  # type: ignore[union-attr]
        raise json.JSONDecodeError("Extra data", text, stop)
    return value, reader.problem.message if reader.problem else ""


def encoded(element: Element) -> bytes | Problem:
    """Encode a work as BSON, or say why that can't be."""
    if element.problem:
        return element.problem
    if not isinstance(element.value, dict):
        return Problem(Reason.INVALID_WORK, f"must be a JSON object, not {rules.type_name(element.value)}")
    try:
        data = encode(element.value)
    except RecursionError:
        return Problem(Reason.TOO_DEEP, f"is nested deeper than {rules.WORK_DEPTH} levels")
    except UnicodeEncodeError:
        return Problem(Reason.INVALID_WORK, "contains text that is not valid Unicode: a lone surrogate")
    except OverflowError:
        return Problem(Reason.INVALID_WORK, "contains an integer that does not fit into 64 bits")
    except (bson.errors.InvalidDocument, ValueError) as error:
        return Problem(Reason.INVALID_WORK, f"can't be encoded as BSON: {error}")
    if problem := size_problem(len(data)):  # before anybody looks into it
        return Problem(Reason.TOO_LARGE, problem)
    if any(infinity in data for infinity in _INFINITIES):
        careful = _Reader(careful=True)
        careful.read(element.text, 0)
        if careful.problem:
            return careful.problem
    return data


class _Parser(Generic[MadeT]):
    """Takes a list apart.

    Args:
        make: Is called with each element.

    Attributes:
        size: How many bytes are held.
        received: How many bytes there were, those counted that are not held any more.
        is_long: Whether those that are held begin with a long work.
    """

    def __init__(self, make: Callable[[Element], MadeT]) -> None:
        self.size = 0
        self.received = 0
        self.is_long = False
        self._make = make
        self._held: list[bytes] = []
        self._made: list[MadeT] = []
        self._final = False
        self._next_try = _LEAST_STEP
        self._quick, self._careful = _Reader(careful=False), _Reader(careful=True)
        self._position = 0
        self._expects: Callable[[str, int], int | None] = self._begin

    def add(self, chunk: bytes) -> bool:
        """Hold more of the body, and return whether to try and parse it."""
        self._held.append(chunk)
        self.size += len(chunk)
        self.received += len(chunk)
        return self.size >= self._next_try

    def parse(self, *, final: bool) -> Iterator[MadeT]:
        """Parse what is held.

        Args:
            final: Whether nothing follows it.

        Raises:
            HttpError: It can't be a list of works.
        """
        data = b"".join(self._held)
        self._held.clear()
        try:
            text, used = codecs.utf_8_decode(data, "strict", final)
        except UnicodeDecodeError as error:
            raise self._malformed(f"must be JSON in UTF-8: {error.reason}") from None
        if len(text) > 2 * _MOST_STEP and has_more_values(text, _VALUES):
            raise self._too_large()
        at = 0
        self._final = final
        while (stop := _SPACE.match(text, at).end()) < len(text):  # type: ignore[union-attr] # it matches anything
            at = stop
            after = self._expects(text, at)
            if after is None:
                break
            at = after
            yield from self._made
            self._made.clear()
        else:
            at = stop
        rest = text[at:].encode() + data[used:]
        self.size = len(rest)
        self._held = [rest] if rest else []
        self.is_long = self.size >= _LONG
        self._next_try = self.size + min(max(self.size, _LEAST_STEP), _MOST_STEP)
        if self.size > _TEXT_BYTES:
            raise self._too_large()
        if final and self._expects != self._nothing:
            raise self._malformed("must be a JSON list of works, and ends in the middle of it")

    def _begin(self, text: str, at: int) -> int | None:
        if text[at] != "[":
            raise self._malformed("must be a JSON list of works")
        self._expects = self._first
        return at + 1

    def _first(self, text: str, at: int) -> int | None:
        return self._separator(text, at) if text[at] == "]" else self._element(text, at)

    def _separator(self, text: str, at: int) -> int | None:
        if text[at] not in ",]":
            raise self._malformed(f"must be JSON: works[{self._position - 1}] is not followed by a comma or the end")
        self._expects = self._nothing if text[at] == "]" else self._element
        return at + 1

    def _nothing(self, _text: str, _at: int) -> NoReturn:
        raise self._malformed("must be one JSON list, with nothing behind it")

    def _element(self, text: str, at: int) -> int | None:
        """Read an element; None where it is not whole."""
        reader = self._careful if self.is_long else self._quick
        try:
            value, stop = reader.read(text, at)
        except json.JSONDecodeError as error:
            # At the end, and at a quotation mark, something may be cut off.
            if self._final or (len(text) - error.pos > _TAIL and text[error.pos] != '"'):
                raise self._malformed(f"must be JSON: works[{self._position}]: {error.msg}") from None
            return None
        except RecursionError:
            raise self._malformed(f"works[{self._position}] is nested too deep to be read") from None
        if text[stop - 1] not in _ENDS and len(text) - stop < (1 if self._final else _TAIL):  # a number may go on
            return None
        self._made.append(self._make(Element(self._position, value, text[at:stop], reader.problem)))
        self._position += 1
        self._expects = self._separator
        return stop

    def _malformed(self, problem: str) -> HttpError:
        return HttpError(400, Reason.MALFORMED_REQUEST, f"body {problem}")

    def _too_large(self) -> HttpError:
        limits = f"{_TEXT_BYTES:,} bytes of JSON, or more values than fit into {rules.WORK_BYTES:,} bytes of BSON"
        return HttpError(413, Reason.TOO_LARGE, f"works[{self._position}] has more than {limits}")


async def works_of(call: Call, most: int, make: Callable[[Element], MadeT]) -> AsyncGenerator[list[MadeT], None]:
    """Take apart the list of works that is the body of a request.

    Args:
        call: The request.
        most: The most bytes of the body.
        make: Makes something of each element, possibly in a thread.

    Yields:
        What was made of some of the elements, in their order.

    Raises:
        HttpError: The body is no list of works, too large, or too slow.
        Unavailable: There is no memory left for it.
    """
    parser = _Parser(make)
    async for chunk in call.chunks(most):
        is_ready = parser.add(chunk)
        call.held.set("body", parser.size)
        if is_ready:
            async for made in _parsed(parser, final=False):
                yield made
    async for made in _parsed(parser, final=True):
        yield made


async def _parsed(parser: _Parser[MadeT], *, final: bool) -> AsyncGenerator[list[MadeT], None]:
    """Parse what is held; what comes before an error is there before it is raised."""
    made: list[MadeT] = []
    failure: HttpError | None = None
    try:
        if parser.is_long:
            await offload(parser.size, partial(_collect, parser, made, final=final))
        else:
            turns = Turns(_TURN_SECONDS, _REST_SECONDS) if parser.received > SMALL_BYTES else Turns()
            for each in parser.parse(final=final):
                made.append(each)
                await turns.next()
    except HttpError as error:
        failure = error
    if made:
        yield made
    if failure:
        raise failure


def _collect(parser: _Parser[MadeT], into: list[MadeT], *, final: bool) -> None:
    for each in parser.parse(final=final):
        into.append(each)  # noqa: PERF402 - one by one, so that an error leaves those before it

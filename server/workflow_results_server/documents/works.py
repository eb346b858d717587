"""The works of a request: cut apart, checked, and made ready to be stored as they were sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import bson
from bson.timestamp import Timestamp

from workflow_results.common import bson_codec, native, rules
from workflow_results.common.bson_codec import OPTIONS
from workflow_results.common.framing import NotBSONError, document_length
from workflow_results.common.reasons import Reason
from workflow_results_server.documents import bson_bytes, extended_json
from workflow_results_server.documents.decoder import decoder
from workflow_results_server.documents.validation import RepeatedName, TooDeep, validate
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.offload import Turns, offload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow_results.common.native import Accepted, Cut
    from workflow_results.v1 import results_pb2 as pb

_SLICE_BYTES: Final = 32 * rules.KIB
_SLICE_WORKS: Final = 100
"""How much is decoded at once: with so little, the memory of one slice serves the next and is still in the cache."""
_WORK_VALUES: Final = rules.WORK_BYTES // 4
"""More values than a work has room for: each takes its type, a name and its end, and nearly all take more."""
_UPDATE_FIELDS: Final = 1_000
"""The most fields that an update may set of a work. MongoDB takes time for the square of their number, which nothing
stops: 20 ms for 1,000, and 15 s for 30,000."""
_SENTENCE_LENGTH: Final = 120
"""With which the rejections of the most works that a request may hold fit into a response."""
_DECIDING: Final = (b"_id", b"id", b"pipeline", b"status", b"results")
_LONG_VALUE: Final = rules.KIB


class Symbol(NamedTuple):
    """Stands for a value of the deprecated type, of which bson makes a string."""


class Undefined(NamedTuple):
    """Stands for a value of the deprecated type, of which bson makes None."""


_DEPRECATED: Final = {bson_bytes.SYMBOL: Symbol(), bson_bytes.UNDEFINED: Undefined()}
_STAND_INS: Final[dict[int, object]] = {
    bson_bytes.DOCUMENT: {"…": "…"},
    bson_bytes.ARRAY: ["…"],
    bson_bytes.CODE_WITH_SCOPE: bson.Code("…"),
}
"""What is decoded in place of a long value, which is wrong where it stands, whatever is in it."""
_STEP_LENGTH: Final = 32
_PATH_LENGTH: Final = 80
_TOO_DEEP: Final = f"is nested deeper than {rules.WORK_DEPTH} levels"
_REASONS_OF_JSON: Final = {extended_json.TooDeep: Reason.TOO_DEEP, extended_json.NameTwice: Reason.DUPLICATE_FIELD}
_NAMING: Final = ("_id", "id", "pipeline")
_TIMESTAMP: Final = b"\x11"
_ZERO_TIMESTAMP: Final = Timestamp(0, 0)
_ZERO_VALUE: Final = bytes(9)
"""The end of a name, and eight bytes of a value that are zero."""


class Work(NamedTuple):
    """A work that keeps the rules.

    Attributes:
        position: Its position in the request.
        pipeline: Its pipeline.
        id: Its id.
        data: Its BSON as it was sent, but with `_id` as the first element.
        locked: Whether it comes locked already.
        fields: The names of the top-level fields that it sets, where it is an update.
    """

    position: int
    pipeline: str
    id: str
    data: bytes
    locked: bool = False
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A work that breaks a rule.

    Attributes:
        position: Its position in the request.
        reason: Which rule.
        path: The path of the value at fault within the work; empty for the work itself.
        message: What is wrong and what would be right, worded to follow the path.
    """

    position: int
    reason: Reason
    path: str
    message: str

    @property
    def sentence(self) -> str:
        """What is wrong and where in the work."""
        sentence = rules.cut(f"{self.path} {self.message}".lstrip(), _SENTENCE_LENGTH)
        return rules.cut(rules.visible(sentence), _SENTENCE_LENGTH)

    @property
    def where(self) -> str:
        """The path of the value at fault within the request."""
        separator = "." if self.path and not self.path.startswith("[") else ""
        return f"works[{self.position}]{separator}{self.path}"


def size_problem(size: int) -> str | None:
    """Explain what is wrong with the size of a work, in bytes of BSON, if anything is."""
    if size > rules.WORK_BYTES:
        return f"has {size:,} bytes of BSON; at most {rules.WORK_BYTES:,} are stored"
    return None


async def parse(works: pb.EncodedDocuments, *, partial_works: bool = False) -> list[Work | Rejected]:
    """Check the works of a request.

    Args:
        works: As sent.
        partial_works: Whether they hold just the fields of an update.

    Returns:
        Each work, or what is wrong with it, in their order.

    Raises:
        InvalidRequest: The works can't be told apart.
    """
    data = works.bson  # which protobuf copies at each look
    if data and works.json:
        raise InvalidRequest("works", "must have either `bson` or `json`, not both")
    if data and native.cut and not partial_works:
        return await _looked_through(native.cut, data)
    documents: Sequence[bytes | str] = works.json or _split(data)
    _check_number(len(documents))
    parsed: list[Work | Rejected] = []
    turns = Turns()
    for some in _slices(documents):
        size = sum(map(len, some))
        parsed += await offload(size, partial(_parsed, len(parsed), some, partial_works=partial_works))
        await turns.next()
    return parsed


async def _looked_through(cut: Cut, data: bytes) -> list[Work | Rejected]:
    """Check works natively, and those that are doubted as `parse` does without."""
    parsed: list[Work | Rejected] = []
    start = 0
    turns = Turns()
    while start < len(data):
        number = min(_SLICE_WORKS, rules.REQUEST_WORKS + 1 - len(parsed))
        look = partial(cut, size=_SLICE_BYTES, number=number, levels=rules.WORK_DEPTH, most_bytes=rules.WORK_BYTES)
        try:
            size = document_length(data, start)
        except NotBSONError:
            size = 0
        some, stop = await offload(size, partial(_judged, look, data, start, len(parsed)))
        if stop == start:
            _split(data)  # which says why no document begins there
            raise AssertionError("a document begins where the native part finds none")
        parsed += some
        _check_number(len(parsed))
        start = stop
        await turns.next()
    return parsed


def _judged(
    look: Callable[[bytes, int], tuple[Sequence[Accepted | bytes], int]], data: bytes, start: int, first: int
) -> tuple[list[Work | Rejected], int]:
    found, stop = look(data, start)
    doubted = [each for each in found if isinstance(each, bytes)]
    decoded = iter(decoder.decoded(doubted))
    return [
        _checked(index, each, next(decoded), partial=False) if isinstance(each, bytes) else _named(index, *each)
        for index, each in enumerate(found, first)
    ], stop


def _named(position: int, pipeline: str, id_: str, status: str, locked: bool, data: bytes) -> Work | Rejected:
    """Check what a work says about itself, of which everything else is known to be right."""
    if problem := rules.work_problem({"pipeline": pipeline, "id": id_, "status": status}):
        return Rejected(position, problem.reason, problem.path, problem.message)
    return Work(position, pipeline, id_, data, locked)


def _check_number(works: int) -> None:
    if works > rules.REQUEST_WORKS:
        raise InvalidRequest("works", f"must be at most {rules.REQUEST_WORKS:,} in one request: send several requests")


def _parsed(first: int, documents: Sequence[bytes | str], *, partial_works: bool) -> list[Work | Rejected]:
    some = [
        _from_json(index, document) if isinstance(document, str) else document
        for index, document in enumerate(documents, first)
    ]
    decoded = iter(decoder.decoded([document for document in some if isinstance(document, bytes)]))
    return [
        _checked(index, document, next(decoded), partial=partial_works) if isinstance(document, bytes) else document
        for index, document in enumerate(some, first)
    ]


def _split(data: bytes) -> Sequence[bytes | str]:
    try:
        return bson_bytes.split(data, rules.REQUEST_WORKS)
    except bson_bytes.MalformedDocuments as error:
        raise InvalidRequest(
            "works.bson", f"must be BSON documents back to back: {error}", Reason.MALFORMED_REQUEST
        ) from error


def _from_json(index: int, text: str) -> bytes | Rejected:
    if extended_json.has_more_values(text, _WORK_VALUES):
        return Rejected(
            index, Reason.TOO_LARGE, "", f"has more than {_WORK_VALUES:,} values, more than a work can have"
        )
    try:
        return extended_json.to_bson(text)
    except extended_json.NotExtendedJson as error:
        return Rejected(index, _REASONS_OF_JSON.get(type(error), Reason.CORRUPT_DOCUMENT), "", str(error))


def _slices(documents: Sequence[bytes | str]) -> Iterator[list[bytes | str]]:
    some: list[bytes | str] = []
    size = 0
    for document in documents:
        some.append(document)
        size += len(document)
        if size >= _SLICE_BYTES or len(some) >= _SLICE_WORKS:
            yield some
            some, size = [], 0
    if some:
        yield some


def _checked(position: int, document: bytes, fields: dict[str, Any] | None, *, partial: bool) -> Work | Rejected:
    if too_large := size_problem(len(document)):
        return Rejected(position, Reason.TOO_LARGE, "", too_large)
    if fields is None:
        try:
            validate(document, rules.WORK_DEPTH)
        except bson_bytes.MalformedDocuments as error:
            return Rejected(position, Reason.CORRUPT_DOCUMENT, "", f"is not valid BSON with strings in UTF-8: {error}")
        except TooDeep:
            return Rejected(position, Reason.TOO_DEEP, "", _TOO_DEEP)
        except RepeatedName as error:
            return Rejected(position, Reason.DUPLICATE_FIELD, _spelled(error.path), "occurs more than once")
        fields = _deciding_fields(document)
    elif bson_codec.deeper_than(rules.WORK_DEPTH, document, fields):
        return Rejected(position, Reason.TOO_DEEP, "", _TOO_DEEP)
    if partial and len(fields) > _UPDATE_FIELDS:
        message = f"has {len(fields):,} fields at the top level; an update sets at most {_UPDATE_FIELDS:,}"
        return Rejected(position, Reason.TOO_LARGE, "", message)
    if problem := rules.work_problem(fields, partial=partial):
        return Rejected(position, problem.reason, problem.path, problem.message)
    if _TIMESTAMP in document and _ZERO_VALUE in document and _ZERO_TIMESTAMP in fields.values():
        return Rejected(
            position,
            Reason.INVALID_WORK,
            "",
            "contains Timestamp(0, 0), which MongoDB would replace with the current time",
        )
    if "_id" in fields:
        document = bson_bytes.without(document, b"_id")
    id_, results = fields["id"], fields.get("results")
    locked = bool(results and results.get("locked"))
    set_ = tuple(name for name in fields if name not in _NAMING) if partial else ()
    return Work(position, fields["pipeline"], id_, bson_bytes.with_id_first(document, id_), locked, set_)


def _deciding_fields(document: bytes) -> dict[str, Any]:
    """Return the fields of a valid work, with their values as far as they decide about the work."""
    fields: dict[str, Any] = {}
    for element in bson_bytes.elements(document):
        value: object = None
        if element.name == b"results" and element.type == bson_bytes.DOCUMENT:
            value = _lock(document, element)
        elif element.name in _DECIDING:
            value = _value(document, element.type, element.start, element.end)
        elif element.type == bson_bytes.TIMESTAMP and not any(document[element.value : element.end]):
            value = _ZERO_TIMESTAMP
        fields[element.name.decode()] = value
    return fields


def _lock(document: bytes, results: bson_bytes.Element) -> dict[str, object]:
    """Return the `results` of a work with nothing in it but `locked`."""
    for type_, start, value, end in bson_bytes.walk(document, results.value + 4, results.end - 1):
        if document[start + 1 : value - 1] == b"locked":
            return {"locked": _value(document, type_, start, end)}
    return {}


def _value(document: bytes, type_: int, start: int, end: int) -> object:
    """Decode one element, or return a placeholder if that would be expensive or change its type."""
    if type_ in _DEPRECATED:
        return _DEPRECATED[type_]
    if type_ in _STAND_INS and end - start > _LONG_VALUE:
        return _STAND_INS[type_]
    (value,) = bson.decode(bson_bytes.made_of([document[start:end]]), OPTIONS).values()
    return value


def _spelled(path: Sequence[str | int]) -> str:
    """Spell out the way to a name, cut where it would make a message unreadable."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{rules.cut(step, _STEP_LENGTH)}" for step in path)
    return rules.cut("".join(steps).removeprefix("."), _PATH_LENGTH)

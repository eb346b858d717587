"""The works of a request: cut apart, checked, and made ready to be stored as they were sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import bson
from bson.timestamp import Timestamp

from workflow_results import rules
from workflow_results.documents import OPTIONS, decode_strictly
from workflow_results_server import bson_documents, extended_json
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.turns import taken_in_turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results.v1 import results_pb2 as pb

_SLICE_BYTES: Final = 32 * rules.KIB
_SLICE_WORKS: Final = 100
"""How much is decoded at once: with so little, the memory of one slice serves the next and is still in the cache."""
_WORK_VALUES: Final = rules.WORK_BYTES // 4
"""More values than a work has room for: each takes its type, a name and its end, and nearly all take more."""
_UPDATE_FIELDS: Final = 1_000
"""The most fields that an update may set of a work. MongoDB takes time for the square of their number, which nothing
stops: 20 ms for 1,000, and 15 s for 30,000."""
_LONG_BYTES: Final = 8 * rules.KIB
_TURN_SECONDS: Final = 0.001
"""How long works are checked before other calls get their turn on the event loop."""
_SENTENCE_LENGTH: Final = 120
"""With which the rejections of the most works that a request may hold fit into a response."""
_NESTED: Final = b"\x03\x04"
"""The types of documents and arrays."""
_LEAST_LEVEL: Final = 7
"""The bytes that a level of nesting takes at least: its type, the end of its name, its length and its own end."""
_CONTAINERS: Final = {dict, list}
_DECIDING: Final = (b"_id", b"id", b"pipeline", b"status", b"results")
_NAMING: Final = ("_id", "id", "pipeline")
_TIMESTAMP: Final = b"\x11"
_ZERO_TIMESTAMP: Final = Timestamp(0, 0)
_ZERO_VALUE: Final = bytes(9)
"""The end of a name, and eight bytes of a value that are zero."""
_ENCODED_START: Final = len(b"\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00")
"""Where the first element of the array stands in `bson.encode({"": array})`."""


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
        reason: In UPPER_SNAKE_CASE, as in the proto's `Rejection`.
        path: The path of the value at fault within the work; empty for the work itself.
        message: What is wrong and what would be right, worded to follow the path.
    """

    position: int
    reason: str
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


async def parse(works: pb.Documents, *, partial_works: bool = False) -> list[Work | Rejected]:
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
        raise InvalidRequest("works", "must hold either `bson` or `json`, not both")
    documents: Sequence[bytes | str] = works.json or _split(data)
    if len(documents) > rules.REQUEST_WORKS:
        raise InvalidRequest("works", f"must be at most {rules.REQUEST_WORKS:,} in one request: make several")
    parsed: list[Work | Rejected] = []
    turn_ends = time.perf_counter() + _TURN_SECONDS
    for some in _slices(documents):
        size = sum(map(len, some))
        parsed += await taken_in_turns(size, partial(_parsed, len(parsed), some, partial_works=partial_works))
        if time.perf_counter() > turn_ends:
            await asyncio.sleep(0)
            turn_ends = time.perf_counter() + _TURN_SECONDS
    return parsed


def _parsed(first: int, documents: Sequence[bytes | str], *, partial_works: bool) -> list[Work | Rejected]:
    some = [
        _from_json(index, document) if isinstance(document, str) else document
        for index, document in enumerate(documents, first)
    ]
    decoded = iter(_decoded([document for document in some if isinstance(document, bytes)]))
    return [
        _checked(index, document, *next(decoded), partial=partial_works) if isinstance(document, bytes) else document
        for index, document in enumerate(some, first)
    ]


def _split(data: bytes) -> Sequence[bytes | str]:
    try:
        return bson_documents.split(data, rules.REQUEST_WORKS)
    except bson_documents.MalformedDocuments as error:
        raise InvalidRequest(
            "works.bson", f"must be BSON documents back to back: {error}", "MALFORMED_REQUEST"
        ) from error


def _from_json(index: int, text: str) -> bytes | Rejected:
    if extended_json.has_more_values(text, _WORK_VALUES):
        return Rejected(index, "TOO_LARGE", "", f"has more than {_WORK_VALUES:,} values, which no work can hold")
    try:
        return extended_json.to_bson(text)
    except extended_json.NotExtendedJson as error:
        reason = "TOO_DEEP" if isinstance(error, extended_json.TooDeep) else "CORRUPT_DOCUMENT"
        return Rejected(index, reason, "", str(error))


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


def _decoded(documents: list[bytes]) -> list[tuple[dict[str, Any] | None, bool]]:
    """Decode documents, and tell of each whether encoding it again gives the same bytes.

    None stands for those that are corrupt. All at once is fastest, and possible almost always.
    """
    try:
        decoded = decode_strictly(b"".join(documents))
    except (bson.errors.BSONError, ValueError, RecursionError):
        if len(documents) == 1:
            return [(None, False)]
        half = len(documents) // 2
        return _decoded(documents[:half]) + _decoded(documents[half:])
    if sum(map(len, documents)) > len(documents) * _LONG_BYTES:
        return [(fields, False) for fields in decoded]  # to look at the fields of long documents is faster
    try:
        encoded = bson.encode({"": decoded}, codec_options=OPTIONS)
    except (bson.errors.BSONError, ValueError, RecursionError, OverflowError):
        return [(fields, False) for fields in decoded]
    exact = []
    at = _ENCODED_START
    for index, document in enumerate(documents):
        at += 2 + len(str(index))  # its type and its name
        exact.append(encoded.startswith(document, at))
        at += int.from_bytes(encoded[at : at + 4], "little")
    return list(zip(decoded, exact, strict=True))


def _checked(
    position: int, document: bytes, fields: dict[str, Any] | None, exact: bool, *, partial: bool
) -> Work | Rejected:
    if len(document) > rules.WORK_BYTES:
        limit = rules.WORK_BYTES
        return Rejected(position, "TOO_LARGE", "", f"has {len(document):,} bytes of BSON; at most {limit:,} are stored")
    if fields is None and not bson_documents.deeper_than(rules.WORK_DEPTH, document):
        return Rejected(position, "CORRUPT_DOCUMENT", "", "is not valid BSON with strings in UTF-8")
    if fields is None or _deeper_than(rules.WORK_DEPTH, document, fields, exact=exact):
        return Rejected(position, "TOO_DEEP", "", f"is nested deeper than {rules.WORK_DEPTH} levels")
    if partial and len(fields) > _UPDATE_FIELDS:
        message = f"has {len(fields):,} fields at the top level; an update sets at most {_UPDATE_FIELDS:,}"
        return Rejected(position, "TOO_LARGE", "", message)
    # A field that stands twice is hidden by a dict, and lost when that is encoded.
    if not exact and (repeated := _repeated(document, every=partial)):
        return Rejected(position, "DUPLICATE_FIELD", repeated, "stands in the work more than once")
    if problem := rules.work_problem(fields, partial=partial):
        return Rejected(position, problem.reason, problem.path, problem.message)
    if _TIMESTAMP in document and _ZERO_VALUE in document and _ZERO_TIMESTAMP in fields.values():
        return Rejected(position, "INVALID_WORK", "", "holds Timestamp(0, 0), which MongoDB would replace by the time")
    if "_id" in fields:
        document = bson_documents.without(document, b"_id")
    id_, results = fields["id"], fields.get("results")
    locked = bool(results and results.get("locked"))
    set_ = tuple(name for name in fields if name not in _NAMING) if partial else ()
    return Work(position, fields["pipeline"], id_, bson_documents.with_id_first(document, id_), locked, set_)


def _repeated(document: bytes, *, every: bool) -> str:
    """Find a field that decides about the work, or one of every that an update sets, and stands in it twice."""
    seen: set[bytes] = set()
    for name in bson_documents.names(document):
        if name in seen and (every or name in _DECIDING):
            return name.decode()
        seen.add(name)
    for element in bson_documents.elements(document):
        inner = bson_documents.names(element.value) if element.type == bson_documents.DOCUMENT else []
        if element.name == b"results" and inner.count(b"locked") > 1:
            return "results.locked"
    return ""


def _deeper_than(limit: int, document: bytes, fields: Mapping[str, Any], *, exact: bool) -> bool:
    # Each level needs some bytes, and one of two types, so that a short work or one with few of them is not deep.
    if len(document) <= limit * _LEAST_LEVEL or len(document) - len(document.translate(None, _NESTED)) <= limit:
        return False
    level: list[Any] = [fields]
    for _ in range(limit + 1):
        level = [
            value
            for node in level
            for value in (node.values() if isinstance(node, Mapping) else node)
            if type(value) in _CONTAINERS
        ]
        if not level:
            # Nor is what a dict hides, since its name stands there twice.
            return not exact and _hides_something(document, fields) and bson_documents.deeper_than(limit, document)
    return True


def _hides_something(document: bytes, fields: Mapping[str, Any]) -> bool:
    try:
        return len(bson.encode(fields, codec_options=OPTIONS)) != len(document)
    except (bson.errors.BSONError, ValueError, RecursionError, OverflowError):
        return True

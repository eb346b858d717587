"""Requests at the limits of the wire: each takes as much of the server's memory and time as a caller can ask for."""

from __future__ import annotations

import itertools
import random
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import bson

from tests.support.callers import entry
from tests.support.wire import SERVICE
from tests.support.works import work
from tests.system.hostile.cases import PIPELINE, Case
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from google.protobuf.message import Message

MESSAGE: Final = 31_000_000
"""Bytes of a message, a little less than the limit of 32 MiB."""
WORK: Final = 15_000_000
"""Bytes of a work, a little less than the limit of 16 MiB."""
LEVELS: Final = 90
CALLERS: Final = {
    "reader": entry("reader", "*", token="reader"),
    "depositor": entry("depositor", "frb-*", token="depositor"),
}
"""Who may do what at the servers with tokens."""
NEW_PIPELINES: Final = 600
OPEN_FILES: Final = 1_500
"""How many the mongod with few of them may open. Each pipeline takes four."""

Cases: TypeAlias = "Iterator[tuple[str, bytes]]"


@dataclass(frozen=True)
class Phase:
    """Requests of one kind.

    Attributes:
        item: What they are after.
        make: Makes them, methods with messages, from a source of chance.
        server: Which server they are for: "open", "tokens", or "few files", whose MongoDB may open few of them.
        token: What they come with.
        at_once: How many are under way at a time.
        check: Tells what is wrong afterwards.
    """

    item: str
    make: Callable[[Random], Cases]
    server: str = "open"
    token: str = ""
    at_once: int = 4
    check: Callable[[str], list[str]] = lambda _: []

    def cases(self, seed: int) -> Iterator[Case]:
        """Make the cases, the same for each seed."""
        metadata = (("authorization", f"Bearer {self.token}"),) if self.token else ()
        for number, (method, message) in enumerate(self.make(random.Random(f"{seed}:{self.item}"))):
            yield Case(number, self.item, f"{SERVICE}/{method}", (message,), metadata)


def _field(message: type[Message], name: str, *values: bytes | Message) -> bytes:
    """Serialize a field, also with values of which Python would take long to make messages."""
    tag = _varint(message.DESCRIPTOR.fields_by_name[name].number << 3 | 2)
    data = (value if isinstance(value, bytes) else value.SerializeToString() for value in values)
    return b"".join(tag + _varint(len(each)) + each for each in data)


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def _document(body: bytes) -> bytes:
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def _nested(levels: int, body: bytes, beside: bytes = b"") -> bytes:
    """Put a document into others, with something beside it at each level."""
    sizes = [len(body) + 5 + level * (len(beside) + 8) for level in range(levels + 1)]
    heads = (struct.pack("<i", size) + beside + b"\x03a\0" for size in reversed(sizes[1:]))
    return b"".join(heads) + struct.pack("<i", sizes[0]) + body + bytes(levels + 1)


_REFERENCE: Final = b"\x02$ref\0" + struct.pack("<i", 2) + b"x\0"


def _padding(size: int) -> bytes:
    return b"\x05b\0" + struct.pack("<i", size) + b"\0" + b"x" * size


def _work(name: str, more: bytes = b"", pipeline: str = PIPELINE) -> bytes:
    return _document(bson.encode(work(pipeline, name))[4:-1] + more)


def _inside(document: bytes) -> bytes:
    """Make the element `a` of a document."""
    return b"\x03a\0" + document


def _deposit(method: str, works: bytes) -> tuple[str, bytes]:
    """Make a request of a method that takes works, as `pb.EncodedDocuments`, in its field of that name."""
    request: type[Message] = getattr(pb, f"{method}Request")
    return method, _field(request, "works", works)


def _refused(source: Random, methods: tuple[str, ...] = ("Deposit", "Update", "DepositStream")) -> Cases:
    for number in range(100):
        letter = source.choice(b"x\0\xff")
        yield _deposit(methods[number % len(methods)], _field(pb.EncodedDocuments, "bson", bytes([letter]) * MESSAGE))


def _deposits(source: Random) -> Cases:
    return _refused(source, ("Deposit",))


def _unreadable(source: Random) -> Cases:
    """What no method can read, or reads and refuses for its size."""
    large = "x" * MESSAGE
    for _ in range(4):
        nonsense = source.choice((b"\xff", b"\0", b"\x0b")) * MESSAGE
        yield from ((method, nonsense) for method in ("Deposit", "View", "GetById", "Lock", "DepositStream"))
        for method, request in (
            ("Count", pb.CountRequest(pipeline=PIPELINE, query=pb.EncodedDocument(bson=large.encode()))),
            ("View", pb.ViewRequest(pipeline=PIPELINE, query=pb.EncodedDocument(json=large))),
            ("View", pb.ViewRequest(pipeline=PIPELINE, projection=pb.EncodedDocument(bson=large.encode()))),
            ("View", pb.ViewRequest(pipeline=PIPELINE, resume_token=large.encode())),
            ("Lock", pb.LockRequest(pipeline=large, ids=["w1"])),
            ("Lock", pb.LockRequest(pipeline=PIPELINE, ids=[large])),
            ("Lock", pb.LockRequest(pipeline=PIPELINE, ids=["w1"], reason=large)),
            ("GetById", pb.GetByIdRequest(pipeline=PIPELINE, ids=[large])),
            ("History", pb.HistoryRequest(pipeline=PIPELINE, id=large)),
            ("Deposit", pb.DepositRequest(works=pb.EncodedDocuments(json=[large]))),
        ):
            yield method, request.SerializeToString()


def _empty_texts(_: Random) -> Cases:
    texts = pb.EncodedDocuments(json=[""]).SerializeToString() * 16_000_000
    for method in ("Deposit", "Update", "DepositStream") * 3:
        yield _deposit(method, texts)


def _references(source: Random) -> Cases:
    """References within references: `$ref` alone makes a document one for MongoDB's drivers."""
    many = source.randint(100, 2_000)
    for levels, beside in ((300, b""), (300, _REFERENCE), (LEVELS, _REFERENCE), (many, _REFERENCE)):
        nested = _nested(levels, _padding(WORK - 1_500_000), beside)
        query = _document(_REFERENCE + _inside(nested))
        deep = _field(pb.EncodedDocuments, "bson", _work("deep", _REFERENCE + _inside(nested)))
        within = _document(_inside(query))
        small = _document(_REFERENCE + _inside(_nested(levels, _padding(900_000), beside)))
        yield "Count", pb.CountRequest(pipeline=PIPELINE, query=pb.EncodedDocument(bson=query)).SerializeToString()
        yield "View", pb.ViewRequest(pipeline=PIPELINE, query=pb.EncodedDocument(bson=within)).SerializeToString()
        yield "View", pb.ViewRequest(pipeline=PIPELINE, projection=pb.EncodedDocument(bson=small)).SerializeToString()
        yield from (_deposit(method, deep) for method in ("Deposit", "Update", "DepositStream"))
        text = '{"$ref": "x", "$id": ' * levels + "1" + "}" * levels + " " * WORK
        yield "Count", pb.CountRequest(pipeline=PIPELINE, query=pb.EncodedDocument(json=text)).SerializeToString()


def _names(source: Random) -> Cases:
    """Each with another name of ten million bytes."""
    letters = source.sample("abcdefghijklmnopqrstuvwxyz", 20)
    for number in range(100):
        name = f"{letters[number % 20]}{number}".encode() + b"n" * 10_000_000
        given = _work("named", b"\x0a" + name + b"\0")
        yield _deposit("Update" if number % 5 == 4 else "Deposit", _field(pb.EncodedDocuments, "bson", given))


def _conflicts(source: Random) -> Cases:
    """Works as large and deep as may be, which differ at their ends or nowhere but in the order of their fields."""
    fields = [bson.encode({f"f{number:06}": number})[4:-1] for number in range(WORK // 13)]
    mixed = source.sample(fields, len(fields))
    wide = (_work("wide", b"".join(fields)), _work("wide", b"".join(mixed)), _work("wide", b"".join(fields[:-1])))
    deep = [
        _work("deep work", _inside(_nested(LEVELS, _padding(size) + end, beside)))
        for size, beside in ((WORK, b""), (WORK - LEVELS * 10_000, _padding(9_980)))
        for end in (b"\x0az\0", b"\x08z\0\0", b"\x08z\0\1")
    ]
    for given in (*wide, *deep, *deep):
        yield _deposit("Deposit", _field(pb.EncodedDocuments, "bson", given))


def _short_names(source: Random) -> Cases:
    """Works with as many fields as there is room for in one document, in one order and in another."""
    letters = bytes(range(1, 128))
    names = [bytes(each) for each in itertools.islice(itertools.product(letters, repeat=4), 2_500_000)]
    for _ in range(3):
        source.shuffle(names)
        fields = b"".join(b"\x0a" + name + b"\0" for name in names)
        yield _deposit("Deposit", _field(pb.EncodedDocuments, "bson", _work("short names", _inside(_document(fields)))))


def _as_json(_: Random) -> Cases:
    """Results whose text is long, or that Python makes much of, deposited and then read as JSON."""
    elements = {
        "documents": b"\x03\0" + _document(b""),
        "scopes": b"\x0f\0" + struct.pack("<ii", 14, 1) + b"\0" + _document(b""),
        "patterns": b"\x0b\0\0\0",
        "decimals": b"\x13\0" + bytes(16),
        "nulls": b"\x0a\0",
    }
    for name, element in elements.items():
        array = b"\x04a\0" + _document(element * (WORK // len(element)))
        yield _deposit("Deposit", _field(pb.EncodedDocuments, "bson", _work(name, array)))
    for name in elements:
        for format_ in (pb.DOCUMENT_FORMAT_RELAXED_JSON, pb.DOCUMENT_FORMAT_CANONICAL_JSON):
            read = pb.GetByIdRequest(pipeline=PIPELINE, ids=[name], format=format_)
            yield "GetById", read.SerializeToString()


def _queries_as_json(_: Random) -> Cases:
    for value, number in (
        ('{"$numberDecimal":"1"}', 99_000),
        ('{"$numberDecimal":"1"}', 240_000),
        ('{"$code":"","$scope":{}}', 120_000),
        ('{"$regularExpression":{"pattern":"","options":""}}', 120_000),
    ):
        query = pb.EncodedDocument(json=f'{{"a":{{"$in":[{",".join([value] * number)}]}}}}')
        count = pb.CountRequest(pipeline=PIPELINE, query=query).SerializeToString()
        view = pb.ViewRequest(pipeline=PIPELINE, query=query).SerializeToString()
        yield from (("Count", count), ("View", view)) * 4


def _ids(source: Random) -> Cases:
    """Ten million times the same id, as many as there is room for of empty ones, and of different ones."""
    id_ = source.choice((b"a", b"w", b"\0"))
    different = b"".join(_field(pb.LockRequest, "ids", str(number).encode()) for number in range(3_400_000))
    for method in ("GetById", "Lock", "DeleteIds", "Unlock"):
        kind: type[Message] = getattr(pb, f"{method}Request")
        named = {} if method == "GetById" else {"request_id": f"large-{method}"}
        before = kind(pipeline=PIPELINE, **named).SerializeToString()
        for ids in (_field(kind, "ids", id_) * 10_000_000, _field(kind, "ids", b"") * 15_500_000, different):
            yield method, before + ids


def _new_pipelines(source: Random) -> Cases:
    """One new pipeline a request, and then as many as a request holds works."""
    for number in range(NEW_PIPELINES):
        yield _deposit("Deposit", _field(pb.EncodedDocuments, "bson", _work("a", pipeline=f"frb-{number}")))
    letter = source.choice("abc")
    many = b"".join(_work(letter, pipeline=f"frb-many-{number}") for number in range(100_000))
    yield _deposit("Deposit", _field(pb.EncodedDocuments, "bson", many))


def _pipelines_are_served(target: str) -> list[str]:
    """Those that are there already."""
    with Results(target, token="depositor") as results:
        stored = results.deposit([work("frb-0", "later")])
    return [] if stored == {"frb-0": True} else [f"a deposit into a pipeline that is there: {stored}"]


PHASES: Final = (
    Phase("item 6, 100 deposits of what is no BSON", _deposits, at_once=1),
    Phase("item 6, the same in all methods that take works", _refused),
    Phase("item 6, messages that can't be read or hold too much", _unreadable),
    Phase("item 6, 100 deposits without the token that they need", _deposits, "tokens", at_once=1),
    Phase("item 6, works from one who may only read", _refused, "tokens", "reader"),
    Phase("item 6, works that are no BSON from one who may deposit", _refused, "tokens", "depositor"),
    Phase("item 6, 16,000,000 empty texts", _empty_texts, at_once=2),
    Phase("item 7, references within references", _references, at_once=1),
    Phase("item 8, 100 names of 10 MB", _names),
    Phase("item 9, conflicts of 15 MB", _conflicts, at_once=2),
    Phase("item 9, conflicts of 2,500,000 short names", _short_names, at_once=1),
    Phase("item 10, 10,000,000 ids", _ids, at_once=2),
    Phase("results of 15 MB as JSON", _as_json, at_once=1),
    Phase("queries as JSON", _queries_as_json),
    Phase(
        "item 11, more pipelines than MongoDB has files for",
        _new_pipelines,
        "few files",
        "depositor",
        check=_pipelines_are_served,
    ),
)

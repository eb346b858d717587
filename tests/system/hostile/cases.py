"""One hostile case from a seed and a number, the same every time."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import bson
from bson import json_util

from tests.support.wire import SERVICE
from tests.system.hostile.grammar import STRINGS, Grammar, nested, raw
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from google.protobuf.message import Message

PIPELINE: Final = "hostile"
LARGE: Final = "hostile-large"
"""Where large works go, so that not every other case has to do with them."""
METHODS: Final = tuple(method.name for method in pb.DESCRIPTOR.services_by_name["ResultsService"].methods)
IDS: Final = ("a", "", "x" * 128, "x" * 129, "\0", "é" * 64, "$where", "000")

_SHOWN_BYTES: Final = 500
_SOUP: Final = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "$",
    "\\u0000",
    "\\ud800",
    "1e999",
    "NaN",
    "null",
    '"$where":',
    "9" * 400,
)
_WRAPPERS: Final = ("$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$binary", "$code")
_MORE_WRAPPERS: Final = ("$uuid", "$timestamp", "$regularExpression", "$dbPointer", "$symbol", "$undefined", "$minKey")
_FORMATS: Final = (*[pb.DOCUMENT_FORMAT_BSON] * 3, pb.DOCUMENT_FORMAT_RELAXED_JSON, pb.DOCUMENT_FORMAT_CANONICAL_JSON)
_HOSTILITIES: Final = (0.0, 0.02, 0.1, 0.3)


@dataclass(frozen=True)
class Case:
    """A call.

    Attributes:
        number: Its number.
        kind: How it was made.
        path: The path of its method.
        messages: What is sent on it.
        metadata: What is sent before.
        parts: After how many parts of the answer it is given up; 0 for never.
    """

    number: int
    kind: str
    path: str
    messages: tuple[bytes, ...]
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    parts: int = 0

    def __str__(self) -> str:
        shown = ", ".join(repr(message[:_SHOWN_BYTES]) for message in self.messages)
        return f"case {self.number} ({self.kind}): {self.path} {shown} {self.metadata or ''}"


def make(seed: int, number: int) -> Case:
    """Make a case."""
    source = random.Random(f"{seed}:{number}")
    kinds, weights = zip(*_KINDS.items(), strict=True)
    (kind,) = source.choices(kinds, weights)
    path, messages = kind(source)
    metadata = _metadata(source) if source.random() < 0.02 else ()
    parts = source.randint(1, 2) if source.random() < 0.03 else 0
    return Case(number, kind.__name__.lstrip("_"), path, tuple(messages), metadata, parts)


def make_large(seed: int, number: int) -> Case:
    """Make a case that is as large as a message may be; its number is negative, to tell it from the others."""
    path, messages = _large(random.Random(f"{seed}:large:{number}"))
    return Case(-1 - number, "large", path, tuple(messages))


def _call(method: str, *messages: Message) -> tuple[str, list[bytes]]:
    return f"{SERVICE}/{method}", [message.SerializeToString() for message in messages]


def _grammar(source: Random) -> Grammar:
    return Grammar(source, source.choice(_HOSTILITIES))


def _document(source: Random, document: dict[str, Any]) -> pb.EncodedDocument:
    if source.random() < 0.3:
        text = _text(document)
        if source.random() < 0.1:
            text = _mutated_text(source, text)
        return pb.EncodedDocument(json=text)
    return pb.EncodedDocument(bson=raw(document))


def _text(document: dict[str, Any]) -> str:
    try:
        return json_util.dumps(document, json_options=json_util.CANONICAL_JSON_OPTIONS, ensure_ascii=False)
    except (ValueError, TypeError, UnicodeError, RecursionError):
        return json.dumps(document, default=repr, ensure_ascii=False)


def _filter(source: Random) -> tuple[str, list[bytes]]:
    return _asking(source, _document(source, _grammar(source).filter()))


def _asking(source: Random, query: pb.EncodedDocument) -> tuple[str, list[bytes]]:
    if source.random() < 0.5:
        return _call("Count", pb.CountRequest(pipeline=PIPELINE, query=query))
    if source.random() < 0.1:
        return _call("Watch", pb.WatchRequest(pipelines=[PIPELINE], query=query, snapshot=source.random() < 0.5))
    request = pb.ViewRequest(pipeline=PIPELINE, query=query, limit=source.choice((-1, 0, 5)))
    request.format = source.choice(_FORMATS)
    return _call("View", request)


def _projection(source: Random) -> tuple[str, list[bytes]]:
    projection = _document(source, _grammar(source).projection())
    return _call("View", pb.ViewRequest(pipeline=PIPELINE, projection=projection, limit=20))


def _mutated_bson(source: Random) -> tuple[str, list[bytes]]:
    grammar = _grammar(source)
    document = raw(grammar.filter() if source.random() < 0.7 else grammar.projection())
    data = _mutated(source, document) if source.random() < 0.5 else _flipped(source, document)
    if source.random() < 0.8:
        return _asking(source, pb.EncodedDocument(bson=data))
    return _call("View", pb.ViewRequest(pipeline=PIPELINE, projection=pb.EncodedDocument(bson=data)))


def _odd_json(source: Random) -> tuple[str, list[bytes]]:
    grammar = _grammar(source)
    form = source.random()
    if form < 0.4:
        text = _mutated_text(source, _text(grammar.filter()))
    elif form < 0.5:
        levels = source.choice((10, 200, 3000))
        text = source.choice(('{"a":', '{"$and":[', "[")) * levels + "1" + source.choice(("}", "]}", "]")) * levels
    else:
        wrapper = {source.choice((*_WRAPPERS, *_MORE_WRAPPERS)): _plain(source, 3) for _ in range(source.randint(1, 2))}
        text = json.dumps(
            source.choice(({"a": wrapper}, {"a": {"$in": [wrapper]}}, wrapper, {"$or": [{"n": wrapper}]}))
        )
    text = text.encode(errors="replace").decode()
    if source.random() < 0.2:
        return _call("Deposit", pb.DepositRequest(works=pb.EncodedDocuments(json=[text])))
    return _asking(source, pb.EncodedDocument(json=text))


def _plain(source: Random, depth: int) -> Any:
    kind = source.randint(0, 5)
    if depth and kind == 0:
        names = ("t", "i", "base64", "subType", "pattern", "options", "$numberLong", "$where", "$oid", "$ref")
        return {source.choice(names): _plain(source, depth - 1) for _ in range(source.randint(1, 2))}
    if depth and kind == 1:
        return [_plain(source, depth - 1)]
    return source.choice(
        ("", "1", "x", "5f" * 12, "AA==", "1e5", "NaN", -1, 2**70, 1e308, None, True, "2026-01-01T00:00:00Z")
    )


def _random_bytes(source: Random) -> tuple[str, list[bytes]]:
    method = source.choice(METHODS)
    size = source.choice((0, 1, 5, 50, 500, 50_000))
    # No message at all is none of the cases: gRPC tells no handler of it, and the call lasts until its deadline.
    return f"{SERVICE}/{method}", [source.randbytes(size) for _ in range(source.choice((1, 1, 1, 2)))]


def _mutated_protobuf(source: Random) -> tuple[str, list[bytes]]:
    method = source.choice(METHODS)
    _, messages = source.choice((_filter, _projection, _works, _ids, _resume))(source)
    return f"{SERVICE}/{method}", [_mutated(source, message) for message in messages]


def _works(source: Random) -> tuple[str, list[bytes]]:
    grammar = _grammar(source)
    works = [
        grammar.work(PIPELINE, source.choice((*IDS, f"w{source.randint(0, 500)}"))) for _ in range(source.randint(1, 4))
    ]
    if source.random() < 0.2:
        documents = pb.EncodedDocuments(json=[_mutated_text(source, _text(work)) for work in works])
    else:
        data = b"".join(raw(work) for work in works)
        documents = pb.EncodedDocuments(bson=_mutated(source, data) if source.random() < 0.5 else data)
    method = source.choice(("Deposit", "DepositStream", "Update"))
    if method == "DepositStream":
        request = pb.DepositStreamRequest(sequence=source.getrandbits(64), works=documents)
        return _call(method, *[request] * source.randint(1, 3))
    return _call(method, pb.DepositRequest(works=documents))


def _ids(source: Random) -> tuple[str, list[bytes]]:
    of_indexes = ("ListIndexes", "CreateIndex", "DropIndex")
    method = source.choice(("Lock", "Unlock", "DeleteIds", "GetById", "DropPipeline", *of_indexes))  # which begin alike
    names = (PIPELINE, "", "a b", "a_b", "$cmd", "_history", "system.users", "x" * 129)
    request = pb.LockRequest(pipeline=source.choice(names))
    request.ids.extend(source.choice((*IDS, f"w{source.randint(0, 500)}")) for _ in range(source.randint(0, 5)))
    return _call(method, request)


def _resume(source: Random) -> tuple[str, list[bytes]]:
    last = source.choice(("w2", "w1", "a", *STRINGS, *IDS, {"$gt": ""}, None, 5, bson.Code("f()"), nested(90)))
    count = source.choice((1, 1, 1, 5, 5, 0, -1, 2**62, 1.5, "1", None, {"$gt": 1}))
    token = raw(source.choice(({"last": last, "count": count}, {"count": count, "last": last}, {"last": last})))
    if source.random() < 0.3:
        token = _mutated(source, token)
    if source.random() < 0.3:
        place = {"token": source.choice((b"", b"\x82", source.randbytes(30), "82", None)), "read": None}
        token = source.choice((token, source.randbytes(8) + raw(place)))
        return _call("Watch", pb.WatchRequest(pipelines=[PIPELINE], resume_token=token))
    request = pb.ViewRequest(pipeline=PIPELINE, resume_token=token, limit=source.choice((-1, 0, 3, 2**62)))
    request.skip = source.choice((0, 0, 1, 2**62))
    return _call("View", request)


def _random_method(source: Random) -> tuple[str, list[bytes]]:
    name = source.choice(("Nothing", "view", "View/", "", "../Info", "%00", "$where", "x" * 3000, "Info?a=1"))
    service = source.choice((SERVICE, "/workflow_results.v2.ResultsService", "/grpc.health.v1.Health", "/"))
    return f"{service}/{name}", [source.randbytes(source.randint(0, 20))]


def _metadata(source: Random) -> tuple[tuple[str, str | bytes], ...]:
    return source.choice(
        (
            (("x-request-id", "'; drop"), ("x-request-id", "y" * 500)),
            (("x-bin", b"\xff" * 100), ("authorization", "Bearer " + "z" * 4000)),
            tuple((f"x-{number}", "v") for number in range(50)),
            (("grpc-tags-bin", b"\0\0\0"), ("x-request-id", "a{b}%s%n")),
        )
    )


def _mutated(source: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(source.randint(1, 4)):
        at = source.randint(0, len(changed))
        form = source.randint(0, 4)
        if form == 0 and at < len(changed):
            changed[at] = source.randint(0, 255)
        elif form == 1:
            changed[at:at] = source.randbytes(source.randint(1, 4))
        elif form == 2:
            del changed[at : at + source.randint(1, 8)]
        elif form == 3 and at < len(changed):
            changed[at] = source.choice((0, 1, 2, 3, 4, 5, 0x0B, 0x0D, 0x0F, 0x7F, 0x80, 0xFF))
        else:
            start = source.randint(0, len(changed))
            changed[at:at] = changed[start : start + source.randint(1, 40)]
    return bytes(changed)


def _flipped(source: Random, data: bytes) -> bytes:
    """Change single bytes alone, after which lengths still add up, as likely as not."""
    changed = bytearray(data)
    for _ in range(source.randint(1, 2)):
        changed[source.randrange(4, len(changed))] = source.choice((source.randint(0, 255), 0x24, 0x0D, 0x61))
    return bytes(changed)


def _mutated_text(source: Random, text: str) -> str:
    for _ in range(source.randint(1, 3)):
        at = source.randint(0, len(text))
        end = at + source.choice((0, 0, 1, 5))
        text = text[:at] + source.choice(_SOUP) + text[end:]
    return text.encode(errors="replace").decode()


def _large(source: Random) -> tuple[str, list[bytes]]:
    """As much as a message may hold, of what takes most to look at."""
    many = source.choice((100_000, 1_000_000, 3_000_000))
    unit = source.choice(("{}", "1", "1.5", '{"$numberInt":"1"}', '"x"', "[]"))
    if source.random() < 0.2:
        return _call("View", pb.ViewRequest(pipeline=LARGE, limit=1, format=source.choice(_FORMATS)))
    head = f'"id": "w1", "pipeline": "{LARGE}", "status": "success"'
    text = f'{{{head}, "a": [{",".join([unit] * min(many, 9_000_000 // len(unit)))}]}}'
    if source.random() < 0.3:
        keys = ",".join(f'"{number}":{unit}' for number in range(min(many, 1_000_000)))
        text = f"{{{head}, {keys}}}"
    form = source.choice((pb.EncodedDocument(json=text), pb.EncodedDocument(bson=_as_bson(text))))
    if source.random() < 0.5:
        return _asking(source, form)
    works = pb.EncodedDocuments(bson=form.bson) if form.bson else pb.EncodedDocuments(json=[text])
    return _call(source.choice(("Deposit", "Update")), pb.DepositRequest(works=works))


def _as_bson(text: str) -> bytes:
    return bson.encode(json.loads(text))


_KINDS: Final[dict[Callable[[Random], tuple[str, list[bytes]]], int]] = {
    _filter: 40,
    _projection: 10,
    _mutated_bson: 10,
    _odd_json: 12,
    _random_bytes: 5,
    _mutated_protobuf: 8,
    _works: 8,
    _ids: 2,
    _resume: 3,
    _random_method: 2,
}

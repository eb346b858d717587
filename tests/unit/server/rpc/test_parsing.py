"""The fields of a request are counted on the wire, before protobuf makes more of them."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from tests.support.wire import SERVICE
from workflow_results.common import rules
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.errors import RequestError, Unavailable
from workflow_results_server.rpc.interceptors.call import Call, Method
from workflow_results_server.rpc.interceptors.messages import Messages
from workflow_results_server.rpc.parsing import MOST_FIELDS, Incoming, parser

PADDING = pb.DepositRequest(works=pb.EncodedDocuments(bson=bytes(1 << 20))).SerializeToString()
"""Two fields, with which a message is large enough to be counted."""
TEXT = pb.EncodedDocuments(json=[""]).SerializeToString()
UNKNOWN = b"\x78\x01"
BEGIN_OF_GROUP, END_OF_GROUP = b"\x7b", b"\x7c"
MEASURED_TOO_LONG = b"\x0a\xff"
NO_KIND = b"\x0f"


def works(content: bytes) -> bytes:
    """Make the field `works` of a deposit."""
    size, length = len(content), b""
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return b"\x0a" + length + bytes([size]) + content


def problem(data: bytes) -> str:
    """Return what is wrong with a deposit; empty if nothing is."""
    parse = parser(SERVICE.strip("/"), "Deposit", pb.DepositRequest.FromString, rules.MESSAGE_BYTES)
    try:
        parse(data).take()
    except RequestError as error:
        return error.message
    return ""


@pytest.mark.parametrize("data", [TEXT, UNKNOWN])
def test_as_many_fields_as_there_may_be_and_one_more(data: bytes) -> None:
    most = MOST_FIELDS - 3  # of the padding, and the field `works` itself
    assert problem(works(data * most) + PADDING) == ""
    told = "works.json must be at most 100,000" if data is TEXT else "the request must have at most 101,000 fields"
    assert problem(works(data * (most + 1)) + PADDING).startswith(told)


def test_fields_of_groups_are_counted_as_nobody_s() -> None:
    inside = BEGIN_OF_GROUP + TEXT * MOST_FIELDS + END_OF_GROUP
    assert problem(PADDING + works(inside)) == "the request must have at most 101,000 fields"


@pytest.mark.parametrize("end", [MEASURED_TOO_LONG, NO_KIND])
def test_what_stands_before_a_broken_end_is_counted(end: bytes) -> None:
    assert problem(PADDING + works(TEXT) + end) == "the request is not a valid message of this method"
    for data in (works(TEXT * MOST_FIELDS) + end, works(TEXT * MOST_FIELDS + end)):
        assert problem(PADDING + data).startswith("works.json must be at most 100,000")


LARGE_ID = b"\x12\x20" + b"i" * 32
"""An id of a `LockRequest`, as it is sent: so many of them that they are counted are a MiB."""


def incoming(method: str, data: bytes) -> tuple[Incoming, list[int]]:
    """Parse a request; returns the sizes of what protobuf was given, too."""
    given: list[int] = []

    def deserialize(data: bytes) -> object:
        given.append(len(data))
        return getattr(pb, f"{method}Request").FromString(data)

    return parser(SERVICE.strip("/"), method, deserialize, rules.MESSAGE_BYTES)(data), given


def measured(number: int, data: bytes) -> bytes:
    """A field with a value of 128 bytes to 256 MiB."""
    size = len(data)
    return bytes([number << 3 | 2, *(size >> shift & 0x7F | 0x80 for shift in (0, 7, 14)), size >> 21]) + data


NESTED_TEXTS = (b"\x12\x0a" + b"t" * 10) * (MOST_FIELDS + 1)
GROUP = b"\x0b" + b"\x12\x0a" + b"g" * 10 + b"\x0c"
"""One that the message does not know, with a field that has the number of one that it knows."""


@pytest.mark.parametrize(
    ("method", "data", "field"),
    [
        ("Lock", LARGE_ID * (MOST_FIELDS + 1), "ids"),
        ("GetById", LARGE_ID * (MOST_FIELDS + 1), "ids"),
        ("Deposit", measured(1, NESTED_TEXTS), "works.json"),
        ("Deposit", b"\x7a\x0a" + b"u" * 10 + measured(1, NESTED_TEXTS[12:]), "works.json"),
        ("Status", LARGE_ID * (MOST_FIELDS + 1), ""),
        ("Lock", GROUP * MOST_FIELDS, ""),
        ("Lock", b"\x20\x01" * 600_000, "request_id"),
        ("Lock", b"\x25" + b"\0\0\0\0" + b"\x21" + bytes(8) + b"\x20\x80\x01" * 400_000, "request_id"),
    ],
)
def test_what_has_too_many_fields_is_not_parsed(method: str, data: bytes, field: str) -> None:
    request, given = incoming(method, data)
    with pytest.raises(RequestError) as refused:
        request.take()
    assert refused.value.code == "INVALID_ARGUMENT"
    assert (refused.value.fields or {}).keys() == ({field} if field else set())
    assert request.message is None
    assert given == []


@pytest.mark.parametrize(
    ("method", "data"),
    [
        ("Lock", LARGE_ID * MOST_FIELDS),
        ("Lock", LARGE_ID * 20_000 + b"\x12\xff\xff\xff\x7f"),
        ("Lock", b"\x12" + b"\xff" * rules.MIB),
        ("Lock", LARGE_ID * 40_000 + b"\x0e"),
        ("Deposit", measured(1, NESTED_TEXTS[24:])),
        ("Lock", b"\x12\0" * 500_000),
    ],
)
def test_anything_else_is_left_to_protobuf(method: str, data: bytes) -> None:
    _, given = incoming(method, data)
    assert given == [len(data)]


def test_a_request_is_taken_once() -> None:
    request, _ = incoming("Lock", b"\x0a\x01p")
    assert request.take() == pb.LockRequest(pipeline="p")
    assert request.message is None


def test_large_watches_keep_no_other_reader_out() -> None:
    answered: list[str] = []
    most = Incoming(128 << 20, pb.WatchRequest())

    async def answer(request: object, _call: Call) -> None:
        answered.append(type(request).__name__)
        if isinstance(request, pb.WatchRequest):
            await asyncio.Event().wait()

    def call(name: str) -> Call:
        return Call(Method(f"{SERVICE}/{name}", SERVICE.strip("/"), name, False, False, answer), cast("Any", None))

    async def main() -> None:
        messages = Messages(SERVICE.strip("/"), answer)
        watch = asyncio.ensure_future(messages(most, call("Watch")))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="large watches"):
            await messages(Incoming(1 << 20, pb.WatchRequest()), call("Watch"))
        await messages(Incoming(100 << 20, pb.ViewRequest()), call("View"))
        watch.cancel()
        await asyncio.wait((watch,))

    asyncio.run(main())
    assert answered == ["WatchRequest", "ViewRequest"]

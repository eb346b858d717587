"""The fields of a request are counted on the wire, before protobuf makes more of them."""

from __future__ import annotations

import pytest

from wire import SERVICE
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.errors import RequestError
from workflow_results_server.incoming import MOST_FIELDS, parser

MESSAGE_BYTES = 32 << 20
PADDING = pb.DepositRequest(works=pb.Documents(bson=bytes(1 << 20))).SerializeToString()
"""Two fields, with which a message is large enough to be counted."""
TEXT = pb.Documents(json=[""]).SerializeToString()
UNKNOWN = b"\x78\x01"
GROUP, END_OF_GROUP = b"\x7b", b"\x7c"
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
    """Tell what is wrong with a deposit; empty if nothing is."""
    parse = parser(SERVICE.strip("/"), "Deposit", pb.DepositRequest.FromString, MESSAGE_BYTES)
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
    inside = GROUP + TEXT * MOST_FIELDS + END_OF_GROUP
    assert problem(PADDING + works(inside)) == "the request must have at most 101,000 fields"


@pytest.mark.parametrize("end", [MEASURED_TOO_LONG, NO_KIND])
def test_what_stands_before_a_broken_end_is_counted(end: bytes) -> None:
    assert problem(PADDING + works(TEXT) + end) == "the request is not the message of this method"
    for data in (works(TEXT * MOST_FIELDS) + end, works(TEXT * MOST_FIELDS + end)):
        assert problem(PADDING + data).startswith("works.json must be at most 100,000")

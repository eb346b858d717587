"""BSON is looked through before it is decoded: what is broken is told by itself, and does no harm."""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
import tracemalloc
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import REPOSITORY
from tests.support.raw_bson import document, element, sized
from tests.unit.server.documents.test_content import values
from tests.unit.server.documents.test_works_duplicates import ODD
from workflow_results.common import native
from workflow_results.common.bson_codec import OPTIONS
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.documents import validation
from workflow_results_server.documents.bson_bytes import MalformedDocuments
from workflow_results_server.documents.decoder import decoder
from workflow_results_server.documents.validation import RepeatedName, TooDeep, TooManyElements, validate
from workflow_results_server.documents.works import Rejected, Work, parse

MIB = 1 << 20
FLAWS = (MalformedDocuments, RepeatedName, TooDeep)


def decoded(data: bytes) -> list[dict[str, Any]] | None:
    """What bson's decoder makes of a document, with room behind it for what it reads there."""
    try:
        return bson.decode_all(memoryview(data + bytes(len(data) + 5))[: len(data)], OPTIONS)
    except bson.errors.InvalidBSON:
        return None


SCOPE = document(element("a", 1))
CODE = sized(b"f()\0") + SCOPE
MADE = {
    **ODD,
    "code": b"\x0dcode\0" + sized(b"f()\0"),
    "code with scope": b"\x0fcode\0" + struct.pack("<i", len(CODE) + 4) + CODE,
    "DBPointer": b"\x0cpointer\0" + sized(b"c\0") + bytes(12),
    "min and max key": b"\xffmin\0\x7fmax\0",
    "UUID": b"\x05uuid\0\x10\0\0\0\x04" + bytes(16),
    "bools": b"\x04bools\0" + document(*(element(str(index), index % 3 == 0) for index in range(200))),
    "numbers": b"\x04numbers\0" + document(*(element(str(index), index / 3) for index in range(1200))),
    "strings": b"\x04strings\0" + document(*(element(str(index), f"{index:04}é"[:4]) for index in range(1200))),
    "strings of two lengths": b"\x04texts\0"
    + document(*(element(str(index), "ab" * (index % 2)) for index in range(99))),
    "names of another length": b"\x04longer\0" + document(*(element(f"{index:03}", index) for index in range(50))),
}
NOT_BSON = {
    "bool": b"\x08bool\0\x02",
    "bool among others": MADE["bools"].replace(b"\x08150\0\1", b"\x08150\0\2"),
    "string without end among others": MADE["strings"].replace(b"0700\0", b"0700x"),
    "string of another length among others": MADE["strings"].replace(b"\5\0\0\x000700", b"\6\0\0\x000700"),
    "string among others that is not UTF-8": MADE["strings"].replace(b"0700\0", b"070\xff\0"),
    "string without end": b"\x02text\0" + sized(b"abc"),
    "string of no bytes": b"\x02text\0\0\0\0\0",
    "string longer than its document": b"\x02text\0\xff\0\0\0abc\0",
    "string of a negative length": b"\x02text\0\xff\xff\xff\xffabc\0",
    "string that is not UTF-8": b"\x02text\0" + sized(b"\xff\0"),
    "symbol that is not UTF-8": b"\x0etext\0" + sized(b"\xff\0"),
    "name that is not UTF-8": b"\x0a\xff\0",
    "names that are UTF-8 only together": b"\x0a\xc3\0\x0a\xa9\0",
    "name in an array that is not UTF-8": b"\x04array\0" + document(b"\x0a\xff\0"),
    "name without end": b"\x0aname",
    "unknown type": b"\x14name\0",
    "regular expression without options": b"\x0bregex\0abc",
    "regular expression that is not UTF-8": b"\x0bregex\0\xff\0\0",
    "options that are not UTF-8": b"\x0bregex\0a\0\xff\0",
    "options that there are not": b"\x0bregex\0a\0gi\0",
    "UUID of another length": b"\x05uuid\0\x0f\0\0\0\x04" + bytes(15),
    "binary of the old type that is too short": b"\x05old\0\x03\0\0\0\x02" + bytes(3),
    "binary of the old type with another length": b"\x05old\0\x06\0\0\0\x02\3\0\0\0" + bytes(2),
    "binary that ends behind its document": b"\x05bytes\0\x04\0\0\0\0" + bytes(2),
    "double that ends behind its document": b"\x01double\0" + bytes(7),
    "document without end": b"\x03inner\0\x06\0\0\0\x01\x01",
    "document of a length too small": b"\x03inner\0\x04\0\0\0\0",
    "array that ends within an element": b"\x04array\0\x10\0\0\0\x02\0\x08\0\0\0abcd\0\0\0\0\0",
    "code with a scope that ends too early": b"\x0fcode\0" + struct.pack("<i", len(CODE) + 5) + CODE + b"\0",
    "code that is longer than its element": b"\x0fcode\0\x0e\0\0\0\xff\0\0\0\0\5\0\0\0\0",
    "code with a scope that is not UTF-8": b"\x0fcode\0\x14\0\0\0" + sized(b"f()\0") + document(b"\x0a\xff\0"),
    "DBPointer without end": b"\x0cpointer\0" + sized(b"c") + bytes(12),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_bson(name: str) -> None:
    made = document(MADE[name])
    assert decoded(made) is not None
    validate(made, 1)
    validate(document(b"\x03inner\0" + made, b"\x04array\0" + document(b"\x03a\0" + made)), 3)


@pytest.mark.parametrize("name", NOT_BSON)
@pytest.mark.parametrize("behind", [b"", bytes(9)])
def test_what_is_not(name: str, behind: bytes) -> None:
    broken = document(element("a", 1), NOT_BSON[name], behind)
    for data in (broken, document(b"\x03inner\0" + broken), document(b"\x04array\0" + document(b"\x030\0" + broken))):
        with pytest.raises(MalformedDocuments):
            validate(data, 100)


@pytest.mark.parametrize("data", [b"", b"\0", bytes(5), b"\5\0\0\0\1", b"\6\0\0\0\0", b"\6\0\0\0\0\0", b"\5\0\0\0\0\0"])
def test_documents_of_another_length_than_they_say(data: bytes) -> None:
    with pytest.raises(MalformedDocuments):
        validate(data, 100)


encoded = st.dictionaries(st.sampled_from("abc"), values, max_size=4).map(bson.encode)
elements = st.sampled_from([*MADE.values(), *NOT_BSON.values()])
documents = st.lists(elements, max_size=3).map(lambda each: document(*each))


@pytest.mark.slow
@given(encoded | documents, st.lists(st.tuples(st.integers(0), st.integers(0, 3), st.binary(max_size=3)), max_size=3))
def test_it_passes_what_can_be_read_and_only_that(data: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, number, put in cuts:
        at %= len(data) + 1
        data = data[:at] + put + data[at + number :]
    read = decoded(data)
    try:
        validate(data, 100)
    except FLAWS:
        assert read is None or len(read) != 1 or bson.encode(read[0], codec_options=OPTIONS) != data
    else:
        assert read is not None
        assert len(read) == 1


@pytest.mark.slow
@given(st.lists(encoded | documents, max_size=8), st.booleans())
def test_works_are_judged_alike_in_all_ways(made: list[bytes], partial: bool) -> None:
    some = [element("id", "a"), element("pipeline", "p"), element("status", "success")]
    data = b"".join(document(*some[index % 2 :], each[4:-1]) for index, each in enumerate(made))

    def judged(may_lose: int, cut: native.Cut | None = None) -> list[Work | Rejected]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decoder, "_may_lose", may_lose)
            patch.setattr(native, "cut", cut)
            return asyncio.run(parse(pb.EncodedDocuments(bson=data), partial_works=partial))

    assert judged(1 << 40) == judged(0) == judged(0, native.cut)


@pytest.mark.parametrize("subtype", [0, 5, 128, 255])
def test_binaries_of_any_subtype_are_taken(subtype: int) -> None:
    fields = [element("id", "a"), element("pipeline", "p"), element("status", "success")]
    data = document(*fields, b"\x05binary\0\1\0\0\0" + bytes([subtype]) + b"x")
    [work] = asyncio.run(parse(pb.EncodedDocuments(bson=data), partial_works=False))
    assert isinstance(work, Work)


def test_levels_and_elements_are_counted() -> None:
    array = document(element("a", 1), b"\x04array\0" + document(*(element(str(index), 1.5) for index in range(500))))
    validate(array, 1, 502)
    for levels, elements, error in ((1, 501, TooManyElements), (0, 502, TooDeep)):
        with pytest.raises(error):
            validate(array, levels, elements)
    scopes = document(element("a", 1))
    for _ in range(3):
        scope = sized(b"f()\0") + scopes
        scopes = document(b"\x0fcode\0" + struct.pack("<i", len(scope) + 4) + scope)
    validate(scopes, 3)
    with pytest.raises(TooDeep):
        validate(scopes, 2)


def test_a_name_twice_is_found_by_its_way() -> None:
    twice = document(element("x", 1), element("é", 2), element("x", 3))
    scope = sized(b"f()\0") + twice
    ways: dict[bytes, list[str | int]] = {
        b"\x03a\0" + twice: ["a", "x"],
        b"\x04a\0" + document(element("0", 1.5), b"\x030\0" + twice): ["a", 1, "x"],
        b"\x0fa\0" + struct.pack("<i", len(scope) + 4) + scope: ["a", "x"],
    }
    for made, way in ways.items():
        with pytest.raises(RepeatedName) as caught:
            validate(document(element("b", {"x": [1, {"x": 2}]}), made, element("c", 1)), 100)
        assert caught.value.path == way
    validate(document(b"\x04a\0" + document(element("0", 1), element("0", 2))), 100)  # names in arrays mean nothing


PARSING = """
import asyncio, sys
import psutil
from tests.support.raw_bson import array_beyond_its_end, broken_array
from tests.unit.server.documents.test_validation import *
for size in (10_000, 200_000, 15_000_000):
    works = [document(element("id", "a"), array_beyond_its_end(size)[4:-1]), broken_array(size // 10)]
    parsed = asyncio.run(parse(pb.EncodedDocuments(bson=b"".join(works))))
    assert [each.reason for each in parsed] == ["CORRUPT_DOCUMENT"] * 2
def memory():
    return psutil.Process().memory_info().rss >> 20
before = memory()
for _ in range(60):
    asyncio.run(parse(pb.EncodedDocuments(bson=broken_array(200_000) * 2)))
asyncio.run(parse(pb.EncodedDocuments(bson=broken_array(2_000_000) * 2)))
sys.exit(memory() - before > 100 and f"{memory() - before} MiB are lost")
"""


@pytest.mark.slow
def test_broken_arrays_neither_end_the_process_nor_stay_in_memory() -> None:
    # To decode them does both: 24 MB of them would take 250 MB.
    command = [sys.executable, "-W", "ignore", "-c", PARSING]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_what_takes_much_more_memory_once_decoded_is_not() -> None:
    patterns = b"\x04a\0" + document(b"\x0b\0\0\0" * 80_000)  # regular expressions, of which each takes over 200
    identity = (element("id", "a"), element("pipeline", "p"), element("status", "success"))
    for made in (document(*identity, patterns), document(identity[1], b"\x03id\0" + document(patterns))):
        tracemalloc.start()
        try:
            (answer,) = asyncio.run(parse(pb.EncodedDocuments(bson=made)))
            assert tracemalloc.get_traced_memory()[1] < 4 * MIB
        finally:
            tracemalloc.stop()
        assert isinstance(answer, Work) or answer.sentence == "id must be a string, not document"


def test_many_names_are_looked_at_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0

    class Watched(set[bytes]):
        def update(self, *others: Any) -> None:
            nonlocal largest
            largest = max(largest, *map(len, others))
            super().update(*others)

    monkeypatch.setattr(validation, "set", Watched, raising=False)
    nulls = [b"\x0an%d\0" % number for number in range(100_000)]
    validate(document(*nulls), 1)
    assert 0 < largest <= 20_000
    with pytest.raises(RepeatedName) as repeated:
        validate(document(*nulls, nulls[0]), 1)
    assert repeated.value.path == ["n0"]
    with pytest.raises(MalformedDocuments):
        validate(document(*nulls, b"\x0a\xff\0"), 1)

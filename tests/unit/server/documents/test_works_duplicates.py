"""Fields that stand twice in a work: found wherever they are, whatever else is odd, and only where they are."""

from __future__ import annotations

import asyncio
import itertools
import struct
from typing import Any

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.raw_bson import document, element
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.documents.works import Rejected, Work, parse

TWICE: dict[str, Any] = {
    "id": "a",
    "_id": "a",
    "pipeline": "p",
    "status": "failure",
    "results": {"locked": False, "dm": 1.5},
    "results.locked": True,
}
"""The fields that decide about a work, each with a value of which a second one is added."""


def array(size: int, missing: int) -> bytes:
    """Make an element that is an array, with some bytes missing in the names of its elements."""
    names = [str(index) for index in range(size)]
    for index in range(missing):
        names[index] = names[index][1:]
    return b"\x04array\0" + document(*(element(name, None) for name in names))


def work(twice: str = "", *more: bytes) -> bytes:
    """Make a work in which a field may stand twice."""
    second = element(twice, TWICE[twice]) if twice in TWICE else b""
    results = document(element("locked", False), element("dm", 1.5))
    if twice == "results.locked":
        second, results = b"", document(element("locked", False), element("dm", 1.5), element("locked", True))
    ids = (element("_id", "a"), element("id", "a"))
    fields = (element("pipeline", "p"), element("status", "success"), b"\x03results\0" + results)
    return document(*ids, *fields, *more, second)


def hiding(twice: str) -> bytes:
    """Make a work in which a field stands twice, and which has as many bytes when decoded and encoded again."""
    hidden = len(work(twice)) - len(work())
    made = work(twice, array(100, hidden))
    assert len(bson.encode(bson.decode(made))) == len(made)
    return made


ODD = {
    "array": array(20, 15),
    "array without names": array(9, 9),
    "undefined": b"\x06undefined\0",
    "symbol": b"\x0esymbol\0\x02\0\0\0a\0",
    "options of a regular expression": b"\x0bregex\0a\0xi\0",
    "bytes of the old type": b"\x05bytes\0\x07\0\0\0\x02\x03\0\0\0abc",
}
"""Elements that are encoded otherwise than bson does it."""


def parsed(works: list[bytes]) -> list[Work | Rejected]:
    return asyncio.run(parse(pb.EncodedDocuments(bson=b"".join(works))))


def check(works: list[bytes], duplicates: dict[int, str]) -> None:
    """Assert that just the works with duplicates are rejected, and that the others keep their bytes."""
    answers = parsed(works)
    found = {each.position: (each.reason, each.path) for each in answers if isinstance(each, Rejected)}
    assert found == {position: ("DUPLICATE_FIELD", name) for position, name in duplicates.items()}
    for sent, answer in zip(works, answers, strict=True):
        if isinstance(answer, Work):  # which has `_id` moved to the front
            assert answer.data == document(sent[4:-1])


@pytest.mark.parametrize("name", TWICE)
@pytest.mark.parametrize("make", [work, hiding])
def test_a_duplicate_is_found_wherever_it_stands(name: str, make: Any) -> None:
    good = [work("", element("pad", bytes(index * 10))) for index in range(250)]
    for position in (0, 1, 49, 99, 100, 101, 199, 200, 249):
        check([*good[:position], make(name), *good[position + 1 :]], {position: name})
    check([make(name)], {0: name})
    check([make(name)] * 250, dict.fromkeys(range(250), name))


@pytest.mark.parametrize("name", TWICE)
def test_a_work_cannot_hide_what_is_missing_in_another(name: str) -> None:
    hidden = len(work(name)) - len(work())
    makes_up = work("", array(100, hidden))
    assert len(bson.encode(bson.decode(makes_up))) == len(makes_up) + hidden
    for works in itertools.permutations([work(name), makes_up, work()]):
        check(list(works), {works.index(work(name)): name})


INNER = document(element("x", 1), element("y", 2), element("x", 1))
SCOPE = struct.pack("<i", 4 + 8 + len(INNER)) + b"\x04\0\0\0f()\0" + INNER
DEEP = {
    "a.x": b"\x03a\0" + INNER,
    "a.b[1].x": b"\x03a\0" + document(b"\x04b\0" + document(element("0", 1), b"\x031\0" + INNER)),
    "code.x": b"\x0fcode\0" + SCOPE,
    "éa.x": "\x03éa\0".encode() + INNER,
    "a" * 31 + "….x": b"\x03" + b"a" * 100 + b"\0" + INNER,
}


@pytest.mark.parametrize("path", DEEP)
@pytest.mark.parametrize("size", [0, 9_000, 300_000])
@pytest.mark.parametrize("partial", [False, True])
def test_a_duplicate_is_found_at_any_depth(path: str, size: int, partial: bool) -> None:
    pad = element("pad", bytes(size))
    made = [work("", pad), work("", pad, DEEP[path]), work("", DEEP[path], pad)]
    answers = asyncio.run(parse(pb.EncodedDocuments(bson=b"".join(made)), partial_works=partial))
    assert isinstance(answers[0], Work)
    for answer in answers[1:]:
        assert isinstance(answer, Rejected)
        assert (answer.reason, answer.path) == ("DUPLICATE_FIELD", path)
        assert answer.sentence == f"{path} occurs more than once"


@pytest.mark.parametrize("name", ODD)
def test_what_is_encoded_in_an_odd_way_is_kept(name: str) -> None:
    odd = work("", ODD[name])
    check([odd], {})
    check([work(), odd, work()] * 80, {})


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*[""] * 20, *TWICE]),
            st.sampled_from([*[b""] * 5, *ODD.values()]),
            st.integers(0, 300) | st.integers(0, 40_000),
        ),
        max_size=40,
    ),
    st.integers(1, 6),
)
def test_duplicates_are_found_in_any_batch(drawn: list[tuple[str, bytes, int]], times: int) -> None:
    made = [(twice, work(twice, odd, element("pad", bytes(size)))) for twice, odd, size in drawn] * times
    duplicates = {index: twice for index, (twice, _) in enumerate(made) if twice}
    check([data for _, data in made], duplicates)

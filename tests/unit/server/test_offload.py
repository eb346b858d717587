"""Large requests do not keep others waiting: what takes long to look at is looked at in turns with them."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import tracemalloc
import weakref
from collections.abc import Coroutine
from typing import Any
from unittest.mock import patch

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.documents import extended_json, works
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields


def values_within(values: Any) -> Any:
    return st.lists(values) | st.dictionaries(st.text('",[\\{', max_size=2), values)


def number_of_values(value: Any) -> int:
    """How many values there are, an empty list or document counted twice."""
    within = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if within is None else 1 + (sum(map(number_of_values, within)) or 1)


def turns_during(computation: Coroutine[Any, Any, Any]) -> tuple[Any, int]:
    """Return what a computation gives, and how many turns another task had meanwhile."""
    turns = 0

    async def both() -> Any:
        async def other() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        waiting = asyncio.create_task(other())
        await asyncio.sleep(0)
        try:
            return await computation
        finally:
            waiting.cancel()

    return asyncio.run(both()), turns


LARGE = 1 << 20
MANY = 300_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "documents",
    [
        pb.EncodedDocuments(bson=bson.encode(work("p", "a", **{f"f{number}": None for number in range(MANY)}))),
        pb.EncodedDocuments(json=[json.dumps(work("p", "a", x=[{}] * MANY))]),
    ],
    ids=["BSON", "JSON"],
)
def test_a_large_work_is_checked_in_turns(documents: pb.EncodedDocuments) -> None:
    (parsed,), turns = turns_during(works.parse(documents))
    assert isinstance(parsed, works.Work)
    assert turns > 10


@pytest.mark.parametrize("form", ["bson", "json"])
def test_a_large_query_is_checked_in_turns(form: str) -> None:
    query = {"id": {"$in": [f"{number:0100}" for number in range(50_000)]}}
    encoded = (
        pb.EncodedDocument(bson=bson.encode(query)) if form == "bson" else pb.EncodedDocument(json=json.dumps(query))
    )
    checked, turns = turns_during(fields.query(encoded))
    assert checked == {"_id": query["id"]}
    assert turns > 10


def test_small_computations_are_done_at_once() -> None:
    assert turns_during(offload(1_000, lambda: sum(range(1_000_000)))) == (499999500000, 0)


def test_what_nobody_waits_for_any_more_is_let_go() -> None:
    class Request:
        def looked_at(self) -> None:
            pass

    async def test() -> None:
        begun, may_end = threading.Event(), threading.Event()

        def long() -> None:
            begun.set()
            may_end.wait(PATIENCE)

        before = asyncio.create_task(offload(LARGE, long))
        try:
            await asyncio.to_thread(begun.wait, PATIENCE)
            request = Request()
            held = weakref.ref(request)
            given_up = asyncio.create_task(offload(LARGE, request.looked_at))
            await asyncio.sleep(0)
            del request
            assert held() is not None
            given_up.cancel()
            await asyncio.wait((given_up,))
            assert held() is None  # although its turn has not come
        finally:
            may_end.set()
            await before

    asyncio.run(test())


def test_values_are_counted_without_those_in_strings() -> None:
    text = r'{"a": [1, {"b": 2}], "c": ",,,,[[[{{{\"", "d\\": "x,", "e": 1}'
    assert not extended_json.has_more_values(text, 7)
    assert extended_json.has_more_values(text, 6)


@pytest.mark.slow
@given(st.recursive(st.integers(0, 9) | st.text('",[\\{', max_size=4), values_within, max_leaves=30))
def test_values_are_counted_alike_piece_by_piece(value: Any) -> None:
    text = json.dumps({"a": value})

    def counted() -> int:
        return next(most for most in itertools.count() if not extended_json.has_more_values(text, most))

    at_once = counted()
    with patch.object(extended_json, "_PIECE", 3):
        assert counted() == at_once == number_of_values(value)


def test_values_of_long_texts_are_counted_in_little_time_and_memory() -> None:
    text = '{"a": [' + ",".join(['"x"'] * 3_000_000) + "]}"
    tracemalloc.start()
    try:
        assert extended_json.has_more_values(text, 1_000_000)
        assert not extended_json.has_more_values(text, 4_000_000)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(text)
    finally:
        tracemalloc.stop()

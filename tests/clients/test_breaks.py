"""Long streams and many deposits, while the server is killed twice: all arrives, once, in constant memory."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

from tests.clients.testee import Answer, Testee
from tests.support.waiting import eventually
from workflow_results import Results

RESULTS, WORKS = 100_000, 50_000
_PADDING = 1_000
_MOST_GROWTH_KIB = 100 << 10
"""Less than the 100 MB that the results take, and enough for a heap that is collected when that is worth it."""
Control = tuple[str, Callable[..., Any]]
_names = itertools.count()


@pytest.fixture(scope="module")
def many(control: Control) -> Iterator[str]:
    """A pipeline with many results."""
    pipeline = f"breaks-{uuid.uuid4().hex}"
    with Results(control[0]) as results:
        for start in range(0, RESULTS, 10_000):
            made = range(start, start + 10_000)
            assert results.deposit([_work(pipeline, number) for number in made]) == {pipeline: True}
        yield pipeline
        for start in range(0, RESULTS, 10_000):
            assert results.delete_ids(pipeline, [f"{number:010}" for number in range(start, start + 10_000)])


def _work(pipeline: str, number: int) -> dict[str, Any]:
    return {"id": f"{number:010}", "pipeline": pipeline, "status": "success", "results": {"padding": "x" * _PADDING}}


@pytest.fixture
def client(testee: Testee, control: Control) -> str:
    name = f"breaks-{next(_names)}"
    control[1](control="reset")
    testee.connect(name, control[0])
    return name


def _broken_twice(
    testee: Testee, breaks: Callable[..., Any], stream: str, under_way: Future[Answer], last: int
) -> Answer:
    """Kill the server when a quarter, and half, of something is done, and start it again."""

    def told(count: int) -> bool:
        return under_way.done() or testee("tell", client=stream, stream=stream)["count"] >= count

    for share in (1, 2):
        eventually(partial(told, share * last // 4))
        assert not under_way.done(), under_way.result()
        breaks(control="kill-server")
        breaks(control="restart")
    return under_way.result(170)


def test_a_stream_is_whole(
    testee: Testee, client: str, control: Control, many: str, record_property: Callable[[str, object], None]
) -> None:
    before = testee("rss")["peak_kib"]
    testee("open", client=client, stream=client, what="view", pipeline=many)
    under_way = testee.start("drain", client=client, stream=client)
    answer = _broken_twice(testee, control[1], client, under_way, RESULTS)
    grown = testee("rss")["peak_kib"] - before
    testee("shut", client=client, stream=client)
    record_property("grown_kib", grown)
    ids = "".join(f"{number:010}\n" for number in reversed(range(RESULTS)))
    expected = {"count": RESULTS, "digest": hashlib.sha256(ids.encode()).hexdigest(), "ordered": True}
    assert {name: answer[name] for name in expected} == expected
    assert grown < _MOST_GROWTH_KIB


def test_deposits_are_stored_once(
    testee: Testee, client: str, control: Control, record_property: Callable[[str, object], None]
) -> None:
    pipeline = f"breaks-{uuid.uuid4().hex}"
    before = testee("rss")["peak_kib"]
    testee("depositor", client=client, stream=client)
    fields = {"pipeline": pipeline, "from": 0, "to": WORKS, "padding": _PADDING}
    under_way = testee.start("send_many", client=client, stream=client, **fields)
    outcomes = _broken_twice(testee, control[1], client, under_way, WORKS)["outcomes"]
    testee("shut", client=client, stream=client)
    record_property("grown_kib", testee("rss")["peak_kib"] - before)
    assert outcomes.keys() <= {"DEPOSITED", "ALREADY_DEPOSITED"}
    assert sum(outcomes.values()) == WORKS
    with Results(control[0]) as results:
        assert results.count(pipeline, {}) == WORKS
        assert [each["id"] for each in results.get_by_count(pipeline, 1)] == [f"{WORKS - 1:010}"]

"""`POST /view` and `POST /view/count`: what may be asked for, and what is answered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.asking import ask, ask_json
from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import Results

IDS = ["a", "a&b", "c=d", "e+f", "g%h", "x/y", "ü", "日"]
"""In the order of their bytes."""


@pytest.fixture
def few(door: Service, pipeline: str) -> str:
    """A pipeline with some results."""
    with Results(door.target) as results:
        numbers = [2**60 + number for number in range(len(IDS))]
        works = [work(pipeline, id_, n=n, nan=float("nan"), event=[7]) for id_, n in zip(IDS, numbers, strict=True)]
        assert results.deposit(works)
    return pipeline


def view(door: Service, pipeline: str, query: dict[str, Any] | None = None, **asked: Any) -> tuple[int, Any]:
    return ask_json(door, "POST", "/view", {"query": {"pipeline": pipeline, **(query or {})}, **asked})


def ids(door: Service, pipeline: str, query: dict[str, Any] | None = None, **asked: Any) -> list[str]:
    status, found = view(door, pipeline, query, projection={"id": 1}, **asked)
    assert status == 200, found
    assert all(each.keys() == {"id"} for each in found)
    return [each["id"] for each in found]


def test_the_highest_ids_come_first_and_as_many_as_are_asked_for(door: Service, few: str) -> None:
    for asked in ({}, {"limit": None}, {"limit": 0}, {"limit": -1}, {"limit": 2**63 - 1}, {"skip": None}):
        assert ids(door, few, **asked) == IDS[::-1]
    assert ids(door, few, skip=1, limit=2) == IDS[-2:-4:-1]
    assert ids(door, few, skip=10**9) == ids(door, few, skip=2**63 - 1) == []


def test_a_projection_decides_what_comes(door: Service, few: str) -> None:
    assert view(door, few, projection={"n": 1, "_id": 0}, limit=1) == (200, [{"n": 2**60 + 7}])
    status, [whole] = view(door, few, projection=None, limit=1)
    assert (status, whole["nan"], "_id" in whole) == (200, None, False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"n": 2**60 + 1}, ["a&b"]),
        ({"nan": float("nan"), "id": "ü"}, ["ü"]),
        ({"_id": "g%h"}, ["g%h"]),
        ({"event": [7], "id": {"$in": ["a", "日"]}}, ["日", "a"]),
        ({"event": [7, 8]}, []),
    ],
)
def test_a_query_is_that_of_mongodb(door: Service, few: str, query: dict[str, Any], found: list[str]) -> None:
    assert ids(door, few, query) == found
    assert ask_json(door, "POST", "/view/count", {"query": {"pipeline": few, **query}}) == (200, len(found))


NO_LIMITS: list[Any] = [False, True, 0.0, 2.0, "10", [], {}, -2, 2**63, 10**30]
NO_SKIPS: list[Any] = [False, 0.0, "", "1", [], -1, 2**63, 10**30]
NO_PROJECTIONS: list[Any] = [False, 0, "", "id", [], ["id"], {"n": 1, "id": 0}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("limit", value) for value in NO_LIMITS),
        *(("skip", value) for value in NO_SKIPS),
        *(("projection", value) for value in NO_PROJECTIONS),
    ],
)
def test_what_means_nothing_is_refused(door: Service, few: str, field: str, value: Any) -> None:
    status, answer = view(door, few, **{field: value})
    assert status == 400
    assert answer["message"].startswith((field, "body"))


@pytest.mark.parametrize(
    "query",
    [
        '{"pipeline": "p", "pipeline": "q"}',
        '{"pipeline": "p", "n": {"$gt": 1, "$gt": 2}}',
        '{"pipeline": "p", "n": 1e999}',
        '{"pipeline": "p", "n": 18446744073709551616}',
        '{"pipeline": "p", "n": ' + "9" * 5_000 + "}",
        '{"pipeline": "p", "id": "\\ud800"}',
        '{"pipeline": "p", "$where": "1"}',
        '{"pipeline": "p", "n": ' + "[" * 2_000 + "]" * 2_000 + "}",
        '{"pipeline": ["p"]}',
        '{"n": 1}',
        "[]",
        "null",
    ],
)
def test_a_query_that_would_be_another_one_is_refused(door: Service, query: str) -> None:
    for path in ("/view", "/view/count"):
        assert ask_json(door, "POST", path, f'{{"query": {query}}}'.encode())[0] == 400


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{", "{} x", "\ufeff{}", b"\xff", '{"query": {"pipeline": "p"}}'.encode("utf-16")]
)
def test_what_is_no_json_object_is_refused(door: Service, body: str | bytes) -> None:
    status, answer, _ = ask(door, "POST", "/view", body.encode() if isinstance(body, str) else body)
    assert (status, answer["reason"]) == (400, "MALFORMED_REQUEST")
    assert ask_json(door, "POST", "/view", b' \n{"query": {"pipeline": "p"}} ') == (200, [])


def test_a_query_of_very_many_values_takes_little_memory(serve: Callable[..., Service]) -> None:
    server = serve("--http-port", "0")
    before = peak(server)
    body = b'{"query": {"pipeline": "p", "n": [' + b"[]," * (10 << 20) + b"1]}}"
    assert ask_json(server, "POST", "/view", body)[0] == 400
    assert peak(server) - before < 160 << 10


def peak(server: Service) -> int:
    """The most memory that a server has had, in KiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

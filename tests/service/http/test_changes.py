"""`PUT /results` and `DELETE /results`."""

from __future__ import annotations

import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import bson
import pytest

from tests.support.asking import ask, ask_json
from tests.support.launcher import Service
from workflow_results import Results

ODD: dict[str, Any] = {
    "long": bson.Int64(2**53 + 1),
    "small": bson.Int64(7),
    "nan": float("nan"),
    "inf": float("-inf"),
    "whole": 3.0,
    "date": dt.datetime(2024, 2, 29, 12, 30, 15, 123_000, tzinfo=dt.timezone.utc),
    "bytes": b"\x00\xff",
    "deep": [{"date": dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc), "list": [float("nan"), 1, {"b": b"x"}]}],
    "null": None,
    "text": "é 🛰",
}


@pytest.fixture
def pipeline() -> str:
    return uuid4().hex


@pytest.fixture
def stored(door: Service, database: Any, pipeline: str) -> Any:
    """Deposit works, and return what shows how they are stored, byte by byte."""
    raw = database.get_collection(
        pipeline, codec_options=bson.codec_options.CodecOptions(document_class=bson.raw_bson.RawBSONDocument)
    )

    def deposit(*works: dict[str, Any]) -> Any:
        with Results(door.target) as results:
            assert results.deposit([{"pipeline": pipeline, "status": "success", **work} for work in works])
        return lambda: {each["_id"]: bytes(each.raw) for each in raw.find()}

    return deposit


def seen(door: Service, pipeline: str) -> list[Any]:
    status, works, _ = ask(door, "POST", "/view", json.dumps({"query": {"pipeline": pipeline}}).encode())
    assert status == 200
    return list(works)


def put(door: Service, works: Any) -> tuple[int, Any]:
    return ask_json(door, "PUT", "/results", works)


def history(door: Service, pipeline: str, id_: str) -> list[tuple[str, list[str]]]:
    with Results(door.target) as results:
        return [(entry.method, list(entry.fields)) for entry in reversed(results.history(pipeline, id_))]


def test_nothing_is_nothing(door: Service) -> None:
    assert put(door, []) == (200, {})
    assert ask(door, "DELETE", "/results")[:2] == (200, {})


def test_a_lock_and_an_unlock_keep_every_byte(door: Service, stored: Any, pipeline: str) -> None:
    look = stored({"id": "a", "results": {"odd": ODD, "locked": False}, "odd": ODD, "creation": ODD["date"]})
    before = look()
    for locked in (True, False):
        (work,) = seen(door, pipeline)
        work["results"]["locked"] = locked
        assert put(door, [work]) == (200, {pipeline: 1})
        assert (before == look()) is not locked
    assert history(door, pipeline, "a") == [("lock", []), ("unlock", [])]


def test_what_is_the_same_leaves_no_trace(door: Service, stored: Any, pipeline: str) -> None:
    look = stored({"id": "a", "results": ODD}, {"id": "b", "results": {"locked": True}, "odd": ODD})
    before = look()
    assert put(door, seen(door, pipeline)) == (200, {pipeline: 2})
    assert look() == before
    assert history(door, pipeline, "a") == history(door, pipeline, "b") == []


def test_a_change_keeps_what_is_the_same_around_it(door: Service, stored: Any, pipeline: str) -> None:
    stored({"id": "a", "results": {"odd": ODD, "snr": 1}, "odd": ODD})
    (work,) = seen(door, pipeline)
    work["results"] |= {"snr": 2, "new": [1], "locked": True}
    work["results"]["odd"]["deep"][0]["list"][1] = 5
    assert put(door, [work]) == (200, {pipeline: 1})
    with Results(door.target) as results:
        (now,) = results.view(pipeline, {})
    deep = [{**ODD["deep"][0], "list": [float("nan"), 5, {"b": b"x"}]}]
    expected = {"odd": {**ODD, "deep": deep}, "snr": 2, "new": [1], "locked": True}
    assert bson.encode(now["results"]) == bson.encode(expected)
    assert history(door, pipeline, "a") == [("update", ["results"]), ("lock", [])]


def refused(body: Any) -> set[tuple[str, str]]:
    return {(each["id"], each["reason"]) for each in body["refusals"]}


def test_a_locked_result_is_only_unlocked(door: Service, stored: Any, pipeline: str) -> None:
    look = stored({"id": "a", "results": {"locked": True, "snr": 1}, "other": 1})
    before = look()
    (work,) = seen(door, pipeline)
    for change in ({"other": 2}, {"results": {"locked": True, "snr": 2}}, {"results": {"locked": False, "snr": 2}}):
        status, body = put(door, [work | change])
        assert (status, body["reason"], refused(body)) == (409, "LOCKED", {("a", "LOCKED")})
        assert look() == before
    for results in (None, {}, {"snr": None}):
        assert put(door, [work | {"results": results}])[0] == 409
    assert refused(put(door, [work, {"id": "z", "pipeline": pipeline}])[1]) == {("z", "NOT_FOUND")}
    assert put(door, [work | {"results": {"snr": 1}}]) == (200, {pipeline: 1})  # which says nothing of the lock
    assert put(door, [{"id": "a", "pipeline": pipeline}]) == (200, {pipeline: 1})
    assert look() == before
    assert history(door, pipeline, "a") == []


def test_one_locked_of_a_thousand_leaves_all_as_they_are(door: Service, stored: Any, pipeline: str) -> None:
    look = stored(*({"id": f"{number:04}", "n": 1, "results": {"locked": number == 500}} for number in range(1_000)))
    before = look()
    works = [{"id": each, "pipeline": pipeline, "n": 2, "results": {"locked": True}} for each in before]
    status, body = put(door, [*works, {"id": "missing", "pipeline": pipeline}])
    assert (status, body["reason"], body["refusal_count"]) == (409, "LOCKED", 2)
    assert refused(body) == {("0500", "LOCKED"), ("missing", "NOT_FOUND")}
    assert "0500" in body["message"]
    assert look() == before
    assert history(door, pipeline, "0000") == []


def test_what_is_missing_is_refused(door: Service, pipeline: str) -> None:
    works = [{"id": str(number), "pipeline": pipeline} for number in range(1_500)]
    status, body = put(door, works)
    assert (status, body["reason"], body["refusal_count"], len(body["refusals"])) == (409, "NOT_FOUND", 1_500, 1_000)


def test_a_lock_is_set_where_there_are_no_results(door: Service, stored: Any, pipeline: str) -> None:
    look = stored({"id": "a"}, {"id": "b", "results": None}, {"id": "c", "results": {}})
    before = look()
    works = seen(door, pipeline)
    assert [each.get("results") for each in works] == [{}, {}, None]
    assert put(door, works) == (200, {pipeline: 3})
    assert look() == before
    works = [{"id": id_, "pipeline": pipeline, "results": {"locked": True}} for id_ in "abc"]
    assert put(door, works) == (200, {pipeline: 3})
    assert [each["results"] for each in seen(door, pipeline)] == [{"locked": True}] * 3
    assert [history(door, pipeline, id_) for id_ in "abc"] == [[("lock", [])]] * 3


def test_works_of_several_pipelines_change_together(door: Service, stored: Any, pipeline: str) -> None:
    other = uuid4().hex
    stored({"id": "a", "results": {"locked": True}}, {"id": "b", "n": 1}, {"id": "c", "n": 1})
    with Results(door.target) as results:
        assert results.deposit([{"id": "a", "pipeline": other, "status": "success"}])
    works = [
        {"id": "a", "pipeline": pipeline, "results": {"locked": False}},
        {"id": "b", "pipeline": pipeline, "n": 2, "status": "failure"},
        {"id": "c", "pipeline": pipeline, "n": 1.0},
        {"id": "a", "pipeline": other, "new": {"a": [1]}},
    ]
    assert put(door, works) == (200, {pipeline: 3, other: 1})
    assert history(door, pipeline, "a") == [("unlock", [])]
    assert history(door, pipeline, "b") == [("update", ["n", "status"])]
    assert history(door, pipeline, "c") == []
    assert history(door, other, "a") == [("update", ["new"])]
    assert [each.get("n") for each in seen(door, pipeline)] == [1, 2, None]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "running"},
        {"a.b": 1},
        {"$set": 1},
        {"results": []},
        {"results": {"locked": None}},
        {"results": {"locked": 1}},
        {"_id": "b"},
        {"id": None},
        {"id": ""},
        {"pipeline": "_history"},
        {"number": 2**63},
        {"text": "\ud800"},
    ],
)
def test_works_keep_their_rules(door: Service, stored: Any, pipeline: str, change: dict[str, Any]) -> None:
    look = stored({"id": "a"}, {"id": "b"})
    before = look()
    works = [{"id": "b", "pipeline": pipeline, "n": 1}, {"id": "a", "pipeline": pipeline} | change]
    status, body = put(door, works)
    assert (status, "works[1]" in body["message"]) == (400, True)
    assert look() == before


def test_an_id_stands_once(door: Service, stored: Any, pipeline: str) -> None:
    stored({"id": "a"})
    status, body = put(door, [{"id": "a", "pipeline": pipeline}] * 2)
    assert (status, body["reason"]) == (400, "INVALID_REQUEST")


def test_there_are_limits(door: Service, pipeline: str) -> None:
    many = [{"id": "a", "pipeline": pipeline}] * 100_001
    assert put(door, many)[0] == 413
    assert put(door, [{"id": "a", "pipeline": pipeline, "text": "x" * (1 << 23)}] * 5)[0] == 413
    assert put(door, [{"id": "a", "pipeline": pipeline, "list": [0] * 1_000_000}] * 4)[0] == 413  # as BSON


def test_a_result_can_become_too_large(door: Service, stored: Any, pipeline: str) -> None:
    look = stored({"id": "a", "text": "x" * (9 << 20)}, {"id": "b"})
    before = look()
    works = [{"id": id_, "pipeline": pipeline, "more": "x" * (8 << 20)} for id_ in "ba"]
    status, body = put(door, works)
    assert (status, body["reason"]) == (409, "TOO_LARGE")
    assert "works[1]" in body["message"]
    assert look() == before


def delete(door: Service, *named: tuple[str, str]) -> tuple[int, Any]:
    return ask(door, "DELETE", f"/results?{urlencode(named)}")[:2]


def test_what_is_missing_is_passed_over(door: Service, stored: Any, pipeline: str) -> None:
    odd, other = "é&=+ %\r\nx: 1", uuid4().hex
    look = stored({"id": "a"}, {"id": "b"}, {"id": odd}, {"id": "c"})
    named = [(pipeline, "a"), (pipeline, "missing"), (pipeline, odd), (pipeline, "a"), (other, "a")]
    assert delete(door, *named) == (200, {pipeline: 2, other: 0})
    assert look().keys() == {"b", "c"}
    assert history(door, pipeline, odd) == [("delete_ids", [])]
    assert history(door, pipeline, "missing") == history(door, other, "a") == []
    assert delete(door, *named) == (200, {pipeline: 0, other: 0})


def test_nothing_is_deleted_where_one_is_locked(door: Service, stored: Any, pipeline: str) -> None:
    other = uuid4().hex
    look = stored({"id": "a"}, {"id": "b", "results": {"locked": True}})
    with Results(door.target) as results:
        assert results.deposit([{"id": "a", "pipeline": other, "status": "success"}])
        before = look()
        named = [(other, "a"), (pipeline, "a"), (pipeline, "missing"), (pipeline, "b")]
        status, body = delete(door, *named)
        assert (status, body["reason"], refused(body)) == (409, "LOCKED", {("b", "LOCKED")})
        assert look() == before
        assert results.count(other, {}) == 1
    assert history(door, pipeline, "a") == []


@pytest.mark.parametrize(
    "query",
    [
        *("p=a&p", "p", "=a", "p=%", "p=%zz", "p=%ff", "p=%ed%a0%80", "p=%00", "p=", "_history=a", "p&"),
        f"p={'a' * 129}",
        "&".join(["p=a"] * 100_001),
    ],
)
def test_only_what_names_results_is_read(door: Service, query: str) -> None:
    assert ask(door, "DELETE", f"/results?{query}")[0] == 400


def test_as_many_as_fit_into_a_url_are_deleted(door: Service, stored: Any, pipeline: str) -> None:
    look = stored(*({"id": f"{number:024}"} for number in range(15_000)))
    assert delete(door, *((pipeline, f"{number:024}") for number in range(10_001))) == (200, {pipeline: 10_001})
    assert len(look()) == 4_999


def test_a_lock_and_an_unlock_at_once_leave_all_alike(door: Service, stored: Any, pipeline: str) -> None:
    """Each leaves alone what the other one changes, so that nothing but the write of all keeps them apart."""
    stored({"id": "a"}, {"id": "b"})

    def locked(value: bool, ids: str) -> list[dict[str, Any]]:
        return [{"id": id_, "pipeline": pipeline, "results": {"locked": value}} for id_ in ids]

    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            assert put(door, locked(True, "a") + locked(False, "b"))[0] == 200
            done = threads.map(lambda value: put(door, locked(value, "ab")), (True, False))
            assert [*done] == [(200, {pipeline: 2})] * 2
            one, other = (each["results"]["locked"] for each in seen(door, pipeline))
            assert one == other


def test_simultaneous_exchanges_lose_nothing(door: Service, stored: Any, pipeline: str) -> None:
    stored({"id": "a", "n": 0})
    with ThreadPoolExecutor(4) as threads:
        works = [{"id": "a", "pipeline": pipeline, f"field{number}": number} for number in range(20)]
        assert {status for status, _ in threads.map(lambda work: put(door, [work]), works)} == {200}
    (now,) = seen(door, pipeline)
    assert [now[f"field{number}"] for number in range(20)] == list(range(20))
    assert len(history(door, pipeline, "a")) == 20

"""Queries on values of every type, and changes that MongoDB refuses, on a real MongoDB."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import uuid
from typing import Any

import bson
import pytest

from tests.support.blocking import Facade
from tests.support.waiting import join
from tests.support.works import work
from workflow_results import DeadlineExceededError, InvalidRequestError, Results, ServiceUnavailableError

pytestmark = pytest.mark.both_facades

VALUES: dict[str, Any] = {
    "text": "a",
    "int": 7,
    "int64": 2**40,
    "float": 1.5,
    "bool": True,
    "null": None,
    "bytes": b"ab",
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "object id": bson.ObjectId("0123456789abcdef01234567"),
    "datetime": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc),
    "far datetime": bson.DatetimeMS(2**60),
    "decimal": bson.Decimal128("1.5"),
    "timestamp": bson.Timestamp(1, 2),
    "binary": bson.Binary(b"x" * 16, 4),
    "least": bson.MinKey(),
    "list": [1, "a"],
    "document": {"a": 1},
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_found(results: Results, name: str) -> None:
    pipeline, value = f"test-query-{name.replace(' ', '-')}", VALUES[name]
    results.deposit([work(pipeline, "a", value=value), work(pipeline, "b", value="other")])
    queries: list[dict[str, Any]] = [
        {"value": value},
        {"value": {"$in": [value]}},
        {"$nor": [{"value": {"$ne": value}}]},
    ]
    if name not in ("list", "document"):
        queries.append({"$expr": {"$eq": ["$value", value]}})
    for query in queries:
        assert [each["id"] for each in results.view(pipeline, query)] == ["a"], query
        assert results.count(pipeline, query) == 1


def test_an_update_that_makes_a_result_too_large_is_refused_at_once(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", pad=bytes(9 << 20))])
    with pytest.raises(
        InvalidRequestError, match=r"works\[0\] would make result a of .* larger than the 16,760,832 bytes"
    ):
        results.update([{"pipeline": pipeline, "id": "a", "more": bytes(9 << 20)}], timeout=60)
    assert "more" not in results.get_by_id(pipeline, ["a"])[0]


def test_a_change_that_runs_out_of_time_leaves_nothing_locked_up(results: Results, pipeline: str) -> None:
    ids = [f"{number:05}" for number in range(20_000)]
    results.deposit([work(pipeline, id_) for id_ in ids])
    with pytest.raises((DeadlineExceededError, ServiceUnavailableError)):  # on a busy machine it isn't even sent
        results.lock(pipeline, ids, timeout=0.2)
    # Less than the minute after which MongoDB ends transactions that are left open.
    assert results.update([{"pipeline": pipeline, "id": id_, "n": 1} for id_ in ids[:10]], timeout=40)


def test_an_impatient_first_deposit_does_not_fail_the_others(service: Any, pipeline: str, facade: Facade) -> None:
    answers: list[dict[str, bool]] = []

    def patient(number: int) -> None:
        with facade(service.target) as client:
            answers.append(client.deposit([work(pipeline, str(number))]))

    with facade(service.target) as impatient:
        impatient.status()
        threads = [threading.Thread(target=patient, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        with contextlib.suppress(DeadlineExceededError):
            impatient.deposit([work(pipeline, "impatient")], timeout=0.003)
        join(*threads)
    assert answers == [{pipeline: True}] * 3


@pytest.mark.parametrize("ids", [["\ud800"], [bson.Code("a")], "abc", [b"a"], None])
def test_ids_that_are_none(results: Results, pipeline: str, ids: Any) -> None:
    for method in (results.get_by_id, results.lock, results.delete_ids):
        with pytest.raises(InvalidRequestError, match=r"^ids"):
            method(pipeline, ids)

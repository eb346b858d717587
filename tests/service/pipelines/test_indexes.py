"""Indexes on fields: made, used, listed and dropped."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timezone
from numbers import Number
from typing import Any

import pytest
from bson import Decimal128, Int64
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.asynchronous.collection import AsyncCollection

from tests.support.launcher import run
from tests.support.sources import LONG
from tests.support.watchers import with_store
from tests.support.wire import Stub, invalid, refused
from tests.support.works import work
from workflow_results import FieldIndex, InvalidRequestError, Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.errors import RequestError
from workflow_results_server.store import Store


def counted(results: Results, pipeline: str, field: str) -> list[tuple[str, int]]:
    """Return counts by value, with values that can be compared: any of those that are equal may stand for them all."""

    def told(value: Any) -> str:
        number = value.to_decimal() if isinstance(value, Decimal128) else value
        return repr(number if isinstance(number, bool) or not isinstance(number, Number) else float(number) + 0.0)  # type: ignore[arg-type]

    found = results.count_by(pipeline, field)
    assert (found.has_more, found.other_count) == (False, 0)
    return [(told(value), number) for value, number in found.counts]


@pytest.mark.both_facades
def test_an_index_is_made_listed_and_dropped(results: Results, pipeline: str, database: Any) -> None:
    results.deposit([work(pipeline, "a", results={"snr": 7, "dm": 3})])
    assert results.list_indexes(pipeline) == []
    made = results.create_index(pipeline, "results.snr")
    assert (made.field, made.ready) == ("results.snr", True)
    assert made.size_bytes > 0
    again = results.create_index(pipeline, "results.snr")
    assert again._replace(size_bytes=0) == FieldIndex("results.snr", 0, True)
    results.create_index(pipeline, "results.dm")
    assert [index.field for index in results.list_indexes(pipeline)] == ["results.dm", "results.snr"]
    assert results.drop_index(pipeline, "results.snr") is True
    assert results.drop_index(pipeline, "results.snr") is False
    assert [index.field for index in results.list_indexes(pipeline)] == ["results.dm"]
    assert set(database[pipeline].index_information()) == {"_id_", "event", "locked", "field_results.dm"}


@pytest.mark.both_facades
def test_what_is_wrong_is_refused(results: Results, pipeline: str) -> None:
    with pytest.raises(InvalidRequestError, match="does not exist: deposit into it first") as missing:
        results.create_index(pipeline, "n")
    assert missing.value.reason == "PIPELINE_NOT_FOUND"
    assert results.list_indexes(pipeline) == []
    assert results.drop_index(pipeline, "n") is False
    results.deposit([work(pipeline, "a")])
    for field in ("id", "_id", "event", "results.locked"):
        for method in (results.create_index, results.drop_index):
            with pytest.raises(InvalidRequestError, match="has an index in every pipeline"):
                method(pipeline, field)
    odd: list[Any] = ["", "a..b", "$a", "a.$b", 7, "a\0b", "plots.0", "0", "id.a", "_id.a"]
    for path in odd:
        with pytest.raises(InvalidRequestError, match="field must"):
            results.create_index(pipeline, path)
    for number in range(5):
        results.create_index(pipeline, f"n{number}")
    with pytest.raises(InvalidRequestError, match=r"has 5 indexes \(n0, n1, n2, n3, n4\)") as full:
        results.create_index(pipeline, "n5")
    assert full.value.reason == "TOO_MANY_INDEXES"
    assert results.create_index(pipeline, "n0").ready
    results.drop_index(pipeline, "n0")
    assert results.create_index(pipeline, "n5").ready


def test_the_wire_refuses_the_same(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])
    for call, kind in ((stub.CreateIndex, pb.CreateIndexRequest), (stub.DropIndex, pb.DropIndexRequest)):
        invalid(call, kind(pipeline="_history", field="a"), "pipeline")
        invalid(call, kind(pipeline=pipeline, field="a..b"), "field")
        invalid(call, kind(pipeline=pipeline, field="id"), "field")
    invalid(stub.ListIndexes, pb.ListIndexesRequest(pipeline="_history"), "pipeline")
    answer = refused(stub.CreateIndex, pb.CreateIndexRequest(pipeline=f"{pipeline}-2", field="a"))
    assert (answer.code.name, answer.info.reason) == ("FAILED_PRECONDITION", "PIPELINE_NOT_FOUND")


def test_indexes_of_administrators_are_left_alone(results: Results, pipeline: str, database: Any) -> None:
    collection = database[pipeline]
    results.deposit([work(pipeline, "a")])
    collection.create_index([("a", 1), ("_id", 1)], name="mine")  # as good as ours
    collection.create_index([("b", 1)])
    collection.create_index([("c", 1), ("_id", 1)], sparse=True)
    collection.create_index([("d", "text")])
    assert [index.field for index in results.list_indexes(pipeline)] == ["a"]
    assert results.create_index(pipeline, "a").ready
    assert "mine" in collection.index_information()
    collection.create_index([("y", 1)], name="field_z")
    with pytest.raises(InvalidRequestError, match="an administrator has made another one") as refused_by_mongodb:
        results.create_index(pipeline, "z")
    collection.drop_index("field_z")
    assert refused_by_mongodb.value.reason == "INDEX_NOT_BUILT"
    assert results.drop_index(pipeline, "a")
    assert "mine" not in collection.index_information()
    assert len(collection.index_information()) == 6


def plan(database: Any, pipeline: str, stages: list[dict[str, Any]]) -> str:
    return str(database.command("explain", {"aggregate": pipeline, "pipeline": stages, "cursor": {}})["queryPlanner"])


def test_ranks_and_views_use_it(results: Results, pipeline: str, database: Any) -> None:
    results.deposit([work(pipeline, f"{number:04}", results={"snr": number % 100}) for number in range(2_000)])
    before = results.top(pipeline, limit=30), results.view(pipeline, {"results.snr": {"$gte": 99}})
    results.create_index(pipeline, "results.snr")
    assert (results.top(pipeline, limit=30), results.view(pipeline, {"results.snr": {"$gte": 99}})) == before
    number = {"results.snr": {"$gte": -math.inf}, "$expr": {"$isNumber": "$results.snr"}}
    sorted_: list[dict[str, Any]] = [{"$match": number}, {"$sort": {"results.snr": -1, "_id": -1}}, {"$limit": 30}]
    found = plan(database, pipeline, sorted_)
    assert "field_results.snr" in found
    assert "'SORT'" not in found


VALUES: dict[str, list[Any]] = {
    "scalars": [1, 1.0, Int64(1), Decimal128("1"), 2, "a", "b", "a", "", True, False, None, b"x", math.nan, math.inf],
    "null and missing": [None, None, ..., ..., 0],
    "nothing but missing": [..., ...],
    "lists": [["a", "b", "a"], "a", [], [None], 3],
    "dates": [datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 1, tzinfo=timezone.utc), 5],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("field", ["v", "results.v"])
def test_counts_are_the_same_with_it(results: Results, pipeline: str, values: list[Any], field: str) -> None:
    def made(number: int, value: Any) -> dict[str, Any]:
        fields = {} if value is ... else {"v": value}
        return work(pipeline, f"{number:02}", **({"results": fields} if "." in field else fields))

    results.deposit([made(number, value) for number, value in enumerate(values)])
    before = counted(results, pipeline, field)
    results.create_index(pipeline, field)
    assert counted(results, pipeline, field) == before


def test_values_that_are_not_told_apart_are_counted_with_it_too(results: Results, pipeline: str) -> None:
    values = [{"a": 1}, {"a": 1}, "x" * 1_025, "y" * 1_024, 1]
    results.deposit([work(pipeline, f"{number}", v=value) for number, value in enumerate(values)])
    before = results.count_by(pipeline, "v")
    results.create_index(pipeline, "v")
    assert results.count_by(pipeline, "v") == before
    assert before.other_count == 3


def test_more_values_than_are_counted(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:04}", v=number) for number in range(1_001)])
    before = results.count_by(pipeline, "v")
    results.create_index(pipeline, "v")
    assert results.count_by(pipeline, "v") == before
    assert before.has_more


def test_counts_of_few_values_are_the_same_with_it(results: Results, pipeline: str) -> None:
    values: list[dict[str, Any]] = [{"v": 7}] * 1_500 + [{"v": 3}] * 900 + [{"v": None}] * 500 + [{}] * 200
    results.deposit([work(pipeline, f"{number:04}", **fields) for number, fields in enumerate(values)])
    before = counted(results, pipeline, "v")
    results.create_index(pipeline, "v")
    assert counted(results, pipeline, "v") == before


def test_an_index_on_elements_of_lists_is_not_used(results: Results, pipeline: str, database: Any) -> None:
    results.deposit([work(pipeline, "list", a=[5, 6]), work(pipeline, "dict", a={"0": 7})])
    database[pipeline].create_index([("a.0", 1), ("_id", 1)])
    assert results.list_indexes(pipeline) == []
    assert results.count_by(pipeline, "a.0").counts == [(7, 1)]


SIMPLE = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, -0.0, 2.0, math.nan]), st.sampled_from("abc")
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(SIMPLE, st.lists(SIMPLE, max_size=3), st.just(...)), max_size=12))
def test_counts_of_any_values_are_the_same_with_it(results: Results, pipeline: str, values: list[Any]) -> None:
    for id_ in [result["id"] for result in results.view(pipeline, {}, limit=-1)]:
        results.delete_ids(pipeline, [id_])
    results.deposit([work(pipeline, "there", w=1)])
    results.drop_index(pipeline, "v")
    fields = [{} if value is ... else {"v": value} for value in values]
    results.deposit([work(pipeline, f"{number:02}", **each) for number, each in enumerate(fields)])
    before = counted(results, pipeline, "v")
    results.create_index(pipeline, "v")
    assert counted(results, pipeline, "v") == before


def test_a_build_goes_on_when_nobody_waits_for_it(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.deposit([work(pipeline, "a", n=1)])
    create = AsyncCollection.create_indexes
    builds = 0

    async def test(store: Store) -> None:
        may = asyncio.Event()

        async def slow(*arguments: Any, **named: Any) -> Any:
            nonlocal builds
            builds += 1
            await may.wait()
            return await create(*arguments, **named)

        monkeypatch.setattr(AsyncCollection, "create_indexes", slow)
        one, other = await asyncio.gather(
            store.indexes.create(pipeline, "n", 0.5), store.indexes.create(pipeline, "n", 0.5)
        )
        assert (one.ready, other.ready) == (False, False)
        may.set()
        assert (await store.indexes.create(pipeline, "n", LONG)).ready
        assert builds == 1

    with_store(mongo_uri, test)
    assert [index.field for index in results.list_indexes(pipeline)] == ["n"]


def test_the_command(results: Results, pipeline: str) -> None:
    def index(*arguments: str) -> tuple[int, str]:
        done = run("index", pipeline, *arguments, "--target", results.baseurl)
        return done.returncode, done.stdout + done.stderr

    assert index("n") == (1, f"Error: pipeline {pipeline} does not exist: deposit into it first\n")
    results.deposit([work(pipeline, "a", n=1)])
    status, said = index("results.snr")
    assert (status, said.split()[0], said.split()[-1]) == (0, "results.snr", "MiB")
    index("n")
    status, said = index()
    assert (status, [line.split()[0] for line in said.splitlines()]) == (0, ["n", "results.snr"])
    assert index("n", "--drop") == (0, "the index on n was dropped\n")
    assert index("n", "--drop") == (1, f"Error: {pipeline} has no index on n\n")
    assert index("--drop")[0] == 2


def test_at_most_five_also_of_those_that_are_made_at_once(mongo_uri: str, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])

    async def test(store: Store) -> None:
        made = await asyncio.gather(
            *(store.indexes.create(pipeline, f"n{number}", LONG) for number in range(10)), return_exceptions=True
        )
        assert sum(isinstance(each, RequestError) for each in made) == 5

    with_store(mongo_uri, test)
    assert len(results.list_indexes(pipeline)) == 5


def test_at_most_five_also_when_a_build_ends_while_they_are_listed(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.deposit([work(pipeline, "a")])
    listed = AsyncCollection.index_information

    async def test(store: Store) -> None:
        for number in range(4):
            await store.indexes.create(pipeline, f"n{number}", LONG)

        async def late(*arguments: Any, **named: Any) -> Any:
            found = await listed(*arguments, **named)
            monkeypatch.undo()
            assert (await store.indexes.create(pipeline, "meanwhile", LONG)).ready
            return found

        monkeypatch.setattr(AsyncCollection, "index_information", late)
        with pytest.raises(RequestError, match="has 5 indexes"):
            await store.indexes.create(pipeline, "late", LONG)

    with_store(mongo_uri, test)
    assert len(results.list_indexes(pipeline)) == 5


def test_counts_need_no_index_that_is_dropped_meanwhile(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.deposit([work(pipeline, id_, n=1) for id_ in "ab"])

    async def test(store: Store) -> None:
        async def was_there(*_: Any) -> str:
            return "field_n"

        monkeypatch.setattr(store.indexes, "holds_values", was_there)
        assert (await store.count_by(pipeline, {}, "n", 10, LONG)).counts == [(1, 2)]

    with_store(mongo_uri, test)

"""Pipelines: how many there may be, and how one is dropped; nothing that comes meanwhile is lost."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from bson import Binary
from pymongo import _csot

from tests.support.launcher import Service
from tests.support.waiting import eventually
from tests.support.wire import Stub, documents, refused
from tests.support.works import work
from workflow_results import HistoryEntry, InvalidRequestError, Outcome, Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.mongod.binary import find_binary
from workflow_results_server.store import Store, pipelines

Serve = Callable[..., Service]
INDEXES = {"_id_", "event", "locked"}
BAR: Any = {"createIndexes": "", "indexes": [{"key": {"_id": "2dsphere"}, "name": "_dropping"}]}


@pytest.fixture
def limited(serve: Serve, mongo: Any) -> Iterator[Callable[..., Service]]:
    """Start servers with a database of their own."""
    name = f"limited-{uuid.uuid4()}"
    yield lambda *arguments: serve("--database", name, *arguments)
    for collection in mongo[name].list_collection_names():
        mongo[name].drop_collection(collection)


def outcomes(client: Results, *works: dict[str, Any]) -> list[str]:
    """What became of works: the reason of those that were rejected, else the outcome."""
    return [
        receipt.reason.partition(":")[0] if receipt.outcome is Outcome.REJECTED else receipt.outcome.value
        for receipt in client.deposit_receipts(list(works), timeout=60)
    ]


def test_a_pipeline_too_many(limited: Callable[..., Service]) -> None:
    with Results(limited("--max-pipelines", "3").target, timeout=60) as client:
        assert client.info()["server"]["limits"]["pipelines"] == 3
        assert client.deposit([work(name, "a") for name in "abc"]) == {"a": True, "b": True, "c": True}
        mixed = [work("d", "a"), work("a", "b"), work("d", "b"), work("e", "a"), work("c", "b"), work("b", "a")]
        assert outcomes(client, *mixed) == [
            *("TOO_MANY_PIPELINES", "deposited", "TOO_MANY_PIPELINES", "TOO_MANY_PIPELINES"),
            *("deposited", "already deposited"),
        ]
        assert client.status() == {"a": 2, "b": 1, "c": 2}
        with pytest.raises(InvalidRequestError, match=r"the limit of 3 pipelines is reached") as raised:
            client.deposit([work("d", "a"), work("b", "z")])
        assert "DropPipeline" in str(raised.value)
        assert "--max-pipelines" in str(raised.value)
        assert [receipt.stored for receipt in raised.value.receipts] == [False, True]

        assert client.delete_ids("b", ["a", "z"])
        assert outcomes(client, work("d", "a"))[0] == "TOO_MANY_PIPELINES"  # those without results count, too
        assert client.drop_pipeline("b")
        assert outcomes(client, work("d", "a")) == ["deposited"]
        assert client.status() == {"a": 2, "c": 2, "d": 1}


def test_a_depositor_is_told_of_a_pipeline_too_many(limited: Callable[..., Service]) -> None:
    with Results(limited("--max-pipelines", "1").target, timeout=60) as client:
        with (
            pytest.raises(InvalidRequestError, match="pipelines is reached"),
            client.depositor() as depositor,
        ):
            futures = [depositor.deposit(work(name, "a")) for name in ("a", "b", "a")]
        assert [future.result().stored for future in futures] == [True, False, True]


def test_pipelines_that_come_at_once_are_counted_one_after_the_other(limited: Callable[..., Service]) -> None:
    with Results(limited("--max-pipelines", "10").target, timeout=60) as client, ThreadPoolExecutor(8) as pool:
        works = [[work(f"p-{number}", id_) for number in range(batch, 64, 8)] for batch in range(8) for id_ in "ab"]
        every = [outcome for each in pool.map(lambda each: outcomes(client, *each), works) for outcome in each]
        assert sorted(client.status().values()) == [2] * 10
        assert (every.count("deposited"), every.count("TOO_MANY_PIPELINES")) == (20, 108)


def test_room_that_another_server_makes_is_found(limited: Callable[..., Service]) -> None:
    first, second = limited("--max-pipelines", "2"), limited("--max-pipelines", "2", "--workers", "2")
    with Results(first.target, timeout=60) as one, Results(second.target, timeout=60) as other:
        assert one.deposit([work("a", "a")])
        assert other.deposit([work("b", "a")])
        assert outcomes(one, work("c", "a")) == outcomes(other, work("c", "a")) == ["TOO_MANY_PIPELINES"]
        assert one.delete_ids("b", ["a"])
        assert one.drop_pipeline("b")
        assert outcomes(one, work("c", "a")) == ["deposited"]
        eventually(lambda: outcomes(other, work("c", "a")) == ["already deposited"])


def test_files_of_mongod_decide_by_default(results: Results, mongo: Any) -> None:
    told = mongo.admin.command("hostInfo")["extra"]
    files = told.get("extra", told)["maxOpenFiles"]
    assert results.info()["server"]["limits"]["pipelines"] == max(16, min(10_000, files // 8))


def test_a_drop(results: Results, database: Any, pipeline: str) -> None:
    assert results.drop_pipeline(pipeline) is False
    assert results.history(pipeline) == []
    results.deposit([work(pipeline, "a")])
    assert results.lock(pipeline, ["a"], reason="published")
    with pytest.raises(InvalidRequestError, match=f"pipeline {pipeline} has 1 result left: delete it first") as raised:
        results.drop_pipeline(pipeline)
    assert raised.value.reason == "PIPELINE_NOT_EMPTY"
    assert not raised.value.outcome_unknown
    assert results.history(pipeline) == []
    assert set(database[pipeline].index_information()) == INDEXES

    assert results.unlock(pipeline, ["a"], force=True)
    assert results.delete_ids(pipeline, ["a"])
    assert results.drop_pipeline(pipeline, reason="a test") is True
    assert pipeline not in database.list_collection_names()
    (entry,) = results.history(pipeline)
    assert entry == HistoryEntry(entry.time, "drop_pipeline", "", (), 0, "a test", "", 0)
    assert [entry.method for entry in results.history(pipeline, "a")] == ["delete_ids", "unlock", "lock"]
    assert results.view(pipeline, {}) == results.get_by_event(pipeline, 1) == []
    assert results.count(pipeline, {}) == 0
    assert results.lock(pipeline, ["a"]) is False
    assert results.drop_pipeline(pipeline) is False

    assert results.deposit([work(pipeline, "a")]) == {pipeline: True}
    assert set(database[pipeline].index_information()) == INDEXES
    assert results.delete_ids(pipeline, ["a"])
    assert results.drop_pipeline(pipeline)
    assert [entry.reason for entry in results.history(pipeline)] == ["", "a test"]


def test_bad_arguments_of_a_drop_are_named(results: Results, stub: Stub) -> None:
    for arguments, said in (
        (("_history",), "pipeline must be"),
        (("",), "pipeline must be"),
        ((None,), "pipeline must be a string"),
    ):
        with pytest.raises(InvalidRequestError, match=said):
            results.drop_pipeline(*arguments)
    with pytest.raises(InvalidRequestError, match="reason must have at most"):
        results.drop_pipeline("a", reason="x" * 1001)
    answer = refused(stub.DropPipeline, pb.DropPipelineRequest(pipeline="_history"))
    assert (answer.code, answer.bad.field_violations[0].field) == (grpc.StatusCode.INVALID_ARGUMENT, "pipeline")
    answer = refused(stub.DropPipeline, pb.DropPipelineRequest(pipeline="a", reason="x\0"))
    assert (answer.code, answer.bad.field_violations[0].field) == (grpc.StatusCode.INVALID_ARGUMENT, "reason")


def test_the_history_of_a_pipeline_comes_in_pages_by_an_index(results: Results, stub: Stub, database: Any) -> None:
    pipeline = f"often-dropped-{uuid.uuid4()}"
    for number in range(3):
        assert results.deposit([work(pipeline, "a")])
        assert results.delete_ids(pipeline, ["a"])
        assert results.drop_pipeline(pipeline, reason=f"{number}")
    first = stub.History(pb.HistoryRequest(pipeline=pipeline, page_size=2))
    rest = stub.History(pb.HistoryRequest(pipeline=pipeline, page_size=2, page_token=first.next_page_token))
    assert [entry.reason for entry in (*first.entries, *rest.entries)] == ["2", "1", "0"]
    plan = database["_history"].find({"pipeline": pipeline, "ids": ""}).sort("order", -1).explain()
    assert "'indexName': 'results'" in str(plan["queryPlanner"]["winningPlan"])


def test_a_drop_that_its_server_did_not_live_to_finish(results: Results, stub: Stub, database: Any) -> None:
    """Whoever comes next finishes it."""
    for known in (False, True):
        pipeline = f"left-over-{uuid.uuid4()}"
        if known:
            assert results.deposit([work(pipeline, "a")])
            assert results.delete_ids(pipeline, ["a"])
        database.command({**BAR, "createIndexes": pipeline})
        assert results.view(pipeline, {}) == []
        assert results.status().get(pipeline) is None
        works = documents(work(pipeline, "a"), work(pipeline, "b"), work(pipeline, "a", n=1))
        assert list(stub.Deposit(pb.DepositRequest(works=works)).outcomes) == [1, 1, 3]
        assert set(database[pipeline].index_information()) == INDEXES

        assert results.delete_ids(pipeline, ["a", "b"])
        database.command({**BAR, "createIndexes": pipeline})
        assert results.drop_pipeline(pipeline)
        assert pipeline not in database.list_collection_names()
        assert [entry.method for entry in results.history(pipeline)] == ["drop_pipeline"]


def test_simultaneous_drops(results: Results, database: Any, pipeline: str) -> None:
    """Each collection that was dropped has an entry of its own, and in the end there is none."""
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert results.deposit([work(pipeline, "a")])
            assert results.delete_ids(pipeline, ["a"])
            (found,) = database.list_collections(filter={"name": pipeline})
            assert any(list(pool.map(lambda _: results.drop_pipeline(pipeline), range(8))))
            assert pipeline not in database.list_collection_names()
            entries = database["_history"].find({"pipeline": pipeline, "method": "drop_pipeline"})
            assert Binary(found["info"]["uuid"], 4) in [entry["_id"] for entry in entries]


def test_what_cannot_be_recorded_is_not_dropped(results: Results, stub: Stub, database: Any, pipeline: str) -> None:
    reason = f"unrecorded-{uuid.uuid4()}"
    database["_history"].insert_one({"reason": reason})
    index = database["_history"].create_index("reason", unique=True, partialFilterExpression={"reason": reason})
    try:
        results.deposit([work(pipeline, "a")])
        assert results.delete_ids(pipeline, ["a"])
        answer = refused(stub.DropPipeline, pb.DropPipelineRequest(pipeline=pipeline, reason=reason))
        assert (answer.code, answer.info.reason) == (grpc.StatusCode.UNAVAILABLE, "MONGODB_FAILED")
        assert pipeline in database.list_collection_names()
    finally:
        database["_history"].drop_index(index)
    assert results.history(pipeline) == []
    assert results.deposit([work(pipeline, "a")]) == {pipeline: True}


def test_an_index_of_an_administrator_that_refuses_a_work(results: Results, database: Any, pipeline: str) -> None:
    database[pipeline].create_index([("place", "2dsphere")])
    refused_, fine = work(pipeline, "a", place="nowhere"), work(pipeline, "b", place=[1.0, 2.0])
    assert outcomes(results, refused_, fine) == ["REFUSED_BY_MONGODB", "deposited"]
    eventually(lambda: set(database[pipeline].index_information()) == INDEXES | {"place_2dsphere"})


def test_a_collection_that_lacks_indexes_gets_them(results: Results, database: Any, pipeline: str) -> None:
    database[pipeline].insert_one({"_id": "a", "id": "a"})
    assert results.deposit([work(pipeline, "b")]) == {pipeline: True}
    eventually(lambda: set(database[pipeline].index_information()) == INDEXES)


def test_indexes_of_many_results_have_their_own_time(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of the deposit that found them missing, nor that of the preparation within which they are begun."""
    database[pipeline].insert_one({"_id": "a", "id": "a"})
    limits: list[float] = []
    made = asyncio.Event()
    make_indexes = pipelines.Pipelines._make_indexes

    async def recording(self: pipelines.Pipelines, *args: Any) -> None:
        limits.append(_csot.remaining() or 0.0)
        await make_indexes(self, *args)
        made.set()

    async def run() -> None:
        store = await Store.open(mongo_uri, database.name, 60.0)
        try:
            monkeypatch.setattr(pipelines.Pipelines, "_make_indexes", recording)
            assert await store.pipelines.prepare(pipeline, 60.0)
            await made.wait()
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), 120))
    assert [limit > 1800 for limit in limits] == [True]
    assert set(database[pipeline].index_information()) == INDEXES


def test_what_is_known_of_pipelines_ends_and_is_bounded(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others have dropped is made again, and nobody fills the memory with names."""

    async def run() -> None:
        store = await Store.open(mongo_uri, database.name, 60.0)
        try:
            monkeypatch.setattr(pipelines, "_READY_SECONDS", 0.0)
            for name in ("a", "b", "c"):
                assert await store.pipelines.prepare(f"{pipeline}-{name}", 60.0)
                assert len(store.pipelines._ready) == 1
            database.drop_collection(f"{pipeline}-c")
            assert await store.pipelines.prepare(f"{pipeline}-c", 60.0)
            assert set(database[f"{pipeline}-c"].index_information()) == INDEXES
            monkeypatch.setattr(pipelines, "_READY_SECONDS", 60.0)
            monkeypatch.setattr(pipelines, "_READY_MOST", 2)
            for name in ("a", "b", "c", "d"):
                assert await store.pipelines.prepare(f"{pipeline}-{name}", 60.0)
                assert len(store.pipelines._ready) <= 2
            database.drop_collection(f"{pipeline}-d")
            assert await store.pipelines.prepare(f"{pipeline}-d", 60.0)
            assert f"{pipeline}-d" not in database.list_collection_names()  # nobody has asked again
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), 120))


def test_status_counts_many_pipelines(limited: Callable[..., Service], mongo: Any) -> None:
    """With one command for a hundred of them; one by one where that fails, as for a view."""
    service = limited("--max-pipelines", "500")
    with Results(service.target, timeout=60) as client:
        names = [f"p_{number}" for number in range(130)]
        expected = {name: 1 + number % 3 for number, name in enumerate(names)}
        client.deposit([work(name, f"{number}") for name in names for number in range(expected[name])])
        assert client.status() == expected


def test_a_mongod_with_few_open_files_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pipeline takes four of them, and without any left mongod ends."""
    binary = tmp_path / "mongod"
    binary.write_text(f'#!/bin/sh\nulimit -n 1500\nexec {find_binary()} "$@"\n')
    binary.chmod(0o755)
    monkeypatch.setenv("WORKFLOW_RESULTS_MONGOD", str(binary))
    service = Service("--data-dir", str(tmp_path / "data"), log=tmp_path / "log")
    try:
        with Results(service.target, timeout=60) as client:
            told = outcomes(client, *(work(f"frb-{number}", "a") for number in range(600)))
            assert Counter(told) == {"deposited": 187, "TOO_MANY_PIPELINES": 413}
            assert len(client.status()) == client.info()["server"]["limits"]["pipelines"] == 187
            (there, *_) = client.status()
            assert outcomes(client, work(there, "b"), work("another", "b")) == ["deposited", "TOO_MANY_PIPELINES"]
        assert "died" not in service.log.read_text()
    finally:
        service.stop()

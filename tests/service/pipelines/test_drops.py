"""Drops that meet deposits: wherever a drop stops, and however long, no deposit is lost, nor waits."""

from __future__ import annotations

import asyncio
import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import AsyncMock

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import InvalidRequestError, Results
from workflow_results_server.errors import RequestError
from workflow_results_server.store import Origin, Store

Serve = Callable[..., Service]
SECONDS = 60.0
INDEXES = {"_id_", "event", "locked"}


@pytest.fixture
def empty(results: Results, pipeline: str) -> str:
    """A pipeline without results, which the server believes to be there."""
    results.deposit([work(pipeline, "a")])
    assert results.delete_ids(pipeline, ["a"])
    return pipeline


def drop_that_pauses(
    monkeypatch: pytest.MonkeyPatch, mongo_uri: str, pipeline: str, before: tuple[str, str], meanwhile: Any
) -> bool | str:
    """Drop a pipeline as another server would that stops before a step; returns what came of it."""

    async def run() -> bool | str:
        store = await Store.open(mongo_uri, "workflow_results", SECONDS)
        part, name = before
        owner = {
            "pipelines": store.pipelines,
            "history": store.history,
            "collection": type(store.pipelines._database["a"]),
        }[part]
        step = getattr(owner, name)
        paused = False

        async def paused_step(*arguments: Any, **named: Any) -> Any:
            nonlocal paused
            if not paused:
                paused = True
                await asyncio.to_thread(meanwhile)
            return await step(*arguments, **named)

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, paused_step)
            try:
                return await store.pipelines.drop(pipeline, Origin(), SECONDS)
            except RequestError as error:
                return error.reason
            finally:
                assert paused
                await store.close()

    return asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))


BARRED = {"before it is recorded": ("history", "record_drop"), "before it drops": ("pipelines", "_dropped")}


@pytest.mark.parametrize("before", BARRED.values(), ids=BARRED)
@pytest.mark.parametrize("known", [True, False], ids=["at a server that knows it", "at a new server"])
def test_a_deposit_finishes_a_drop_that_has_begun(
    serve: Serve,
    results: Results,
    mongo_uri: str,
    database: Any,
    empty: str,
    monkeypatch: pytest.MonkeyPatch,
    before: tuple[str, str],
    known: bool,
) -> None:
    target = results.baseurl if known else serve().target
    with Results(target) as client:

        def deposit() -> None:
            assert client.deposit([work(empty, "b")]) == {empty: True}
            assert set(database[empty].index_information()) == INDEXES

        assert drop_that_pauses(monkeypatch, mongo_uri, empty, before, deposit) is True
        assert [result["id"] for result in client.view(empty, {})] == ["b"]
    assert [entry.method for entry in results.history(empty)] == ["drop_pipeline"]


def test_a_deposit_that_comes_before_the_bar_keeps_the_pipeline(
    results: Results, mongo_uri: str, database: Any, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deposit() -> None:
        assert results.deposit([work(empty, "b")]) == {empty: True}

    step = ("collection", "create_indexes")
    assert drop_that_pauses(monkeypatch, mongo_uri, empty, step, deposit) == "PIPELINE_NOT_EMPTY"
    assert [result["id"] for result in results.view(empty, {})] == ["b"]
    assert set(database[empty].index_information()) == INDEXES
    assert results.history(empty) == []


def test_what_another_drop_and_a_deposit_made_is_not_dropped(
    results: Results, mongo_uri: str, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A drop that comes very late finds another collection of the same name, which may be empty again, too."""

    def replace() -> None:
        for _ in range(2):
            assert results.drop_pipeline(empty)
            assert results.deposit([work(empty, "b")]) == {empty: True}
            assert results.delete_ids(empty, ["b"])
        assert results.deposit([work(empty, "c")]) == {empty: True}

    assert drop_that_pauses(monkeypatch, mongo_uri, empty, ("pipelines", "_dropped"), replace) is True
    assert [result["id"] for result in results.view(empty, {})] == ["c"]
    assert len(results.history(empty)) == 2  # each of the two collections that are gone has one


def test_whoever_bars_at_the_same_time_a_pipeline_with_results_is_not_barred(
    results: Results, mongo_uri: str, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an index that another call is making, MongoDB may tell that it is there, even when it can't be."""
    results.deposit([work(pipeline, "a")])

    async def run() -> list[Any]:
        store = await Store.open(mongo_uri, "workflow_results", SECONDS)
        try:
            attempts = (store.pipelines.drop(pipeline, Origin(), SECONDS) for _ in range(100))
            outcomes: list[Any] = await asyncio.gather(*attempts, return_exceptions=True)
            return outcomes
        finally:
            await store.close()

    with monkeypatch.context() as patch:  # the results come just after each has looked
        patch.setattr(AsyncCollection, "find_one", AsyncMock(return_value=None))
        outcomes = asyncio.run(asyncio.wait_for(run(), 2 * SECONDS))
    assert {getattr(outcome, "reason", outcome) for outcome in outcomes} == {"PIPELINE_NOT_EMPTY"}
    assert results.count(pipeline, {}) == 1


def test_a_drop_that_bars_another_collection_than_it_saw_leaves_nothing_barred(
    results: Results, mongo_uri: str, database: Any, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drop() -> None:
        assert results.drop_pipeline(empty)

    drop_that_pauses(monkeypatch, mongo_uri, empty, ("collection", "create_indexes"), drop)
    assert empty not in database.list_collection_names()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_deposit_is_lost_in_a_drop(serve: Serve, results: Results, pipeline: str, workers: str) -> None:
    """Two servers: some deposit, one deletes and drops, as long as it takes for both to meet many times."""
    targets = [serve("--workers", workers).target, serve().target]
    over = threading.Event()
    acknowledged: list[str] = []
    deleted: set[str] = set()
    drops = refusals = 0
    attempt = 0.01  # how many seconds the last one took: what pauses are measured by, on a busy machine, too

    def deposit(number: int) -> None:
        chance = random.Random(number)
        with Results(targets[number % 2], timeout=60) as client:
            while not over.is_set():
                ids = [f"{uuid.uuid4()}" for _ in range(chance.choice((1, 1, 1, 5)))]
                assert client.deposit([work(pipeline, id_) for id_ in ids]) == {pipeline: True}
                acknowledged.extend(ids)
                over.wait(chance.random() * 8 * attempt)  # by four: in one attempt of three nobody deposits

    def drop(number: int) -> None:
        nonlocal drops, refusals, attempt
        with Results(targets[number % 2], timeout=60) as client:
            while not over.is_set() and (drops < 15 or refusals < 3):
                began = time.monotonic()
                ids = [each["id"] for each in client.view(pipeline, {}, {"id": True}, limit=-1)]
                deleted.update(ids)
                client.delete_ids(pipeline, ids)
                try:
                    drops += client.drop_pipeline(pipeline)
                except InvalidRequestError as error:
                    assert error.reason == "PIPELINE_NOT_EMPTY"
                    refusals += 1
                attempt = time.monotonic() - began

    with ThreadPoolExecutor(5) as pool:
        depositing = [pool.submit(deposit, number) for number in range(4)]
        try:
            pool.submit(drop, 1).result(300)
        finally:
            over.set()
        for each in depositing:
            each.result(60)
    there = {result["id"] for result in results.stream(pipeline, {}, {"id": True})}
    lost = [id_ for id_ in acknowledged if id_ not in there | deleted]
    assert lost == []
    assert len(acknowledged) == len(set(acknowledged)) >= 20
    assert len(results.history(pipeline)) == drops

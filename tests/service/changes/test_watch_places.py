"""Places of watches: where each part of what is told can be gone on from, and none where something would be missing."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from typing import Any

import pytest
from bson.timestamp import Timestamp

from tests.support.sources import LONG
from tests.support.watchers import deposit, names, opened, with_store
from tests.support.works import work
from workflow_results import Results
from workflow_results_server.store import Kind, Part, Store, Wanted
from workflow_results_server.store.watching import shared
from workflow_results_server.store.watching import watches as watches_module
from workflow_results_server.store.watching.events import seconds_of, token_of


@pytest.mark.parametrize("own", [False, True])
def test_each_part_of_what_is_told_together_has_a_place(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setattr(watches_module, "_TOLD_TOGETHER", 10)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
            if own:
                await watcher.close()
            await deposit(results, pipeline, names(0, 100))
            await asyncio.to_thread(results.lock, pipeline, names(0, 25))
            async with opened(store, pipeline, place=old) if own else contextlib.nullcontext(watcher) as late:
                parts = []
                while len(late.ids) < 125:
                    parts.append(await late.next())
        told = [part for part in parts if part.told]
        locked = [part for part in told if part.told[0].kind is Kind.LOCKED]
        assert all(part.place for part in told if part not in locked)
        assert max(len(part.told) for part in told) == 10
        assert [part.place is not None for part in locked] == [False, False, True], "one call is one event"
        for part in told[:8]:
            async with opened(store, pipeline, place=part.place) as again:
                await again.until("00099")
                assert not {each.id for each in part.told} & set(again.ids[: 100 - len(part.told)])

    with_store(mongo_uri, test)


def test_there_is_no_place_within_a_transaction(
    mongo_uri: str, mongo: Any, database: Any, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_AT_ONCE", 2)
    monkeypatch.setattr(watches_module, "_TOLD_TOGETHER", 3)
    results.deposit([work(pipeline, id_) for id_ in names(0, 7)])

    def change() -> None:  # as an administrator may
        with mongo.start_session() as session, session.start_transaction():
            for number, id_ in enumerate(names(0, 7)):
                database[pipeline].update_one({"_id": id_}, {"$set": {"n": number}}, session=session)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            began = watcher.place
            await asyncio.to_thread(change)
            places = []
            while len(watcher.ids) < 7:
                places.append((await watcher.next()).place)
            assert sorted(watcher.ids) == names(0, 7)
            assert [each for each in places[:-1] if each not in (None, began)] == []

    with_store(mongo_uri, test)


def test_a_watch_does_not_go_back_to_where_the_shared_stream_is(mongo_uri: str) -> None:
    async def test(store: Store) -> None:
        feed = store.watches._feed
        async with feed.followed():
            ahead = token_of(Timestamp(seconds_of(await feed.now()) + 60, 1))
            assert await feed.behind(ahead, 0.0, lambda _: True) == ((), ahead)

    with_store(mongo_uri, test)


def test_a_watch_begins_now_even_if_the_shared_stream_is_behind(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as first:
            changes = store.watches._feed._shared
            assert changes is not None
            read, held, may = changes._stream.try_next, asyncio.Event(), asyncio.Event()

            async def read_later() -> Any:
                held.set()
                await may.wait()
                return await read()

            monkeypatch.setattr(changes._stream, "try_next", read_later)
            await held.wait()
            await deposit(results, pipeline, ["before"])
            async with opened(store, pipeline) as late:
                may.set()
                await deposit(results, pipeline, ["after"])
                await asyncio.gather(first.until("before", "after"), late.until("after"))
            assert late.ids == ["after"]

    with_store(mongo_uri, test)


def test_a_place_is_told_behind_what_does_not_match(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "BOOKMARK_SECONDS", 10 * LONG)
    monkeypatch.setattr(shared, "_GATHER_SECONDS", 1.0)
    pipelines = [f"{pipeline}-{letter}" for letter in "ab"]

    async def test(store: Store) -> None:
        wanted = Wanted(frozenset(pipelines), lambda _: True, {"n": 1}, {})
        async with aclosing(store.watches.watch(wanted, None, existing=False)) as parts:
            await anext(parts)
            for number, each in enumerate(pipelines):
                await deposit(results, each, ["a"], n=1 - number)
            part = await anext(parts)
            assert [each.pipeline for each in part.told] == pipelines[:1]
            assert part.place or (await asyncio.wait_for(anext(parts), LONG)).place

    with_store(mongo_uri, test)


def test_no_place_is_told_before_all_that_stands_before_it(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_GATHER_SECONDS", 1.0)
    works = [work(f"{pipeline}-{letter}", id_, n=0) for letter in "ab" for id_ in "xy"]
    results.deposit(works)

    async def test(store: Store) -> None:
        wanted = Wanted(frozenset(each["pipeline"] for each in works), lambda _: True, {"n": 1}, {})
        async with aclosing(store.watches.watch(wanted, None, existing=False)) as parts:
            await anext(parts)
            await asyncio.to_thread(results.update, [{**each, "n": int(each["id"] == "x")} for each in works])
            told: list[Part] = []
            while len(told) < 4:
                if (part := await asyncio.wait_for(anext(parts), LONG)).told:
                    told.append(part)
        kinds = [(part.told[0].kind, part.told[0].id) for part in told]
        assert kinds == 2 * [(Kind.UPDATED, "x"), (Kind.UNMATCHED, "y")]
        assert [part.place is not None for part in told] == [False, False, False, True]

    with_store(mongo_uri, test)

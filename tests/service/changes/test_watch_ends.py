"""Watches where servers end, callers come and go, and readers are slow, many, or gone."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from tests.support.blocking import Facade
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.sources import LONG, until
from tests.support.waiting import eventually
from tests.support.watchers import Watcher, deposit, names, opened, with_store
from tests.support.watching import following, told, watching
from tests.support.works import work
from workflow_results import PermissionDeniedError, Results, UnauthenticatedError
from workflow_results_server.errors import RequestError
from workflow_results_server.store import Kind, Store, Wanted
from workflow_results_server.store.watching import stream
from workflow_results_server.store.watching import watches as watches_module

Serve = Callable[..., Service]


@pytest.mark.both_facades
def test_a_watch_survives_servers_that_end_and_are_killed(serve: Serve, facade: Facade, pipeline: str) -> None:
    server = serve("--drain-seconds", "600")
    with facade(server.target) as client, watching(client, pipeline) as watch, Results(server.target) as results:
        for number, ending in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)):
            results.deposit([work(pipeline, f"{number}a")])
            assert told(following(watch, 1)) == [("deposited", f"{number}a")]
            server.stop(ending)  # which waits for no watch
            server.start()
            results.deposit([work(pipeline, f"{number}b")])
            change = next(watch)
            while change.id != f"{number}b":
                change = next(watch)


def test_a_watch_of_all_pipelines_is_one_of_those_that_its_caller_may_use(
    serve: Serve, tmp_path: Path, pipeline: str
) -> None:
    callers = {"admin": entry("admin", "*", token="admin"), "reader": entry("reader", f"{pipeline}-a*", token="reader")}
    tokens = write(tmp_path / "tokens.yml", callers)
    server = serve("--tokens", str(tokens))
    with Results(server.target, token="admin") as admin, Results(server.target, token="reader") as reader:
        admin.deposit([work(f"{pipeline}-{letter}", "old") for letter in "ab"])
        with pytest.raises(PermissionDeniedError, match="may not use pipeline"):
            reader.watch([f"{pipeline}-a", f"{pipeline}-b"])
        with watching(reader, None, snapshot=True) as watch:
            assert [change.pipeline for change in following(watch, 2)] == [f"{pipeline}-a", ""]
            admin.deposit([work(f"{pipeline}-{end}", "new") for end in ("b", "a", "ab")])
            admin.lock(f"{pipeline}-a", ["new"], reason="why")
            changes = following(watch, 3)
            assert {change.pipeline for change in changes} == {f"{pipeline}-a", f"{pipeline}-ab"}
            [locked] = [change for change in changes if change.kind.value == "locked"]
            assert (locked.caller, locked.reason) == ("admin", "why")
            del callers["reader"]
            write(tokens, callers)
            with pytest.raises(UnauthenticatedError):
                for number in range(10_000):
                    admin.deposit([work(f"{pipeline}-a", f"{number}")])
                    next(watch)


def test_a_watch_of_all_pipelines_follows_what_its_caller_may_use(serve: Serve, tmp_path: Path, pipeline: str) -> None:
    one, other = f"{pipeline}-a", f"{pipeline}-b"
    callers = {"admin": entry("admin", "*", token="admin"), "reader": entry("reader", one, token="reader")}
    tokens = write(tmp_path / "tokens.yml", callers)
    server = serve("--tokens", str(tokens))

    def allowed() -> str:
        with contextlib.suppress(PermissionDeniedError):
            reader.count(one, {})
            return one
        return other

    with (
        Results(server.target, token="admin") as admin,
        Results(server.target, token="reader") as reader,
        watching(reader, None) as watch,
    ):
        admin.deposit([work(one, "first")])
        assert next(watch).pipeline == one
        for number, mine in enumerate((other, one, other)):
            callers["reader"] = entry("reader", mine, token="reader")
            write(tokens, callers)
            eventually(lambda mine=mine: allowed() == mine)  # type: ignore[misc]
            for each in (one, other):
                admin.deposit([work(each, f"{number}")])
            change = next(watch)
            assert (change.pipeline, change.id) == (mine, f"{number}")


def test_too_many_watches_are_refused(mongo_uri: str, pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watches_module, "_MOST_WATCHES", 2)

    async def test(store: Store) -> None:
        async with opened(store, pipeline), opened(store, pipeline):
            with pytest.raises(RequestError, match="at most 2 watches") as refused:
                await Watcher(store, pipeline).next()
            assert refused.value.reason == "OVERLOADED"
        async with opened(store, pipeline):
            pass

    with_store(mongo_uri, test)


def test_nothing_but_a_place_is_told_while_nothing_changes(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "BOOKMARK_SECONDS", 0.3)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            places = [watcher.place]
            for _ in range(3):
                await deposit(results, f"{pipeline}-other", ["a"])
                part = await watcher.next()
                assert part.told == ()
                assert part.place is not None
                places.append(part.place)
            assert places == sorted(places)
            assert places[0] < places[-1]
            await deposit(results, pipeline, ["b"])
            await watcher.until("b")
            assert watcher.ids == ["b"]

    with_store(mongo_uri, test)


def test_a_drop_stands_between_what_was_before_and_what_came_after(
    mongo_uri: str, results: Results, pipeline: str, database: Any
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, ["a", "b"])
        await asyncio.to_thread(database[pipeline].drop)
        await deposit(results, pipeline, ["b"])
        async with opened(store, pipeline, place=old) as late:
            kinds: list[tuple[Kind, str]] = []
            while (Kind.DROPPED, "") not in kinds or kinds[-1] == (Kind.DROPPED, ""):
                kinds += [(each.kind, each.id) for each in (await late.next()).told]
        assert kinds[-2:] == [(Kind.DROPPED, ""), (Kind.DEPOSITED, "b")]

    with_store(mongo_uri, test)


@pytest.mark.parametrize("existing", [True, False])
def test_a_read_that_takes_long_is_no_silence(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, existing: bool
) -> None:
    results.deposit([work(pipeline, "a")])
    monkeypatch.setattr(watches_module, "BOOKMARK_SECONDS", 0.1)

    async def test(store: Store) -> None:
        may = asyncio.Event()
        read = store.watches._read

        async def slow(*arguments: Any) -> AsyncIterator[Any]:
            await may.wait()
            async for batch in read(*arguments):
                yield batch

        async with opened(store, pipeline, existing=existing) as watcher:
            monkeypatch.setattr(store.watches, "_read", slow)
            if not existing:
                await asyncio.to_thread(results.lock, pipeline, ["a"])
            parts = [await watcher.next() for _ in range(3)]
            assert not any(part.told for part in parts)
            may.set()
            await watcher.until("a")
            assert watcher.ids == ["a"]

    with_store(mongo_uri, test)


def test_a_reader_that_goes_while_results_are_read_leaves_nothing(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results.deposit([work(pipeline, "a")])

    async def test(store: Store) -> None:
        reading = ended = False

        async def slow(*_: Any) -> AsyncIterator[Any]:
            nonlocal reading, ended
            reading = True
            try:
                await asyncio.sleep(LONG)
                yield None
            finally:
                ended = True

        async with opened(store, pipeline, existing=True) as watcher:
            monkeypatch.setattr(store.watches, "_read", slow)
            waiting = asyncio.ensure_future(watcher.next())
            await until(lambda: reading)
            waiting.cancel()
            await asyncio.wait((waiting,))
        assert ended

    with_store(mongo_uri, test)


def test_one_who_catches_up_with_others_says_how_far_it_has_come(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "_OWN_CHANGES", 100)
    monkeypatch.setattr(watches_module, "_PROGRESS_SECONDS", 0.0)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, f"{pipeline}-other", names(0, 450))
        async with opened(store, pipeline), opened(store, pipeline, place=old) as late:
            places = [late.place]
            for _ in range(3):
                part = await late.next()
                assert (part.told, part.place is None) == ((), False)
                places.append(late.place)
            assert places == sorted(set(places))

    with_store(mongo_uri, test)


def test_a_snapshot_of_many_pipelines_without_results_says_how_far_it_has_come(
    mongo_uri: str, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "_PROGRESS_SECONDS", 0.0)
    pipelines = [f"{pipeline}-{letter}" for letter in "abc"]

    async def test(store: Store) -> None:
        wanted = Wanted(frozenset(pipelines), lambda _: True, {}, {})
        async with aclosing(store.watches.watch(wanted, None, existing=True)) as parts:
            places = [(await anext(parts)).place for _ in range(4)]
            assert (await anext(parts)).is_complete
        assert [place and place.read for place in places] == [("", ""), *((each, "") for each in pipelines)]

    with_store(mongo_uri, test)


def test_nothing_is_told_of_a_pipeline_that_its_caller_may_not_use_any_more(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watches_module, "_TOLD_TOGETHER", 10)
    monkeypatch.setattr(watches_module, "BOOKMARK_SECONDS", 0.5)

    async def test(store: Store) -> None:
        may_use = True
        wanted = Wanted(frozenset([pipeline]), lambda _: may_use, {}, {})
        async with aclosing(store.watches.watch(wanted, None, existing=False)) as parts:
            await anext(parts)
            await deposit(results, pipeline, names(0, 50))
            part = await anext(parts)
            while not part.told:
                part = await anext(parts)
            may_use = False
            for _ in range(2):
                assert not (await asyncio.wait_for(anext(parts), LONG)).told

    with_store(mongo_uri, test)

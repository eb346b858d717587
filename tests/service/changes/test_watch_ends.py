"""Watches where servers end, MongoDB fails, and readers are slow, many, or gone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect, OperationFailure

from tests.support.blocking import Facade
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.sources import LONG, tasks, until
from tests.support.watching import following, told, watching
from tests.support.works import work
from workflow_results import PermissionDeniedError, Results, UnauthenticatedError
from workflow_results_server.errors import RequestError
from workflow_results_server.store import Kind, Part, Place, Store, Wanted
from workflow_results_server.store.watching import feed, shared, stream
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


class Watcher:
    """A watch of a store, as the service carries it out."""

    def __init__(self, store: Store, pipeline: str, *, place: Place | None = None, existing: bool = False) -> None:
        wanted = Wanted(frozenset([pipeline]), lambda _: True, {}, {})
        self._parts = store.watches.watch(wanted, place, existing=existing)
        self.place = Place(b"")
        self.ids: list[str] = []

    async def next(self) -> Part:
        part = await asyncio.wait_for(anext(self._parts), LONG)
        self.place = part.place or self.place
        self.ids += [each.id for each in part.told]
        return part

    async def until(self, *ids: str) -> None:
        while not set(ids) <= set(self.ids):
            await self.next()

    async def close(self) -> None:
        await self._parts.aclose()


@asynccontextmanager
async def opened(store: Store, pipeline: str, **named: Any) -> AsyncIterator[Watcher]:
    """Watch, once it has begun."""
    watcher = Watcher(store, pipeline, **named)
    async with aclosing(watcher._parts):
        await watcher.next()
        yield watcher


def with_store(uri: str, test: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    """Carry out a test, after which no task of the server is under way."""

    async def within() -> None:
        store = await Store.open(uri, "workflow_results", LONG)
        try:
            await asyncio.wait_for(test(store), 2 * LONG)
        finally:
            await store.close()
        await until(lambda: not tasks())

    asyncio.run(asyncio.wait_for(within(), 3 * LONG))


def deposit(results: Results, pipeline: str, ids: list[str], **fields: Any) -> Coroutine[Any, Any, Any]:
    return asyncio.to_thread(results.deposit, [work(pipeline, id_, **fields) for id_ in ids])


def names(start: int, number: int) -> list[str]:
    return [f"{each:05}" for each in range(start, start + number)]


def test_who_falls_behind_what_is_kept_misses_nothing(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_KEPT_BYTES", 20_000)  # some thirty events
    monkeypatch.setattr(stream, "_OWN_IDS", 50)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as slow, opened(store, pipeline) as fast:
            for start in range(0, 600, 200):
                await deposit(results, pipeline, names(start, 200))
                await fast.until(*names(start, 200))
            assert slow.ids == []
            own = []
            read_some = store.watches._feed._read_some

            async def counted(*arguments: Any) -> Any:
                own.append(arguments)
                return await read_some(*arguments)

            monkeypatch.setattr(store.watches._feed, "_read_some", counted)
            await slow.until(*names(0, 600))
            assert own, "it has read for itself"
            before = len(own)
            await deposit(results, pipeline, ["last"])
            await asyncio.gather(slow.until("last"), fast.until("last"))
            assert len(own) == before, "and shares the stream again"
            assert len(slow.ids) == len(fast.ids) == 601

    with_store(mongo_uri, test)


def test_a_few_read_for_themselves_and_the_others_are_told_where_they_are(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, names(0, 100))
        under_way = most = 0
        may = asyncio.Event()
        some = stream.read_some

        async def slow(*arguments: Any) -> Any:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await may.wait()
            under_way -= 1
            return await some(*arguments)

        monkeypatch.setattr(feed, "read_some", slow)
        monkeypatch.setattr(watches_module, "BOOKMARK_SECONDS", 0.2)
        watchers = [Watcher(store, pipeline, place=old) for _ in range(6)]
        reading = [asyncio.ensure_future(watcher.until(*names(0, 100))) for watcher in watchers]
        waiting = [watcher for watcher in watchers if not watcher.ids]
        await until(lambda: under_way == 4 and all(watcher.place == old for watcher in waiting))
        may.set()
        await asyncio.gather(*reading)
        assert most == 4
        for watcher in watchers:
            await watcher.close()

    with_store(mongo_uri, test)


def failing(error: Exception) -> Callable[..., Any]:
    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("code", [280, 286])
def test_changes_that_mongodb_has_forgotten_are_said_to_be(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, ["a"])
        async with opened(store, pipeline), opened(store, pipeline, place=old) as late:
            monkeypatch.setattr(AsyncDatabaseChangeStream, "try_next", failing(OperationFailure("forgotten", code)))
            with pytest.raises(RequestError) as expired:
                await late.next()
        assert (expired.value.reason, expired.value.code) == ("RESUME_TOKEN_EXPIRED", "FAILED_PRECONDITION")

    with_store(mongo_uri, test)


def test_a_renamed_collection_ends_watches_for_good(
    mongo_uri: str, results: Results, pipeline: str, database: Any
) -> None:
    results.deposit([work(pipeline, "a")])

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            await asyncio.to_thread(database[pipeline].rename, f"{pipeline}-2")
            with pytest.raises(RequestError) as expired:
                await watcher.until("never")
            assert expired.value.reason == "RESUME_TOKEN_EXPIRED"
        async with opened(store, f"{pipeline}-2") as again:
            await deposit(results, f"{pipeline}-2", ["b"])
            await again.until("b")

    with_store(mongo_uri, test)


def test_a_stream_that_fails_is_opened_again_where_it_was(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            first = store.watches._feed._shared
            assert first is not None
            monkeypatch.setattr(first._stream, "try_next", failing(AutoReconnect("the primary is gone")))
            await until(lambda: first.is_lost)
            await deposit(results, pipeline, ["a"])
            await watcher.until("a")
            assert store.watches._feed._shared is not first

    with_store(mongo_uri, test)


def test_a_stream_that_hangs_is_given_up(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "_LOST_SECONDS", 1.0)
    monkeypatch.setattr(watches_module, "BOOKMARK_SECONDS", 0.1)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            first = store.watches._feed._shared
            assert first is not None
            hangs, released = asyncio.Event(), asyncio.Event()

            async def hang() -> None:
                hangs.set()
                await released.wait()

            monkeypatch.setattr(first._stream, "try_next", hang)
            await hangs.wait()
            await deposit(results, pipeline, ["a"])
            await watcher.until("a")
            assert store.watches._feed._shared is not first
            released.set()
            await until(lambda: first._has_ended)  # and does not go on for nobody

    with_store(mongo_uri, test)


def test_the_stream_ends_with_the_last_watch(mongo_uri: str, results: Results, pipeline: str) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as one:
            first = store.watches._feed._shared
            assert first is not None
            async with opened(store, pipeline) as other:
                assert store.watches._feed._shared is first
                await deposit(results, pipeline, ["a"])
                await asyncio.gather(one.until("a"), other.until("a"))
            assert store.watches._feed._shared is first
        assert store.watches._feed._shared is None
        await until(lambda: first.is_lost)

    with_store(mongo_uri, test)


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


@pytest.mark.parametrize("code", [50, 262, 112, 202, 133])
def test_a_mongodb_that_is_slow_or_busy_says_nothing_about_a_token(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, ["a"])
        async with opened(store, pipeline), opened(store, pipeline, place=old) as late:
            monkeypatch.setattr(AsyncDatabase, "watch", failing(OperationFailure("busy", code)))
            with pytest.raises(RequestError) as unavailable:
                await late.next()
        assert unavailable.value.code == "UNAVAILABLE"

    with_store(mongo_uri, test)


def test_a_stream_that_could_not_be_opened_is_opened_anew(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(store: Store) -> None:
        fails = asyncio.Event()

        async def fail_later(*_: Any, **__: Any) -> None:
            await fails.wait()
            raise AutoReconnect("the primary is gone")

        with monkeypatch.context() as patch:
            patch.setattr(AsyncDatabase, "watch", fail_later)
            waiting = asyncio.ensure_future(Watcher(store, pipeline).next())
            await until(lambda: store.watches._feed._opening is not None)
            waiting.cancel()
            await asyncio.wait((waiting,))
            fails.set()
            await until(lambda: store.watches._feed._opening is None)
        async with opened(store, pipeline) as watcher:
            await deposit(results, pipeline, ["a"])
            await watcher.until("a")

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

        monkeypatch.setattr(store.watches, "_read", slow)
        async with opened(store, pipeline, existing=existing) as watcher:
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

        monkeypatch.setattr(store.watches, "_read", slow)
        async with opened(store, pipeline, existing=True) as watcher:
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

"""The change stream that watches share, and those of their own: where MongoDB fails, and where readers fall behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pymongo.asynchronous.change_stream import AsyncDatabaseChangeStream
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect, OperationFailure

from tests.support.sources import LONG, tasks, until
from tests.support.watchers import Watcher, deposit, names, opened, with_store
from tests.support.works import work
from workflow_results import Results
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import RequestError, Unavailable
from workflow_results_server.store import Place, Store
from workflow_results_server.store.watching import feed, shared, stream
from workflow_results_server.store.watching import watches as watches_module
from workflow_results_server.telemetry.metrics import REGISTRY


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
        await until(lambda: under_way == 4 and sum(watcher.place == old for watcher in watchers) == 2)
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
        async with opened(store, pipeline):
            monkeypatch.setattr(AsyncDatabaseChangeStream, "try_next", failing(OperationFailure("forgotten", code)))
            with pytest.raises(RequestError) as expired:
                await Watcher(store, pipeline, place=old).next()
            with pytest.raises(RequestError) as early:  # not when all the results are told
                await Watcher(store, pipeline, place=Place(old.token, ("", ""))).next()
            assert early.value.reason == expired.value.reason
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
            before = REGISTRY.get_sample_value("workflow_results_change_stream_restarts_total")
            monkeypatch.setattr(first._stream, "try_next", failing(AutoReconnect("the primary is gone")))
            await until(lambda: first.is_lost)
            await deposit(results, pipeline, ["a"])
            await watcher.until("a")
            assert store.watches._feed._shared is not first
            assert REGISTRY.get_sample_value("workflow_results_change_stream_restarts_total") == (before or 0) + 1

    with_store(mongo_uri, test)


def test_a_stream_that_hangs_is_given_up(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
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
            monkeypatch.setattr(shared, "_LOST_SECONDS", 1.0)
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


@pytest.mark.parametrize("code", [50, 262, 112, 202, 133])
def test_a_mongodb_that_is_slow_or_busy_says_nothing_about_a_token(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, ["a"])
        async with opened(store, pipeline):
            monkeypatch.setattr(AsyncDatabase, "watch", failing(OperationFailure("busy", code)))
            with pytest.raises(RequestError) as unavailable:  # and no place before it, which would look like progress
                await Watcher(store, pipeline, place=old).next()
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


@pytest.mark.parametrize("own", [False, True])
def test_what_fails_when_its_watch_has_ended_is_no_error_that_nobody_takes(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    async def test(store: Store) -> None:
        untaken: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: untaken.append(context))
        reading, failed = asyncio.Event(), asyncio.Event()

        async def fail(*_: Any) -> AsyncIterator[Any]:
            reading.set()
            try:
                await asyncio.sleep(LONG)
                yield None
            finally:
                failed.set()
                raise Unavailable(Reason.MONGODB_FAILED, "the primary is gone", not_applied=True)

        async def fail_to_read(*_: Any) -> None:
            reading.set()
            await failed.wait()
            raise AutoReconnect("the primary is gone")

        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, ["a"])
        async with opened(store, pipeline) as other:
            late = Watcher(store, pipeline, place=old) if own else other
            if own:
                monkeypatch.setattr(feed, "read_some", fail_to_read)
            else:
                monkeypatch.setattr(store.watches, "_read", fail)
                await deposit(results, pipeline, ["b"])
            waiting = asyncio.ensure_future(late.next())
            await asyncio.wait_for(reading.wait(), LONG)
            waiting.cancel()
            await asyncio.wait((waiting,))
            await late.close()
            failed.set()
        await until(lambda: len(tasks()) <= 1)  # the shared stream
        del waiting
        gc.collect()
        assert untaken == []

    with_store(mongo_uri, test)


def test_a_stream_of_ones_own_that_hangs_is_given_up(
    mongo_uri: str, results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_OWN_STREAMS", 1)

    async def test(store: Store) -> None:
        async with opened(store, pipeline) as watcher:
            old = watcher.place
        await deposit(results, pipeline, ["a"])
        may = asyncio.Event()
        async with opened(store, pipeline):
            with monkeypatch.context() as patch:
                patch.setattr(feed, "_OWN_SECONDS", 0.2)
                patch.setattr(feed, "read_some", lambda *_: may.wait())
                for _ in range(2):  # nor does it take the room of others for ever
                    with pytest.raises(RequestError, match="does not answer") as unavailable:
                        await Watcher(store, pipeline, place=old).next()
                    assert unavailable.value.code == "UNAVAILABLE"
            async with opened(store, pipeline, place=old) as late:
                await late.until("a")
            may.set()

    with_store(mongo_uri, test)

"""Watches as iterators: their ends, timeouts, threads, tasks and event loops."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import threading

import pytest

from tests.support.event_loops import run as run_loop
from tests.support.launcher import Service
from tests.support.waiting import eventually, join
from tests.support.watching import watching
from tests.support.works import work
from workflow_results import AsyncResults, Results, ResultsError


def test_a_watch_is_closed_from_another_thread(results: Results, pipeline: str) -> None:
    watch = results.watch(pipeline)
    ended: list[str] = []

    def follow() -> None:
        ended.extend(change.id for change in watch)
        ended.append("end")

    thread = threading.Thread(target=follow)
    thread.start()
    results.deposit([work(pipeline, "a")])
    eventually(lambda: ended or "so far" in repr(watch))
    watch.close()
    join(thread)
    assert ended[-1] == "end"
    watch.close()
    with pytest.raises(StopIteration):
        next(watch)


def test_a_task_may_give_up_waiting_and_wait_again(service: Service, pipeline: str) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as results, results.watch(pipeline) as watch:
            for number in range(5):
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(anext(watch), 0.02 * number)
                await results.deposit([work(pipeline, f"{number}")])
                change = await anext(watch)
                while change.id != f"{number}":
                    change = await anext(watch)
            waiting = asyncio.ensure_future(anext(watch))
            for _ in range(5):
                await asyncio.sleep(0)  # until it reads
            assert watch._receiving
            watch._receiving.cancel()  # as by one who cancels all tasks of the loop
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await results.deposit([work(pipeline, "last")])
            assert (await anext(watch)).id == "last"
            waiting = asyncio.ensure_future(anext(watch))
            await asyncio.sleep(0)
            with pytest.raises(ResultsError, match="another task waits"):
                await anext(watch)
            await watch.close()
            with pytest.raises(StopAsyncIteration):
                await waiting
            with pytest.raises(StopAsyncIteration):
                await anext(watch)
            assert "ended after 6 changes" in repr(watch)

    run_loop(main())


def test_timeouts_that_are_too_short_lose_nothing(service: Service, pipeline: str) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as results, results.watch(pipeline) as watch:
            await results.deposit([work(pipeline, f"{number:02}") for number in range(20)])
            found: list[str] = []
            while len(found) < 20:
                with contextlib.suppress(asyncio.TimeoutError):
                    found.append((await asyncio.wait_for(anext(watch), 0.001)).id)
            assert sorted(found) == [f"{number:02}" for number in range(20)]

    run_loop(main())


def test_a_watch_is_of_one_event_loop_and_one_thread_at_a_time(
    service: Service, results: Results, pipeline: str
) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as client, client.watch(pipeline) as watch:
            with pytest.raises(ResultsError, match="another event loop"):
                await asyncio.to_thread(run_loop, anext(watch))
            with pytest.raises(ResultsError, match="another event loop"):
                await asyncio.to_thread(run_loop, watch.close())

    run_loop(main())
    with watching(results, pipeline) as watch:
        thread = threading.Thread(target=next, args=(watch, None))
        thread.start()
        eventually(lambda: "so far" in repr(watch) and inspect.getgeneratorstate(watch._parts) == inspect.GEN_RUNNING)
        with pytest.raises(ResultsError, match="another thread waits"):
            next(watch)
        watch.close()
        join(thread)


def test_a_token_is_there_once_a_watch_has_begun(service: Service, pipeline: str) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as client:
            assert client.watch(pipeline, resume_token=b"given").resume_token == b"given"
            watch = client.watch(pipeline)
            assert watch.resume_token is None
            async with watch:
                assert watch.resume_token

    run_loop(main())

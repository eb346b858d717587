"""The ends of an `AsyncResults`: of its event loop, of the client, of streams that others read, and forks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.event_loops import run
from tests.support.fake_service import serving
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE, ended
from tests.support.works import work
from workflow_results import (
    AsyncResults,
    Results,
    ResultsError,
)
from workflow_results._transport.deadline import Deadline
from workflow_results.v1 import results_pb2 as pb


def test_one_event_loop_after_the_other(service: Service, pipeline: str) -> None:
    client = AsyncResults(service.target)
    for number in range(3):
        assert run(client.deposit([work(pipeline, str(number))])) == {pipeline: True}
    stream = client.stream(pipeline, {})

    async def first() -> None:
        await anext(stream)
        loop = asyncio.new_event_loop()
        with contextlib.closing(loop), pytest.raises(ResultsError, match="in use in another event loop"):
            await asyncio.to_thread(loop.run_until_complete, client.count(pipeline, {}))
        await stream.close()

    run(first())
    assert run(client.count(pipeline, {})) == 3
    run(client.close())
    with pytest.raises(ResultsError, match="closed"):
        run(client.count(pipeline, {}))


def test_calls_under_way_end_when_the_client_is_closed(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:03}", data=bytes(20_000)) for number in range(500)])

    async def main() -> None:
        asked = asyncio.Event()

        def hang(_request: Any, context: Any) -> Any:
            loop.call_soon_threadsafe(asked.set)
            ended_calls.wait(PATIENCE)
            return pb.CountResponse()

        ended_calls = threading.Event()
        loop = asyncio.get_running_loop()
        with serving(Count=hang) as target:
            client = AsyncResults(target)
            counting = asyncio.create_task(client.count("any", {}))
            await asked.wait()
            await client.close()
            with pytest.raises(ResultsError, match="this client is closed"):
                await counting
            ended_calls.set()
        client = AsyncResults(service.target)
        stream = client.stream(pipeline, {})
        await anext(stream)
        await client.close()
        await client.close()
        with pytest.raises(ResultsError, match="this client is closed"):
            async for _ in stream:
                pass

    run(main())


def test_it_may_not_be_inherited_by_a_fork(service: Service, pipeline: str) -> None:
    client = AsyncResults(service.target)
    run(client.deposit([work(pipeline, "a")]))
    if not (child := os.fork()):
        status = 1
        with contextlib.suppress(BaseException):
            with pytest.raises(ResultsError, match="forked while an AsyncResults was open"):
                asyncio.run(client.count(pipeline, {}))
            with Results(service.target) as results:
                status = int(results.count(pipeline, {}) != 1)
        os._exit(status)
    assert ended(child) == 0
    assert run(client.count(pipeline, {})) == 1
    run(client.close())


def test_what_goes_on_when_the_client_is_closed_is_told(pipeline: str) -> None:
    async def main() -> None:
        client = AsyncResults("127.0.0.1:1", timeout=PATIENCE)
        trying = [
            asyncio.create_task(client.view(pipeline, {})),
            asyncio.create_task(client.count(pipeline, {})),
            asyncio.create_task(client.deposit([work(pipeline)])),
        ]
        await asyncio.sleep(0.2)
        with pytest.raises(ResultsError, match="closed"):
            async with client.depositor() as depositor:
                future = await depositor.deposit(work(pipeline))
                await asyncio.gather(client.close(), client.close())
        with pytest.raises(ResultsError, match="closed"):
            await future
        for each in trying:
            with pytest.raises(ResultsError, match="closed"):
                await each

    run(main())


def test_closing_what_was_inherited_leaves_the_parent_alone(service: Service, pipeline: str) -> None:
    client = AsyncResults(service.target)

    async def main() -> int:
        assert await client.count(pipeline, {}) == 0
        if not (child := os.fork()):
            status = 1
            with contextlib.suppress(BaseException):
                await client.close()
                status = 0
            os._exit(status)
        assert await client.count(pipeline, {}, timeout=PATIENCE) == 0
        await client.close()
        return child

    assert ended(run(main())) == 0


def test_a_stream_that_another_task_reads_is_not_closed(service: Service, results: Results, pipeline: str) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as client:
            stream = client.stream(pipeline, {})
            assert "not begun" in repr(stream)
            reading = asyncio.create_task(anext(stream, None))
            await asyncio.sleep(0)
            with pytest.raises(ResultsError, match="another task is reading"):
                await stream.close()
            assert await reading is None

    run(main())


def test_who_was_cancelled_once_is_told_that_the_client_is_closed(service: Service, pipeline: str) -> None:
    async def main() -> None:
        task = asyncio.current_task()
        assert task
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        client = AsyncResults(service.target)
        async with client.watch(pipeline) as watch:
            asyncio.get_running_loop().call_later(0.1, asyncio.ensure_future, client.close())
            with pytest.raises(ResultsError, match="closed"):
                await anext(watch)
        client = AsyncResults(service.target)
        assert await client.count(pipeline, {}) == 0
        counting = client._channel.exchange  # a call that does not end by itself
        place = client._channel.place()

        async def nothing() -> AsyncIterator[Any]:
            await asyncio.sleep(PATIENCE)
            yield None

        asyncio.get_running_loop().call_later(0.1, asyncio.ensure_future, client.close())
        with pytest.raises(ResultsError, match="closed"):
            async for _ in counting(place, "DepositStream", nothing(), Deadline.after(PATIENCE), PATIENCE):
                pass

    asyncio.run(main())

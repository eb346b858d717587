"""The depositor of an `AsyncResults`: many tasks, their order, and cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from typing import Any

import bson
import grpc
import pytest

from tests.support.event_loops import context_of, run, until
from tests.support.fake_service import serving
from tests.support.launcher import Service
from tests.support.proxy import Proxy
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    AsyncResults,
    InvalidRequestError,
    Outcome,
    Results,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results.v1 import results_pb2 as pb


def test_ten_thousand_tasks_share_a_depositor(service: Service, results: Results, pipeline: str) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as client, client.depositor() as depositor:

            async def deposit(number: int) -> Outcome:
                future = await depositor.deposit(work(pipeline, f"{number:05}", data=bytes(2_500)))
                return (await future).outcome

            outcomes = await asyncio.gather(*map(deposit, range(10_000)))
            assert set(outcomes) == {Outcome.DEPOSITED}

    run(main())
    assert results.count(pipeline, {}) == 10_000


def test_a_depositor_whose_block_is_cancelled_ends_soon(service: Service, pipeline: str) -> None:
    async def main() -> None:
        with contextlib.closing(Proxy(service.target)) as proxy:
            async with AsyncResults(proxy.target) as client:
                given: list[Any] = []

                async def deposit() -> None:
                    async with client.depositor() as depositor:
                        given.append(await depositor.deposit(work(pipeline, "a")))
                        await given[0]
                        proxy.hold_from = pipeline.encode()
                        given.append(await depositor.deposit(work(pipeline, "b")))
                        await asyncio.sleep(PATIENCE)

                task = asyncio.create_task(deposit())
                await until(lambda: len(given) == 2)
                began = asyncio.get_running_loop().time()
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as raised:
                    await task
                assert asyncio.get_running_loop().time() - began < PATIENCE / 2
                assert isinstance(error := context_of(raised.value), ResultsError)
                assert [each["id"] for each in error.works] == ["b"]
                assert (await given[0]).stored
                with pytest.raises(ResultsError, match="interrupted") as lost:
                    await given[1]
                assert lost.value.outcome_unknown

    run(main())


def test_who_turns_away_from_a_future_cancels_no_deposit(service: Service, results: Results, pipeline: str) -> None:
    deep: dict[str, Any] = {}
    for _ in range(150):
        deep = {"a": deep}

    async def main() -> None:
        async with AsyncResults(service.target) as client:
            with pytest.raises(InvalidRequestError, match="1 of 2 rejected"):
                async with client.depositor() as depositor:
                    for each in (work(pipeline, "a"), work(pipeline, "b", deep=deep)):
                        future = await depositor.deposit(each)
                        waiting = asyncio.ensure_future(asyncio.wait_for(future, PATIENCE))
                        await asyncio.sleep(0)
                        waiting.cancel()
                        with contextlib.suppress(asyncio.CancelledError):
                            await waiting

    run(main())
    assert [result["id"] for result in results.view(pipeline, {})] == ["a"]


def test_no_work_is_lost_to_a_stream_that_broke_while_idle() -> None:
    """GRPC still asks for requests of a stream that has broken."""
    stored: list[int] = []

    def deposit_stream(requests: Any, context: Any) -> Any:
        for request in requests:
            stored.append(request.sequence)
            yield pb.DepositStreamResponse(sequence=request.sequence, outcomes=[pb.DEPOSIT_OUTCOME_DEPOSITED])
            context.abort(grpc.StatusCode.UNAVAILABLE, "going down")

    async def main(target: str) -> None:
        async with AsyncResults(target, timeout=20) as client, client.depositor() as depositor:
            for number in range(30):
                assert (await (await depositor.deposit(work("any", str(number))))).stored
                await asyncio.sleep(0.001 * (number % 7))

    with serving(DepositStream=deposit_stream) as target:
        run(main(target))
    assert stored == list(range(1, 31))


def test_a_service_that_goes_down_and_then_is_silent_is_told_as_down(pipeline: str) -> None:
    streams, ended = itertools.count(), threading.Event()

    def deposit_stream(_requests: Any, context: Any) -> Any:
        if next(streams) == 0:
            context.abort(grpc.StatusCode.UNAVAILABLE, "going down")
        ended.wait(PATIENCE)
        yield from ()

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            with pytest.raises(ServiceUnavailableError, match="going down"):
                async with client.depositor(timeout=2) as depositor:
                    await depositor.deposit(work(pipeline))
            ended.set()

    with serving(DepositStream=deposit_stream) as target:
        run(main(target))


@pytest.mark.parametrize(("number", "size"), [(60, 1_000_000), (600, 60_000), (2_000, 100)])
def test_tasks_that_wait_for_room_go_on_in_their_order(number: int, size: int) -> None:
    received: list[list[int]] = []

    def deposit_stream(requests: Any, _context: Any) -> Any:
        for request in requests:
            time.sleep(0.002)
            received.append([each["n"] for each in bson.decode_all(request.works.bson)])
            outcomes = [pb.DEPOSIT_OUTCOME_DEPOSITED] * len(received[-1])
            yield pb.DepositStreamResponse(sequence=request.sequence, outcomes=outcomes)

    async def main(target: str) -> None:
        async with AsyncResults(target) as client, client.depositor() as depositor:

            async def deposit(n: int) -> bool:
                return (await (await depositor.deposit(work("any", str(n), n=n, data=bytes(size))))).stored

            assert all(await asyncio.gather(*map(deposit, range(number))))

    with serving(DepositStream=deposit_stream) as target:
        run(main(target))
    assert [n for works in received for n in works] == list(range(number))
    assert all(works for works in received)
    assert max(map(len, received)) * size <= max(size, 600_000)


def test_a_work_that_is_given_at_once_has_all_its_time(service: Service, pipeline: str) -> None:
    """It is there before the depositor has looked at a clock, and the connection takes a moment."""

    async def main(target: str) -> None:
        async with AsyncResults(target) as client, client.depositor() as depositor:
            future = await depositor.deposit(work(pipeline, "a"))
        assert (await future).stored

    with contextlib.closing(Proxy(service.target)) as proxy:
        run(main(proxy.target))
    run(main(service.target))


def test_a_depositor_is_of_one_event_loop(service: Service, pipeline: str) -> None:
    async def main() -> None:
        async with AsyncResults(service.target) as client, client.depositor() as depositor:
            for use in (depositor.deposit(work(pipeline)), depositor.flush()):
                with pytest.raises(ResultsError, match="open in another event loop"):
                    await asyncio.to_thread(run, use)

    run(main())

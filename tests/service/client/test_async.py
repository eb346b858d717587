"""What `AsyncResults` does beyond `Results`: many tasks, cancellation, and one event loop after the other."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import os
import threading
import time
from collections.abc import Coroutine
from typing import Any

import bson
import grpc
import pytest

from tests.support.fake_service import serving
from tests.support.launcher import Service
from tests.support.proxy import Proxy
from tests.support.waiting import PATIENCE, ended
from tests.support.works import work
from workflow_results import (
    AsyncGRPCContext,
    AsyncResults,
    DeadlineExceededError,
    GRPCContext,
    InvalidRequestError,
    Outcome,
    Results,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results._transport import async_channel
from workflow_results.v1 import results_pb2 as pb


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(main, 2 * PATIENCE))


async def until(condition: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "this took too long"
        await asyncio.sleep(0.01)


def test_the_methods_are_those_of_the_facade_for_threads() -> None:
    for ours, theirs in ((AsyncResults, Results), (AsyncGRPCContext, GRPCContext)):
        named = {name for name in vars(theirs) if not name.startswith("_")}
        assert {name for name in vars(ours) if not name.startswith("_")} == named
        for name in {*named, "__init__"}:
            signatures = [inspect.signature(getattr(each, name)) for each in (ours, theirs)]
            parameters = [
                [(each.name, each.kind, each.default) for each in signature.parameters.values()]
                for signature in signatures
            ]
            assert parameters[0] == parameters[1], name
            assert inspect.getdoc(getattr(ours, name)), name


def test_a_thousand_calls_and_two_hundred_streams_at_a_time(service: Service, results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:04}", data=bytes(2_000)) for number in range(700)]
    results.deposit(works)
    ids = [each["id"] for each in reversed(works)]

    async def main() -> None:
        async with AsyncResults(service.target, timeout=PATIENCE) as client:
            streams = [client.stream(pipeline, {}) for _ in range(200)]
            read = [[(await anext(stream))["id"]] for stream in streams]
            found = await asyncio.gather(*(client.get_by_id(pipeline, [ids[n % 700]]) for n in range(1_000)))
            assert [result["id"] for (result,) in found] == [ids[n % 700] for n in range(1_000)]

            async def rest(number: int) -> list[str]:
                return read[number] + [result["id"] async for result in streams[number]]

            for each in await asyncio.gather(*map(rest, range(200))):
                assert each == ids

    run(main())


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


def test_streams_that_are_cancelled_end_at_the_server(
    service: Service, results: Results, mongo: Any, pipeline: str
) -> None:
    results.deposit([work(pipeline, f"{number:04}", data=bytes(20_000)) for number in range(1_000)])

    def cursors() -> int:
        return int(mongo.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])

    async def main() -> None:
        async with AsyncResults(service.target) as client:

            async def read() -> None:
                async for _ in client.stream(pipeline, {}):
                    await asyncio.sleep(PATIENCE)

            tasks = [asyncio.create_task(read()) for _ in range(50)]
            await until(lambda: cursors() >= 50)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ends)
            await until(lambda: cursors() == 0)
            assert await client.count(pipeline, {}) == 1_000

    run(main())


def test_a_stream_may_be_left_in_every_way(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:03}") for number in range(250)])

    async def main() -> None:
        async with AsyncResults(service.target) as client:
            for make in (client.stream, client.stream_batches):
                stream: Any = make(pipeline, {})
                assert await anext(stream)
                await stream.close()
                await stream.close()
                assert [each async for each in stream] == []
                assert "ended after 1 " in repr(stream)
                async with make(pipeline, {}) as stream:
                    async for _ in stream:
                        break
                assert "ended after 1 " in repr(stream)
            with pytest.raises(InvalidRequestError, match="limit must be from -1"):
                client.stream(pipeline, {}, limit=-2)

    run(main())


def test_what_is_cancelled_is_unknown_and_told_with_its_works(pipeline: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            for under_way in (1, 3):
                works = [work(pipeline, str(number), data=bytes(900_000)) for number in range(under_way)]
                task = asyncio.create_task(client.deposit(works))
                await until(lambda wanted=under_way: len(asked) == wanted)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as raised:
                    await task
                assert isinstance(error := context_of(raised.value), ResultsError)
                assert error.outcome_unknown
                assert error.works == works
                asked.clear()

    asked: list[pb.DepositRequest] = []

    def hang(request: pb.DepositRequest, context: Any) -> pb.DepositResponse:
        asked.append(request)
        while context.is_active():
            time.sleep(0.01)
        return pb.DepositResponse()

    with serving(Deposit=hang) as target, caplog.at_level(logging.WARNING):
        run(main(target))
    assert "a deposit was interrupted: 3 of 3 works are not acknowledged" in caplog.text


def context_of(error: BaseException) -> BaseException:
    while error.__context__ is not None:
        error = error.__context__
    return error


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
            with pytest.raises(ResultsError, match="this Results is closed"):
                await counting
            ended_calls.set()
        client = AsyncResults(service.target)
        stream = client.stream(pipeline, {})
        await anext(stream)
        await client.close()
        await client.close()
        with pytest.raises(ResultsError, match="this Results is closed"):
            async for _ in stream:
                pass

    run(main())


def test_a_silent_service_and_a_lost_one(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def view(_request: Any, _context: Any) -> Any:
        over.wait(PATIENCE)
        yield pb.ViewResponse()

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            monkeypatch.setattr(type(client), "_silence", 0.2)
            monkeypatch.setattr(type(client), "_patience", 0.5)
            with pytest.raises(ServiceUnavailableError, match=r"no data for 0\.2 s"):
                await client.view(pipeline, {})
            with pytest.raises(DeadlineExceededError, match=r"its timeout of 0.3 s"):
                await client.view(pipeline, {}, timeout=0.3)
            over.set()
        async with AsyncResults("127.0.0.1:1", timeout=0.5) as client:
            with pytest.raises(ServiceUnavailableError, match=r"nothing answers at 127\.0\.0\.1:1 within 0\.5 s"):
                await client.count(pipeline, {})

    with serving(View=view) as target:
        run(main(target))


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


def test_confirm_may_be_awaited(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", results={"locked": True})])

    async def confirm(question: str) -> bool:
        await asyncio.sleep(0)
        return question.startswith("Unlock 1 locked")

    async def main() -> None:
        async with AsyncResults(service.target) as client:
            assert await client.unlock(pipeline, ["a"], confirm=confirm)

    run(main())
    assert results.get_locked_count(pipeline) == 0


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


def test_a_read_that_is_cancelled_while_the_service_is_silent_ends() -> None:
    over = threading.Event()

    def view(_request: Any, _context: Any) -> Any:
        over.wait(PATIENCE)
        yield pb.ViewResponse()

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.view("any", {}), 0.3)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(client.stream("any", {})), 0.3)
            over.set()

    with serving(View=view) as target:
        run(main(target))


def test_room_is_left_though_the_status_of_a_list_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_channel, "_STATUS_SECONDS", 0.1)
    over = threading.Event()

    def view(_request: Any, _context: Any) -> Any:
        response = pb.ViewResponse()
        response.part.summary.count = 0
        yield response
        over.wait(PATIENCE)

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            for _ in range(3):
                assert await client.view("any", {}) == []
            lists = client._channel._lists
            await until(lambda: not any(each.places for each in lists._connections))
            assert client._channel._room._free == 500

    with serving(View=view) as target:
        run(main(target))
        over.set()


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


def test_many_works_in_one_call_do_not_stop_the_loop(service: Service, pipeline: str) -> None:
    async def main() -> None:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with AsyncResults(service.target) as client:
            counting = asyncio.create_task(count())
            await client.deposit([work(pipeline, f"{number:05}") for number in range(5_000)])
            counting.cancel()
        assert turns > 50

    run(main())

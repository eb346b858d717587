"""What `AsyncResults` does beyond `Results`: many tasks at a time, and cancellation at any point."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
import time
from typing import Any

import bson
import pytest

from tests.support.event_loops import context_of, run, until
from tests.support.fake_service import serving
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    AsyncGRPCContext,
    AsyncResults,
    DeadlineExceededError,
    GRPCContext,
    InvalidRequestError,
    Results,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results._transport import async_channel
from workflow_results.v1 import results_pb2 as pb


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


def test_streams_that_are_cancelled_end_at_the_server(
    service: Service, results: Results, mongo: Any, pipeline: str
) -> None:
    results.deposit([work(pipeline, f"{number:04}", data=bytes(20_000)) for number in range(1_000)])

    def cursors() -> int:
        return int(mongo.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])

    before = cursors()  # a server that was killed may have left some

    async def main() -> None:
        async with AsyncResults(service.target) as client:

            async def read() -> None:
                async for _ in client.stream(pipeline, {}):
                    await asyncio.sleep(PATIENCE)

            tasks = [asyncio.create_task(read()) for _ in range(50)]
            await until(lambda: cursors() >= before + 50)
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in ends)
            await until(lambda: cursors() <= before)
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


@pytest.mark.parametrize("method", ["stream", "stream_batches"])
def test_a_stream_that_was_cancelled_does_not_look_complete(method: str) -> None:
    over = threading.Event()

    def view(_request: Any, _context: Any) -> Any:
        documents = pb.EncodedDocuments(bson=bson.encode({"_id": "1", "id": "1"}))
        yield pb.ViewResponse(part=pb.ResultPart(batch=pb.ResultBatch(results=documents, resume_token=b"token")))
        over.wait(PATIENCE)

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            stream: Any = getattr(client, method)("any", {})
            assert await anext(stream)
            reader = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            for other in (anext(stream), stream.close()):
                with pytest.raises(ResultsError, match="another task is reading"):
                    await other
            reader.cancel()
            await asyncio.wait([reader])
            for _ in range(2):
                with pytest.raises(ResultsError, match="ended early, after 1 "):
                    assert [each async for each in stream] == ["all"]
            await stream.close()
            over.set()

    with serving(View=view) as target:
        run(main(target))


@pytest.mark.parametrize("number", [1, 3])
def test_what_is_cancelled_is_unknown_and_told_with_its_works(
    pipeline: str, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    works = [work(pipeline, str(each), data=bytes(900_000)) for each in range(number)]
    asked: list[pb.DepositRequest] = []

    def hang(request: pb.DepositRequest, context: Any) -> pb.DepositResponse:
        asked.append(request)
        while context.is_active():
            time.sleep(0.01)
        return pb.DepositResponse()

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            task = asyncio.create_task(client.deposit(works))
            await until(lambda: len(asked) == number)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as raised:
                await task
            assert isinstance(error := context_of(raised.value), ResultsError)
            assert error.outcome_unknown
            assert error.works == works

    with serving(Deposit=hang) as target, caplog.at_level(logging.WARNING):
        run(main(target))
    assert f"a deposit was interrupted: {number} of {number} works are not acknowledged" in caplog.text


def test_a_silent_service_and_a_lost_one(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def view(_request: Any, _context: Any) -> Any:
        over.wait(PATIENCE)
        yield pb.ViewResponse()

    async def main(target: str) -> None:
        async with AsyncResults(target) as client:
            monkeypatch.setattr(type(client), "_silence", lambda _, deadline: None if deadline.seconds else 0.2)
            monkeypatch.setattr(type(client), "_patience", 0.5)
            with pytest.raises(ServiceUnavailableError, match=r"no data for 0\.2 s"):
                await client.view(pipeline, {})
            with pytest.raises(DeadlineExceededError, match=r"its timeout of 2 s"):
                await client.view(pipeline, {}, timeout=2)
            over.set()
        async with AsyncResults("127.0.0.1:1", timeout=0.5) as client:
            with pytest.raises(ServiceUnavailableError, match=r"nothing answers at 127\.0\.0\.1:1 within 0\.5 s"):
                await client.count(pipeline, {})

    with serving(View=view) as target:
        run(main(target))


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

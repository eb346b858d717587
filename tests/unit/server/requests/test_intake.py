"""The intake: who gets in, who waits, who is sent away, and in which order works are acknowledged."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, cast

import bson
import pytest

from tests.support.works import work
from workflow_results.common.reasons import Reason
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.documents.works import Work
from workflow_results_server.errors import InvalidRequest, Unavailable
from workflow_results_server.requests import intake
from workflow_results_server.requests.intake import Intake
from workflow_results_server.store import Outcome

LONG = 30.0
ROOM = 10_000


class Store:
    """Takes the place of MongoDB: remembers each deposit by its first id, and finishes it when it may."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.may: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.error: Exception | None = None

    async def deposit(self, _pipeline: str, works: Sequence[Work], _seconds: float) -> list[Outcome]:
        first = works[0].id
        self.begun.append(first)
        try:
            await self.may[first].wait()
        finally:
            self.ended.append(first)
        if self.error:
            raise self.error
        return [Outcome.DEPOSITED] * len(works)

    def let(self, *ids: object) -> None:
        for id_ in ids:
            self.may[str(id_)].set()


class Requests:
    """The requests of a stream, with their ids as sequence numbers."""

    def __init__(self, *requests: tuple[int, int]) -> None:
        self.left = [pb.DepositStreamRequest(sequence=id_, works=works(id_, size)) for id_, size in requests]
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[pb.DepositStreamRequest]:
        for request in self.left:
            await asyncio.sleep(0)  # as it takes a while to come
            self.read += 1
            yield request


class Stream:
    """A caller of a stream, who takes acknowledgements as they come."""

    def __init__(self, taken: Intake, requests: Requests) -> None:
        self.acknowledged: list[int] = []
        self.task = asyncio.create_task(self._take(taken.stream(aiter(requests))))

    async def _take(self, answers: AsyncIterator[pb.DepositStreamResponse]) -> None:
        async for answer in answers:
            assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED]
            self.acknowledged.append(answer.sequence)


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_RESERVED_BYTES", ROOM)


def works(id_: object, size: int = 0) -> pb.EncodedDocuments:
    """Make the works of a request that has at least a size in bytes."""
    return pb.EncodedDocuments(bson=bson.encode(work("p", str(id_), pad=bytes(size))))


def run(test: Callable[[Store, Intake], Coroutine[Any, Any, None]]) -> None:
    """Carry out a test, after which no task is under way and all room is free again."""

    async def within() -> None:
        store = Store()
        taken = Intake(cast("Any", store), LONG)
        before = asyncio.all_tasks()
        await test(store, taken)
        await turn()
        assert asyncio.all_tasks() == before
        assert sorted(store.begun) == sorted(store.ended)
        assert not taken._rooms
        store.error = None
        store.let("half", "other half")
        await asyncio.gather(*(taken.deposit(works(each, ROOM // 2 - 200), LONG) for each in ("half", "other half")))

    asyncio.run(asyncio.wait_for(within(), 20))


async def turn() -> None:
    """Let everything happen that can."""
    for _ in range(50):
        await asyncio.sleep(0)


async def refused(taken: Intake, id_: str, size: int) -> None:
    with pytest.raises(Unavailable) as raised:
        await taken.deposit(works(id_, size), LONG)
    assert (raised.value.code, raised.value.reason) == ("UNAVAILABLE", "OVERLOADED")
    assert raised.value.metadata == {"outcome": "NOT_APPLIED"}


def test_a_deposit_beyond_the_room_is_refused_until_there_is_some() -> None:
    async def test(store: Store, taken: Intake) -> None:
        first = asyncio.create_task(taken.deposit(works("first", ROOM // 2), LONG))
        await turn()
        await refused(taken, "second", ROOM // 2)
        small = asyncio.create_task(taken.deposit(works("small", ROOM // 4), LONG))
        await turn()
        store.let("first", "small", "second")
        assert await first == await small == ([pb.DEPOSIT_OUTCOME_DEPOSITED], [])
        assert await taken.deposit(works("second", ROOM // 2), LONG) == ([pb.DEPOSIT_OUTCOME_DEPOSITED], [])
        assert store.begun == ["first", "small", "second"]

    run(test)


def test_a_request_larger_than_all_room_goes_alone() -> None:
    async def test(store: Store, taken: Intake) -> None:
        large = asyncio.create_task(taken.deposit(works("large", 2 * ROOM), LONG))
        await turn()
        await refused(taken, "small", 0)
        store.let("large", 2)
        await large
        stream = Stream(taken, Requests((1, 2 * ROOM), (2, 2 * ROOM)))
        await turn()
        assert store.begun == ["large", "1"]
        store.let(1)
        await stream.task
        assert store.begun == ["large", "1", "2"]

    run(test)


def test_a_deposit_that_fails_or_is_given_up_makes_room() -> None:
    async def test(store: Store, taken: Intake) -> None:
        gone = asyncio.create_task(taken.deposit(works("gone", ROOM), LONG))
        await turn()
        gone.cancel()
        await asyncio.wait([gone])
        store.error = Unavailable(Reason.MONGODB_UNAVAILABLE, "lost", not_applied=False)
        store.let("fails")
        with pytest.raises(Unavailable, match="lost"):
            await taken.deposit(works("fails", ROOM), LONG)
        with pytest.raises(InvalidRequest):
            await taken.deposit(pb.EncodedDocuments(bson=bytes(ROOM)), LONG)

    run(test)


def test_a_stream_has_some_requests_under_way_and_acknowledges_them_in_order() -> None:
    async def test(store: Store, taken: Intake) -> None:
        requests = Requests(*((id_, 0) for id_ in range(20)))
        stream = Stream(taken, requests)
        await turn()
        assert store.begun == [str(id_) for id_ in range(8)]
        store.let(*range(1, 8))
        await turn()
        assert sorted(store.ended) == [str(id_) for id_ in range(1, 8)]
        assert not stream.acknowledged
        assert requests.read == 9  # of which the last waits
        store.let(0)
        await turn()
        assert stream.acknowledged == list(range(8))
        assert store.begun == [str(id_) for id_ in range(16)]
        store.let(*range(20))
        await stream.task
        assert stream.acknowledged == list(range(20))

    run(test)


def test_a_stream_goes_no_further_than_its_acknowledgements_are_taken() -> None:
    async def test(store: Store, taken: Intake) -> None:
        store.let(*range(20))
        requests = Requests(*((id_, 0) for id_ in range(20)))
        answers = taken.stream(aiter(requests))
        assert (await anext(answers)).sequence == 0
        await turn()
        assert (requests.read, len(store.begun)) == (9, 8)
        assert [answer.sequence async for answer in answers] == list(range(1, 20))

    run(test)


def test_a_stream_waits_for_room_instead_of_failing() -> None:
    async def test(store: Store, taken: Intake) -> None:
        deposit = asyncio.create_task(taken.deposit(works("deposit", ROOM // 2), LONG))
        await turn()
        requests = Requests((1, ROOM // 4), (2, ROOM // 2), (3, 0))
        stream = Stream(taken, requests)
        given_up = Stream(taken, Requests((4, ROOM // 2)))
        await turn()
        assert store.begun == ["deposit", "1"]
        assert requests.read == 2
        given_up.task.cancel()
        store.let(1)
        await turn()
        assert (stream.acknowledged, store.begun) == ([1], ["deposit", "1"])
        store.let("deposit", 2, 3)
        await asyncio.gather(deposit, stream.task)
        assert stream.acknowledged == [1, 2, 3]

    run(test)


def test_room_that_gets_free_is_given_once() -> None:
    async def test(store: Store, taken: Intake) -> None:
        first = asyncio.create_task(taken.deposit(works("first", ROOM), LONG))
        await turn()
        streams = [Stream(taken, Requests((id_, ROOM - 500), (id_ + 10, ROOM - 500))) for id_ in range(5)]
        await turn()
        store.let("first")
        await first
        most = 0
        while not all(stream.task.done() for stream in streams):
            await turn()
            most = max(most, len(store.begun) - len(store.ended))
            store.let(*store.begun)
        assert most == 1

    run(test)


@pytest.mark.parametrize("failing", [pb.EncodedDocuments(bson=b"?"), works("fails")])
def test_a_stream_that_fails_acknowledges_all_before(failing: pb.EncodedDocuments) -> None:
    async def test(store: Store, taken: Intake) -> None:
        requests = Requests(*((id_, 0) for id_ in range(6)))
        requests.left[3] = pb.DepositStreamRequest(sequence=3, works=failing)
        stream = Stream(taken, requests)
        store.let(1, 2)
        await turn()
        assert not stream.acknowledged
        store.let(0)
        await turn()
        assert stream.acknowledged == [0, 1, 2]
        store.error = Unavailable(Reason.MONGODB_UNAVAILABLE, "lost", not_applied=False)
        store.let("fails")
        with pytest.raises((InvalidRequest, Unavailable)):
            await stream.task

    run(test)


@pytest.mark.parametrize("turns", [1, 2, 3, 50])
@pytest.mark.parametrize("size", [0, ROOM // 3])
def test_a_stream_that_ends_early_leaves_nothing_behind(turns: int, size: int) -> None:
    async def test(store: Store, taken: Intake) -> None:
        store.let(0)
        answers = taken.stream(aiter(Requests(*((id_, size) for id_ in range(20)))))
        await anext(answers)
        for _ in range(turns):
            await asyncio.sleep(0)
        await answers.aclose()
        stream = Stream(taken, Requests(*((id_, size) for id_ in range(20, 40))))
        for _ in range(turns):
            await asyncio.sleep(0)
        stream.task.cancel()
        await asyncio.wait([stream.task])
        assert stream.task.cancelled()

    run(test)


@pytest.mark.parametrize(("failing", "certain"), [("p", False), ("q", False), ("pq", True)])
def test_a_deposit_of_which_a_part_was_stored_does_not_tell_that_nothing_was(failing: str, certain: bool) -> None:
    class Partly(Store):
        async def deposit(self, pipeline: str, works: Sequence[Work], _seconds: float) -> list[Outcome]:
            if pipeline in failing:
                raise Unavailable(Reason.OVERLOADED, "busy", not_applied=True)
            return [Outcome.DEPOSITED] * len(works)

    async def test() -> None:
        both = b"".join(bson.encode(work(pipeline, "a")) for pipeline in "pq")
        with pytest.raises(Unavailable) as raised:
            await Intake(cast("Any", Partly()), LONG).deposit(pb.EncodedDocuments(bson=both), LONG)
        assert raised.value.not_applied is certain

    asyncio.run(test())


@pytest.mark.parametrize(("requests", "certain"), [(1, True), (2, False)])
def test_a_stream_with_more_under_way_does_not_tell_that_nothing_was_stored(requests: int, certain: bool) -> None:
    async def test(store: Store, taken: Intake) -> None:
        stream = Stream(taken, Requests(*((id_, 0) for id_ in range(requests))))
        await turn()
        store.error = Unavailable(Reason.OVERLOADED, "busy", not_applied=True)
        store.let(0)
        with pytest.raises(Unavailable) as raised:
            await stream.task
        assert raised.value.not_applied is certain
        assert store.error.not_applied

    run(test)

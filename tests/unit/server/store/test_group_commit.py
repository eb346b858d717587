"""Group commit: who waits for whom, who shares an insert, and who must not be harmed by whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from workflow_results.common.reasons import Reason
from workflow_results_server.documents.works import Work
from workflow_results_server.errors import DeadlineExceeded, Unavailable
from workflow_results_server.store.deposits import Outcome
from workflow_results_server.store.group_commit import GroupCommit

LONG = 30.0


class Inserts:
    """Takes the place of MongoDB: remembers each insert, and finishes it when it may."""

    def __init__(self) -> None:
        self.made: list[tuple[str, list[str]]] = []
        self.may = asyncio.Event()
        self.error: Exception | None = None

    async def insert(self, pipeline: str, works: Sequence[Work]) -> list[Outcome]:
        self.made.append((pipeline, [work.id for work in works]))
        await self.may.wait()
        if self.error:
            raise self.error
        return [Outcome.CONFLICT if work.id.startswith("conflict") else Outcome.DEPOSITED for work in works]


def work(id_: str, size: int = 10) -> Work:
    return Work(0, "p", id_, bytes(size))


def run(test: Callable[[Inserts, GroupCommit], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        inserts = Inserts()
        await test(inserts, GroupCommit(inserts.insert))

    asyncio.run(asyncio.wait_for(within(), 20))


async def turn() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_deposit_is_inserted_at_once() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        inserts.may.set()
        assert await group.deposit("p", [work("a"), work("conflict")], LONG) == [Outcome.DEPOSITED, Outcome.CONFLICT]
        assert inserts.made == [("p", ["a", "conflict"])]

    run(test)


def test_deposits_that_wait_share_an_insert_and_keep_their_outcomes() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        first = asyncio.create_task(group.deposit("p", [work("a")], LONG))
        await turn()
        others = [
            asyncio.create_task(group.deposit("p", [work(f"{name}1"), work(f"{name}2")], LONG))
            for name in ("b", "conflict", "d")
        ]
        elsewhere = asyncio.create_task(group.deposit("q", [work("e")], LONG))
        await turn()
        assert inserts.made == [("p", ["a"]), ("q", ["e"])]
        inserts.may.set()
        assert await first == await elsewhere == [Outcome.DEPOSITED]
        assert [(await each)[0] for each in others] == [Outcome.DEPOSITED, Outcome.CONFLICT, Outcome.DEPOSITED]
        assert inserts.made[2:] == [("p", ["b1", "b2", "conflict1", "conflict2", "d1", "d2"])]

    run(test)


def test_a_large_deposit_is_not_made_larger() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        sizes = {"a": 1, "b": 3 << 20, "c": 3 << 20, "d": 20 << 20, "e": 1}
        tasks = []
        for id_, size in sizes.items():
            tasks.append(asyncio.create_task(group.deposit("p", [work(id_, size)], LONG)))
            await turn()
        inserts.may.set()
        await asyncio.gather(*tasks)
        assert [ids for _, ids in inserts.made] == [["a"], ["b"], ["c"], ["d"], ["e"]]

    run(test)


def test_who_has_no_more_time_leaves_the_others_alone() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        begun = asyncio.create_task(group.deposit("p", [work("begun")], 0.01))
        await turn()
        waiting = asyncio.create_task(group.deposit("p", [work("waiting")], 0.01))
        cancelled = asyncio.create_task(group.deposit("p", [work("cancelled")], LONG))
        patient = asyncio.create_task(group.deposit("p", [work("patient")], LONG))
        await turn()
        cancelled.cancel()
        for task, not_applied in ((begun, False), (waiting, True)):
            with pytest.raises(DeadlineExceeded) as raised:
                await task
            assert (raised.value.metadata.get("outcome") == "NOT_APPLIED") is not_applied
        inserts.may.set()
        assert await patient == [Outcome.DEPOSITED]
        assert inserts.made == [("p", ["begun"]), ("p", ["patient"])]

    run(test)


def test_a_caller_that_is_gone_does_not_cancel_the_insert_it_shares() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        first = asyncio.create_task(group.deposit("p", [work("first")], LONG))
        await turn()
        gone = asyncio.create_task(group.deposit("p", [work("gone")], LONG))
        stays = asyncio.create_task(group.deposit("p", [work("stays")], LONG))
        await turn()
        first.cancel()
        await turn()
        inserts.may.set()
        await turn()
        gone.cancel()
        assert await stays == [Outcome.DEPOSITED]
        await group.finish(10)
        assert inserts.made == [("p", ["first"]), ("p", ["gone", "stays"])]

    run(test)


def test_a_failure_reaches_all_who_shared_it_and_nobody_later() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        inserts.error = Unavailable(Reason.MONGODB_UNAVAILABLE, "lost", not_applied=False)
        tasks = [asyncio.create_task(group.deposit("p", [work("a")], LONG))]
        await turn()
        tasks += [asyncio.create_task(group.deposit("p", [work(id_)], LONG)) for id_ in "bc"]
        await turn()
        inserts.may.set()
        for each in await asyncio.gather(*tasks, return_exceptions=True):
            assert each is inserts.error
        inserts.error = None
        assert await group.deposit("p", [work("d")], LONG) == [Outcome.DEPOSITED]

    run(test)


LARGE = 256 * 1024
"""From how many bytes on works do not wait for the insert before them."""


def test_large_deposits_do_not_wait_for_the_insert_before_them() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        ids = "small", "few", "large", "third", "q"
        sizes = 10, 10, LARGE, LARGE, LARGE
        tasks = []
        for id_, size in zip(ids, sizes, strict=True):
            pipeline = "q" if id_ == "q" else "p"
            tasks.append(asyncio.create_task(group.deposit(pipeline, [work(id_, size)], LONG)))
            await turn()
        assert inserts.made == [("p", ["small"]), ("p", ["few", "large"]), ("q", ["q"])], "a third one waits"
        inserts.may.set()
        assert await asyncio.gather(*tasks) == [[Outcome.DEPOSITED]] * 5
        assert inserts.made[3:] == [("p", ["third"])]
        assert not group._pipelines

    run(test)


def test_works_with_the_same_id_are_inserted_in_their_order() -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        tasks = [asyncio.create_task(group.deposit("p", [work("a")], LONG))]
        await turn()
        for ids in (("a", "b"), ("c",)):
            each = [work(id_, LARGE) for id_ in ids]
            tasks.append(asyncio.create_task(group.deposit("p", each, LONG)))
            await turn()
        assert inserts.made == [("p", ["a"])]
        inserts.may.set()
        await asyncio.gather(*tasks)
        assert inserts.made == [("p", ["a"]), ("p", ["a", "b", "c"])]

    run(test)


@pytest.mark.parametrize("leaves", ["is gone", "has no more time"])
def test_those_behind_one_that_leaves_need_not_wait_for_it(leaves: str) -> None:
    async def test(inserts: Inserts, group: GroupCommit) -> None:
        first = asyncio.create_task(group.deposit("p", [work("a")], LONG))
        await turn()
        seconds = 0.5 if leaves == "has no more time" else LONG
        leaving = asyncio.create_task(group.deposit("p", [work("a", LARGE)], seconds))
        behind = asyncio.create_task(group.deposit("p", [work("b", LARGE)], LONG))
        await turn()
        assert inserts.made == [("p", ["a"])]
        if leaves == "is gone":
            leaving.cancel()
        await asyncio.wait((leaving,))
        await turn()
        assert inserts.made == [("p", ["a"]), ("p", ["b"])]
        inserts.may.set()
        await asyncio.gather(first, behind)

    run(test)

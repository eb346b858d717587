"""Look-ups: who shares a command with whom, and that nobody is harmed by others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast

import bson
import pytest

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import RequestError
from workflow_results_server.store import look_ups
from workflow_results_server.store.look_ups import LookUps
from workflow_results_server.store.primary import Primary
from workflow_results_server.store.selection import Batch, Selection

LONG = 30.0
STORED = "abcdefgh"


class Collection:
    """Takes the place of MongoDB: remembers what it is asked for, and answers when it may."""

    def __init__(self, name: str = "p") -> None:
        self.name = name
        self.asked: list[list[str]] = []
        self.may = asyncio.Event()
        self.fails = self.has_more = False

    async def fetch(self, selection: Selection) -> tuple[bytes, bool]:
        self.asked.append(sorted(selection.ids))
        await self.may.wait()
        if self.fails:
            raise RequestError(Reason.MONGODB_FAILED, "MongoDB failed")
        found = [id_ for id_ in sorted(selection.ids, reverse=True) if id_ in STORED]
        return b"".join(bson.encode({"_id": id_}) for id_ in found), not self.has_more


def answering(name: str = "p") -> Collection:
    collection = Collection(name)
    collection.may.set()
    return collection


class Ready:
    async def wait_until_ready(self, seconds: float) -> float:
        return seconds


async def fetch_first(collection: Collection, selection: Selection, _seconds: float) -> tuple[bytes, bool]:
    return await collection.fetch(selection)


def run(test: Callable[[Callable[..., asyncio.Task[Batch | None]]], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        found = LookUps(cast(Primary, Ready()))

        def look_up(
            collection: Collection, *ids: str, seconds: float = LONG, most_bytes: int = 1_000
        ) -> asyncio.Task[Batch | None]:
            return asyncio.create_task(found.find(cast(Any, collection), ids, seconds, most_bytes))

        await test(look_up)
        assert not found._waiting

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(look_ups, "fetch_first", fetch_first)
        asyncio.run(asyncio.wait_for(within(), 20))


async def turn() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def ids(batch: Batch | None) -> Sequence[str]:
    assert batch is not None
    assert batch.final
    found = [each["_id"] for each in bson.decode_all(batch.data)]
    assert (len(found), found[-1] if found else "") == (batch.number, batch.last)
    return found


def test_those_that_come_meanwhile_share_the_next_command() -> None:
    async def test(look_up: Callable[..., asyncio.Task[Batch | None]]) -> None:
        p, q = Collection(), Collection("q")
        first = look_up(p, "a")
        await turn()
        others = [look_up(p, *each) for each in ("b", "cb", "xa", "y")]
        elsewhere = look_up(q, "d")
        await turn()
        assert (p.asked, q.asked) == ([["a"]], [["d"]])
        p.may.set()
        q.may.set()
        assert ids(await first) == ["a"]
        assert [ids(await each) for each in others] == [["b"], ["c", "b"], ["a"], []]
        assert ids(await elsewhere) == ["d"]
        assert p.asked == [["a"], ["a", "b", "c", "x", "y"]]

    run(test)


def test_a_command_asks_for_no_more_than_a_first_fetch() -> None:
    async def test(look_up: Callable[..., asyncio.Task[Batch | None]]) -> None:
        p = Collection()
        waiting = [look_up(p, *(f"{number}-{index}" for index in range(10))) for number in range(12)]
        p.may.set()
        for each in waiting:
            assert ids(await each) == []
        assert [len(each) for each in p.asked] == [100, 20]
        assert await look_up(p, *map(str, range(11))) is None

    run(test)


@pytest.mark.parametrize("what", ["fails", "has_more"])
def test_what_is_not_found_so_is_read_like_others(what: str) -> None:
    async def test(look_up: Callable[..., asyncio.Task[Batch | None]]) -> None:
        p = Collection()
        setattr(p, what, True)
        first = look_up(p, "a")
        await turn()
        others = [look_up(p, "b"), look_up(p, "c")]
        p.may.set()
        assert [await each for each in (first, *others)] == [None] * 3
        setattr(p, what, False)
        shares = what == "fails"  # a pipeline with large results shares none for a while
        again = await look_up(p, "a")
        assert (again is not None) == shares
        assert ids(await look_up(answering("q"), "a")) == ["a"]

    run(test)


def test_large_results_are_read_like_others() -> None:
    async def test(look_up: Callable[..., asyncio.Task[Batch | None]]) -> None:
        p = answering()
        size = len(bson.encode({"_id": "a"}))
        assert await look_up(p, "a", "b", most_bytes=2 * size - 1) is None
        assert ids(await look_up(p, "a", "b", most_bytes=2 * size)) == ["b", "a"]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(look_ups, "_MOST_BYTES", size)
            assert await look_up(p, "a", "b") is None
            assert len(p.asked) == 3
            assert await look_up(p, "a") is None
            assert len(p.asked) == 3, "they share nothing for a while"
            patch.setattr(look_ups, "_LARGE_SECONDS", -1.0)
            q = answering("q")
            assert await look_up(q, "a", "b") is None
            assert ids(await look_up(q, "a")) == ["a"], "the while is over"

    run(test)


def test_nobody_waits_longer_than_it_may_and_who_is_gone_is_in_nobodys_way() -> None:
    async def test(look_up: Callable[..., asyncio.Task[Batch | None]]) -> None:
        p = Collection()
        gone, late = look_up(p, "a"), look_up(p, "a", seconds=0.01)
        await turn()
        waiting, leaving = look_up(p, "b"), look_up(p, "c")
        await turn()
        gone.cancel()
        leaving.cancel()
        assert await late is None
        p.may.set()
        assert ids(await waiting) == ["b"]
        await turn()
        assert gone.cancelled()
        assert leaving.cancelled()
        assert p.asked == [["a"], ["b"]], "nothing is asked for whoever is gone"

    run(test)

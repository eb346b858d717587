"""Streams out of MongoDB: every document once, whatever happens in between, and nothing left open."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from unittest.mock import Mock

import bson
import pytest

from tests.support.sources import LONG, Source, document, numbers, rest, run, tasks, turn, until
from workflow_results.common.reasons import Reason
from workflow_results.common.rules import BATCH_BYTES, KIB, MIB
from workflow_results_server.errors import RequestError, Unavailable
from workflow_results_server.store import Selection, reads
from workflow_results_server.store.reads import Reads
from workflow_results_server.store.selection import fetch_first

pytestmark = pytest.mark.both_facades


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no reader for one that pauses because the machine is busy."""
    monkeypatch.setattr(reads, "_PAUSE_SECONDS", LONG)


# 1,024 of these are a batch, so that limits end exactly with the first fetch, with a batch, and beside them.
LIMITS = (None, 0, 1, 99, 100, 101, 200, 1_123, 1_124, 1_125, 2_148, 2_499, 2_500, 2_501)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200, 2_500])
def test_every_document_once_within_skip_and_limit(mongo_uri: str, database: Any, pipeline: str, count: int) -> None:
    if count:
        database[pipeline].insert_many(document(number) for number in range(count))

    async def test(source: Source) -> None:
        everything = list(reversed(range(count)))
        for limit in LIMITS:
            for skip in (0, 100, 150):
                batches = await rest(source.read(Selection(skip=skip, limit=limit)))
                assert numbers(batches) == everything[skip:][:limit], (skip, limit)
        batches = await rest(source.read(Selection({"n": {"$gt": 20}}, {"n": 1}, limit=50, after="00090")))
        assert numbers(batches) == [number for number in everything if 20 < number < 90][:50]
        assert all(bson.decode_all(batch.data)[0].keys() == {"_id", "n"} for batch in batches)

    run(mongo_uri, pipeline, test)


def test_few_documents_take_one_command_and_the_first_of_many_come_with_it(
    mongo_uri: str, database: Any, pipeline: str
) -> None:
    database[pipeline].insert_many(document(number) for number in range(500))

    async def test(source: Source) -> None:
        for limit in (1, 100):
            (batch,) = await rest(source.read(Selection(limit=limit)))
            assert (batch.number, batch.final) == (limit, True)
        assert source.asked == ["find", "find"]
        async with contextlib.aclosing(source.read()) as stream:
            assert (await anext(stream)).number == 100
            assert source.asked == ["find"] * 3

    run(mongo_uri, pipeline, test)


def test_documents_of_very_different_sizes(mongo_uri: str, database: Any, pipeline: str) -> None:
    sizes = [KIB] * 400 + [200_000] * 120
    sizes[98:101] = MIB + 1, MIB, 15 * MIB
    sizes[350] = 15 * MIB
    for start in range(0, 520, 10):
        database[pipeline].insert_many(document(number, sizes[number]) for number in range(start, start + 10))

    async def test(source: Source) -> None:
        batches = await rest(source.read())
        assert numbers(batches) == list(reversed(range(520)))
        assert [batch.last for batch in batches if len(batch.data) > BATCH_BYTES] == ["00350", "00100", "00098"]

    run(mongo_uri, pipeline, test)


def test_one_batch_is_fetched_ahead_and_no_more(mongo_uri: str, database: Any, pipeline: str) -> None:
    database[pipeline].insert_many(document(number) for number in range(4_000))

    async def test(source: Source) -> None:
        commands = ["find", "find"]
        async with contextlib.aclosing(source.read()) as stream:
            for _ in range(3):
                await anext(stream)
                await until(lambda: source.answered == commands)
                await turn()
                assert source.asked == commands
                assert len(await source.cursors()) == 1
                commands.append("getMore")

    run(mongo_uri, pipeline, test)


@pytest.mark.parametrize(
    ("skip", "limit"), [(0, None), (7, 993), (7, 992), (0, 100), (90, 101), (0, 100 + 64), (0, 100 + 63)]
)
def test_who_pauses_holds_no_cursor_and_misses_nothing(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch, skip: int, limit: int | None
) -> None:
    monkeypatch.setattr(reads, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(reads, "_SHARED_BYTES", 0)  # makes batches of 64 KiB
    database[pipeline].insert_many(document(number) for number in range(1_010))

    async def test(source: Source) -> None:
        batches = []
        async for batch in source.read(Selection({"n": {"$lt": 1_000}}, skip=skip, limit=limit)):
            batches.append(batch)
            await until(lambda: not tasks())
            assert await source.cursors() == []
        assert numbers(batches) == list(reversed(range(1_000)))[skip:][:limit]

    run(mongo_uri, pipeline, test)


def test_readers_share_the_size_of_batches(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "_SHARED_BYTES", MIB)
    database[pipeline].insert_many(document(number) for number in range(6_000))

    async def test(source: Source) -> None:
        by = Reads(source.primary)
        first = source.read(by=by)
        begun = [await anext(first) for _ in range(2)]
        assert len(begun[1].data) == BATCH_BYTES
        await until(lambda: source.answered == ["find", "find", "getMore"])
        await turn()
        others = [source.read(by=by) for _ in range(7)]
        firsts = [await anext(other) for other in others]
        begun += [await anext(first) for _ in range(2)]  # the first of them was fetched ahead, and cut already
        shared = await rest(first)
        assert max(len(batch.data) for batch in shared) < 2 * MIB // 8
        assert numbers(begun + shared) == list(reversed(range(6_000)))
        assert numbers(firsts[:1] + await rest(others[0])) == list(reversed(range(6_000)))
        for other in others:
            await other.aclose()
        assert max(len(batch.data) for batch in await rest(source.read(by=by))) == BATCH_BYTES

    run(mongo_uri, pipeline, test)


@pytest.mark.parametrize("answered", [["find"], ["find", "find"]])
def test_who_leaves_early_leaves_nothing_open(
    mongo_uri: str, database: Any, pipeline: str, answered: list[str]
) -> None:
    database[pipeline].insert_many(document(number) for number in range(3_000))

    async def test(source: Source) -> None:
        stream = source.read()
        await anext(stream)
        await until(lambda: source.answered[: len(answered)] == answered)
        await stream.aclose()

    run(mongo_uri, pipeline, test)


@pytest.mark.parametrize("asked", [["find"], ["find", "find"]])
def test_who_leaves_while_a_cursor_is_opened_leaves_nothing_open(
    mongo_uri: str, database: Any, pipeline: str, asked: list[str]
) -> None:
    database[pipeline].insert_many(document(number) for number in range(3_000))

    async def test(source: Source) -> None:
        for _ in range(5):
            source.asked.clear()
            reading = asyncio.create_task(rest(source.read()))
            await until(lambda: source.asked[: len(asked)] == asked)
            reading.cancel()
            await asyncio.wait(
                [reading]
            )  # what it answers does not matter: before Python 3.12, wait_for eats some cancels

    run(mongo_uri, pipeline, test)


def test_who_leaves_counts_until_mongodb_has_answered(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "MOST_READERS", 2)
    database[pipeline].insert_many(document(number) for number in range(10))

    async def test(source: Source) -> None:
        by = Reads(source.primary)
        answers = asyncio.Event()
        asked: list[str] = []

        async def late_first(*arguments: Any) -> tuple[bytes, bool]:
            asked.append("find")
            await answers.wait()
            return await fetch_first(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(reads, "fetch_first", late_first)
            leaving = [asyncio.create_task(rest(source.read(by=by))) for _ in range(2)]
            await until(lambda: len(asked) == 2)
            for _ in range(2):  # the second time, they leave while they wait for the answer
                for each in leaving:
                    each.cancel()
                await turn()
        assert all(each.done() for each in leaving)
        with pytest.raises(Unavailable, match="at most 2 reads at a time"):
            await rest(source.read(by=by))
        answers.set()
        await until(lambda: not tasks())
        assert numbers(await rest(source.read(by=by))) == list(reversed(range(10)))

    run(mongo_uri, pipeline, test)


def test_a_cursor_that_is_lost_is_made_up_for(
    mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database[pipeline].insert_many(document(number) for number in range(6_000))

    async def lose(source: Source) -> None:
        await until(lambda: source.answered[1:] == ["find"])
        (cursor,) = await source.cursors()
        database.command("killCursors", pipeline, cursors=[cursor])
        source.answered.clear()
        source.answered += [""]

    async def test(source: Source) -> None:
        stream = source.read(Selection(skip=10, limit=5_000))
        batches = [await anext(stream)]
        await lose(source)
        batches.append(await anext(stream))
        await lose(source)
        assert numbers(batches + await rest(stream)) == list(reversed(range(990, 5_990)))

    async def test_without_progress(source: Source) -> None:
        stream = source.read()
        await anext(stream)
        await lose(source)
        await anext(stream)
        unavailable = Unavailable(Reason.MONGODB_UNAVAILABLE, "lost", not_applied=True)
        monkeypatch.setattr(source.primary, "wait_until_ready", Mock(side_effect=unavailable))
        with pytest.raises(RequestError, match="lost"):
            await rest(stream)

    run(mongo_uri, pipeline, test)
    run(mongo_uri, pipeline, test_without_progress)

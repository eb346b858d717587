"""Streams out of MongoDB: every document once, whatever happens in between, and nothing left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import bson
import pymongo
import pytest
from pymongo import AsyncMongoClient, monitoring
from pymongo.read_concern import ReadConcern

from workflow_results.documents import OPTIONS
from workflow_results.rules import BATCH_BYTES, KIB, MIB
from workflow_results_server.errors import RequestError, Unavailable
from workflow_results_server.store import Batch, Selection, reads
from workflow_results_server.store.reads import Reads

Stream = AsyncGenerator[Batch, None]

LONG = 30.0
LEAST = 64 * KIB
PATIENT = 1_000.0


class Source(monitoring.CommandListener):
    """The collection of a test as the server reads it, and what MongoDB is asked and holds because of that."""

    def __init__(self, uri: str, name: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, event_listeners=[self])
        database = self.client.get_database("workflow_results", codec_options=OPTIONS)
        self.collection = database.get_collection(name, read_concern=ReadConcern("majority"))
        self.asked: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Know of a command that is sent."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.command_name in ("find", "getMore", "killCursors"):
            self.asked.append(event.command_name)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Know of a command that failed."""

    async def cursors(self) -> list[int]:
        """Give the ids of the cursors that MongoDB holds open."""
        idle = {"$currentOp": {"idleCursors": True, "allUsers": True}}
        mine = {"$match": {"ns": self.collection.full_name}}
        while True:
            found = [each async for each in await self.client.admin.aggregate([idle, mine])]
            if all(each["type"] == "idleCursor" for each in found):  # else something is being carried out still
                return [each["cursor"]["cursorId"] for each in found]

    def read(self, selection: Selection = Selection(), by: Reads | None = None) -> Stream:  # noqa: B008
        return (by or Reads()).read(self.collection, selection, LONG)


def run(uri: str, name: str, test: Callable[[Source], Coroutine[Any, Any, None]]) -> None:
    """Carry out a test, after which no cursor is open and no task under way."""

    async def within() -> None:
        source = Source(uri, name)
        async with source.client:
            await asyncio.wait_for(test(source), 60)
            assert not tasks()
            assert await source.cursors() == []

    asyncio.run(within())


def tasks() -> list[Any]:
    """Give the tasks under way that the server's code has made."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    return [each for each in coroutines if "workflow_results_server" in each.cr_code.co_filename]  # type: ignore[union-attr]


async def until(happened: Callable[[], bool]) -> None:
    while not happened():
        await asyncio.sleep(0.001)


def document(number: int, size: int = KIB) -> dict[str, Any]:
    """Make a document of a size in bytes."""
    made = {"_id": f"{number:05}", "n": number, "pad": b""}
    return {**made, "pad": bytes(size - len(bson.encode(made)))}


def numbers(batches: list[Batch]) -> list[int]:
    """Give what stands in batches, once it is sure that they tell the truth about themselves."""
    found = []
    for batch in batches:
        documents = bson.decode_all(batch.data)
        assert (batch.number, batch.last) == (len(documents), documents[-1]["_id"])
        assert len(batch.data) <= BATCH_BYTES or batch.number == 1
        found += [each["n"] for each in documents]
    assert not any(batch.final for batch in batches[:-1])
    return found


async def rest(stream: Stream) -> list[Batch]:
    return [batch async for batch in stream]


import os
FACTOR = int(os.environ.get('FACTOR','4'))
def test_experiment(mongo_uri: str, database: Any, pipeline: str) -> None:
    database[pipeline].insert_many(document(number) for number in range(3_000))

    async def test(source: Source) -> None:
        import random, collections
        leaks = collections.Counter(); n=collections.Counter()
        before = 0
        for trial in range(400):
            kind = trial % 2; source.asked.clear()
            turns = random.randrange(0, 120)
            async def reading():
                async for _ in source.read(): pass
            if kind:
                task = asyncio.create_task(reading())
                for _ in range(turns*FACTOR): await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            else:
                stream = source.read()
                await anext(stream)
                for _ in range(turns*FACTOR): await asyncio.sleep(0)
                await stream.aclose()
            assert not tasks()
            now = len(await source.cursors())
            n[kind]+=1
            if now > before:
                leaks[kind, tuple(source.asked)] += now-before
            before = now
        print('RES', leaks, n, before)
        await asyncio.sleep(1)
        print(len(await source.cursors()))

    run(mongo_uri, pipeline, test)

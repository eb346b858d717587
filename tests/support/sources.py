"""What the tests of reads share: a collection as the server reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import bson
from pymongo import AsyncMongoClient, monitoring
from pymongo.read_concern import ReadConcern

from workflow_results.common.bson_codec import OPTIONS
from workflow_results.common.rules import BATCH_BYTES, KIB
from workflow_results_server.store import Batch, Selection
from workflow_results_server.store.primary import Primary
from workflow_results_server.store.reads import Reads

Stream = AsyncGenerator[Batch, None]

LONG = 60.0


class Source(monitoring.CommandListener):
    """The collection of a test as the server reads it, and what MongoDB is asked and holds because of that."""

    def __init__(self, uri: str, name: str) -> None:
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, event_listeners=[self])
        database = self.client.get_database("workflow_results", codec_options=OPTIONS)
        self.primary = Primary(database)
        self.collection = database.get_collection(name, read_concern=ReadConcern("majority"))
        self.asked: list[str] = []
        self.answered: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name == self.collection.database.name:
            self.asked.append(event.command_name)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.database_name == self.collection.database.name:
            self.answered.append(event.command_name)

    def failed(self, _event: monitoring.CommandFailedEvent) -> None:
        """Need not be known."""

    async def cursors(self) -> list[int]:
        """Return the ids of the cursors that MongoDB holds open."""
        idle = {"$currentOp": {"idleCursors": True, "allUsers": True}}
        mine = {"$match": {"ns": self.collection.full_name}}
        while True:
            found = [each async for each in await self.client.admin.aggregate([idle, mine])]
            if all(each["type"] == "idleCursor" for each in found):  # else something is being carried out still
                return [each["cursor"]["cursorId"] for each in found]

    def read(self, selection: Selection = Selection(), by: Reads | None = None) -> Stream:  # noqa: B008
        return (by or Reads(self.primary)).read(self.collection, selection, LONG)


def run(uri: str, name: str, test: Callable[[Source], Coroutine[Any, Any, None]]) -> None:
    """Carry out a test, after which no cursor is open and no task under way."""

    async def within() -> None:
        source = Source(uri, name)
        async with source.client:
            await source.primary.wait_until_ready(LONG)
            source.asked.clear()
            source.answered.clear()
            await asyncio.wait_for(test(source), LONG)
            assert not tasks()
            assert await source.cursors() == []

    asyncio.run(within())


def tasks() -> list[Any]:
    """Return the tasks under way that the server's code has made."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    return [each for each in coroutines if "workflow_results_server" in each.cr_code.co_filename]  # type: ignore[union-attr]


async def until(happened: Callable[[], bool]) -> None:
    while not happened():  # noqa: ASYNC110
        await asyncio.sleep(0)


def document(number: int, size: int = KIB) -> dict[str, Any]:
    """Make a document of a size in bytes."""
    made = {"_id": f"{number:05}", "n": number, "pad": b""}
    return {**made, "pad": bytes(size - len(bson.encode(made)))}


def numbers(batches: list[Batch]) -> list[int]:
    """Return what stands in batches, once it is sure that they tell the truth about themselves."""
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


async def turn() -> None:
    """Let everything happen that can without MongoDB."""
    for _ in range(20):
        await asyncio.sleep(0)

"""After an election the server waits until the new primary knows what a majority has, once for all calls."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from bson.timestamp import Timestamp
from pymongo.errors import AutoReconnect

from workflow_results_server.errors import Unavailable
from workflow_results_server.store.primary import Primary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Database:
    """Takes the place of MongoDB: tells what is asked of it, and answers when it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may = asyncio.Event()
        self.may.set()
        self.error: Exception | None = None
        self.client = Client()
        self.primary = Primary(cast("Any", self))

    def __getitem__(self, _name: str) -> Database:
        return self

    async def command(self, name: str, session: object = None) -> None:
        assert session
        self.asked.append(name)

    async def find_one(self, _query: Any, session: object = None) -> None:
        assert session
        self.asked.append("find")
        await self.may.wait()
        if self.error:
            raise self.error


class Client:
    def __init__(self) -> None:
        self.elect("first")

    def elect(self, election: str) -> None:
        primary = SimpleNamespace(server_type_name="RSPrimary", election_id=election)
        secondary = SimpleNamespace(server_type_name="RSSecondary", election_id=None)
        self.topology_description = SimpleNamespace(
            has_writable_server=lambda: True, server_descriptions=lambda: {1: secondary, 2: primary}
        )

    @asynccontextmanager
    async def start_session(self, causal_consistency: bool) -> AsyncIterator[object]:
        assert causal_consistency
        yield SimpleNamespace(operation_time=Timestamp(1, 1))


async def until(happened: Callable[[], bool]) -> None:
    while not happened():  # noqa: ASYNC110
        await asyncio.sleep(0)


async def turn() -> None:
    """Let everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def known(database: Database, seconds: float = 20.0) -> None:
    await database.primary.wait_until_ready(seconds)


def test_each_new_primary_is_waited_for_once() -> None:
    async def run() -> None:
        database = Database()
        for election, waits in (("first", True), ("first", False), ("second", True)):
            database.client.elect(election)  # the topology is another one, as after each heartbeat
            database.may.clear()
            calls = [asyncio.create_task(known(database)) for _ in range(3)]
            if waits:
                await turn()
                assert not any(call.done() for call in calls)
                database.may.set()
            await asyncio.gather(*calls)
        assert database.asked == ["ping", "find"] * 2

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_second_election_during_the_wait_for_the_first_is_waited_for_too() -> None:
    async def run() -> None:
        database = Database()
        database.may.clear()
        calls = [asyncio.create_task(known(database))]
        await until(lambda: database.asked == ["ping", "find"])
        database.client.elect("second")
        calls.append(asyncio.create_task(known(database)))
        await turn()
        first, database.may = database.may, asyncio.Event()
        first.set()
        await until(lambda: database.asked == ["ping", "find"] * 2 or any(call.done() for call in calls))
        assert not any(call.done() for call in calls)
        database.may.set()
        await asyncio.gather(*calls)
        assert database.asked == ["ping", "find"] * 2

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_primary_that_is_not_ready_in_time_is_waited_for_again() -> None:
    async def run() -> None:
        database = Database()
        database.may.clear()
        waiting = asyncio.create_task(known(database))
        with pytest.raises(Unavailable) as raised:
            await known(database, 0.01)
        assert raised.value.not_applied
        database.error = AutoReconnect("gone")
        database.may.set()
        with pytest.raises(Unavailable):
            await waiting
        database.error = None
        await known(database)
        await known(database)
        assert database.asked == ["ping", "find"] * 2

    asyncio.run(asyncio.wait_for(run(), 20))

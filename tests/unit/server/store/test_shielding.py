"""Callers who go away in the middle of their calls leave a server that works."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from tests.support.waiting import PATIENCE
from workflow_results_server.errors import RequestError
from workflow_results_server.store.primary import Primary
from workflow_results_server.store.shielding import shielded, wait_for_all

CALLERS = 1_000
STEP_SECONDS = 0.0001


async def end_of(task: asyncio.Task[Any]) -> BaseException | None:
    """What a task has ended with; its cancellation counts as nothing."""
    await asyncio.wait((task,))
    return None if task.cancelled() else task.exception()


@pytest.mark.slow
def test_callers_that_go_during_an_election_leave_the_client_usable() -> None:
    async def run() -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            uri = f"mongodb://127.0.0.1:{nobody.getsockname()[1]}/?replicaSet=rs0"
            async with AsyncMongoClient[dict[str, Any]](uri) as client:
                primary = Primary(client["any"])
                callers = [asyncio.create_task(primary.wait_until_ready(PATIENCE)) for _ in range(CALLERS)]
                # PyMongo looks for a primary again after half a second: they go at that very time.
                await asyncio.sleep(0.44)
                for caller in callers:
                    caller.cancel()
                    await asyncio.sleep(STEP_SECONDS)
                assert not any([await end_of(caller) for caller in callers])
                last = asyncio.create_task(primary.wait_until_ready(0.1))
                assert isinstance(await end_of(last), RequestError)
                # What they began goes on to its end. The end of the loop would cancel it, as nothing else may.
                await wait_for_all(PATIENCE)

    asyncio.run(asyncio.wait_for(run(), 2 * PATIENCE))


def test_what_is_not_cancelled_goes_on_to_its_end() -> None:
    done: list[str] = []

    @shielded
    async def call(name: str, go_on: asyncio.Event) -> str:
        await go_on.wait()
        done.append(name)
        if name == "bad":
            raise ValueError(name)
        return name

    async def run() -> None:
        go_on = asyncio.Event()
        calls = {name: asyncio.create_task(call(name, go_on)) for name in ("good", "bad", "gone")}
        await asyncio.sleep(0)
        calls["gone"].cancel()
        assert await end_of(calls["gone"]) is None
        assert done == []
        go_on.set()
        assert isinstance(await end_of(calls["bad"]), ValueError)
        assert await calls["good"] == "good"
        assert "gone" in done

    asyncio.run(asyncio.wait_for(run(), 10))

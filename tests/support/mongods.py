"""What the tests of the embedded mongod share."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from tests.support.waiting import PATIENCE, killed_after
from workflow_results_server.mongod.data_directory import DataDirectory
from workflow_results_server.mongod.embedded import EmbeddedMongod, MongodError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from workflow_results_server.mongod.restarts import Restarts

    Client = AsyncMongoClient[dict[str, Any]]
INTERRUPTED = 11601
SERVER = """
import asyncio, sys
from pathlib import Path
from workflow_results_server.mongod import embedded as mongod

async def halt(*_):
    print("halted", flush=True)
    await asyncio.Event().wait()

async def serve(directory, halt_before):
    if halt_before:
        setattr(mongod, halt_before, halt)
    print(await mongod.EmbeddedMongod(Path(directory)).start(), flush=True)
    await asyncio.Event().wait()

asyncio.run(serve(*sys.argv[1:]))
"""


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 2 * PATIENCE))


@contextlib.asynccontextmanager
async def running(directory: Path, restarts: Restarts | None = None) -> AsyncIterator[tuple[EmbeddedMongod, Client]]:
    """Return a started mongod and a client of it, and kill mongod at the end: to stop it cleanly takes a second."""
    mongod = EmbeddedMongod(directory, restarts)
    try:
        async with AsyncMongoClient[dict[str, Any]](await mongod.start()) as client:
            yield mongod, client
    finally:
        DataDirectory(directory).kill_mongod()
        await mongod.stop()


def kill_a_server(directory: Path, halt_before: str = "") -> int:
    """Kill a server that has started mongod, or was about to do a step of it; returns the pid of its mongod."""
    arguments = [sys.executable, "-c", SERVER, str(directory), halt_before]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        with killed_after(PATIENCE, server):
            started = server.stdout.readline()
        server.kill()
    assert started, "the server did not start mongod"
    return pid_of(directory)


def pid_of(directory: Path) -> int:
    return DataDirectory(directory).mongod_pid()


def kill_mongod(directory: Path) -> None:
    os.kill(pid_of(directory), signal.SIGKILL)


async def eventually(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 (bounded by `run`)
        await asyncio.sleep(0.01)


async def deposit(client: Client) -> int:
    """Insert a document, and return how many there are.

    What comes as soon as a mongod answers may be interrupted, when the sessions of servers that were killed are.
    """
    document = {"_id": ObjectId()}
    while True:
        try:
            await client.archive.works.replace_one(document, document, upsert=True)
            return await client.archive.works.count_documents({})
        except OperationFailure as error:
            if error.code != INTERRUPTED:
                raise


def start_error(directory: Path) -> str:
    """Return the message with which a start fails, which must be one line."""
    with pytest.raises(MongodError) as raised:
        asyncio.run(EmbeddedMongod(directory).start())
    message = str(raised.value)
    assert "\n" not in message
    return message


def fake_mongod(directory: Path, script: str) -> str:
    binary = directory / "mongod"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(0o755)
    return str(binary)

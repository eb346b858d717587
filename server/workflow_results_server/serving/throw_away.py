"""A server for tests: an embedded MongoDB in a directory that is removed, and empty databases.

Each line on standard input asks for one. The answer is the line `listening on HOST:PORT`, of another gRPC server than
before: what a test leaves running can't write into the results of the next one.

Who has started this may end in any way, and nothing shall remain. So it ends with its standard input, and with its
parent: a child that the parent has forked may hold the other end of the pipe for longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
from typing import TYPE_CHECKING, Final

from workflow_results_server.mongod.data_directory import DataDirectory
from workflow_results_server.mongod.embedded import EmbeddedMongod, MongodError
from workflow_results_server.serving import process
from workflow_results_server.serving.server import Server
from workflow_results_server.settings import Settings, SettingsError
from workflow_results_server.store import ConnectionRefused
from workflow_results_server.telemetry import logs

if TYPE_CHECKING:
    from pathlib import Path

_STDIN: Final = 0
_READ_BYTES: Final = 4096
_PARENT_SECONDS: Final = 1.0
"""How often one looks whether the parent is there."""
_END_SECONDS: Final = 60.0
_FORGETFUL: Final = ("--syncdelay", "5", "--setParameter", "minSnapshotHistoryWindowInSeconds=0")
"""By default, MongoDB keeps the files of dropped collections open for minutes: too many after a thousand tests."""
_COLLECTED: Final = 50
"""After how many servers those before are collected as garbage. They are frozen, of which each costs 0.1 MB."""


def run(directory: Path) -> int:
    """Serve until standard input ends, the parent is gone, or a signal comes.

    Args:
        directory: Where the data are. It is removed in the end; a mongod that a killed process has left there is ended.

    Returns:
        The exit status: 0, or 1 with a line on standard error when no server could be started.
    """
    logs.configure("warning", "text")
    process.allow_files()
    try:
        process.run(_serve(directory))
    except (MongodError, ConnectionRefused, SettingsError) as error:
        process.complain(f"workflow-results: {error}")
        return 1
    return 0


async def _serve(directory: Path) -> None:
    stop = process.stop_on_signals()
    asked = _listen(stop)
    mongod = EmbeddedMongod(directory, options=_FORGETFUL)
    tasks = [
        asyncio.create_task(_answer(mongod, asked)),
        asyncio.create_task(_until_orphaned(os.getppid())),
        asyncio.create_task(stop.wait()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        process.end_for_certain(_END_SECONDS, DataDirectory(directory).kill_mongod)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        DataDirectory(directory).kill_mongod()  # it has nothing to write that anybody will read
        await mongod.stop()
        shutil.rmtree(directory, ignore_errors=True)


def _listen(stop: asyncio.Event) -> asyncio.Queue[None]:
    """Return a queue of the lines on standard input, whose end sets an event."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Queue[None] = asyncio.Queue()

    def hear() -> None:
        heard = os.read(_STDIN, _READ_BYTES)
        for _ in range(heard.count(b"\n")):
            asked.put_nowait(None)
        if not heard:
            loop.remove_reader(_STDIN)
            stop.set()

    loop.add_reader(_STDIN, hear)
    return asked


async def _until_orphaned(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 (there is no event for it)
        await asyncio.sleep(_PARENT_SECONDS)


async def _answer(mongod: EmbeddedMongod, asked: asyncio.Queue[None]) -> None:
    """Start a server with an empty database for each line, and stop the one before."""
    uri = await mongod.start()
    last: Server | None = None
    number = 0
    try:
        while True:
            await asked.get()
            number += 1
            settings = Settings(port=0, mongo_uri=uri, database=f"test_{number}")
            before, last = last, Server(settings)
            if number % _COLLECTED == 0:
                gc.unfreeze()  # and `start` collects
            process.say(f"listening on {(await last.start())[0]}")
            if before:
                await before.stop(hurry=True, erase=True)
    finally:
        if last:
            with contextlib.suppress(Exception):  # of a MongoDB that is gone
                await last.stop(hurry=True)

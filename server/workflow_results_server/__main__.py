"""One worker process of `workflow-results serve --workers N`; started by `serving/workers.py`, not by people."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import BinaryIO, cast

from workflow_results_server.access.tokens import TokensError
from workflow_results_server.serving import process
from workflow_results_server.serving.server import Server, end_seconds
from workflow_results_server.serving.workers import HURRY, READY
from workflow_results_server.settings import Settings, SettingsError
from workflow_results_server.store import ConnectionRefused
from workflow_results_server.telemetry import logs


async def _work(settings: Settings, orders: BinaryIO) -> None:
    stop = process.stop_on_signals()
    heard = b""
    loop = asyncio.get_running_loop()

    def listen() -> None:  # it becomes readable, at its end, when the parent is gone
        nonlocal heard
        heard = orders.read(len(HURRY))
        loop.remove_reader(orders)
        stop.set()

    loop.add_reader(orders, listen)
    server = Server(settings, share_port=True)
    stopping = asyncio.create_task(stop.wait())
    starting = asyncio.create_task(server.start())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            with contextlib.suppress(BrokenPipeError):  # the parent is gone
                os.write(sys.stdout.fileno(), READY)
            await stopping
    finally:
        hurry = heard == HURRY
        process.end_for_certain(2 * end_seconds(settings, hurry=hurry))
        stopping.cancel()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await server.stop(hurry=hurry)
        loop.remove_reader(orders)


def main() -> int:
    """Serve with the settings in the first line of standard input."""
    orders = cast(BinaryIO, open(0, "rb", buffering=0, closefd=False))  # noqa: SIM115 - no file is opened
    line = orders.readline()  # and not a byte more: what follows is for later
    if not line.endswith(b"\n"):
        return 1  # the parent is gone
    settings = Settings.from_json(line.decode())
    logs.configure(settings.log_level, settings.log_format)
    try:
        process.run(_work(settings, orders))
    except (SettingsError, TokensError, ConnectionRefused) as error:
        process.complain(f"workflow-results: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

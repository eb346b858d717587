"""One worker process of `workflow-results serve --workers N`; started by `serving/workers.py`, not by people."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import BinaryIO, Final, cast

from workflow_results_server.access.tokens import TokensError
from workflow_results_server.serving import process
from workflow_results_server.serving.server import Server, end_seconds
from workflow_results_server.serving.workers import HURRY, READY, REPORT
from workflow_results_server.settings import Settings, SettingsError
from workflow_results_server.store import ConnectionRefused
from workflow_results_server.telemetry import logs, tracing
from workflow_results_server.telemetry.metrics import REGISTRY
from workflow_results_server.telemetry.reports import report

_ORDERS_BYTES: Final = 4_096


class _Orders:
    """What the parent says on standard input.

    Args:
        orders: That.
        stop: Is set when this process shall end.

    Attributes:
        hurry: Whether it shall not wait for the calls in progress.
    """

    def __init__(self, orders: BinaryIO, stop: asyncio.Event) -> None:
        self.hurry = False
        self._orders = orders
        self._stop = stop
        self._rest = b""
        self._is_asked = False
        self._reporting: asyncio.Task[None] | None = None

    def listen(self) -> None:
        """Follow orders; to be called when there are any."""
        heard = self._orders.read(_ORDERS_BYTES)
        if not heard:  # the parent is gone
            asyncio.get_running_loop().remove_reader(self._orders)
            self._stop.set()
        *begun, self._rest = (self._rest + heard).split(b"\n")
        lines = [line + b"\n" for line in begun]
        if HURRY in lines:
            self.hurry = True
            self._stop.set()
        if REPORT in lines:
            self._is_asked = True
            if self._reporting is None or self._reporting.done():
                self._reporting = asyncio.create_task(self._answer())

    async def _answer(self) -> None:
        """Report, once more if asked meanwhile: the parent may have had the last report before it asked."""
        while self._is_asked:
            self._is_asked = False
            await asyncio.to_thread(_report)  # the parent may be slow to read it

    async def finish(self) -> None:
        """Wait for a report that is under way: the next one must stand on a line of its own."""
        if self._reporting:
            await self._reporting


def _report() -> None:
    line = memoryview(report(REGISTRY))
    with contextlib.suppress(BrokenPipeError):  # the parent is gone
        while line:
            line = line[os.write(sys.stdout.fileno(), line) :]


async def _work(settings: Settings, standard_input: BinaryIO) -> None:
    stop = process.stop_on_signals()
    orders = _Orders(standard_input, stop)
    loop = asyncio.get_running_loop()
    loop.add_reader(standard_input, orders.listen)
    server = Server(settings, share_port=True)
    stopping = asyncio.create_task(stop.wait())
    starting = asyncio.create_task(server.start())
    is_ready = False
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            with contextlib.suppress(BrokenPipeError):  # the parent is gone
                os.write(sys.stdout.fileno(), READY)
            is_ready = True
            await stopping
    finally:
        process.end_for_certain(2 * end_seconds(settings, hurry=orders.hurry))
        stopping.cancel()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await server.stop(hurry=orders.hurry)
        loop.remove_reader(standard_input)
        if is_ready:
            await orders.finish()
            _report()


def main() -> int:
    """Serve with the settings in the first line of standard input."""
    orders = cast(BinaryIO, open(0, "rb", buffering=0, closefd=False))  # noqa: SIM115 - no file is opened
    line = orders.readline()  # and not a byte more: what follows is for later
    if not line.endswith(b"\n"):
        return 1  # the parent is gone
    settings = Settings.from_json(line.decode())
    logs.configure(settings.log_level, settings.log_format)
    tracing.start()
    try:
        process.run(_work(settings, orders))
    except (SettingsError, TokensError, ConnectionRefused) as error:
        process.complain(f"workflow-results: {error}")
        return 1
    finally:
        tracing.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())

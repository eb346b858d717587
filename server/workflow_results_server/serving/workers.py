"""Several processes that share a port, so that more than one core answers calls, and what they count as one.

Each is a new Python process: gRPC's threads do not survive a fork. The kernel spreads connections over them
(SO_REUSEPORT), not calls, so that a single client is served by one of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from workflow_results.common.rules import MIB
from workflow_results_server.serving import ports
from workflow_results_server.serving.ports import address
from workflow_results_server.serving.server import end_seconds
from workflow_results_server.settings import SettingsError
from workflow_results_server.telemetry.metrics import REGISTRY, WORKER_RESTARTS, WORKERS
from workflow_results_server.telemetry.reports import Totals

if TYPE_CHECKING:
    import socket
    from collections.abc import Coroutine

    from workflow_results_server.settings import Settings

T = TypeVar("T")

_logger = logging.getLogger(__name__)

READY: Final = b"ready\n"
"""What a worker writes on its standard output once it accepts calls. What follows are reports of its metrics."""
HURRY: Final = b"hurry\n"
"""What a worker reads on its standard input when it shall end without waiting for the calls in progress …"""
REPORT: Final = b"report\n"
"""… and when it shall report its metrics, which it does at its end, too."""
_REPORT_BYTES: Final = 64 * MIB
"""More than a report ever has."""
_REPORT_SECONDS: Final = 1.0
"""How long who asks for metrics waits for a worker. One that is too busy stands there with its last report."""
_ASK_SECONDS: Final = 5.0
"""How often workers report in any case, so that not much is lost of one that is killed."""
_START_SECONDS: Final = 120.0
"""How long a worker may take until it accepts calls."""
_RESTART_SECONDS: Final = 1.0
"""The pause before a worker that died is started again, so that one that can't live does not spin."""


class Workers:
    """The worker processes of a server.

    Args:
        settings: The settings of the server; `mongo_uri` must be set.

    Attributes:
        totals: The metrics of all of them, ended ones included, and of this process.
    """

    def __init__(self, settings: Settings) -> None:
        self.totals = Totals(REGISTRY)
        self._alive: dict[asyncio.subprocess.Process, asyncio.Event] = {}
        """Those that accept calls, and whether each has reported since it was asked."""
        self._settings = settings
        self._reserved: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._hurry = False

    async def start(self) -> tuple[str, ...]:
        """Start the workers and wait until all accept calls.

        Returns:
            Where they listen.

        Raises:
            SettingsError: It is not possible to listen there, or a worker could not start.
        """
        port = self._reserve(self._settings.port)
        settings = replace(self._settings, port=port)
        listening = [address(settings.host, port)]
        if settings.http_port is not None:
            http_port = self._reserve(settings.http_port)
            settings = replace(settings, http_port=http_port)
            listening.append(ports.url(settings.host, http_port, tls=settings.tls_cert is not None))
        ready = [asyncio.get_running_loop().create_future() for _ in range(settings.workers)]
        self._tasks = [asyncio.create_task(self._keep(number, settings, future)) for number, future in enumerate(ready)]
        await asyncio.gather(*ready)
        if settings.metrics_port is not None:
            self._tasks.append(asyncio.create_task(self._ask_again()))
        return tuple(listening)

    async def refresh(self) -> None:
        """Ask all workers for their metrics, and wait for those that answer soon."""
        for process, has_reported in self._alive.items():
            has_reported.clear()
            assert process.stdin
            process.stdin.write(REPORT)
        if answers := [asyncio.create_task(each.wait()) for each in self._alive.values()]:
            _, late = await asyncio.wait(answers, timeout=_REPORT_SECONDS)
            for answer in late:
                answer.cancel()

    async def _ask_again(self) -> None:
        while not self._stopping.is_set():
            await self._unless_stopping(asyncio.sleep(_ASK_SECONDS))
            await self.refresh()

    def _reserve(self, port: int) -> int:
        """Hold a port for the workers without listening on it."""
        with ports.bound(self._settings.host, port) as probe:  # sharing must not join us to workers of another server
            free: int = probe.getsockname()[1]
        self._reserved.append(ports.bound(self._settings.host, free, share=True))
        return free

    async def stop(self, *, hurry: bool = False) -> None:
        """Let all workers finish the calls in progress, and end; kill those that don't.

        Args:
            hurry: Whether they shall not wait for the calls in progress.
        """
        self._hurry = hurry
        self._stopping.set()
        await asyncio.gather(*self._tasks)
        for held in self._reserved:
            held.close()

    async def _keep(self, number: int, settings: Settings, ready: asyncio.Future[None]) -> None:
        """Keep one worker alive."""
        while not self._stopping.is_set():
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "workflow_results_server",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=_REPORT_BYTES,
                    start_new_session=True,  # a Ctrl-C in the terminal comes to us alone, and we stop them in order
                )
            except OSError as error:  # too many processes, or too little memory
                code = error.strerror
            else:
                assert process.stdin
                assert process.stdout
                # Through a pipe, since the URI holds a password. It stays open: its end tells the worker that we are
                # gone.
                process.stdin.write(settings.to_json().encode() + b"\n")
                if await self._unless_stopping(process.stdout.readline(), _START_SECONDS) == READY:
                    if not ready.done():
                        ready.set_result(None)
                    reading = asyncio.create_task(self._read_reports(process, process.stdout))
                    await self._unless_stopping(process.wait())
                    await self._end(number, process)
                    await reading
                else:
                    await self._end(number, process)
                code = str(process.returncode)
            if self._stopping.is_set():
                return
            if not ready.done():
                ready.set_exception(SettingsError(f"worker {number} could not start; the log above says why"))
                return
            WORKER_RESTARTS.inc()
            _logger.error("a worker died and is restarted", extra={"worker": number, "code": code})
            await self._unless_stopping(asyncio.sleep(_RESTART_SECONDS))

    async def _read_reports(self, process: asyncio.subprocess.Process, reports: asyncio.StreamReader) -> None:
        """Take the reports of a worker until its end."""
        has_reported = self._alive[process] = asyncio.Event()
        WORKERS.inc()
        try:
            while line := await reports.readline():
                self.totals.take(process, line)
                has_reported.set()
        finally:
            has_reported.set()
            WORKERS.dec()
            del self._alive[process]
            self.totals.end(process)

    async def _unless_stopping(self, coroutine: Coroutine[Any, Any, T], seconds: float | None = None) -> T | None:
        """Wait for something, but no longer than until the server stops, or some time has passed; returns None then."""
        task = asyncio.ensure_future(coroutine)
        stopping = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((task, stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if task.done():
            return task.result()
        task.cancel()
        return None

    async def _end(self, number: int, process: asyncio.subprocess.Process) -> None:
        """Wait until a worker ends, and kill one that takes longer than it may."""
        if process.returncode is not None:
            return
        assert process.stdin
        if self._hurry:
            process.stdin.write(HURRY)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)  # by asyncio, the status of one that has just died could be lost
        try:
            await asyncio.wait_for(process.wait(), end_seconds(self._settings, hurry=self._hurry))
        except asyncio.TimeoutError:
            _logger.warning("a worker hangs and is killed", extra={"worker": number, "pid": process.pid})
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

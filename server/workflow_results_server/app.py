"""The life of the service: MongoDB, one server or several worker processes, and a clean end."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from workflow_results_server import logs
from workflow_results_server.mongod import EmbeddedMongod, MongodError
from workflow_results_server.server import Server, address
from workflow_results_server.settings import SettingsError, default_data_directory
from workflow_results_server.store import ConnectionRefused
from workflow_results_server.tls import Certificates
from workflow_results_server.tokens import TokensError, TokensFile
from workflow_results_server.workers import Workers

if TYPE_CHECKING:
    from workflow_results_server.settings import Settings

_logger = logging.getLogger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT.

    Prints `listening on HOST:PORT` on standard output once calls are accepted.

    Args:
        settings: The settings of the server.

    Returns:
        The exit status: 0 after a clean stop, 1 when the server could not start.
    """
    logs.configure(settings.log_level, settings.log_format)
    _allow_connections()
    try:
        settings.check()
        _check_files(settings)
        asyncio.run(_serve(settings))
        for number in _SIGNALS:  # whose handlers have gone with the loop: one more does not matter any more
            signal.signal(number, signal.SIG_IGN)
    except (SettingsError, TokensError, ConnectionRefused, MongodError) as error:
        sys.stderr.write(f"workflow-results: {error}\n")
        return 1
    return 0


def _check_files(settings: Settings) -> None:
    """Find what is wrong with the files that decide about access before a MongoDB or a worker is started."""
    if settings.tls_cert:
        Certificates(settings)
    if settings.tokens:
        TokensFile(settings.tokens)
    if settings.lacking:
        _logger.warning(
            "INSECURE: %s can be reached by others than this machine, without %s; --insecure allows it",
            settings.host,
            " and ".join(settings.lacking),
        )


def _allow_connections() -> None:
    """Raise the soft limit of open files, of which each connection takes one, to the hard one; workers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems allow less than they tell
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(settings: Settings) -> None:
    stop = stop_on_signals()
    stopping = asyncio.create_task(stop.wait())
    async with AsyncExitStack() as stack:
        stack.callback(stopping.cancel)
        starting = asyncio.create_task(_start(settings, stack))
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():  # a MongoDB that recovers may take minutes
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return
        port = starting.result()
        sys.stdout.write(f"listening on {address(settings.host, port)}\n")
        sys.stdout.flush()
        await stopping
        _logger.info("stopping: calls under way are finished first")


async def _start(settings: Settings, stack: AsyncExitStack) -> int:
    """Start MongoDB and the server, and leave to the stack how they end; gives the port."""
    if settings.mongo_uri is None:
        mongod = EmbeddedMongod(settings.data_directory or default_data_directory())
        stack.push_async_callback(mongod.stop)
        settings = replace(settings, mongo_uri=await mongod.start())
        supervision = asyncio.create_task(mongod.run())
        stack.callback(supervision.cancel)
    server = Server(settings) if settings.workers == 1 else Workers(settings)
    stack.push_async_callback(server.stop)
    return await server.start()


def stop_on_signals() -> asyncio.Event:
    """Give an event that is set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    for number in _SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop

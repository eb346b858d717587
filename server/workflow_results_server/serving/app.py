"""The life of the service: MongoDB, one server or several worker processes, and a clean end."""

from __future__ import annotations

import asyncio
import logging
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry

from workflow_results.common.loopback import is_loopback_host
from workflow_results_server.access.certificates import Certificates
from workflow_results_server.access.tokens import TokensError, TokensFile
from workflow_results_server.mongod.embedded import STOP_SECONDS, EmbeddedMongod, MongodError
from workflow_results_server.serving import ports, process
from workflow_results_server.serving.gauges import Connections
from workflow_results_server.serving.server import Server, end_seconds
from workflow_results_server.serving.workers import Workers
from workflow_results_server.settings import SettingsError, default_data_directory
from workflow_results_server.store import ConnectionRefused, checked_uri
from workflow_results_server.telemetry import logs, tracing

if TYPE_CHECKING:
    from workflow_results_server.http.metrics_door import MetricsDoor
    from workflow_results_server.settings import Settings

_logger = logging.getLogger(__name__)

_SLACK_SECONDS: Final = 10.0


def run(settings: Settings) -> int:
    """Serve until SIGTERM, SIGINT or, unless it is ignored, SIGHUP.

    Prints `listening on HOST:PORT` on standard output once calls are accepted.

    Args:
        settings: The settings of the server.

    Returns:
        The exit status: 0 after a clean stop, 1 when the server could not start, or has lost its MongoDB for good.
    """
    try:
        if not process.take_standard_streams():
            raise SettingsError("standard output is closed: redirect it, for example to /dev/null")
        logs.configure(settings.log_level, settings.log_format)
        process.allow_files()
        settings.check()
        _check_files(settings)
        if tracing.check() and settings.workers == 1:
            tracing.start()
        try:
            process.run(_serve(settings))
        finally:
            tracing.stop()
        for number in process.ending_signals():  # whose handlers have gone with the loop: one more does not matter
            signal.signal(number, signal.SIG_IGN)
    except (SettingsError, TokensError, ConnectionRefused, MongodError) as error:
        process.complain(f"workflow-results: {error}")
        return 1
    return 0


def _check_files(settings: Settings) -> None:
    """Find what is wrong with the files that decide about access before a MongoDB or a worker is started."""
    if settings.tls_cert:
        Certificates(settings)
    if settings.tokens:
        TokensFile(settings.tokens)
    for what, lacking in (
        (settings.host, settings.lacking),
        (f"the metrics at {settings.metrics_host}", settings.lacking_for_metrics),
    ):
        if lacking:
            _logger.warning(
                "INSECURE: %s can be reached from other machines without %s, as --insecure allows",
                what,
                " and ".join(lacking),
            )


async def _serve(settings: Settings) -> None:
    stopping = asyncio.create_task(process.stop_on_signals().wait())
    service = _Service(settings)
    starting = asyncio.create_task(service.start())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():  # a MongoDB that recovers may take minutes
            addresses = starting.result()
            try:
                process.say("\n".join(f"listening on {each}" for each in addresses))
            except OSError as error:
                raise SettingsError(f"can't write to standard output: {error.strerror}") from error
            await service.until(stopping)
        _logger.info("stopping: finishing calls in progress")
    finally:
        service.end_for_certain()
        stopping.cancel()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await service.end()


class _Service:
    """Who answers calls, and the MongoDB, where it is an embedded one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mongod: EmbeddedMongod | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._server: Server | Workers | None = None
        self._metrics: MetricsDoor | None = None
        self._hurry = False

    async def start(self) -> tuple[str, ...]:
        """Start MongoDB and the server; returns where it listens."""
        settings = self._settings
        if settings.mongo_uri is None:
            directory = settings.data_directory or default_data_directory()
            _logger.info("results are stored in %s, by an embedded MongoDB", directory.absolute())
            self._mongod = EmbeddedMongod(directory)
            settings = replace(settings, mongo_uri=await self._mongod.start())
            self._supervision = asyncio.create_task(self._mongod.run())
        self._server = Server(settings) if settings.workers == 1 else Workers(settings)
        listening = await self._server.start()
        if settings.metrics_port is not None:
            listening += (self._serve_metrics(self._server, settings.metrics_port, listening),)
        if self._mongod is None and settings.mongo_uri is not None:
            _logger.info("results are stored in the MongoDB at %s", ", ".join(checked_uri(settings.mongo_uri)))
        return listening

    def _serve_metrics(self, server: Server | Workers, port: int, listening: tuple[str, ...]) -> str:
        try:
            from workflow_results_server.http.metrics_door import PATH, MetricsDoor
        except ImportError as error:
            raise SettingsError(f"{error}: --metrics-port needs pip install 'workflow-results[http]'") from error
        settings = self._settings
        ports_of_doors = {"http" if "://" in each else "grpc": int(each.rpartition(":")[2]) for each in listening}
        registry = CollectorRegistry()
        registry.register(server.totals)
        registry.register(Connections(ports_of_doors))
        tls = settings.tls_cert is not None and not is_loopback_host(settings.metrics_host)
        tokens = TokensFile(settings.tokens) if settings.tokens else None
        self._metrics = MetricsDoor(settings, tokens, registry, server.refresh)
        bound = ports.bound(settings.metrics_host, port)
        self._metrics.start(bound, Certificates(settings).context() if tls else None)
        return ports.url(settings.metrics_host, bound.getsockname()[1], tls=tls) + PATH

    async def until(self, stopping: asyncio.Task[bool]) -> None:
        """Wait until the server shall stop.

        Raises:
            MongodError: The embedded MongoDB is lost for good.
        """
        if self._supervision is None:
            await stopping
            return
        await asyncio.wait((stopping, self._supervision), return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            self._hurry = True  # no call can be answered any more
            _logger.critical("MongoDB can't be recovered: the server stops")
            self._supervision.result()

    def end_for_certain(self) -> None:
        """Make sure that this process ends some time after it should have."""
        seconds = end_seconds(self._settings, hurry=self._hurry) + STOP_SECONDS + _SLACK_SECONDS
        process.end_for_certain(seconds, self._mongod.terminate if self._mongod else None)

    async def end(self) -> None:
        """Finish the calls in progress, and stop MongoDB."""
        try:
            if self._server:
                await self._server.stop(hurry=self._hurry)
            if self._metrics:  # until the last call has ended
                await self._metrics.stop(0.0)
        finally:
            if self._mongod:
                await self._mongod.stop()
            if self._supervision:
                await asyncio.gather(self._supervision, return_exceptions=True)

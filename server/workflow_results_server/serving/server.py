"""One gRPC server: the service on a port, its health, and its end."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import grpc
from grpc_health.v1 import health_pb2_grpc

from workflow_results.common import native, rules
from workflow_results.v1 import results_pb2, results_pb2_grpc
from workflow_results_server.access.certificates import Certificates
from workflow_results_server.access.policy import Access
from workflow_results_server.access.tokens import TokensFile
from workflow_results_server.requests.intake import Intake
from workflow_results_server.rpc.interceptors.chain import Interceptor
from workflow_results_server.rpc.service import ResultsService
from workflow_results_server.serving import health, ports, process, reflection
from workflow_results_server.serving.gauges import Gauges
from workflow_results_server.serving.limits import channel_options, connections_by_files
from workflow_results_server.serving.ports import address
from workflow_results_server.settings import SettingsError
from workflow_results_server.store import CLOSE_SECONDS, Store
from workflow_results_server.telemetry.metrics import REGISTRY
from workflow_results_server.telemetry.reports import Totals
from workflow_results_server.telemetry.tracing import FLUSH_SECONDS

if TYPE_CHECKING:
    from workflow_results_server.http.door import Door
    from workflow_results_server.settings import Settings

_logger = logging.getLogger(__name__)

_SERVICE: Final = results_pb2.DESCRIPTOR.services_by_name["ResultsService"].full_name
_LAST_WORDS_SECONDS: Final = 1.0
"""How long streams may take to end when the server stops; after that, a client that does not read is cut off."""
_SLACK_SECONDS: Final = 4.0
"""What a busy machine may need more for an end whose parts all have their limits."""
_PING_SECONDS: Final = 2.0
"""How often MongoDB is asked whether it is there."""


class Server:
    """A gRPC server.

    Args:
        settings: Its settings; `mongo_uri` must be set.
        share_port: Whether other processes may listen on the same port.

    Attributes:
        totals: Its metrics.

    Raises:
        SettingsError: The files of certificates can't be used.
        TokensError: The file of callers can't be used.
    """

    def __init__(self, settings: Settings, *, share_port: bool = False) -> None:
        self._settings = settings
        self._certificates = Certificates(settings) if settings.tls_cert else None
        tokens = TokensFile(settings.tokens) if settings.tokens else None
        access = Access(tokens)
        interceptor = Interceptor(_SERVICE, access, certificates=settings.tls_client_ca is not None)
        self._draining = interceptor.draining
        self._health = health.Health("", _SERVICE)
        self._server: grpc.aio.Server = grpc.aio.server(
            interceptors=[interceptor],
            options=[
                ("grpc.so_reuseport", int(share_port)),
                ("grpc.max_receive_message_length", rules.MESSAGE_BYTES),
                ("grpc.max_send_message_length", rules.RESPONSE_BYTES),
                # Clients ping after 30 s of silence, also without calls (see client/python); that is no abuse.
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                # A peer that vanished without a word is noticed, so that its streams and cursors end.
                ("grpc.keepalive_time_ms", 60_000),
                ("grpc.keepalive_timeout_ms", 20_000),
                *_age(settings.connection_seconds, settings.drain_seconds),
                *channel_options(settings.max_connections),
            ],
        )
        self.totals = Totals(REGISTRY)
        self._access = access
        self._share_port = share_port
        self._door: Door | None = None
        self._store: Store | None = None
        self._watch: asyncio.Task[None] | None = None
        self._gauges: Gauges | None = None

    async def start(self) -> tuple[str, ...]:
        """Connect to MongoDB and accept calls.

        Returns:
            Where it listens: the address of gRPC, and that of the HTTP door if there is one, with `http://` before it.

        Raises:
            ConnectionRefused: This MongoDB can't be used.
            SettingsError: It is not possible to listen there, or the HTTP door lacks what it needs.
        """
        settings = self._settings
        assert settings.mongo_uri is not None
        self._store = await Store.open(
            settings.mongo_uri, settings.database, settings.call_seconds, settings.max_pipelines
        )
        intake = Intake(self._store, settings.call_seconds, settings.metrics_pipeline)
        self._gauges = Gauges(self._store, intake)
        REGISTRY.register(self._gauges)
        service = ResultsService(self._store, intake, settings.call_seconds)
        results_pb2_grpc.add_ResultsServiceServicer_to_server(service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if settings.reflection:
            reflection.enable(self._server, (_SERVICE, health.SERVICE_NAME))
        try:
            port = self._listen(address(settings.host, settings.port))
        except RuntimeError as error:
            raise SettingsError(
                f"can't listen on {address(settings.host, settings.port)}: the port is taken, or the host is not an"
                " address of this machine"
            ) from error
        listening = [address(settings.host, port)]
        if settings.http_port is not None:
            listening.append(self._open_door(self._store, intake))
        self._health.tell(serving=True)
        await self._server.start()
        process.settle_memory()
        self._watch = asyncio.create_task(self._watch_mongodb(self._gauges))
        where = {"address": " ".join(listening), "checker": native.NAME}
        _logger.info("listening", extra={**where, **_doors(settings)})
        return tuple(listening)

    async def refresh(self) -> None:
        """Do nothing: the metrics of this process are always the present ones."""

    def _open_door(self, store: Store, intake: Intake) -> str:
        try:
            from workflow_results_server.http.door import Door
        except ImportError as error:
            raise SettingsError(f"{error}: --http-port needs pip install 'workflow-results[http]'") from error
        settings = self._settings
        assert settings.http_port is not None
        connections = settings.max_connections or connections_by_files() // 2
        self._door = Door(settings, store, intake, self._access, connections)
        bound = ports.bound(settings.host, settings.http_port, share=self._share_port)
        self._door.start(bound, self._certificates.context() if self._certificates else None)
        return ports.url(settings.host, bound.getsockname()[1], tls=self._certificates is not None)

    def _listen(self, where: str) -> int:
        if self._certificates is None:
            return self._server.add_insecure_port(where)
        return self._server.add_secure_port(where, self._certificates.credentials())

    async def stop(self, *, hurry: bool = False, erase: bool = False) -> None:
        """Finish the calls in progress within `drain_seconds`, end the remaining streams, and stop.

        Watches, and streams of health and reflection, which have no end that one could wait for, are ended early.
        Nothing here waits for a peer, or for MongoDB, without a limit: it takes `end_seconds` at most.

        Args:
            hurry: Whether to end the calls in progress at once: MongoDB is lost, and they can't be answered.
            erase: Whether to drop all that is in the database, which was that of a test.
        """
        if self._watch:
            self._watch.cancel()
            await asyncio.wait((self._watch,))
        self._health.stop()
        self._draining.stop()
        drain = _drain_seconds(self._settings, hurry=hurry)
        later = asyncio.get_running_loop().call_later
        # Load balancers watch the health for as long as they can. They are hearing of the end right now.
        endings = (
            later(min(drain, _LAST_WORDS_SECONDS), self._draining.end_endless_streams),
            later(drain, self._draining.end_streams),
        )
        door = self._door.stop(drain) if self._door else asyncio.sleep(0)
        await asyncio.gather(self._server.stop(drain + _LAST_WORDS_SECONDS), door)
        for ending in endings:
            ending.cancel()
        if self._gauges:
            REGISTRY.unregister(self._gauges)
        if self._store:
            if erase:
                await self._store.erase()
            await self._store.close()

    async def _watch_mongodb(self, gauges: Gauges) -> None:
        assert self._store is not None
        serving = True
        while True:
            await asyncio.sleep(_PING_SECONDS)
            alive = await self._store.is_alive(_PING_SECONDS)
            if alive != serving:
                serving = gauges.mongodb_is_up = alive
                _logger.log(
                    logging.INFO if alive else logging.ERROR, "MongoDB is %s", "back" if alive else "lost: NOT_SERVING"
                )
                self._health.tell(serving=alive)


def _doors(settings: Settings) -> dict[str, str]:
    """Say for the log how calls come in, and from whom."""
    tls = "with client certificates" if settings.tls_client_ca else "yes" if settings.tls_cert else "no"
    return {"tls": tls, "callers": str(settings.tokens) if settings.tokens else "everyone"}


def _drain_seconds(settings: Settings, *, hurry: bool) -> float:
    return 0.0 if hurry else settings.drain_seconds


def end_seconds(settings: Settings, *, hurry: bool = False) -> float:
    """Return the longest time that `Server.stop` and the last spans should take; a server that takes longer hangs."""
    return _drain_seconds(settings, hurry=hurry) + _LAST_WORDS_SECONDS + CLOSE_SECONDS + FLUSH_SECONDS + _SLACK_SECONDS


def _age(seconds: float, grace: float) -> list[tuple[str, int]]:
    """Limit the age of connections, so that clients look for servers again; calls in progress get extra time."""
    if not seconds:
        return []
    return [
        ("grpc.max_connection_age_ms", max(1, round(seconds * 1000))),
        ("grpc.max_connection_age_grace_ms", max(1, round(grace * 1000))),
    ]

"""The door: a port, the connections to it, and its end."""

from __future__ import annotations

import asyncio
import logging
import socket
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from workflow_results_server.http.chain import Chain
from workflow_results_server.http.guard import Guard
from workflow_results_server.http.old_routes import OldRoutes
from workflow_results_server.http.protocol import HEAD_BYTES, Limits, Protocol

if TYPE_CHECKING:
    import ssl

    from workflow_results_server.access.policy import Access
    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.settings import Settings
    from workflow_results_server.store import Store

_BACKLOG: Final = 512
_IDLE_SECONDS: Final = 15
"""How long a connection may wait for its next request."""
_LAST_WORDS_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.05


class Door:
    """Serves HTTP.

    Args:
        settings: The settings of the server.
        store: Where the results are.
        intake: Takes deposited works in, of all doors.
        access: Decides who may make a call.
        connections: The most connections at a time.
    """

    def __init__(self, settings: Settings, store: Store, intake: Intake, access: Access, connections: int) -> None:
        guard = Guard(settings.host, settings.http_allowed_host, settings.http_cors_origin)
        routes = OldRoutes(settings, store, intake).routes
        application = Chain(routes, guard, access, settings.call_seconds)
        # What its loggers say is said in our own lines, and some of it callers can cause at will.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
        config = uvicorn.Config(
            application,
            http=partial(Protocol, Limits(connections)),  # type: ignore[arg-type] # whatever makes one will do
            ws="none",
            lifespan="off",
            interface="asgi3",
            loop="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE_SECONDS,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        config.load()
        self._config = config
        self._server = uvicorn.Server(config)
        self._serving: asyncio.Task[Any] | None = None

    async def start(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Accept connections.

        Args:
            listening: A bound socket.
            tls: The certificates; None for plain text.
        """
        self._config.ssl = tls
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup([listening])
        self._serving = asyncio.create_task(self._server.main_loop())

    async def stop(self, seconds: float) -> None:
        """Accept no more connections, and finish the calls in progress.

        Args:
            seconds: How long they may take.
        """
        if self._serving is None:
            return
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)
        for server in self._server.servers:
            server.close()
        state = self._server.server_state
        for connection in list(state.connections):
            connection.shutdown()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while state.tasks and loop.time() < end:
            await asyncio.wait(set(state.tasks), timeout=end - loop.time())
        for task in list(state.tasks):
            task.cancel()
        if state.tasks:
            await asyncio.wait(set(state.tasks), timeout=_LAST_WORDS_SECONDS)
        for connection in list(state.connections):
            connection.transport.abort()

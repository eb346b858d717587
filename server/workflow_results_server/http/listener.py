"""A port that speaks HTTP: the connections to it, and its end."""

from __future__ import annotations

import asyncio
import logging
import socket
from email.utils import formatdate
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.server import ServerState

from workflow_results_server.http.protocol import HANDSHAKE_SECONDS, HEAD_BYTES, Limits, Protocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine

    from workflow_results_server.http.asgi import Application

_logger = logging.getLogger(__name__)

_BACKLOG: Final = 512
_IDLE_SECONDS: Final = 15
"""How long a connection may wait for its next request."""
_LAST_WORDS_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 1.0
_UNREAD_SECONDS: Final = 300
"""How long a peer may take nothing of what is sent to it. Then it is taken for gone, as one that vanished is, and what
is held for it is free. One that reads slowly may take as long as it likes."""
_USER_TIMEOUT: Final[int | None] = getattr(socket, "TCP_USER_TIMEOUT", None)  # which only Linux has


class Listener:
    """Serves an application.

    Args:
        application: Answers the requests.
        connections: The most connections at a time.
    """

    def __init__(self, application: Application, connections: int) -> None:
        # What its loggers say is said in our own lines, and some of it callers can cause at will.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
        config = uvicorn.Config(
            application,
            ws="none",
            lifespan="off",
            interface="asgi3",
            loop="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_SECONDS,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        config.load()
        self._limits = Limits(connections)
        self._state = ServerState()
        self._protocol = partial(Protocol, self._limits, config, server_state=self._state, app_state={})
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listening: socket.socket | None = None

    def start(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Accept connections.

        Args:
            listening: A bound socket.
            tls: The certificates; None for plain text.
        """
        listening.setblocking(False)
        listening.listen(_BACKLOG)
        self._listening = listening
        self._begin(self._tell_time())
        self._begin(self._accept(listening, tls))

    async def stop(self, seconds: float) -> None:
        """Accept no more connections, and finish the calls in progress.

        Args:
            seconds: How long they may take.
        """
        for task in self._tasks:
            task.cancel()
        if self._listening:
            self._listening.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if calls := set(self._state.tasks):
            _, late = await asyncio.wait(calls, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_LAST_WORDS_SECONDS)
        for connection in list(self._state.connections):
            connection.transport.abort()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        """Accept connections as long as there are not too many, those counted that have yet to speak TLS."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError as error:  # no more open files: some may be closed soon
                _logger.warning("no connection can be accepted: %s", error.strerror)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if self._limits.connections < self._limits.most:
                self._limits.connections += 1
                self._begin(self._connect(accepted, tls))
            else:
                accepted.close()

    async def _connect(self, accepted: socket.socket, tls: ssl.SSLContext | None) -> None:
        seconds = HANDSHAKE_SECONDS if tls else None
        if _USER_TIMEOUT is not None:
            accepted.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, _UNREAD_SECONDS * 1000)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, accepted, ssl=tls, ssl_handshake_timeout=seconds
            )
        except BaseException as error:
            self._limits.connections -= 1
            accepted.close()
            if not isinstance(error, OSError):  # as those of TLS are
                raise

    async def _tell_time(self) -> None:
        """Put the time into the headers of answers."""
        while True:
            self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
            await asyncio.sleep(_PAUSE_SECONDS)

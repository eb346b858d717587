"""HTTP/1.1 as uvicorn speaks it, and what one peer may take before a request of it is known."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

import h11
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.http.errors import HttpError

URL_BYTES: Final = rules.MIB
"""The longest URL: ids to be deleted stand in it."""
HEAD_BYTES: Final = URL_BYTES + 64 * rules.KIB
"""The longest head of a request, so that a URL that is too long is known to be one."""
HANDSHAKE_SECONDS: Final = 20.0
"""How long a handshake of TLS may take, and the head of a request, as with gRPC."""
_PIECE_BYTES: Final = 16 * rules.KIB
_LEAST_PIECE_BYTES: Final = rules.KIB
_PIECE_SECONDS: Final = 0.005
"""Pieces that take longer, such as bodies in chunks of a byte each, are followed by smaller ones."""
_HEADS_BYTES: Final = 64 * rules.MIB
"""How much the unfinished heads of all connections may have together."""

if TYPE_CHECKING:
    from uvicorn.config import Config


class Limits:
    """What all connections of a door share.

    Args:
        most: The most connections at a time.

    Attributes:
        connections: How many there are, those counted that have yet to speak TLS.
        head_bytes: How many bytes of unfinished heads have come.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.connections = 0
        self.head_bytes = 0


class _Flow(FlowControl):
    """uvicorn's control of what is read and sent; it reads nothing more until all that has come is parsed.

    Attributes:
        is_behind: Whether some of what has come is yet to be parsed.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__(transport)
        self.is_behind = False

    def pause_reading(self) -> None:
        """Read no more for now."""
        self.read_paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read more, at once or when all that has come is parsed."""
        self.read_paused = False
        if not self.is_behind:
            self._transport.resume_reading()

    def fall_behind(self) -> None:
        """Read no more until `catch_up`."""
        self.is_behind = True
        self._transport.pause_reading()

    def catch_up(self) -> None:
        """Read more, unless that is to wait."""
        self.is_behind = False
        if not self.read_paused:
            self._transport.resume_reading()


class Protocol(H11Protocol):
    """One connection. It is cut where a head takes too long or too much memory.

    Args:
        limits: What all connections share.
        config: uvicorn's.
        **others: Its other arguments.
    """

    def __init__(self, limits: Limits, config: Config, **others: Any) -> None:
        super().__init__(config, **others)
        self._limits = limits
        self._head_bytes = 0
        self._head_end: asyncio.TimerHandle | None = None
        self._unread = b""
        self._piece_bytes = _PIECE_BYTES

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        super().connection_made(transport)
        self.flow = self._flow = _Flow(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._end_head()
        self._limits.connections -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what has come, a piece in a turn: other connections, and those of gRPC, have theirs in between."""
        if self._unread:
            self._unread += data
        elif len(data) <= self._piece_bytes:
            self._read(data)
        else:
            self._unread = data
            self._read_on()

    def _read_on(self) -> None:
        """Read a piece of what has come, and hold back what comes until all of it is read."""
        if self.transport.is_closing():
            self._unread = b""
            return
        began = time.perf_counter()
        piece, self._unread = self._unread[: self._piece_bytes], self._unread[self._piece_bytes :]
        self._read(piece)
        if time.perf_counter() - began > _PIECE_SECONDS:
            self._piece_bytes = max(_LEAST_PIECE_BYTES, self._piece_bytes // 2)
        else:
            self._piece_bytes = min(_PIECE_BYTES, self._piece_bytes * 2)
        if self._unread:
            self._flow.fall_behind()
            self.loop.call_soon(self._read_on)
        else:
            self._flow.catch_up()

    def _read(self, data: bytes) -> None:
        """Read what has come: of a head no more than there is room for."""
        if self._is_in_head():
            self._await_head()
            self._head_bytes += len(data)
            self._limits.head_bytes += len(data)
            if self._limits.head_bytes > _HEADS_BYTES and self._head_bytes > rules.KIB:
                self.transport.abort()
                return
        super().data_received(data)
        if not self._is_in_head():
            self._end_head()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; where an answer has begun already, break it off."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            refused = HttpError(400, Reason.MALFORMED_REQUEST, msg)
            body = json.dumps(refused.body).encode()
            headers = {"content-type": "application/json", "content-length": str(len(body)), "connection": "close"}
            answer: tuple[h11.Event, ...] = (
                h11.Response(status_code=refused.status, headers=[*headers.items()]),
                h11.Data(data=body),
                h11.EndOfMessage(),
            )
            for part in answer:
                self.transport.write(self.conn.send(part) or b"")
        if self.cycle is not None:  # which can't answer any more
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _is_in_head(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _await_head(self) -> None:
        if self._head_end is None:
            self._head_end = self.loop.call_later(HANDSHAKE_SECONDS, self._give_up_head)

    def _end_head(self) -> None:
        self._limits.head_bytes -= self._head_bytes
        self._head_bytes = 0
        if self._head_end is not None:
            self._head_end.cancel()
            self._head_end = None

    def _give_up_head(self) -> None:
        self._head_end = None
        if self._is_in_head() and not self.transport.is_closing():
            self.transport.abort()

"""A peer that speaks HTTP/2 frame by frame, for what no gRPC library would do."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import h2.config
import h2.connection
import h2.events
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from tests.support.waiting import PATIENCE
from tests.support.wire import SERVICE

_ENDS = (h2.events.StreamEnded, h2.events.StreamReset, h2.events.ConnectionTerminated)

HEALTH = "/grpc.health.v1.Health"
CANCEL = struct.pack(">I", 8)
"""The payload of a frame that resets a stream."""


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Make a frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def framed(message: bytes, *, compressed: bool = False) -> bytes:
    """Put gRPC's prefix before a message."""
    return struct.pack(">BI", compressed, len(message)) + message


class Peer:
    """A connection to a gRPC server.

    Args:
        target: Where the server listens.
        seconds: The longest time to wait for the server.

    Attributes:
        socket: The connection.
        http2: The state of HTTP/2, which sends nothing by itself.
        closed: Whether the server has ended the connection.
    """

    def __init__(self, target: str, seconds: float = PATIENCE) -> None:
        host, _, port = target.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=seconds)
        configuration = h2.config.H2Configuration(client_side=True, validate_outbound_headers=False)
        self.http2 = h2.connection.H2Connection(configuration)
        self.closed = False

    def open(self, settings: dict[Any, int] | None = None) -> None:
        """Send the preface of HTTP/2, and take the server's settings."""
        self.http2.initiate_connection()
        if settings:  # not `local_settings`, which h2 would put in force here and never tell the server
            self.http2.update_settings(settings)
        self.flush()
        self.until(lambda event: isinstance(event, h2.events.RemoteSettingsChanged))

    def headers(self, method: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
        """Return the headers of a call."""
        basic = [(":method", "POST"), (":scheme", "http"), (":path", f"{SERVICE}/{method}"), (":authority", "peer")]
        return [*basic, ("te", "trailers"), ("content-type", "application/grpc"), *more]

    def begin(self, method: str, *headers: tuple[str, str]) -> int:
        """Begin a call, and return its stream."""
        stream = self.http2.get_next_available_stream_id()
        self.http2.send_headers(stream, self.headers(method, *headers))
        return stream

    def send(self, stream: int, data: bytes, *, end: bool = True) -> list[h2.events.Event]:
        """Send data as fast as the server takes it, until the call is over; returns what came meanwhile."""
        seen: list[h2.events.Event] = []
        view = memoryview(data)
        while view and not any(isinstance(event, _ENDS) for event in seen):
            room = min(self.http2.local_flow_control_window(stream), self.http2.max_outbound_frame_size, len(view))
            if room > 0:
                self.http2.send_data(stream, bytes(view[:room]), end_stream=end and room == len(view))
                view = view[room:]
                self.flush()
            else:
                seen += self.receive()
        return seen

    def flush(self) -> None:
        """Send what HTTP/2 has to say."""
        try:
            self.socket.sendall(self.http2.data_to_send())
        except ConnectionError:
            self.closed = True

    def receive(self) -> list[h2.events.Event]:
        """Wait for something from the server; returns what it was, and answers as HTTP/2 must."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            return [h2.events.ConnectionTerminated()]
        events = self.http2.receive_data(data)
        self.flush()
        return events

    def until(self, condition: Callable[[h2.events.Event], bool]) -> list[h2.events.Event]:
        """Return everything up to the first event that meets a condition, or to the end of the connection."""
        seen: list[h2.events.Event] = []
        end = time.monotonic() + (self.socket.gettimeout() or PATIENCE)
        while not any(condition(event) for event in seen) and not self.closed:
            assert time.monotonic() < end, f"nothing but {seen[-3:]}"
            seen += self.receive()
        return seen

    def tend(self) -> None:
        """Answer what has come, as HTTP/2 must, without waiting: who answers no ping loses the connection."""
        while not self.closed and select.select([self.socket], [], [], 0)[0]:
            self.receive()

    def answer(self, stream: int, seen: list[h2.events.Event] | None = None) -> dict[str, str]:
        """Wait for the end of a call; returns its trailing headers, and `reset` or `closed` if it ended without."""
        seen = seen or []

        def over(event: h2.events.Event) -> bool:
            return isinstance(event, _ENDS) and getattr(event, "stream_id", stream) in (stream, None)

        if not any(map(over, seen)):
            seen += self.until(over)
        found: dict[str, str] = {}
        for event in seen:
            if (
                isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived))
                and event.stream_id == stream
            ):
                found |= {bytes(name).decode(): bytes(value).decode() for name, value in event.headers or ()}
            elif isinstance(event, h2.events.StreamReset) and event.stream_id == stream:
                found["reset"] = str(event.error_code)
            elif isinstance(event, h2.events.ConnectionTerminated):
                found["closed"] = str(event.error_code)
        return found

    def close(self) -> None:
        """Be gone without a word."""
        self.socket.close()


class Deaf:
    """A peer with a window of 0, so that no answer can be sent to it, and that goes on to answer pings.

    Args:
        target: Where the server listens.
        path: The method that it calls.
        message: The request.
    """

    def __init__(self, target: str, path: str, message: bytes = b"") -> None:
        self.peer = Peer(target, seconds=60)
        self.peer.open({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        stream = self.peer.http2.get_next_available_stream_id()
        headers = [(name, path if name == ":path" else value) for name, value in self.peer.headers("")]
        self.peer.http2.send_headers(stream, headers)
        self.peer.send(stream, framed(message))
        self._thread = threading.Thread(target=self._answer_pings)
        self._thread.start()

    def _answer_pings(self) -> None:
        with contextlib.suppress(OSError, ProtocolError):  # pings behind the last GOAWAY are too much for h2
            while not self.peer.closed:
                self.peer.receive()

    def close(self) -> None:
        """Be gone, and wait for the thread that answers."""
        with contextlib.suppress(OSError):
            self.peer.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.peer.close()


@contextlib.contextmanager
def peer(target: str, **arguments: Any) -> Iterator[Peer]:
    """Return an open connection, which ends with the `with` block."""
    connected = Peer(target, **arguments)
    try:
        connected.open()
        yield connected
    finally:
        connected.close()

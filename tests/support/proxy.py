"""A TCP proxy between a client and its server that loses answers."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.support.waiting import PATIENCE


class Proxy:
    """A TCP proxy that can lose answers.

    Args:
        target: Where the server listens.
        cut_at: When a client sends this, it is passed on, and then the proxy is gone.

    Attributes:
        target: Where the proxy listens.
        hold_from: When a client sends this, answers are held back from then on.
    """

    def __init__(self, target: str, cut_at: bytes = b"") -> None:
        host, _, port = target.rpartition(":")
        self._server = (host, int(port))
        self._cut_at = cut_at
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.hold_from = b""
        self._answering = threading.Event()
        self._answering.set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._server, PATIENCE)
                server.settimeout(None)
                self._sockets += client, server
                for ends in ((client, server), (server, client)):
                    self._threads.append(threading.Thread(target=self._pass, args=ends))
                    self._threads[-1].start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        to_server = sink.getpeername() == self._server
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if to_server and self.hold_from and self.hold_from in data:
                    self._answering.clear()
                if not (to_server or self._answering.wait(PATIENCE)):
                    break
                last = to_server and self._cut_at and self._cut_at in data
                if last:
                    self._answering.clear()
                sink.sendall(data)
                if last:
                    self._stop_listening()
                    self.cut()
        end(source, sink)

    def hold(self) -> None:
        """Hold answers back from now on."""
        self._answering.clear()

    def cut(self) -> None:
        """Cut all connections, and lose the answers that were held back; new connections are fine."""
        end(*self._sockets)
        self.hold_from = b""
        self._answering.set()

    def _stop_listening(self) -> None:
        end(self._listener)
        self._threads[0].join(PATIENCE)

    def close(self) -> None:
        self._stop_listening()
        self.cut()
        for thread in self._threads:
            thread.join(PATIENCE)
        for each in (self._listener, *self._sockets):
            each.close()


def end(*sockets: socket.socket) -> None:
    for each in sockets:
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)

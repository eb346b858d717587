"""A name server on loopback, so that a name can have several addresses without a line in /etc/hosts."""

from __future__ import annotations

import ipaddress
import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

_HEAD: Final = 12
_A: Final = b"\x00\x01"
_IN: Final = b"\x00\x01"


@contextmanager
def names(addresses: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Answer queries for names, whatever domain is added to them, and yield the address of what does.

    Args:
        addresses: The IPv4 addresses of each name.
    """

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            query, socket = self.request
            socket.sendto(_answer(query, addresses), self.client_address)

    with socketserver.UDPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield "{}:{}".format(*_bound(server))
        server.shutdown()
        thread.join()


def _bound(server: socketserver.UDPServer) -> tuple[Any, ...]:
    return tuple(server.server_address)


def _answer(query: bytes, addresses: Mapping[str, Sequence[str]]) -> bytes:
    """Answer a query of one question; one that is not for IPv4 addresses has no records."""
    name = query[_HEAD + 1 : _HEAD + 1 + query[_HEAD]].decode()  # its first label
    end = query.index(0, _HEAD) + 1
    question = query[_HEAD : end + 4]
    known = addresses.get(name.lower())
    found = [ipaddress.IPv4Address(each).packed for each in known or () if question.endswith(_A + _IN)]
    code = 0 if known else 3  # NXDOMAIN
    head = query[:2] + bytes([0x85, 0x80 | code]) + b"\x00\x01" + len(found).to_bytes(2, "big") + bytes(4)
    # The name is where the question has it; nobody keeps what is valid for no time.
    records = (b"\xc0\x0c" + _A + _IN + bytes(4) + b"\x00\x04" + address for address in found)
    return head + question + b"".join(records)

"""Stands between the server and MongoDB, and looks at every command that MongoDB receives."""

from __future__ import annotations

import struct
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

from tests.support.network import Network
from tests.system.hostile.received import problems

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.support.network import Handler, PassOn

_HEADER: Final = struct.Struct("<iiiiI")
_OP_MSG, _OP_QUERY, _OP_COMPRESSED = 2013, 2004, 2012
_MOST_PROBLEMS: Final = 100
_LARGE_BYTES: Final = 4 << 20


class _Once(dict[str, Any]):
    """A document that takes no name twice: MongoDB sees both, and a dict the last one alone."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self:
            raise ValueError(f"the name {name!r} stands there twice")
        super().__setitem__(name, value)


_LENIENT: Final = CodecOptions[_Once](
    document_class=_Once, unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_MS
)
_ANY: Final = _LENIENT.with_options(document_class=dict)
_RAW: Final = CodecOptions(RawBSONDocument)


class Sniffer:
    """Reads commands out of what is sent to MongoDB.

    Attributes:
        commands: How often each command came.
        problems: What was received that must not be.
    """

    def __init__(self) -> None:
        self.commands: Counter[str] = Counter()
        self.problems: list[str] = []

    def see(self, message: bytes) -> None:
        """Look at one message of MongoDB's wire protocol."""
        _, _, _, operation, flags = _HEADER.unpack_from(message)
        if operation == _OP_QUERY:
            self.commands["handshake"] += 1
            return
        if operation != _OP_MSG:
            self._complain(f"the operation {operation}, which is not looked into")
            return
        command = _Once()
        end = len(message) - (4 if flags & 1 else 0)
        at = _HEADER.size
        while at < end:
            kind = message[at]
            (size,) = struct.unpack_from("<i", message, at + 1)
            section = message[at + 1 : at + 1 + size]
            at += 1 + size
            if kind == 0:
                for name, value in bson.decode(section, _LENIENT).items():
                    command[name] = value
            else:
                identifier, _, documents = section[4:].partition(b"\0")
                # Works, and the fields that updates set, are data: they may hold a name twice, deep in them. All that
                # is looked at of works are their fields; of the largest not even those, which would hold up the others.
                options = {b"documents": _RAW, b"updates": _ANY}.get(identifier, _LENIENT)
                command[identifier.decode()] = _documents(documents, options)
        self.commands[next(iter(command))] += 1
        for problem in problems(command):
            self._complain(f"{problem} in {str(command)[:1000]}")

    def _complain(self, problem: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


def _documents(data: bytes, options: CodecOptions[Any]) -> list[Any]:
    documents = [each.raw for each in bson.decode_all(data, _RAW)]
    return [bson.decode(each, options) for each in documents if options is not _RAW or len(each) < _LARGE_BYTES]


def _reading(sniffer: Sniffer) -> Handler:
    """Return what a connection does: pass on what comes, and then look at each message that is complete."""
    received = bytearray()

    async def handle(data: bytes, pass_on: PassOn) -> None:
        await pass_on(data)
        received.extend(data)
        while len(received) >= 4 and len(received) >= (size := int.from_bytes(received[:4], "little")):
            message = bytes(received[:size])
            del received[:size]
            try:
                sniffer.see(message)
            except Exception as error:  # noqa: BLE001 - what can't be read is a finding, too
                sniffer.problems.append(f"{type(error).__name__} {error} of {message[:300]!r}")

    return handle


def run(pipe: Connection, mongod_port: int) -> None:
    """Run the proxy as a process of its own: tells its port, and what it saw whenever asked, until told to stop."""
    sniffer = Sniffer()
    network = Network()
    pipe.send(network.link("mongod", 0, mongod_port, lambda: _reading(sniffer)))
    while pipe.recv() != "stop":
        pipe.send((dict(sniffer.commands), list(sniffer.problems)))
    network.close()

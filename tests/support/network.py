"""TCP proxies that delay, hold back, swallow, reset or look at what passes, by rules that can change at any time.

All tests that stand between a client and its server do it with these: `tests/support/proxy.py` loses answers,
`tests/system/faults/` partitions a replica set, `tests/system/hostile/` reads along.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

_CHUNK: Final = 1 << 18
_HOST: Final = "127.0.0.1"
_ANY: Final = frozenset[str]()
T = TypeVar("T")

PassOn: TypeAlias = Callable[[bytes], Awaitable[None]]
Handler: TypeAlias = Callable[[bytes, PassOn], Awaitable[None]]
"""What is done with data on its way to the server: it is passed on, and something happens before or after that."""


class Way(Enum):
    """A direction, seen from the client of a connection."""

    THERE = "there"
    BACK = "back"


class Action(Enum):
    """What becomes of data that a rule is about."""

    HOLD = "hold"
    """It waits, as in a network that loses packets for a while: TCP sends them again."""
    SWALLOW = "swallow"
    """It is gone, as if one end had vanished; the connection is reset when the rule ends."""
    DELAY = "delay"


@dataclass(frozen=True, eq=False)
class Rule:
    """What becomes of some of the data.

    Attributes:
        action: That.
        links: Names of the links that it is about; empty for all.
        sources: Names of those who made the connection; empty for all.
        ways: The directions.
        seconds: How long to delay.
        share: Of which share of the connections.
    """

    action: Action
    links: frozenset[str] = _ANY
    sources: frozenset[str] = _ANY
    ways: frozenset[Way] = frozenset(Way)
    seconds: float = 0.0
    share: float = 1.0

    def matches(self, connection: Connection, way: Way) -> bool:
        """Return whether it is about one direction of a connection."""
        return (
            way in self.ways
            and (not self.links or connection.link in self.links)
            and (not self.sources or connection.source in self.sources)
            and connection.lot < self.share
        )


@dataclass(eq=False)
class Connection:
    """A connection that passes."""

    link: str
    source: str
    lot: float
    writers: list[asyncio.StreamWriter]
    task: asyncio.Task[None] | None = None
    swallowed: bool = field(default=False)

    def cut(self) -> None:
        """End it with FIN on both sides, behind what was passed on."""
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End it with RST on both sides."""
        for writer in self.writers:
            with contextlib.suppress(OSError, ValueError):
                end = writer.get_extra_info("socket")
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Network:
    """All proxies of a test, in a thread of their own.

    Args:
        source_of: Tells who made a connection, by the port that it comes from.
        seed: Of the lots that decide which connections a rule for a share of them is about.
    """

    def __init__(self, source_of: Callable[[int], str] = lambda _: "", seed: int = 0) -> None:
        self._source_of = source_of
        self._random = random.Random(seed)
        self._rules: list[Rule] = []
        self._connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._changed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def link(self, name: str, port: int, upstream: int, handler: Callable[[], Handler] | None = None) -> int:
        """Pass on what comes to one port of loopback to another.

        Args:
            name: What rules call it.
            port: Where it listens; 0 for a port that is free.
            upstream: The port of the server.
            handler: Makes what each connection does with data on its way to the server.

        Returns:
            The port where it listens.
        """

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._pass(name, upstream, reader, writer, handler() if handler else None)

        async def listen() -> int:
            server = await asyncio.start_server(accept, _HOST, port, limit=_CHUNK, backlog=512)
            self._servers.append(server)
            bound: int = server.sockets[0].getsockname()[1]
            return bound

        return self._call(listen())

    def add(self, *rules: Rule) -> None:
        """Let rules be in force."""
        self._call(self._change(added=rules))

    def remove(self, *rules: Rule) -> None:
        """Let rules end, and reset connections that have lost data by them."""
        self._call(self._change(removed=rules))

    def cut(self) -> None:
        """End all connections, and all rules; what was held back is lost, and new connections are fine."""

        async def cut() -> None:
            for connection in self._connections:
                connection.cut()
            await self._change(removed=tuple(self._rules))

        self._call(cut())

    def apply(self, *rules: Rule) -> None:
        """Let rules be in force: `add`, for a handler, which runs in the thread of the network."""
        self._rules = [*self._rules, *rules]

    def vanish(self) -> None:
        """End all connections, and take no others, for a handler; what it has passed on arrives."""
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.cut()

    def reset(self, *links: str) -> int:
        """Reset all connections of some links, or of all; returns how many."""

        async def reset() -> int:
            concerned = [each for each in self._connections if not links or each.link in links]
            for connection in concerned:
                connection.reset()
            return len(concerned)

        return self._call(reset())

    def close(self) -> None:
        """End everything."""

        async def end() -> None:
            for server in self._servers:
                server.close()
            tasks = [each.task for each in self._connections if each.task]
            for connection in self._connections:
                connection.reset()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self._call(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, coroutine: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _change(self, *, added: tuple[Rule, ...] = (), removed: tuple[Rule, ...] = ()) -> None:
        self._rules = [rule for rule in self._rules if rule not in removed] + list(added)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if any(rule.action is Action.SWALLOW for rule in removed):
            for connection in [each for each in self._connections if each.swallowed]:
                connection.reset()

    async def _pass(
        self,
        link: str,
        upstream: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handler: Handler | None,
    ) -> None:
        source = self._source_of(writer.get_extra_info("peername")[1])
        connection = Connection(link, source, self._random.random(), [writer], asyncio.current_task())
        self._connections.add(connection)
        try:
            back, there = await asyncio.open_connection(_HOST, upstream, limit=_CHUNK)
            connection.writers.append(there)
            await asyncio.gather(
                self._pump(connection, Way.THERE, reader, there, handler),
                self._pump(connection, Way.BACK, back, writer),
            )
        except (OSError, asyncio.CancelledError):  # one end is gone, and so must the other be
            connection.reset()
        finally:
            for each in connection.writers:
                each.close()
            self._connections.discard(connection)

    async def _pump(
        self,
        connection: Connection,
        way: Way,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handler: Handler | None = None,
    ) -> None:
        async def pass_on(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        while True:
            data = await reader.read(_CHUNK)
            swallow = False
            while (rule := self._rule(connection, way)) is not None:
                if rule.action is Action.HOLD:
                    await self._changed.wait()
                    continue
                if rule.action is Action.DELAY:
                    await asyncio.sleep(rule.seconds)
                else:
                    swallow = connection.swallowed = True
                break
            if swallow and data:
                continue
            if not data:
                if not swallow and writer.can_write_eof():
                    writer.write_eof()
                return
            await (handler(data, pass_on) if handler else pass_on(data))

    def _rule(self, connection: Connection, way: Way) -> Rule | None:
        return next((rule for rule in self._rules if rule.matches(connection, way)), None)

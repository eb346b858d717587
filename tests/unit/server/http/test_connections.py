"""Connections: those of peers that send or read in odd ways leave turns, and memory, to others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.server.http.test_requests import LONG, Peer, call, run
from workflow_results_server.access.policy import Access
from workflow_results_server.errors import Unavailable
from workflow_results_server.http import door
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.door import Door
from workflow_results_server.http.protocol import Protocol
from workflow_results_server.http.requests import Call
from workflow_results_server.requests.intake import Intake
from workflow_results_server.requests.memory import Room
from workflow_results_server.settings import Settings
from workflow_results_server.store import Store

Handler = Callable[[Call], Awaitable[Answer]]
NOWHERE = cast("Store", SimpleNamespace(quarantine=None))
HEAD = b"POST /here HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def opened(monkeypatch: pytest.MonkeyPatch, handler: Handler) -> AsyncIterator[tuple[str, int]]:
    """Open a door to one handler, and return its address."""
    monkeypatch.setattr(door, "OldRoutes", lambda *_: SimpleNamespace(routes={("POST", "/here"): handler}))
    monkeypatch.setattr(door, "_PAUSE_SECONDS", 0.01)
    listening = socket.create_server(("127.0.0.1", 0))
    made = Door(Settings(), NOWHERE, Intake(NOWHERE, LONG), Access(None), 10)
    made.start(listening, None)
    try:
        yield listening.getsockname()
    finally:
        await made.stop(0.1)


@pytest.mark.parametrize("pause", [0, 0.002])
def test_what_comes_in_tiny_chunks_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch, pause: float) -> None:
    pieces: list[int] = []
    waiting: list[int] = []
    read = Protocol._read

    def watched(self: Protocol, data: bytes) -> None:
        pieces.append(len(data))
        waiting.append(len(self._unread))
        read(self, data)

    async def handler(asked: Call) -> Answer:
        size = 0
        async for chunk in asked.chunks(1 << 30):
            size += len(chunk)
            await asyncio.sleep(pause)
        return Answer.of(size)

    async def send() -> bytes:
        async with opened(monkeypatch, handler) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(HEAD + b"1\r\n \r\n" * 100_000 + b"1000000\r\n" + b" " * (1 << 24) + b"\r\n0\r\n\r\n")
            answer = await reader.readuntil(b"\r\n\r\n") + await reader.read(1 << 16)
            writer.close()
            return answer

    monkeypatch.setattr(Protocol, "_read", watched)
    assert run(send()).endswith(b"\r\n\r\n%d" % (100_000 + (1 << 24)))
    assert max(pieces) <= 16 << 10
    assert max(waiting) <= 512 << 10


def test_who_takes_nothing_for_long_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_UNREAD_SECONDS", 1)
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b" " * (1 << 16)
                await asyncio.sleep(0)
        finally:
            ended.set()

    async def handler(_asked: Call) -> Answer:
        return Answer(endless())

    async def wait() -> None:
        async with opened(monkeypatch, handler) as address:
            with socket.create_connection(address) as deaf:
                deaf.sendall(HEAD + b"0\r\n\r\n")
                await ended.wait()

    run(wait())


def test_parts_of_answers_are_counted_while_they_are_sent() -> None:
    room = Room(3 << 20)
    part = bytes(2 << 20)
    most: list[int] = []

    async def parts() -> AsyncGenerator[bytes, None]:
        yield part
        yield part

    async def send(message: dict[str, Any]) -> None:
        most.append(len(message.get("body", b"")))
        with pytest.raises(Unavailable), room.reserve(2 << 20):
            pass

    async def answered() -> None:
        asked = call(Peer(ends=False), texts=room)
        with room.reserve(2 << 20), pytest.raises(Unavailable):
            await Answer(parts()).send(asked, lambda _message: pytest.fail("too early"), {})
        with pytest.raises(Unavailable), room.reserve(4 << 20), room.reserve(1 << 20):
            pass
        sent: list[Any] = []

        async def counted(message: Any) -> None:
            sent.append(message)
            if message.get("body"):
                await send(message)

        await Answer(parts()).send(asked, counted, {})
        assert sum(len(each.get("body", b"")) for each in sent) == 4 << 20

    run(answered())
    assert max(most) <= 256 << 10

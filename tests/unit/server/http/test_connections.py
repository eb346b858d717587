"""Connections: those of peers that send or read in odd ways leave turns, and memory, to others."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.certificates import Authority
from tests.unit.server.http.test_requests import LONG, Peer, call, run
from workflow_results_server.access.policy import Access
from workflow_results_server.errors import Unavailable
from workflow_results_server.http import door, listener, protocol
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.door import Door
from workflow_results_server.http.protocol import Protocol, _Flow
from workflow_results_server.http.requests import Call
from workflow_results_server.requests.intake import Intake
from workflow_results_server.requests.memory import Room
from workflow_results_server.settings import Settings
from workflow_results_server.store import Store

Handler = Callable[[Call], Awaitable[Answer]]
NOWHERE = cast("Store", SimpleNamespace(quarantine=None, watches=None))
HEAD = b"POST /here HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def opened(
    monkeypatch: pytest.MonkeyPatch, handler: Handler, *, most: int = 10, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[tuple[str, int], Door]]:
    """Open a door to one handler, and return its address and itself."""
    monkeypatch.setattr(door, "OldRoutes", lambda *_: SimpleNamespace(routes={("POST", "/here"): handler}))
    monkeypatch.setattr(listener, "_PAUSE_SECONDS", 0.01)
    listening = socket.create_server(("127.0.0.1", 0))
    made = Door(Settings(), NOWHERE, Intake(NOWHERE, LONG), Access(None), most)
    made.start(listening, tls)
    try:
        yield listening.getsockname(), made
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
        async with opened(monkeypatch, handler) as (address, _):
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
    monkeypatch.setattr(listener, "_UNREAD_SECONDS", 1)
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
        async with opened(monkeypatch, handler) as (address, _):
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


async def version(_asked: Call) -> Answer:
    return Answer.of("here")


async def answered(address: tuple[str, int]) -> bool:
    """Return whether a new connection is served."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(HEAD + b"0\r\n\r\n")
        return (await reader.read(1 << 16)).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False
    finally:
        writer.close()


async def until_answered(address: tuple[str, int]) -> None:
    while not await answered(address):  # noqa: ASYNC110 - of what the server does, nothing tells
        await asyncio.sleep(0.01)


def test_unfinished_heads_share_their_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_HEADS_BYTES", 20_000)

    async def send() -> None:
        async with opened(monkeypatch, version) as (address, _):
            for _ in range(2):  # the memory of those that are gone is free
                (kept, first), (reader, second) = [await asyncio.open_connection(*address) for _ in range(2)]
                for each in (first, second):
                    each.write(b"GET /" + b"a" * 15_000)
                    await asyncio.sleep(0.05)
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
                first.write(b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert (await kept.read(1 << 16)).startswith(b"HTTP/1.1 404")
                first.close()
                second.close()
                await until_answered(address)

    run(send())


def test_there_are_no_more_connections_than_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect() -> None:
        async with opened(monkeypatch, version, most=2) as (address, _):
            writers = [(await asyncio.open_connection(*address))[1] for _ in range(2)]
            assert not await answered(address)
            for writer in writers:
                writer.close()
            await until_answered(address)

    run(connect())


def test_who_does_not_speak_tls_leaves_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).issue("server", "localhost", "127.0.0.1")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def connect() -> None:
        async with opened(monkeypatch, version, most=2, tls=tls) as (address, made):
            for _ in range(3):
                assert not await answered(address)
            while made._limits.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    run(connect())


def test_the_end_waits_for_calls_but_not_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "_IDLE_SECONDS", 10 * LONG)
    finish, called = asyncio.Event(), asyncio.Event()

    async def handler(asked: Call) -> Answer:
        if asked.query:
            called.set()
            await finish.wait()
        return Answer.of("here")

    async def stop() -> None:
        async with opened(monkeypatch, handler) as (address, made):
            (idle, one), (busy, other) = [await asyncio.open_connection(*address) for _ in range(2)]
            one.write(b"POST /here HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await idle.readuntil(b'"here"')).startswith(b"HTTP/1.1 200")
            other.write(b"POST /here?wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await called.wait()
            stopping = asyncio.create_task(made.stop(LONG))
            assert await idle.read() == b""
            assert not stopping.done()
            finish.set()
            assert (await busy.read()).startswith(b"HTTP/1.1 200")
            await stopping
            one.close()
            other.close()

    run(stop())


def test_calls_that_last_are_cancelled_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    called = asyncio.Event()
    cancelled: list[bool] = []

    async def handler(_asked: Call) -> Answer:
        called.set()
        try:
            return await asyncio.Future()
        finally:
            cancelled.append(True)

    async def stop() -> None:
        async with opened(monkeypatch, handler) as (address, made):
            _, writer = await asyncio.open_connection(*address)
            writer.write(HEAD + b"0\r\n\r\n")
            await called.wait()
            await made.stop(0.01)
            assert cancelled
            writer.close()

    run(stop())


def test_reading_goes_on_when_nothing_speaks_against_it() -> None:
    reading: list[bool] = []
    transport = SimpleNamespace(
        pause_reading=lambda: reading.append(False), resume_reading=lambda: reading.append(True)
    )
    flow = _Flow(cast("asyncio.Transport", transport))
    for step, goes_on in (
        (flow.fall_behind, False),
        (flow.resume_reading, False),
        (flow.catch_up, True),
        (flow.pause_reading, False),
        (flow.fall_behind, False),
        (flow.catch_up, False),
        (flow.resume_reading, True),
    ):
        step()
        assert reading[-1] is goes_on

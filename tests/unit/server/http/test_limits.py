"""What is refused for now: where there is no room, and where a peer takes too long."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.unit.server.http.test_requests import Peer
from workflow_results.common import rules
from workflow_results_server.access.policy import Access
from workflow_results_server.http import listener, protocol
from workflow_results_server.http.chain import Chain
from workflow_results_server.http.door import Door
from workflow_results_server.http.guard import Guard
from workflow_results_server.http.old_routes import OldRoutes
from workflow_results_server.requests.intake import Intake
from workflow_results_server.settings import Settings
from workflow_results_server.store import Store

LONG = 30.0
SETTINGS = Settings()
NOWHERE = cast("Store", SimpleNamespace(quarantine=None, watches=None))
"""Nothing that is tested here comes as far as the store."""


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, LONG))


async def answer(intake: Intake, method: str, works: list[Any]) -> tuple[int, dict[str, str], Any]:
    """Send a request through all but the connection."""
    chain = Chain(OldRoutes(SETTINGS, NOWHERE, intake).routes, Guard("localhost", (), ()), Access(None), LONG)
    peer = Peer(json.dumps(works).encode())
    scope = {
        "type": "http",
        "method": method,
        "path": "/results",
        "raw_path": b"/results",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-length", b"1000")],
        "client": ("127.0.0.1", 1),
    }
    await chain(scope, peer.receive, peer.send)
    start, *parts = peer.sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, json.loads(b"".join(part["body"] for part in parts))


def test_where_there_is_no_room_one_is_told_to_come_again() -> None:
    works = [{"id": "a", "pipeline": "p", "status": "success"}]

    async def refused() -> None:
        intake = Intake(NOWHERE, LONG)
        with intake.reserve(128 * rules.MIB), intake._waits(256 * rules.MIB):
            for method in ("POST", "PUT"):
                status, headers, body = await answer(intake, method, works)
                assert (status, body["status"], body["reason"]) == (503, 503, "OVERLOADED")
                assert headers["retry-after"] == "1"

    run(refused())


@pytest.mark.parametrize("said", [b"", b"GET /version HTTP/1.1\r\nHost: localhost\r\n", b"GET /" + b"a" * 10_000])
def test_a_head_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(protocol, "HANDSHAKE_SECONDS", 0.05)
    monkeypatch.setattr(listener, "_PAUSE_SECONDS", 0.01)

    async def wait() -> bytes:
        listening = socket.create_server(("127.0.0.1", 0))
        opened = Door(SETTINGS, NOWHERE, Intake(NOWHERE, LONG), Access(None), 10)
        opened.start(listening, None)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(said)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
            await opened.stop(0.1)

    assert run(wait()) == b""

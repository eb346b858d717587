"""Bodies as they come: how slowly, and how much of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from workflow_results.common import rules
from workflow_results_server.access.policy import Access
from workflow_results_server.errors import Unavailable
from workflow_results_server.http import requests
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.requests import Call, Disconnected
from workflow_results_server.requests.memory import Room

LONG = 30.0


class Peer:
    """Sends chunks, each after a while; then nothing more, if it never ends."""

    def __init__(self, *chunks: bytes, pause: float = 0.0, ends: bool = True) -> None:
        self.left = list(chunks)
        self._pause = pause
        self._ends = ends
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.left and not self._ends:
            await asyncio.Event().wait()
        await asyncio.sleep(self._pause)
        if not self.left:
            return {"type": "http.disconnect"}
        chunk = self.left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self.left) or not self._ends}

    async def send(self, message: Any) -> None:
        self.sent.append(message)


def call(
    peer: Peer, room: Room | None = None, headers: dict[str, str] | None = None, texts: Room | None = None
) -> Call:
    scope = {
        "method": "POST",
        "path": "/results",
        "query_string": b"",
        "headers": [(n.encode(), v.encode()) for n, v in (headers or {"transfer-encoding": "chunked"}).items()],
        "client": ("127.0.0.1", 1),
    }
    return Call(scope, peer.receive, Access(None), LONG, room or Room(1 << 40), texts or Room(1 << 40))


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, LONG))


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_SECONDS", 0.05)
    with pytest.raises(HttpError) as caught:
        run(call(Peer(b"[", ends=False)).body(rules.MIB))
    assert (caught.value.status, caught.value.body["reason"]) == (408, "BODY_TOO_SLOW")


def test_a_body_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_SECONDS", 0.05)
    peer = Peer(*[b" "] * 10_000, pause=0.001)
    with pytest.raises(HttpError) as caught:
        run(call(peer).body(rules.MIB))
    assert caught.value.status == 408
    assert peer.left


def test_a_large_body_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_SECONDS", 0.001)
    chunks = [b" " * rules.MIB] * 5
    assert len(run(call(Peer(*chunks, pause=0.0)).body(5 * rules.MIB))) == 5 * rules.MIB


def test_what_the_server_does_meanwhile_counts_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_SECONDS", 1)

    async def receive() -> int:
        size = 0
        async for chunk in call(Peer(*[b"x"] * 5, pause=0.001)).chunks(rules.MIB):
            size += len(chunk)
            await asyncio.sleep(0.3)
        return size

    assert run(receive()) == 5


@pytest.mark.parametrize("headers", [{"content-length": "1025"}, {"content-length": "9" * 100}, None])
def test_a_body_has_a_limit(headers: dict[str, str] | None) -> None:
    with pytest.raises(HttpError) as caught:
        run(call(Peer(b" " * 1024, b" "), headers=headers).body(1024))
    assert caught.value.status == 413


def test_who_is_gone_is_answered_nothing() -> None:
    with pytest.raises(Disconnected):
        run(call(Peer()).body(1024))


def test_bodies_together_have_room() -> None:
    room = Room(rules.MIB)
    first = call(Peer(b" " * rules.MIB), room)
    run(first.body(rules.MIB))
    second = call(Peer(b" " * 65_536, b" " * 65_536), room)
    with pytest.raises(Unavailable):
        run(second.body(rules.MIB))
    first.held.release()
    run(call(Peer(b" " * rules.MIB), room).body(rules.MIB))


@pytest.mark.parametrize("ends", [True, False])
def test_an_early_answer_waits_a_while_for_the_rest(monkeypatch: pytest.MonkeyPatch, ends: bool) -> None:
    monkeypatch.setattr(requests, "_LINGER_SECONDS", 0.05)
    peer = Peer(b"a", b"b", b"c", ends=ends)
    early = call(peer)
    run(Answer.of({"a": 1}, 413).send(early, peer.send, {}))
    start, *parts = peer.sent
    assert (b"connection", b"close") in start["headers"]
    assert [part["body"] for part in parts] == [b'{"a":1}', b""]
    assert [part["more_body"] for part in parts] == [True, False]
    assert peer.left == []


def test_a_body_that_says_that_it_is_too_large_is_not_awaited() -> None:
    with pytest.raises(HttpError) as caught:
        run(call(Peer(ends=False), headers={"content-length": "11"}).body(10))
    assert caught.value.status == 413


def test_the_time_of_a_call_begins_when_its_body_is_there() -> None:
    asked = call(Peer(b"[]"))
    asked._end = 0.0
    run(asked.body(10))
    assert asked.left() > LONG / 2

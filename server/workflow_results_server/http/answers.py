"""Answers: whole ones, and streams that end when the caller is gone."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from workflow_results_server.http.asgi import Send
    from workflow_results_server.http.requests import Call

JSON: Final = "application/json"
_PIECE_BYTES: Final = 256 * rules.KIB
"""How much is given to a connection at a time: what its caller has yet to read is there a second time."""
_NO_CONTENT: Final = 204


@dataclass(slots=True)
class Answer:
    """An answer.

    Attributes:
        body: The body: whole, or in parts, each sent when the caller has room for it.
        status: The status code.
        content_type: The type of the body.
        headers: Other headers.
    """

    body: bytes | AsyncGenerator[bytes, None]
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
        """Answer with a value as JSON."""
        return cls(json.dumps(value, separators=(",", ":")).encode(), status, headers=headers or {})

    async def send(self, call: Call, send: Send, headers: dict[str, str]) -> None:
        """Send the answer.

        Args:
            call: What it answers.
            send: ASGI's sink.
            headers: Headers that every answer has.

        Raises:
            RequestError: A part can't be made; the answer breaks off, so that nobody takes it for a whole one.
        """
        given = {**headers, **self.headers}
        if self.status != _NO_CONTENT:
            given["content-type"] = self.content_type
            if isinstance(self.body, bytes):
                given["content-length"] = str(len(self.body))
        if not call.is_received:
            given["connection"] = "close"
        start = {
            "type": "http.response.start",
            "status": self.status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        }
        if isinstance(self.body, bytes):
            await send(start)
            if not call.is_received:
                await send(_part(self.body))
                await call.linger()
                await send(_part(b"", more=False))
                return
            await send(_part(self.body, more=False))
            return
        with _cancelled_without(call):
            async with aclosing(self.body) as parts:
                first = await anext(parts, b"")  # before the status is sent: what is wrong is mostly found here
                with call.texts.reserve(len(first)):
                    await send(start)
                    await _send_pieces(first, send)
                del first
                async for part in parts:
                    with call.texts.reserve(len(part)):
                        await _send_pieces(part, send)
                await send(_part(b"", more=False))


async def _send_pieces(part: bytes, send: Send) -> None:
    for start in range(0, len(part), _PIECE_BYTES):
        await send(_part(part[start : start + _PIECE_BYTES]))


def _part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


@contextmanager
def _cancelled_without(call: Call) -> Iterator[None]:
    """Cancel what is done within once the caller is gone, which nothing that is sent would tell."""
    task = asyncio.current_task()
    assert task
    gone = asyncio.ensure_future(call.until_disconnected())

    def cancel(_gone: asyncio.Future[None]) -> None:
        task.cancel()

    gone.add_done_callback(cancel)
    try:
        yield
    finally:
        gone.remove_done_callback(cancel)
        gone.cancel()

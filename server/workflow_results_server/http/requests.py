"""A request: what it shows of its caller, who may make it, and its body as it comes."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results_server.access.callers import look_up_caller
from workflow_results_server.access.policy import Credentials, path_of
from workflow_results_server.access.tokens import ANONYMOUS, digest_of, looks_like_token
from workflow_results_server.http.errors import HttpError
from workflow_results_server.requests.memory import Held

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from workflow_results_server.access.policy import Access, Authorize
    from workflow_results_server.http.asgi import Receive, Scope
    from workflow_results_server.requests.memory import Room

_FIRST_SECONDS: Final = 20.0
"""How long a body may take, beside what its bytes take at the least rate."""
_LEAST_RATE: Final = 16 * rules.KIB
"""Bytes a second. A body that comes more slowly is given up: it holds a connection and memory."""
_LINGER_SECONDS: Final = 2.0
"""How long the rest of a body is passed over that is answered early: a connection that is cut while its caller still
sends may lose the answer."""
_BEARER: Final = "bearer "


class Call:
    """One request.

    Attributes:
        method: The HTTP method.
        path: The path, decoded.
        query: What stands behind `?` in the URL, as it was sent.
        headers: The headers by their names in lower case; of one that comes twice, the last.
        peer: Where it comes from.
        name: The name of the RPC that does the same, for the log; empty until it is known.
        held: The memory that its body takes.
        texts: Memory for answers that are sent in parts.

    Args:
        scope: ASGI's description of the request.
        receive: ASGI's source of the body.
        access: Decides who may make it.
        seconds: How long it may take from now on.
        room: Memory for the bodies of all requests.
        texts: Memory for the answers to all requests that are sent in parts.
    """

    def __init__(self, scope: Scope, receive: Receive, access: Access, seconds: float, room: Room, texts: Room) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.peer = ":".join(map(str, scope["client"] or ()))
        self.name = ""
        self.held = Held(room)
        self.texts = texts
        self._receive = receive
        self._access = access
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._received = not (self.headers.keys() & {"content-length", "transfer-encoding"})

    def authorize(self, name: str, pipelines: Sequence[str] = (), token: str = "") -> Authorize:
        """Check whether the caller may make this call.

        Args:
            name: The name of the RPC that does the same.
            pipelines: The pipelines that are named in the request, as far as they are known.
            token: The token, where it doesn't stand in a header for tokens.

        Returns:
            The check, for pipelines that become known later.

        Raises:
            RequestError: It may not.
        """
        self.name = name
        authorize = self._access.authorization(path_of(name), lambda: self._shown(token))
        authorize(pipelines)
        look_up_caller.set(lambda: authorize(()))
        return authorize

    def _shown(self, token: str) -> Credentials:
        """Return what the caller shows: old clients send tokens of other services as well, which are no one's here."""
        given = token or self.headers.get("x-access-token") or self.headers.get("authorization", "")
        if given.lower().startswith(_BEARER):
            given = given[len(_BEARER) :]
        return Credentials(digest_of(given)) if looks_like_token(given) else Credentials(None, (ANONYMOUS,))

    def left(self) -> float:
        """Return the seconds that are left to answer; receiving the body doesn't count.

        Raises:
            HttpError: None are.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise HttpError(504, "DEADLINE_EXCEEDED", "the time for this call is up")
        return left

    async def chunks(self, most: int) -> AsyncIterator[bytes]:
        """Receive the body.

        Args:
            most: The most bytes.

        Raises:
            HttpError: It has more, comes too slowly, or breaks off.
        """
        declared = self.headers.get("content-length", "")
        size = 0
        if declared.isdecimal() and int(declared[:20]) > most:
            raise _too_large(most)
        waited = 0.0
        while True:
            began = time.monotonic()
            try:
                message = await asyncio.wait_for(
                    self._receive(), max(0.001, _FIRST_SECONDS + size / _LEAST_RATE - waited)
                )
            except asyncio.TimeoutError:
                raise HttpError(
                    408, "BODY_TOO_SLOW", f"the body came more slowly than {_LEAST_RATE:,} bytes a second"
                ) from None
            waited += time.monotonic() - began  # what is done with a chunk is not the fault of who sends it
            if message["type"] == "http.disconnect":
                raise Disconnected
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            if chunk:
                yield chunk
            if not message.get("more_body"):
                self._received = True
                self._end = time.monotonic() + self._seconds
                return

    async def body(self, most: int) -> bytes:
        """Receive the whole body.

        Args:
            most: The most bytes.

        Raises:
            HttpError: As `chunks`.
            Unavailable: There is no memory left for it.
        """
        whole = bytearray()
        async for chunk in self.chunks(most):
            whole += chunk
            self.held.set("body", len(whole))
        return bytes(whole)

    @property
    def is_received(self) -> bool:
        """Whether the whole body has been received, or there is none."""
        return self._received

    async def linger(self) -> None:
        """Pass over the rest of the body for a while, so that its caller comes to read the answer."""

        async def rest() -> None:
            while (message := await self._receive())["type"] != "http.disconnect" and message.get("more_body"):
                pass

        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(rest(), _LINGER_SECONDS)

    async def until_disconnected(self) -> None:
        """Wait until the caller is gone; the body, if there is one left, is passed over."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Disconnected(Exception):
    """The caller is gone, so that nothing can be answered."""


def _too_large(most: int) -> HttpError:
    return HttpError(413, "BODY_TOO_LARGE", f"the body must have at most {most:,} bytes")

"""Changes of results as they are made, as lines of JSON without an end."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from workflow_results_server.access.callers import current_caller, look_up_caller
from workflow_results_server.documents import extended_json
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.ui.asked import Asked, projection_of
from workflow_results_server.http.ui.session import authorize
from workflow_results_server.offload import offload
from workflow_results_server.requests.continuations import WatchTokens, unknown_token
from workflow_results_server.store import InvalidToken, Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from workflow_results_server.http.requests import Call
    from workflow_results_server.requests.memory import Room
    from workflow_results_server.store import Part, Place, Watches

ItemT = TypeVar("ItemT")


class Live:
    """The handler, and what ends its answers.

    Args:
        watches: Where changes come from.
        room: The memory for results as JSON while they are sent.
    """

    def __init__(self, watches: Watches, room: Room) -> None:
        self._watches = watches
        self._room = room
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """End all answers: they have no end that the server could wait for."""
        self._stopping.set()

    async def watch(self, call: Call) -> Answer:
        """Answer the changes of a pipeline: each line holds events and their results, and a token to go on with.

        Every 15 seconds at least there is a line, so that the page knows that it is still connected.
        """
        check = authorize(call, "Watch")
        asked = await Asked.of(call)
        pipeline = asked.pipeline()
        check((pipeline,))
        query, projection = await asked.query(), await projection_of(asked.paths())
        pipelines = frozenset((pipeline,))
        tokens = WatchTokens(await self._watches.database_id(), pipelines, query, projection)
        wanted = Wanted(pipelines, _may_use, query, projection)
        place = tokens.resumed(_decoded(asked.text("token", "")))
        lines = self._lines(wanted, place, tokens, lambda: check((pipeline,)))
        return Answer(lines, 200, "application/x-ndjson", {"cache-control": "no-store"})

    async def _lines(
        self, wanted: Wanted, place: Place | None, tokens: WatchTokens, check: Callable[[], None]
    ) -> AsyncGenerator[bytes, None]:
        watched = self._watches.watch(wanted, place, existing=False)
        try:
            async with aclosing(until(self._stopping, watched)) as parts:
                async for part in parts:
                    check()  # of who may not look any more, the page is to hear that
                    size = len(part.batch.data) if part.batch else 0
                    line = await offload(size, partial(_line, part, tokens))
                    with self._room.reserve(len(line)):
                        yield line
        except InvalidToken:
            raise unknown_token() from None


async def until(end: asyncio.Event, items: AsyncGenerator[ItemT, None]) -> AsyncGenerator[ItemT, None]:
    """Yield what a generator yields, until its end or another one."""
    ended = asyncio.ensure_future(end.wait())
    step: asyncio.Future[ItemT] | None = None
    try:
        while True:
            step = asyncio.ensure_future(anext(items))
            await asyncio.wait((step, ended), return_when=asyncio.FIRST_COMPLETED)
            if not step.done():
                return
            try:
                item = step.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        ended.cancel()
        if step is not None and not step.done():
            step.cancel()
            with suppress(asyncio.CancelledError):
                await step
        await items.aclose()


def _may_use(pipeline: str) -> object:
    """Return whether the caller may use a pipeline now, which may have changed long after the call began."""
    look_up_caller.get()()
    return current_caller.get().may_use(pipeline)


def _line(part: Part, tokens: WatchTokens) -> bytes:
    results = extended_json.from_bson(part.batch.data, extended_json.RELAXED) if part.batch else []
    events = [_event(told) for told in part.told]
    token = base64.b64encode(tokens.behind(part.place)).decode() if part.place else ""
    head = json.dumps({"token": token, "events": events}, separators=(",", ":"))
    return f'{head[:-1]},"results":[{",".join(results)}]}}\n'.encode()


def _event(told: Any) -> dict[str, Any]:
    event = {"kind": told.kind.name.lower(), "id": told.id, "result": told.position}
    if told.event is not None:
        event |= {"time": told.event.time, "caller": told.event.caller, "reason": told.event.reason}
    return event


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest("token", "must be one that came with a change") from None

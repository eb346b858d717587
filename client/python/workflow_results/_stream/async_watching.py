"""Changes as they are made, through one stream after another, for an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workflow_results._calls.watching import METHOD, SILENCE, Watching
from workflow_results._stream.async_result_stream import AsyncResultStream
from workflow_results._stream.result_stream import Handed
from workflow_results._transport.deadline import Deadline, earlier
from workflow_results.errors import ResultsError
from workflow_results.outcomes import Change

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from typing_extensions import Self

    from workflow_results._transport.async_channel import AsyncChannel
    from workflow_results.v1 import results_pb2 as pb


class AsyncWatch(AsyncResultStream[Change]):
    """An asynchronous iterator over changes, which waits for the next one.

    It begins with its `async with` block, or with its first change. `close()` ends it, and so does the end of the
    block.

    Args:
        channel: The way to the service.
        request: What to watch.
        name: What the watch is called.
        deadline: When it must have ended.
        patience: Seconds after which to give up what has failed.
    """

    def __init__(
        self, channel: AsyncChannel, request: pb.WatchRequest, name: str, deadline: Deadline, patience: float
    ) -> None:
        self._watching, handed = Watching(channel.target, request), Handed("change")
        super().__init__(_changes(channel, self._watching, handed, deadline, patience), name, handed)

    @property
    def resume_token(self) -> bytes:
        """What to give to `watch` to go on where this one is: later than that of the last change, if nothing came."""
        return self._watching.token

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        await self._begin()
        return await anext(self._parts)

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            await anext(self._parts)


async def _changes(
    channel: AsyncChannel, watching: Watching, handed: Handed, deadline: Deadline, patience: float
) -> AsyncGenerator[Any, None]:
    """Yield once when the service has begun, and then each change."""
    failing: Deadline | None = None
    has_begun = False
    call: Any = None
    place = channel.place()
    try:
        while True:
            try:
                if call is None:
                    connect = earlier(deadline, failing or Deadline.after(patience))
                    call = await channel.open(place, METHOD, watching.request, deadline, connect)
                response = await channel.read(place, call, METHOD, deadline, SILENCE)
                if response is None:
                    raise watching.ended()
                failing = None
                changes = watching.take(response)
            except ResultsError as error:
                if call is not None:
                    call.cancel()
                    call = None
                failing = failing or Deadline.after(patience)
                end = earlier(deadline, failing)
                pause = watching.pause_after(error, end.remaining())
                if pause is None or not end.allows(pause):
                    raise
                await asyncio.sleep(pause)
                continue
            if not has_begun:
                has_begun = True
                yield
            for change in handed.each(changes):
                watching.token = change.resume_token
                yield change
    finally:
        if call is not None:
            call.cancel()
        place.leave()

"""Changes as they are made, through one stream after another, for an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

from workflow_results._calls.watching import METHOD, SILENCE, Arrived, Watching
from workflow_results._stream.result_stream import not_copied
from workflow_results._transport.deadline import Deadline, earlier
from workflow_results.errors import ResultsError
from workflow_results.outcomes import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._transport.async_channel import AsyncChannel
    from workflow_results._transport.async_connection import AsyncPlace
    from workflow_results.v1 import results_pb2 as pb


class AsyncWatch(AsyncIterator[Change]):
    """An asynchronous iterator over changes, which waits for the next one.

    It begins with its `async with` block, or with its first change. `close()` ends it, and so does the end of the
    block. Cancelling a task that waits for a change, as a timeout does, does not end it, and no change is lost.

    Args:
        channel: The way to the service.
        request: What to watch.
        name: What the watch is called.
        deadline: When it must have ended.
        patience: Seconds after which to give up what has failed.
    """

    # It is no generator, which would end with the first wait that is cancelled. What is waited for is a task of its
    # own, which goes on then; it does not hold the watch, so that one that nobody uses any more ends.

    def __init__(
        self, channel: AsyncChannel, request: pb.WatchRequest, name: str, deadline: Deadline, patience: float
    ) -> None:
        self._channel = channel
        self._watching = Watching(channel.target, request)
        self._name = name
        self._deadline = deadline
        self._patience = patience
        self._arrived: deque[Arrived] = deque()
        self._number = 0
        self._place: AsyncPlace | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._receiving: asyncio.Task[pb.WatchResponse | None] | None = None
        self._failing: Deadline | None = None
        self._pause = 0.0
        self._is_waiting = self._has_begun = self._has_ended = False

    @property
    def resume_token(self) -> bytes | None:
        """What to give to `watch` to go on where this one is: later than that of the last change, if nothing came.

        None for a watch that has not begun.
        """
        return self._watching.token or None

    async def __anext__(self) -> Change:
        if not self._arrived:
            await self._wait_for(lambda: bool(self._arrived))
        self._number += 1
        return self._watching.hand_on(self._arrived.popleft())

    async def __aenter__(self) -> Self:
        try:
            await self._wait_for(lambda: self._has_begun and not self._has_ended)
        except StopAsyncIteration:
            raise ResultsError("this watch has ended: begin another one") from None
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the watch; a task that waits for a change reaches the end of the iteration. Closing twice is fine."""
        self._end()

    def __del__(self) -> None:
        with suppress(RuntimeError):  # of an event loop that is closed
            self._end()

    def __repr__(self) -> str:
        if not self._has_begun:
            return f"<{self._name}: not begun>"
        number = f"{self._number:,} change{'' if self._number == 1 else 's'}"
        return f"<{self._name}: ended after {number}>" if self._has_ended else f"<{self._name}: {number} so far>"

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Receive responses until a condition holds."""
        loop = asyncio.get_running_loop()
        if self._loop not in (None, loop):
            raise ResultsError("this watch belongs to another event loop: begin one in each")
        if self._is_waiting:
            raise ResultsError("another task waits for a change of this watch")
        self._loop, self._is_waiting = loop, True
        try:
            while not condition():
                await self._receive()
        finally:
            self._is_waiting = False

    async def _receive(self) -> None:
        """Wait for a response, or decide what to do after a failure.

        Raises:
            ResultsError: The watch failed.
            StopAsyncIteration: It was closed.
        """
        if not self._has_ended:
            if self._receiving is None:
                self._place = self._place or self._channel.place()
                connect = earlier(self._deadline, self._failing or Deadline.after(self._patience))
                self._receiving = asyncio.ensure_future(
                    _response(self._channel, self._place, self._watching.request, self._deadline, connect, self._pause)
                )
                self._receiving.add_done_callback(_retrieve)
            await asyncio.wait((self._receiving,))
        if self._has_ended:
            raise StopAsyncIteration
        assert self._receiving is not None
        received, self._receiving = self._receiving, None
        try:
            if (response := received.result()) is None:
                raise self._watching.ended()
            self._failing, self._pause = None, 0.0
            self._has_begun = True
            self._arrived += self._watching.take(response)
        except asyncio.CancelledError:  # not by `close`, and not of a task that waits
            self._end_call()
            raise
        except ResultsError as error:
            self._end_call()
            self._failing = self._failing or Deadline.after(self._patience)
            end = earlier(self._deadline, self._failing)
            pause = self._watching.pause_after(error, end.remaining())
            if pause is None or not end.allows(pause):
                self._end()
                raise
            self._pause = pause

    def _end_call(self) -> None:
        if self._place is not None and self._place.call is not None:
            self._place.call.cancel()
            self._place.call = None

    def _end(self) -> None:
        self._has_ended = True
        self._arrived.clear()
        place, self._place = self._place, None
        receiving, self._receiving = self._receiving, None
        if place is not None:
            place.leave()
            place.give_up()
        if receiving is not None:
            receiving.cancel()

    __reduce__ = __copy__ = __deepcopy__ = not_copied


async def _response(
    channel: AsyncChannel,
    place: AsyncPlace,
    request: pb.WatchRequest,
    deadline: Deadline,
    connect: Deadline,
    pause: float,
) -> pb.WatchResponse | None:
    """Return the next response of the stream of a place, which begins where there is none; None at its end."""
    if pause:
        await asyncio.sleep(pause)
    call = place.call or await channel.open(place, METHOD, request, deadline, connect)
    response: pb.WatchResponse | None = await channel.read(place, call, METHOD, deadline, SILENCE)
    return response


def _retrieve(received: asyncio.Task[pb.WatchResponse | None]) -> None:
    """Keep asyncio from logging an error that nobody waits for any more."""
    if not received.cancelled():
        received.exception()

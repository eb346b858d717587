"""Changes as they are made, through one stream after another, for an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workflow_results._calls.watching import METHOD, OVER, SILENCE, Arrived, Watching
from workflow_results._stream.result_stream import not_copied
from workflow_results._transport.deadline import Deadline, earlier
from workflow_results._transport.event_loops import running_loop
from workflow_results.errors import ResultsError
from workflow_results.outcomes import Change

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._transport.async_channel import AsyncChannel
    from workflow_results._transport.async_connection import AsyncPlace
    from workflow_results.v1 import results_pb2 as pb

_OTHER_LOOP: Final = "this watch belongs to another event loop: begin one in each"


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
        self._receiving: asyncio.Task[pb.WatchResponse] | None = None
        self._is_waiting = self._has_begun = self._has_failed = self._has_ended = False

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
            raise ResultsError("this watch is closed: begin another one") from None
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the watch; a task that waits for a change reaches the end of the iteration. Closing twice is fine.

        Raises:
            ResultsError: It belongs to another event loop, which is not closed.
        """
        if self._loop is not None and not self._loop.is_closed():
            running_loop(self._loop, _OTHER_LOOP)
        self._end()

    def __del__(self) -> None:
        if self._place is not None and self._loop is not None:
            self._place.leave()
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(_end, self._place, self._receiving)

    def __repr__(self) -> str:
        if not (self._has_begun or self._has_ended):
            return f"<{self._name}: not begun>"
        number = f"{self._number:,} change{'' if self._number == 1 else 's'}"
        return f"<{self._name}: ended after {number}>" if self._has_ended else f"<{self._name}: {number} so far>"

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Receive responses until a condition holds."""
        self._loop = running_loop(self._loop, _OTHER_LOOP)
        if self._is_waiting:
            raise ResultsError("another task waits for a change of this watch")
        self._is_waiting = True
        try:
            while not condition():
                await self._receive()
        finally:
            self._is_waiting = False

    async def _receive(self) -> None:
        """Wait for a response.

        Raises:
            ResultsError: The watch fails, or has failed.
            StopAsyncIteration: It was closed.
        """
        if not self._has_ended:
            if self._receiving is None:
                self._place = self._place or self._channel.place()
                self._receiving = asyncio.ensure_future(
                    _response(self._channel, self._place, self._watching, self._deadline, self._patience)
                )
                self._receiving.add_done_callback(_retrieve)
            await asyncio.wait((self._receiving,))
        if self._has_failed:
            raise ResultsError(OVER)
        if self._has_ended:
            raise StopAsyncIteration
        assert self._receiving is not None
        received, self._receiving = self._receiving, None
        try:
            self._arrived += self._watching.take(received.result())
        except ResultsError:
            self._has_failed = True
            self._end()
            raise
        self._has_begun = True

    def _end(self) -> None:
        self._has_ended = True
        self._arrived.clear()
        place, self._place = self._place, None
        receiving, self._receiving = self._receiving, None
        if place is not None:
            place.leave()
            _end(place, receiving)

    __reduce__ = __copy__ = __deepcopy__ = not_copied


async def _response(
    channel: AsyncChannel, place: AsyncPlace, watching: Watching, deadline: Deadline, patience: float
) -> pb.WatchResponse:
    """Return the next response, through one stream after another.

    Args:
        channel: The way to the service.
        place: What streams go over; its call is the one under way.
        watching: Where the watch is.
        deadline: When it must have ended.
        patience: Seconds after which to give up what has failed.

    Raises:
        ResultsError: It failed.
    """
    failing: Deadline | None = None
    while True:
        try:
            if place.call is None:
                connect = earlier(deadline, failing or Deadline.after(patience))
                await channel.open(place, METHOD, watching.request, deadline, connect)
            response: pb.WatchResponse | None = await channel.read(place, place.call, METHOD, deadline, SILENCE)
            if response is not None:
                return response
            raise watching.ended()
        except asyncio.CancelledError:
            _end_call(place)
            raise
        except ResultsError as error:
            _end_call(place)
            failing = failing or Deadline.after(patience)
            end = earlier(deadline, failing)
            pause = watching.pause_after(error, end.remaining())
            if pause is None or not end.allows(pause):
                raise
        await asyncio.sleep(pause)


def _end(place: AsyncPlace, receiving: asyncio.Task[pb.WatchResponse] | None) -> None:
    if receiving is not None:
        receiving.cancel()
    place.give_up()


def _end_call(place: AsyncPlace) -> None:
    if place.call is not None:
        place.call.cancel()
        place.call = None


def _retrieve(received: asyncio.Task[pb.WatchResponse]) -> None:
    """Keep asyncio from logging an error that nobody waits for any more."""
    if not received.cancelled():
        received.exception()

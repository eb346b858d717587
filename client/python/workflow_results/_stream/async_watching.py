"""Changes as they are made, through one stream after another, for an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from workflow_results._calls.watching import METHOD, SILENCE, Arrived, Watching
from workflow_results._stream.result_stream import not_copied
from workflow_results._transport.async_channel import is_cancelled
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
    block. Cancelling a task that waits for a change does not end it; the next wait goes on from there.

    Args:
        channel: The way to the service.
        request: What to watch.
        name: What the watch is called.
        deadline: When it must have ended.
        patience: Seconds after which to give up what has failed.
    """

    # It is no generator, which would end with the first wait that is cancelled.

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
        self._call: Any = None
        self._failing: Deadline | None = None
        self._is_waiting = self._has_begun = self._has_ended = False

    @property
    def resume_token(self) -> bytes:
        """What to give to `watch` to go on where this one is: later than that of the last change, if nothing came."""
        return self._watching.token

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
        self._end()

    def __repr__(self) -> str:
        if not self._has_begun:
            return f"<{self._name}: not begun>"
        number = f"{self._number:,} change{'' if self._number == 1 else 's'}"
        return f"<{self._name}: ended after {number}>" if self._has_ended else f"<{self._name}: {number} so far>"

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Receive responses until a condition holds."""
        if self._is_waiting:
            raise ResultsError("another task waits for a change of this watch")
        self._is_waiting = True
        try:
            while not condition():
                await self._receive()
        finally:
            self._is_waiting = False

    async def _receive(self) -> None:
        """Wait for a response, or for what to do after a failure.

        Raises:
            StopAsyncIteration: The watch was closed.
        """
        try:
            if self._has_ended:
                raise StopAsyncIteration
            self._place = self._place or self._channel.place()
            if self._call is None:
                connect = earlier(self._deadline, self._failing or Deadline.after(self._patience))
                self._call = await self._channel.open(
                    self._place, METHOD, self._watching.request, self._deadline, connect
                )
            response = None
            if not self._has_ended:
                response = await self._channel.read(self._place, self._call, METHOD, self._deadline, SILENCE)
            if self._has_ended:
                self._end_call()
                raise StopAsyncIteration
            if response is None:
                raise self._watching.ended()
            self._failing = None
            self._has_begun = True
            self._arrived += self._watching.take(response)
        except asyncio.CancelledError:
            self._end_call()  # which gRPC has cancelled as well
            if not self._has_ended or is_cancelled():
                raise
            raise StopAsyncIteration from None
        except ResultsError as error:
            self._end_call()
            if self._has_ended:
                raise StopAsyncIteration from None
            self._failing = self._failing or Deadline.after(self._patience)
            end = earlier(self._deadline, self._failing)
            pause = self._watching.pause_after(error, end.remaining())
            if pause is None or not end.allows(pause):
                self._end()
                raise
            await asyncio.sleep(pause)

    def _end_call(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _end(self) -> None:
        self._has_ended = True
        self._arrived.clear()
        self._end_call()
        if self._place is not None:
            self._place.leave()
            self._place = None

    __reduce__ = __copy__ = __deepcopy__ = not_copied

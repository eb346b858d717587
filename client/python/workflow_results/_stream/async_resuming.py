"""Streams of results that go on where they broke, for an event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workflow_results._calls.reading import Reading
from workflow_results._encoding.documents import decode, pieces
from workflow_results._stream.relaxed_gc import relaxed_gc
from workflow_results._transport.deadline import Deadline, earlier
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._stream.result_stream import Handed, HandedBatches
    from workflow_results._transport.async_channel import AsyncChannel
    from workflow_results._transport.async_connection import AsyncPlace


class Batches:
    """The batches of a stream to its end, nothing missing and nothing twice; as a context.

    It is no generator: several of them around each other would take most of the time of a look-up.

    Args:
        channel: The way to the service.
        method: The name of the method.
        request: Its request; its resume token is set as the stream goes on.
        deadline: When the whole stream must have ended.
        patience: Seconds without progress after which to give up what has failed.
        silence: Seconds without a word of the service after which a read has failed; None for no limit.
        as_list: Whether they are read without pauses, so that others may wait for the end.
    """

    def __init__(
        self,
        channel: AsyncChannel,
        method: str,
        request: Any,
        deadline: Deadline,
        patience: float,
        silence: float | None,
        *,
        as_list: bool = False,
    ) -> None:
        self._channel = channel
        self._method = method
        self._deadline = deadline
        self._patience = patience
        self._silence = silence
        self._as_list = as_list
        self._reading = Reading(method, channel.target, request)
        self._place: AsyncPlace | None = None
        self._call: Any = None

    async def __aenter__(self) -> Self:
        """Find room for it.

        Raises:
            ResultsError: There is none.
        """
        if self._as_list:
            self._place, self._leave = await self._channel.place_for_list(self._method, self._deadline)
        else:
            self._place = self._channel.place()
            self._leave = self._place.leave
        self._progress = Deadline.after(self._patience)
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._reading.complete and self._call is not None:
            self._channel.finish(self._call, self._leave)
            self._call = None
            return
        self._end_call()
        self._leave()

    async def next(self) -> bytes:
        """Return the next BSON documents, back to back; empty at the end.

        Raises:
            ResultsError: The stream failed, or ended early; or too many are open.
        """
        assert self._place is not None
        while not self._reading.complete:  # then the call ends without being waited for
            try:
                if self._call is None:
                    self._reading.begin()
                    connect = earlier(self._deadline, self._progress)
                    self._call = await self._channel.open(
                        self._place, self._method, self._reading.request, self._deadline, connect
                    )
                response = await self._channel.read(
                    self._place, self._call, self._method, self._deadline, self._silence
                )
                if response is None:
                    self._call = None
                    self._reading.end()
                    return b""
                if documents := self._reading.take(response):
                    self._progress = Deadline.after(self._patience)
                    return documents
            except ResultsError as error:
                self._end_call()
                end = earlier(self._deadline, self._progress)
                pause = self._reading.pause_after(error, end.remaining())
                if pause is None or not end.allows(pause):
                    raise
                await asyncio.sleep(pause)
        return b""

    def _end_call(self) -> None:
        if self._call is not None:
            self._call.cancel()
            self._call = None


async def results(batches: Batches, handed: Handed) -> AsyncGenerator[dict[str, Any], None]:
    """Decode the results of a stream; see `resuming.results`."""
    async with batches:
        while batch := await batches.next():
            for piece in pieces(batch):
                for result in handed.each(decode(piece)):
                    yield result
                await asyncio.sleep(0)  # a reader that never waits would keep other tasks waiting
    handed.all = True


async def counted(batches: Batches, handed: HandedBatches) -> AsyncGenerator[bytes, None]:
    """Yield the batches of a stream, and count them."""
    async with batches:
        while batch := await batches.next():
            yield handed.count(batch)
    handed.all = True


async def listed(batches: Batches) -> list[dict[str, Any]]:
    """Read all results of a stream."""
    found: list[dict[str, Any]] = []
    async with batches:
        with relaxed_gc:
            while batch := await batches.next():
                for piece in pieces(batch):
                    if found:
                        await asyncio.sleep(0)  # let other tasks run
                    found += decode(piece)
    return found

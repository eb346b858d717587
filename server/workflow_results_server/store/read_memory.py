"""The memory that readers share: what their batches may have together.

A reader decides how long the server holds what it asked for: until its HTTP/2 window lets it out, and gRPC for Python
can't take back what was given to it. Batches become smaller with many readers, but a single result may have 16 MiB, and
a thousand readers may each wait for one. So those who read large results wait for each other.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Fetched = tuple[bytes, bool]
    """Documents back to back, and whether no more follow."""

_MOST_BYTES: Final = 192 * rules.MIB
"""More than the batches of the most readers have together, unless single results are large."""


class ReadMemory:
    """Bounds the bytes of batches that all readers hold together. On its way to a reader, each is there a few times.

    Attributes:
        held: How many bytes they hold.
    """

    def __init__(self) -> None:
        self.held = 0
        self._freed = asyncio.Event()

    def share(self) -> Share:
        """Make the share of a reader."""
        return Share(self)

    def change(self, size: int) -> None:
        """Count so many bytes more, or less."""
        self.held += size
        if size < 0:
            self._freed.set()

    async def fetch(
        self, share: Share, seconds: float, function: Callable[[float], Awaitable[Fetched]], *, like: int | None = None
    ) -> Fetched:
        """Fetch documents, and let a share hold them; where there is no room for large ones, wait.

        Args:
            share: The share of the reader.
            seconds: The time that is left.
            function: Fetches, within the seconds that it is given.
            like: The bytes of the fetch before this one, which goes on behind it. None for one that may be repeated:
                what it brings is dropped where there is no room for it, since nobody knows how much it will be.

        Returns:
            What the function returns.

        Raises:
            RequestError: There was no room in time, or what the function raises.
        """
        end = time.monotonic() + seconds
        expected = like or 0
        while True:
            if expected > rules.BATCH_BYTES:  # nobody else ever waits
                await self._room(expected, end)
            share.change(expected)
            try:
                documents, complete = await function(end - time.monotonic())
            finally:
                share.change(-expected)
            expected = len(documents)
            if like is not None or expected <= rules.BATCH_BYTES or not self._is_full(expected):
                share.change(expected)
                return documents, complete
            del documents

    async def _room(self, size: int, end: float) -> None:
        """Wait until so many bytes may be fetched."""
        while self._is_full(size):
            self._freed.clear()
            try:
                await asyncio.wait_for(self._freed.wait(), end - time.monotonic())
            except asyncio.TimeoutError:
                message = "no memory is left for large results, which other calls are reading: retry later"
                raise Unavailable(Reason.OVERLOADED, message, not_applied=True) from None

    def _is_full(self, size: int) -> bool:
        return self.held > 0 and self.held + size > _MOST_BYTES


class Share:
    """What one reader holds of the memory.

    Args:
        memory: The memory.
    """

    __slots__ = ("_held", "_memory", "_sending")

    def __init__(self, memory: ReadMemory) -> None:
        self._memory = memory
        self._held = self._sending = 0

    def change(self, size: int) -> None:
        """Hold so many bytes more, or less."""
        self._held += size
        self._memory.change(size)

    @contextlib.contextmanager
    def sending(self, size: int) -> Iterator[None]:
        """Hold a batch for as long as the reader takes for it, and no longer."""
        self._sending = size
        try:
            yield
        finally:
            self._sending = 0
            self.change(-size)

    def keep(self, size: int) -> None:
        """Hold no more than what is being sent, and so many bytes."""
        self.change(self._sending + size - self._held)

    def close(self) -> None:
        """Hold nothing any more."""
        self.change(-self._held)

"""Room for a number of tasks at a time; the others wait, in their order.

An `asyncio.Semaphore` with `asyncio.wait_for` around it may lose room when a task is cancelled, before Python 3.12.
"""

from __future__ import annotations

import asyncio
from collections import deque


class AsyncRoom:
    """Room in one event loop.

    Args:
        number: For how many.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: deque[asyncio.Future[bool]] = deque()

    async def enter(self, seconds: float | None) -> bool:
        """Wait for room, and take it.

        Args:
            seconds: How long to wait at most; None for as long as it takes.

        Returns:
            Whether there was any in time.
        """
        if self._free:
            self._free -= 1
            return True
        loop = asyncio.get_running_loop()
        entered: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(entered)
        timer = None if seconds is None else loop.call_later(seconds, _resolve, entered, False)
        try:
            return await entered
        except asyncio.CancelledError:
            if entered.done() and not entered.cancelled() and entered.result():
                self.leave()
            raise
        finally:
            if timer:
                timer.cancel()

    def leave(self) -> None:
        """Leave room to the next one that waits."""
        while self._waiting:
            if _resolve(self._waiting.popleft(), True):
                return
        self._free += 1


def _resolve(entered: asyncio.Future[bool], has_room: bool) -> bool:
    if entered.done():
        return False
    entered.set_result(has_room)
    return True

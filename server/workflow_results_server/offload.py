"""Long computations on the event loop, which must not keep other calls waiting."""

from __future__ import annotations

import asyncio
import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from workflow_results.common.rules import KIB

if TYPE_CHECKING:
    from collections.abc import Callable

ResultT = TypeVar("ResultT")

_LONG_BYTES: Final = 256 * KIB
"""The size from which a thread is worth it, in bytes: with the most and smallest values, about 0.1 s of work."""
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="long")
"""One alone: several would each take their turn before the event loop gets its next one."""
_TURN_SECONDS: Final = 0.001


class Turns:
    """Gives other calls their turns during a long loop of short steps.

    Args:
        seconds: How long a turn lasts.
        rest: How long others go on alone after each turn, in seconds. By default, each of them has one.
    """

    def __init__(self, seconds: float = _TURN_SECONDS, rest: float = 0.0) -> None:
        self._seconds = seconds
        self._rest = rest
        self._ends = time.perf_counter() + seconds

    async def next(self) -> None:
        """Let the others continue if this turn has lasted long enough; to be awaited after each step."""
        if time.perf_counter() > self._ends:
            await asyncio.sleep(self._rest)
            self._ends = time.perf_counter() + self._seconds


async def offload(size: int, function: Callable[[], ResultT]) -> ResultT:
    """Compute something from so many bytes: at once if they are few, else in a thread, one after the other.

    There, Python lets the event loop go on every few milliseconds. Context variables, such as the caller, are the same.
    """
    if size < _LONG_BYTES:
        return function()
    context = contextvars.copy_context()
    waiting = [function]  # not in the queue of the thread, which would keep it when nobody waits for it any more
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREAD, lambda: context.run(waiting.pop()))
    finally:
        waiting.clear()
        del function  # which the error of a task that was cancelled would keep, with this frame

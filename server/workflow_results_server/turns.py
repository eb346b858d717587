"""Long computations on the event loop, which must not keep other calls waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from workflow_results.rules import KIB

if TYPE_CHECKING:
    from collections.abc import Callable

ResultT = TypeVar("ResultT")

_LONG_BYTES: Final = 256 * KIB
"""From how many bytes on a thread pays: with the most and smallest values in them, that takes about 0.1 s."""


async def taken_in_turns(size: int, function: Callable[[], ResultT]) -> ResultT:
    """Compute something from so many bytes: at once if they are few, else in a thread.

    There, Python lets the event loop go on every few milliseconds.
    """
    return function() if size < _LONG_BYTES else await asyncio.to_thread(function)

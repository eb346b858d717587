"""Waiting for what is not to be left alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

T = TypeVar("T")


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """Wait for the end of a coroutine also if the task is cancelled meanwhile: it takes a second cancellation to leave.

    Returns:
        What the coroutine returns.

    Raises:
        asyncio.CancelledError: The task was cancelled; the coroutine has ended, unless it was cancelled twice.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise

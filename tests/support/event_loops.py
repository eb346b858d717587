"""What tests in event loops share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from tests.support.waiting import PATIENCE


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in an event loop of its own, but not for ever."""
    return asyncio.run(asyncio.wait_for(main, 2 * PATIENCE))


async def until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; fail if it does not in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "this took too long"
        await asyncio.sleep(0.01)


def context_of(error: BaseException) -> BaseException:
    """Return what an error was raised after, at the very beginning."""
    while error.__context__ is not None:
        error = error.__context__
    return error

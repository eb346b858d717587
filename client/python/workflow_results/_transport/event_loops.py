"""What belongs to one event loop, since what waits in it is woken there only."""

from __future__ import annotations

import asyncio

from workflow_results.errors import ResultsError


def running_loop(mine: asyncio.AbstractEventLoop | None, otherwise: str) -> asyncio.AbstractEventLoop:
    """Return the event loop that runs.

    Args:
        mine: The one that it must be; None for any.
        otherwise: What to say if it is another one.

    Raises:
        ResultsError: It is another one.
    """
    loop = asyncio.get_running_loop()
    if mine not in (None, loop):
        raise ResultsError(otherwise)
    return loop

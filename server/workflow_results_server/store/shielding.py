"""Calls of MongoDB, which go on to their end when nobody waits for them any more.

When a caller is gone, gRPC cancels its task. Before Python 3.12, `asyncio.wait_for` may then return without the lock
that it should come back with, and PyMongo chooses servers with just that: while there was no primary, a few cancelled
calls could leave the lock of the whole client taken forever, or given to two. So what talks to MongoDB is never
cancelled; each call has a time limit of its own.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from workflow_results_server.errors import let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")

_under_way: Final[set[asyncio.Task[Any]]] = set()


def shielded(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Run a coroutine to its end in a separate task, even if the task that waits for it is cancelled.

    Args:
        function: Makes the coroutine, which must end without being cancelled.
    """

    @functools.wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> T:
        task = asyncio.ensure_future(function(*args, **kwargs))
        del args, kwargs
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)
        task.add_done_callback(retrieve_outcome)
        try:
            await asyncio.wait((task,))
            return task.result()
        except asyncio.CancelledError:
            task.add_done_callback(_let_go)
            raise
        finally:
            del task  # which keeps its error, as that keeps this frame, and so what the call was given

    return call


def in_own_context(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task that inherits nothing from the call that starts it, above all not its time limit.

    `pymongo.timeout` keeps the limit in the context, and a longer one within it does not count.
    """
    return contextvars.Context().run(asyncio.ensure_future, coroutine)


async def wait_for_all(seconds: float) -> None:
    """Wait for all calls in progress, also those that nobody else waits for.

    Args:
        seconds: How long, at most.
    """
    if _under_way:
        await asyncio.wait(_under_way, timeout=seconds)


def _let_go(task: asyncio.Task[Any]) -> None:
    """Release what the error of a task keeps, if nobody is left to look at it."""
    if not task.cancelled() and (error := task.exception()):
        let_go(error)


def retrieve_outcome(task: asyncio.Task[Any]) -> None:
    """Look at how a task has ended: asyncio would complain in the log if nobody did."""
    if not task.cancelled():
        task.exception()

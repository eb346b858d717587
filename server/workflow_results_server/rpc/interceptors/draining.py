"""The end of a server: new calls are refused, and streams are ended, so that clients turn to another server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import Unavailable
from workflow_results_server.rpc.interceptors.call import ENDLESS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from workflow_results_server.rpc.interceptors.call import Call, Link


class Draining:
    """Refuses new calls once the server stops, and finally ends streams so that clients resume them elsewhere.

    Args:
        service: The full name of the service whose calls are refused; health is reported to the end.
        inner: The next link.
    """

    def __init__(self, service: str, inner: Link) -> None:
        self._service = service
        self._inner = inner
        self._stopping = False
        self._streams: dict[asyncio.Task[Any], bool] = {}
        """The streams of responses under way, and whether each has an end of its own."""
        self._ended: set[asyncio.Task[Any]] = set()
        """Those that are cancelled here, not by their callers."""

    def stop(self) -> None:
        """Refuse new calls from now on, so that clients turn to another server."""
        self._stopping = True

    def end_endless_streams(self) -> None:
        """End the streams that have no end of their own: the server stops."""
        self._end(stream for stream, ends in self._streams.items() if not ends)

    def end_streams(self) -> None:
        """End the streams in progress, so that clients resume them at another server."""
        self._end(self._streams)

    def _end(self, streams: Iterable[asyncio.Task[Any]]) -> None:
        for stream in streams:
            self._ended.add(stream)
            stream.cancel()

    def __call__(self, message: Any, call: Call) -> Awaitable[Any]:
        """Answer a call."""
        if self._stopping and call.method.service == self._service:
            raise _stopping(not_applied=True)
        return self._stream(message, call) if call.method.answers_with_stream else self._inner(message, call)

    async def _stream(self, message: Any, call: Call) -> Any:
        self._enter(ends=call.method.service == self._service and call.method.name not in ENDLESS)
        try:
            return await self._inner(message, call)
        except asyncio.CancelledError:
            if asyncio.current_task() not in self._ended or call.context.done():
                raise
            raise _stopping() from None
        finally:
            self._leave()

    # Neither keeps its task in a frame: a task that is cancelled keeps the exception, and so its frames.

    def _enter(self, *, ends: bool) -> None:
        if task := asyncio.current_task():
            self._streams[task] = ends

    def _leave(self) -> None:
        if task := asyncio.current_task():
            self._streams.pop(task, None)


def _stopping(*, not_applied: bool = False) -> Unavailable:
    return Unavailable(Reason.SERVER_STOPPING, "this server is stopping", not_applied=not_applied)

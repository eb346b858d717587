"""The one way to the service for an event loop: every call gets its deadline and its attempts here."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import grpc

from workflow_results._calls.attempts import ONCE, Attempts, policy_for
from workflow_results._transport.async_connection import AsyncConnection, check_process
from workflow_results._transport.async_room import AsyncRoom
from workflow_results._transport.calls import Calls, check_size
from workflow_results._transport.connections import CLOSED, Connections
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results._transport.reachability import Peer
from workflow_results._transport.rpc_errors import late
from workflow_results.errors import ResultsError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator

    from google.protobuf.message import Message

    from workflow_results._transport.async_connection import AsyncPlace
    from workflow_results._transport.credentials import Credentials


_STATUS_SECONDS: Final = 5.0
"""How long a call may take to end whose last part has arrived."""
_LISTS: Final = 500
"""How many lists are read at a time: of the 1,000 readers that one server has, half."""


class AsyncChannel(Calls):
    """The connections to the service, made at the first call in an event loop and again when they are lost.

    Args:
        target: The gRPC target.
        credentials: What the client shows to the service, and wants to see of it.
    """

    def __init__(self, target: str, credentials: Credentials) -> None:
        super().__init__(target, credentials)
        self._peer = Peer(target, credentials)
        self._loop: asyncio.AbstractEventLoop | None = None
        """The event loop that the connections belong to."""
        self._begin()

    def _begin(self) -> None:
        connect = partial(AsyncConnection, self._peer)
        # Apart, so that calls with one answer wait for nobody who is slow to read.
        self._unary = Connections(connect, streams=False)
        self._streams = Connections(connect, streams=True)
        self._lists = Connections(connect, streams=True)
        self._room = AsyncRoom(_LISTS)
        self._forks = fork_guard.forks

    async def unary(self, method: str, request: Message, deadline: Deadline) -> Any:
        """Call a method that answers once; see `Channel.unary`."""
        request_id = getattr(request, "request_id", "")
        policy = policy_for(method, request_id)
        attempts = Attempts(method, policy)
        once = policy is ONCE
        check_size(request)
        self._enter_loop()
        while True:
            try:
                with self._unary.place() as place, self.explaining(method, deadline, place.connection), self._closing():
                    await place.connection.reachability.ensure(deadline, certainly=once)
                    with self.span(method) as span:
                        return await getattr(place.connection.stub, method)(
                            request,
                            timeout=deadline.remaining(),
                            metadata=self.metadata(request_id, span),
                            wait_for_ready=once,
                        )
            except ResultsError as error:
                pause = attempts.pause_after(error, deadline.remaining())
                if pause is None or not deadline.allows(pause):
                    raise
                await asyncio.sleep(pause)
                if not deadline.allows(0):
                    raise

    def place(self) -> AsyncPlace:
        """Find room for a stream or a depositor; see `Channel.place`."""
        self._enter_loop()
        return self._streams.place()

    async def place_for_list(self, method: str, deadline: Deadline) -> tuple[AsyncPlace, Callable[[], None]]:
        """Wait for room for a stream that is read without pauses, so that others may wait for its end.

        Args:
            method: The method that is to be called.
            deadline: How long to wait.

        Returns:
            What the stream goes over, and what to call once it has ended.

        Raises:
            DeadlineExceededError: There was no room in time.
        """
        self._enter_loop()
        room = self._room
        if not await room.enter(deadline.remaining()):
            raise late(method, self.target, deadline)
        try:
            place = self._lists.place()
        except BaseException:
            room.leave()
            raise

        def leave() -> None:
            place.leave()
            room.leave()

        return place, leave

    @staticmethod
    def finish(call: Any, leave: Callable[[], None]) -> None:
        """Let a call end whose last part has arrived, and then leave its room; nobody waits for that.

        Args:
            call: The call.
            leave: Leaves the room.
        """
        if call.done():
            leave()
            return
        timer = asyncio.get_running_loop().call_later(_STATUS_SECONDS, call.cancel)  # which also keeps the call

        def end(_: Any) -> None:
            timer.cancel()
            leave()

        call.add_done_callback(end)

    async def open(
        self, place: AsyncPlace, method: str, request: Message, deadline: Deadline, connect: Deadline
    ) -> Any:
        """Call a method that answers with a stream; see `Channel.stream`.

        Returns:
            The call, for `read`; to be cancelled unless it is read to its end.
        """
        check_size(request)
        with self.explaining(method, deadline, place.connection), self._closing():
            await place.connection.reachability.ensure(connect)
            span = self.span(method)
            call = getattr(place.connection.stub, method)(
                request, timeout=deadline.remaining(), metadata=self.metadata(span=span)
            )
            span.end_with(call)
            place.call = call
            return call

    async def read(self, place: AsyncPlace, call: Any, method: str, deadline: Deadline, silence: float | None) -> Any:
        """Wait for the next part of a stream.

        Args:
            place: What the call goes over.
            call: The call.
            method: Its method.
            deadline: When the stream must have ended.
            silence: Seconds to wait for the part; None for no limit but the deadline.

        Returns:
            The part; None at the end.

        Raises:
            ResultsError: The stream failed.
        """
        silent = False

        def give_up() -> None:
            nonlocal silent
            silent = True
            call.cancel()

        timer = None
        if silence is not None:
            timer = asyncio.get_running_loop().call_later(silence, give_up)
        try:
            with self.explaining(method, deadline, place.connection), self._closing():
                part = await call.read()
                return None if part is grpc.aio.EOF else part
        except asyncio.CancelledError:
            if not silent:
                raise
            place.connection.reachability.mark_lost()
            raise ServiceUnavailableError(f"{method} at {self.target}: no data for {silence:g} s") from None
        finally:
            if timer:
                timer.cancel()

    async def exchange(
        self, place: AsyncPlace, method: str, requests: AsyncIterator[Message], connect: Deadline, seconds: float
    ) -> AsyncGenerator[Any, None]:
        """Call a method that answers a stream of requests with a stream.

        Args:
            place: The room for it.
            method: Its name.
            requests: Its requests.
            connect: When the service must be reached.
            seconds: How long the call may take from then on.

        Yields:
            Its responses.

        Raises:
            ResultsError: It failed.
        """
        with self.explaining(method, Deadline.after(seconds), place.connection), self._closing():
            await place.connection.reachability.ensure(connect)
            span = self.span(method)
            metadata = self.metadata(span=span)
            call = getattr(place.connection.stub, method)(requests, timeout=seconds, metadata=metadata)
            span.end_with(call)
            place.call = call
            try:
                while (answer := await call.read()) is not grpc.aio.EOF:
                    yield answer
            finally:
                call.cancel()

    async def close(self) -> None:
        """Close the connections; calls in progress fail. Closing twice is fine."""
        self.closed = True
        if self._forks != fork_guard.forks:  # the connections are the parent's
            return
        for pool in (self._unary, self._streams, self._lists):
            while connections := pool.close():
                await connections[-1].close()
                connections.pop()

    def _enter_loop(self) -> None:
        """Begin anew in another event loop, once the one before has ended.

        Raises:
            ResultsError: It has not, or this process can't use gRPC in an event loop.
        """
        check_process()
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        if self.closed:
            raise ResultsError(CLOSED)
        if self._loop is not None:
            if not self._loop.is_closed():
                raise ResultsError("this AsyncResults is in use in another event loop: create one for each")
            self._begin()
        self._loop = loop

    @contextmanager
    def _closing(self) -> Iterator[None]:
        """Say what ended a call that nobody has cancelled: gRPC takes the end of its channel for a cancellation."""
        before = _cancellations()
        try:
            yield
        except (asyncio.CancelledError, grpc.aio.UsageError) as error:
            if self.closed and _cancellations() == before:
                raise ResultsError(CLOSED) from error
            raise


def _cancellations() -> int:
    """Return how many times this task was cancelled; 0 before Python 3.11, where that is not known."""
    task: Any = asyncio.current_task()
    return task.cancelling() if hasattr(task, "cancelling") else 0

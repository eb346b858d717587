"""The one way to the service for threads: every call gets its deadline and its attempts here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import grpc

from workflow_results._calls.attempts import ONCE, Attempts, policy_for
from workflow_results._transport.calls import Calls, check_size
from workflow_results._transport.connection import Connection
from workflow_results._transport.connections import Connections
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard, renew_in_child
from workflow_results._transport.grpc_calls import cancel_unread, has_ended, only_part
from workflow_results._transport.reachability import Peer
from workflow_results._transport.watchdog import watchdog
from workflow_results.errors import ResultsError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from google.protobuf.message import Message

    from workflow_results._transport.connection import Place
    from workflow_results._transport.credentials import Credentials


class NoThreadError(ResultsError):
    """No thread could be started, without which gRPC has no stream of requests; nothing was sent."""


class Channel(Calls):
    """The connections to the service, made at the first call and again when they are lost.

    Args:
        target: The gRPC target.
        credentials: What the client shows to the service, and wants to see of it.
    """

    def __init__(self, target: str, credentials: Credentials) -> None:
        super().__init__(target, credentials)
        connect = partial(Connection, Peer(target, credentials))
        # Apart, so that calls with one answer wait for nobody who is slow to read.
        self._unary = Connections(connect, streams=False)
        self._streams = Connections(connect, streams=True)
        renew_in_child(self)

    def unary(self, method: str, request: Message, deadline: Deadline, begun: Place | None = None) -> Any:
        """Call a method that answers once.

        Args:
            method: Its name.
            request: Its request.
            deadline: When to be done, retries included.
            begun: What `begin` has returned for it, if that has sent it already.

        Returns:
            Its response.

        Raises:
            ResultsError: It failed; `outcome_unknown` is True if it may have changed something.
        """
        request_id = getattr(request, "request_id", "")
        policy = policy_for(method, request_id)
        attempts = Attempts(method, policy)
        once = policy is ONCE
        if begun is None:
            check_size(request)
        while True:
            place, begun = begun, None
            try:
                with place or self._unary.place() as place, self.explaining(method, deadline, place.connection):
                    if place.call is not None:
                        with place.span:
                            return only_part(place.call)
                    place.connection.reachability.ensure(deadline, certainly=once)
                    with self.span(method) as span, fork_guard:
                        return getattr(place.connection.stub, method)(
                            request,
                            timeout=deadline.remaining(),
                            metadata=self.metadata(request_id, span),
                            wait_for_ready=once,
                        )
            except ResultsError as error:
                pause = attempts.pause_after(error, deadline.remaining())
                if pause is None or not deadline.pause(pause):
                    raise

    def health(self, deadline: Deadline) -> str:
        """Ask whether the service serves, by gRPC's health checking protocol.

        Args:
            deadline: When to be done.

        Returns:
            "SERVING" or another state of that protocol.

        Raises:
            ResultsError: The service can't be reached, or does not say.
        """
        with self._unary.place() as place, self.explaining("Check", deadline, place.connection):
            place.connection.reachability.ensure(deadline)
            with fork_guard:
                return place.connection.health(timeout=deadline.remaining(), metadata=self.metadata())

    def begin(self, method: str, request: Message, answer: type[Message], deadline: Deadline) -> Place:
        """Send the request of a method that answers once, without waiting for the answer.

        Args:
            method: Its name.
            request: Its request.
            answer: The type of its response.
            deadline: When to be done.

        Returns:
            What `unary` takes to wait for the answer, and `cancel` where nobody does.

        Raises:
            ResultsError: The service can't be reached.
        """
        check_size(request)
        place = self._unary.place()
        try:
            with self.explaining(method, deadline, place.connection):
                place.connection.reachability.ensure(deadline)
                place.span = self.span(method)
                options = {"timeout": deadline.remaining(), "metadata": self.metadata(span=place.span)}
                with fork_guard:
                    place.call = place.connection.begin(method, request, answer, **options)
        except BaseException as error:
            place.span.end_after(error)
            place.leave()
            raise
        return place

    def cancel(self, begun: Place) -> None:
        """Cancel a call that `begin` has begun, and that nobody waits for."""
        cancel_unread(begun.call)
        begun.span.end(grpc.StatusCode.CANCELLED)
        begun.leave()

    def place(self) -> Place:
        """Find room for a stream or a depositor, for as long as it is open.

        Returns:
            What `stream` and `exchange` go over, as a context.

        Raises:
            ResultsError: There are too many of them already, or this is closed.
        """
        return self._streams.place()

    def stream(
        self,
        place: Place,
        method: str,
        request: Message,
        deadline: Deadline,
        connect: Deadline,
        silence: float | None,
        *,
        gives_way: bool = False,
    ) -> Iterator[Any]:
        """Call a method that answers with a stream. It is not retried: only the caller knows where to go on.

        Args:
            place: The room for it.
            method: Its name.
            request: Its request.
            deadline: When the stream must have ended.
            connect: When the service must be reached.
            silence: Seconds to wait for each part; None for no limit but the deadline.
            gives_way: Whether a fork ends the wait for another part, which may never come. Otherwise it waits for that.

        Yields:
            The parts of the response.

        Raises:
            ResultsError: It failed, or goes on in the child of a fork.
        """
        forks = fork_guard.forks
        check_size(request)
        with self.explaining(method, deadline, place.connection):
            place.connection.reachability.ensure(connect)
            with self.span(method) as span:
                with fork_guard:
                    call = place.call = getattr(place.connection.stub, method)(
                        request, timeout=deadline.remaining(), metadata=self.metadata(span=span)
                    )
                if place.given_up:
                    call.cancel()
                try:
                    waiting: AbstractContextManager[object] = fork_guard  # until it has begun, or it might never
                    while (part := self._next(place, method, silence, waiting)) is not None:
                        yield part
                        waiting = fork_guard.left_by(call.cancel) if gives_way else fork_guard
                except GeneratorExit:
                    if forks == fork_guard.forks:
                        cancel_unread(call)
                    raise
                finally:
                    if forks == fork_guard.forks:  # in a child, touching it could wait for threads that are not there
                        call.cancel()
                        place.call = None

    def _next(self, place: Place, method: str, seconds: float | None, waiting: AbstractContextManager[object]) -> Any:
        """Wait for the next part of a stream, at most for so many seconds; returns None at its end."""
        if seconds is None:
            with waiting:
                return next(place.call, None)
        watchdog.begin(place, seconds)
        try:
            with waiting:
                return next(place.call, None)
        except grpc.RpcError as error:
            if not watchdog.end(place) or self.closed:
                raise
            place.connection.reachability.mark_lost()
            raise ServiceUnavailableError(f"{method} at {self.target}: no data for {seconds:g} s") from error
        finally:
            watchdog.end(place)

    def exchange(
        self, place: Place, method: str, requests: Iterator[Message], connect: Deadline, seconds: float
    ) -> Iterator[Any]:
        """Call a method that answers a stream of requests with a stream, and keep forks waiting meanwhile.

        Args:
            place: The room for it; to give it up ends the call.
            method: Its name.
            requests: Its requests; they must end soon once `fork_guard.forking` says that a fork waits.
            connect: When the service must be reached.
            seconds: How long the call may take from then on.

        Yields:
            Its responses.

        Raises:
            NoThreadError: No thread can be started for it.
            ResultsError: It failed.
        """
        with self.explaining(method, Deadline.after(seconds), place.connection):
            place.connection.reachability.ensure(connect)
            with self.span(method) as span, fork_guard:
                try:
                    metadata = self.metadata(span=span)
                    call = getattr(place.connection.stub, method)(requests, timeout=seconds, metadata=metadata)
                except RuntimeError as error:
                    place.connection.spoil()
                    raise NoThreadError(f"{method} needs threads, but none can be started: {error}") from error
                place.call = call
                try:
                    if not place.given_up:
                        yield from call
                finally:
                    call.cancel()
                    place.call = None
                    fork_guard.wait_for(lambda: has_ended(call))

    def close(self) -> None:
        """Close the connections; calls in progress fail. Closing twice is fine."""
        self.closed = True
        for each in (self._unary, self._streams):
            for connection in each.close():
                connection.close()

    def begin_in_child(self) -> None:
        """Drop the parent's connections unclosed; the child makes its own at its first call."""
        for each in (self._unary, self._streams):
            for connection in each.begin_in_child():
                connection.abandon()

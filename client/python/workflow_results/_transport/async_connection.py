"""A connection to the service, for an event loop."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

import grpc

from workflow_results._calls.attempts import pauses
from workflow_results._transport import connections
from workflow_results._transport.async_room import AsyncRoom
from workflow_results._transport.connection import keep
from workflow_results._transport.connections import CLOSED
from workflow_results._transport.forks import renew_in_child
from workflow_results._transport.options import channel_options
from workflow_results._transport.reachability import GLANCE_SECONDS, HEALTH_CHECK, Peer, Reports
from workflow_results.errors import ResultsError
from workflow_results.v1 import results_pb2_grpc

if TYPE_CHECKING:
    from workflow_results._transport.deadline import Deadline

_open: Final[weakref.WeakSet[AsyncConnection]] = weakref.WeakSet()


class AsyncConnection:
    """A channel to the service, connected at its first call and again when it is lost.

    Attributes:
        stub: The methods of the service.
        reachability: Whether the service answers on it.
        fit: Whether further calls may go over it.
        places: Who has room on it.

    Args:
        peer: The service.
        further: Whether it is one that is only needed while others are full.
    """

    def __init__(self, peer: Peer, further: bool) -> None:
        self.fit = True
        self.places: set[AsyncPlace] = set()
        channel = peer.credentials.async_channel(peer.target, channel_options(peer.target, further=further))
        self._channel: grpc.aio.Channel | None = channel
        self.stub: Any = results_pb2_grpc.ResultsServiceStub(channel)
        self.reachability = AsyncReachability(peer, channel)
        _open.add(self)

    async def close(self) -> None:
        """Close it; calls in progress fail."""
        if self._channel is not None:
            for place in [*self.places]:  # older versions of gRPC miss calls that nobody waits for just now
                place.give_up()
            await self._channel.close()
            _open.discard(self)
            # gRPC ends its thread when nothing holds a channel.
            self._channel, self.stub = None, _Closed()
            self.reachability.close()


class _Closed:
    """The methods of a service on a connection that is closed."""

    def __getattr__(self, _name: str) -> Any:
        return _refuse


def _refuse(*_: object, **__: object) -> NoReturn:
    raise ResultsError(CLOSED)


class _Inherited:
    """Whether a parent of this process had open connections for event loops when it forked.

    gRPC sees to them in a thread, and has no way to begin anew without it: the first call would wait for ever.
    """

    def __init__(self) -> None:
        self._open: list[AsyncConnection] = []

    def begin_in_child(self) -> None:
        """Keep the connections of the parent forever: to close them would end its calls."""
        for connection in [*_open]:
            self._open.append(connection)
            keep(connection)
        _open.clear()

    def check(self) -> None:
        if self._open:
            raise ResultsError(
                "this process was forked while an AsyncResults was open, which gRPC does not support: close() it before"
                " the fork, start processes with 'spawn' or 'forkserver', or use Results here"
            )


_inherited: Final = _Inherited()
renew_in_child(_inherited)
check_process: Final = _inherited.check


AsyncPlace: TypeAlias = connections.Place[AsyncConnection]


class AsyncReachability(Reports):
    """Whether the service answers on a channel: it is known to after an answer, until a call finds it gone.

    Args:
        peer: The service.
        channel: The channel to it.
    """

    def __init__(self, peer: Peer, channel: grpc.aio.Channel) -> None:
        super().__init__(peer)
        self._ask: Any = channel.unary_unary(HEALTH_CHECK)
        self._looking = AsyncRoom(1)

    async def ensure(self, deadline: Deadline, *, certainly: bool = False) -> None:
        """Wait until the service answers.

        Args:
            deadline: When it must have answered.
            certainly: Whether to look even if it is known to answer.

        Raises:
            ServiceUnavailableError: It has not.
        """
        if self.is_reachable and not certainly:
            return
        if not await self._looking.enter(deadline.remaining()):  # one looks for all
            raise self.out_of_reach(deadline)
        try:
            if certainly or not self.is_reachable:
                await self._look(deadline)
        finally:
            self._looking.leave()

    def close(self) -> None:
        """Look for nothing any more."""
        self._ask = _refuse

    async def _look(self, deadline: Deadline) -> None:
        for pause in pauses():
            for seconds, waits in self.looks(deadline, pause):
                if await self._answers(seconds, waits=waits):
                    return
            if not deadline.allows(pause):
                await self._answers(GLANCE_SECONDS)
                raise self.out_of_reach(deadline)
            await asyncio.sleep(pause)

    async def _answers(self, seconds: float, *, waits: bool = False) -> bool:
        try:
            await self._ask(b"", timeout=seconds, wait_for_ready=waits)
        except grpc.RpcError as error:
            return self.note(error)
        return self.note(None)

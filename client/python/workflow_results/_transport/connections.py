"""The connections of a client: where one is full, there is another one."""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import TYPE_CHECKING, Any, Final

import grpc

from workflow_results._transport.forks import fork_guard
from workflow_results._transport.options import channel_options
from workflow_results._transport.reachability import Peer, Reachability
from workflow_results.errors import ResultsError
from workflow_results.v1 import results_pb2, results_pb2_grpc

if TYPE_CHECKING:
    from types import TracebackType

    from google.protobuf.message import Message
    from typing_extensions import Self

CLOSED: Final = "this Results is closed"
MOST_STREAMS: Final = 1_000
"""How many streams and depositors a client may have open: as many as there may be readers of one server."""

_CALLS_PER_CONNECTION: Final = 90
"""The service takes 100 calls of a connection at a time, and counts a call until it has forgotten it. Further ones
would wait at the client, without a word, for a stream to end that nobody reads on."""
_MOST_CONNECTIONS: Final = 12
_CLOSING_SECONDS: Final = 0.5
"""How long to wait until a connection is closed, which takes a millisecond."""
_METHODS: Final = f"/{results_pb2.DESCRIPTOR.services_by_name['ResultsService'].full_name}/"


class Connection:
    """A channel to the service, connected at its first call and again when it is lost.

    Attributes:
        stub: The methods of the service.
        reachability: Whether the service answers on it.
        fit: Whether further calls may go over it, and it can be closed.
        places: Who has room on it.

    Args:
        peer: The service.
        further: Whether it is one that is only needed while others are full.
    """

    def __init__(self, peer: Peer, *, further: bool) -> None:
        self.fit = True
        self.places: set[Place] = set()
        options = channel_options(peer.target, further=further)
        # gRPC imports half of itself at this moment, and a child forked meanwhile would wait for the import forever.
        with fork_guard:
            _keep_grpc_begun()
            self._channel = peer.credentials.channel(peer.target, options)
            self.stub = results_pb2_grpc.ResultsServiceStub(self._channel)
        self.reachability = Reachability(peer, self._channel)

    def begin(self, method: str, request: Message, answer: type[Message], **options: Any) -> Any:
        """Begin a call of a method with one answer, which is read like a stream of one.

        gRPC's own futures take a thread, which can't be started any more when the interpreter ends.
        """
        call = self._channel.unary_stream(
            _METHODS + method,
            request_serializer=type(request).SerializeToString,
            response_deserializer=answer.FromString,
        )
        return call(request, **options)

    def spoil(self) -> None:
        """Use it for no further calls, because gRPC waits for a thread of it that could not be started."""
        self.fit = False
        self.abandon()

    def close(self) -> None:
        """Close it; calls in progress fail.

        Where works are stuck on their way to a service that hangs, gRPC waits for the end of the connection. It does
        so in a thread.
        """
        if not self.fit:  # to close it would take forever
            for place in [*self.places]:
                place.give_up()
            return
        closing = threading.Thread(target=self._close, name="workflow-results-closing", daemon=True)
        try:
            closing.start()
        except RuntimeError:  # the interpreter ends; without threads, nothing is stuck
            self._close()
        else:
            closing.join(_CLOSING_SECONDS)

    def _close(self) -> None:
        with fork_guard:
            self._channel.close()

    def abandon(self) -> None:
        """Keep it forever as it is: unclosed, as what belongs to the parent process must be."""
        places = [*self.places]  # at once, since streams that are collected as garbage leave at any moment
        for each in (self, self._channel, self.stub, *(place.call for place in places)):
            _keep(each)


class Place:
    """Room for a call at a time on a connection, until it is left.

    Attributes:
        connection: The connection.
        call: The call in progress that could be cancelled, if there is one.
        given_up: Whether nobody waits for the outcome any more.

    Args:
        connection: As above.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.call: Any = None
        self.given_up = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.leave()

    def leave(self) -> None:
        """Make the room available to others."""
        # Without a lock: a stream that is collected as garbage leaves anywhere, also where that lock is held.
        self.connection.places.discard(self)

    def give_up(self) -> None:
        """Cancel the call in progress, whichever thread waits for it, and let no other one begin."""
        self.given_up = True
        if (call := self.call) is not None:
            call.cancel()


class Connections:
    """The connections of a client for one kind of calls.

    Args:
        peer: The service.
        streams: Whether calls stay open for as long as somebody likes. There are no more than `MOST_STREAMS` of them;
            calls with one answer wait for each other where there are more.
    """

    def __init__(self, peer: Peer, *, streams: bool) -> None:
        self._peer = peer
        self._streams = streams
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connections: list[Connection] = []

    def place(self) -> Place:
        """Find room for a call.

        Raises:
            ResultsError: The client is closed, or has too many streams open.
        """
        with self._lock:
            if self._closed:
                raise ResultsError(CLOSED)
            place = Place(self._with_room())
            place.connection.places.add(place)
            return place

    def _with_room(self) -> Connection:
        if self._streams and sum(len(each.places) for each in self._connections) >= MOST_STREAMS:
            raise ResultsError(
                f"this Results has {MOST_STREAMS:,} open streams and depositors, which is the most: read streams to"
                " their end or close() them, leave the blocks of depositors, or create another Results"
            )
        fit = [each for each in self._connections if each.fit]
        for connection in fit:
            if len(connection.places) < _CALLS_PER_CONNECTION:
                return connection
        if len(fit) == _MOST_CONNECTIONS:
            return min(fit, key=lambda each: len(each.places))
        self._connections.append(Connection(self._peer, further=bool(fit)))
        return self._connections[-1]

    def close(self) -> None:
        """Close all connections; closing twice is fine."""
        with self._lock:
            self._closed = True
            for connection in self._connections:
                connection.close()

    def begin_in_child(self) -> None:
        """Leave the connections to the process that has forked this one; others are made at the next call."""
        for connection in self._connections:
            connection.abandon()
        self._begin()


@functools.cache
def _keep_grpc_begun() -> None:
    """Prevent gRPC from shutting down in this process, by a channel that is neither used nor closed.

    When its last channel is closed, gRPC shuts down in a separate thread. A fork at that time hangs, or its child does.
    """
    _keep(grpc.insecure_channel("localhost:0"))


def _keep(what: object) -> None:
    """Keep something forever, so that nothing tries to close it, not even the end of the interpreter."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(what))

"""The connections of a client: where one is full, there is another one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from workflow_results._transport import tracing
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

CLOSED: Final = "this client is closed"
MOST_STREAMS: Final = 1_000
"""How many streams and depositors a client may have open: as many as there may be readers of one server."""

_CALLS_PER_CONNECTION: Final = 90
"""The service takes 100 calls of a connection at a time, and counts a call until it has forgotten it. Further ones
would wait at the client, without a word, for a stream to end that nobody reads on."""
_MOST_CONNECTIONS: Final = 12


class AnyReachability(Protocol):
    """Whether the service answers on a connection."""

    def mark_lost(self) -> None:
        """Note that a call has found the service gone."""


class AnyConnection(Protocol):
    """A channel to the service, connected at its first call and again when it is lost."""

    fit: bool
    """Whether further calls may go over it."""
    places: set[Any]
    """Who has room on it."""

    @property
    def reachability(self) -> AnyReachability:
        """Whether the service answers on it."""


ConnectionT = TypeVar("ConnectionT", bound=AnyConnection)


class Place(Generic[ConnectionT]):
    """Room for a call at a time on a connection, until it is left.

    Attributes:
        connection: The connection.
        call: The call in progress that could be cancelled, if there is one.
        span: The span of that call, where somebody else than who has begun it waits for its end.
        given_up: Whether nobody waits for the outcome any more.

    Args:
        connection: As above.
    """

    def __init__(self, connection: ConnectionT) -> None:
        self.connection = connection
        self.call: Any = None
        self.span = tracing.UNTRACED
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


class Connections(Generic[ConnectionT]):
    """The connections of a client for one kind of calls.

    Args:
        connect: Makes a connection; is told whether it is one that is only needed while others are full.
        streams: Whether calls stay open for as long as somebody likes. There are no more than `MOST_STREAMS` of them;
            calls with one answer wait for each other where there are more.
    """

    def __init__(self, connect: Callable[[bool], ConnectionT], *, streams: bool) -> None:
        self._connect = connect
        self._streams = streams
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._connections: list[ConnectionT] = []

    def place(self) -> Place[ConnectionT]:
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

    def _with_room(self) -> ConnectionT:
        if self._streams and sum(len(each.places) for each in self._connections) >= MOST_STREAMS:
            raise ResultsError(
                f"this client has {MOST_STREAMS:,} open streams and depositors, which is the most: read streams to"
                " their end or close() them, leave the blocks of depositors, or create another client"
            )
        fit = [each for each in self._connections if each.fit]
        for connection in fit:
            if len(connection.places) < _CALLS_PER_CONNECTION:
                return connection
        if len(fit) == _MOST_CONNECTIONS:
            return min(fit, key=lambda each: len(each.places))
        self._connections.append(self._connect(bool(fit)))
        return self._connections[-1]

    def close(self) -> list[ConnectionT]:
        """Let no more calls begin, and return the connections that are to be closed."""
        with self._lock:
            self._closed = True
            return self._connections

    def begin_in_child(self) -> list[ConnectionT]:
        """Return the connections of the process that has forked this one; others are made at the next call."""
        connections = self._connections
        self._begin()
        return connections

"""A connection to the service, for threads."""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import grpc

from workflow_results._transport import connections
from workflow_results._transport.forks import fork_guard
from workflow_results._transport.options import channel_options
from workflow_results._transport.reachability import Peer, Reachability
from workflow_results.v1 import results_pb2, results_pb2_grpc

if TYPE_CHECKING:
    from google.protobuf.message import Message

_HEALTH_CHECK: Final = "/grpc.health.v1.Health/Check"
_STATUS_FIELD: Final = b"\x08"
_STATES: Final = ("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")
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

    def __init__(self, peer: Peer, further: bool) -> None:
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

    def health(self, **options: Any) -> str:
        """Return the state of the service by gRPC's health checking protocol.

        https://github.com/grpc/grpc/blob/master/doc/health-checking.md. The client does without the package of its
        messages, an empty request and a response with one number.
        """
        check: Any = self._channel.unary_unary(_HEALTH_CHECK)
        response: bytes = check(b"", **options)
        state = response[1] if response[:1] == _STATUS_FIELD else 0
        return _STATES[state] if state < len(_STATES) else f"in state {state}"

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
            keep(each)


Place: TypeAlias = connections.Place[Connection]


@functools.cache
def _keep_grpc_begun() -> None:
    """Prevent gRPC from shutting down in this process, by a channel that is neither used nor closed.

    When its last channel is closed, gRPC shuts down in a separate thread. A fork at that time hangs, or its child does.
    """
    keep(grpc.insecure_channel("localhost:0"))


def keep(what: object) -> None:
    """Keep something forever, so that nothing tries to close it, not even the end of the interpreter."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(what))

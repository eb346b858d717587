"""Whether the service answers, and why it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc

from workflow_results._calls.attempts import pauses
from workflow_results._transport.credentials import Credentials, closing_hint, handshake_hint, telling
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results.errors import ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROBE_SECONDS: Final = 1.0
"""How long one look for the service takes: short, so that a fork or an interrupt need not wait for the deadline."""
GLANCE_SECONDS: Final = 0.1
"""How long to ask why there is no connection, which gRPC knows at once or not at all."""
HEALTH_CHECK: Final = "/grpc.health.v1.Health/Check"


class Peer:
    """The service as a client knows it.

    Attributes:
        target: The gRPC target.
        credentials: What the client shows to the service, and wants to see of it.
        reached: Whether it has ever answered.

    Args:
        target: As above.
        credentials: As above.
    """

    def __init__(self, target: str, credentials: Credentials) -> None:
        self.target = target
        self.credentials = credentials
        self.reached = False

    def out_of_reach(self, deadline: Deadline, details: str) -> ServiceUnavailableError:
        """Explain why nothing has answered.

        Args:
            deadline: The time that there was.
            details: What gRPC reported.

        Returns:
            The error to raise.
        """
        secure = self.credentials.secure
        if hint := handshake_hint(details, secure=secure):
            return ServiceUnavailableError(f"no connection to {self.target} within {deadline.seconds:g} s: {hint}")
        again = " any more" if self.reached else ""
        doubt = "" if self.reached else closing_hint(details, secure=secure)
        return ServiceUnavailableError(
            f"nothing answers{again} at {self.target} within {deadline.seconds:g} s. Is the server running"
            f" there (workflow-results serve), and is this its address (argument, WORKFLOW_RESULTS_TARGET)?{doubt}"
        )


class Reports:
    """What gRPC has reported of the connections of one channel.

    Attributes:
        is_reachable: Whether the service is known to answer: after an answer, until a call finds it gone.

    Args:
        peer: The service.
    """

    def __init__(self, peer: Peer) -> None:
        self.is_reachable = False
        self._peer = peer
        self._told = ""
        """What was reported of connections that failed since the service was reached: the most helpful part."""

    def mark_lost(self) -> None:
        """Note that a call has found the service gone: the next one looks for it first."""
        self.is_reachable = False

    @staticmethod
    def looks(deadline: Deadline, pause: float) -> Iterator[tuple[float, bool]]:
        """Yield the seconds of each look for the service before a pause, and whether it waits for a connection."""
        for waits in (False, True):  # a call that does not wait gets the reason of the last failure
            most = min(pause, _PROBE_SECONDS) if waits else _PROBE_SECONDS
            yield min(deadline.remaining() or most, most), waits

    def note(self, error: grpc.RpcError | None) -> bool:
        """Note what a look has found, and return whether the service answers.

        A name may have several addresses, where one refuses connections and another one says what is wrong. gRPC tells
        of that which has failed last.
        """
        code = error.code() if error else None
        if error and code is grpc.StatusCode.UNAVAILABLE:
            secure = self._peer.credentials.secure
            self._told = max(error.details() or "", self._told, key=lambda details: telling(details, secure=secure))
        if code in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE):
            return False
        self._told = ""
        self.is_reachable = self._peer.reached = True
        return True

    def out_of_reach(self, deadline: Deadline) -> ServiceUnavailableError:
        """Explain why nothing has answered within the deadline."""
        return self._peer.out_of_reach(deadline, self._told)


class Reachability(Reports):
    """The same for threads.

    Args:
        peer: The service.
        channel: The channel to it.
    """

    def __init__(self, peer: Peer, channel: grpc.Channel) -> None:
        super().__init__(peer)
        self._channel = channel

    def ensure(self, deadline: Deadline, *, certainly: bool = False) -> None:
        """Wait until the service answers; `grpc.channel_ready_future` would leave a thread behind that fails loudly.

        Args:
            deadline: When it must have answered.
            certainly: Whether to look even if it is known to answer.

        Raises:
            ServiceUnavailableError: It has not.
        """
        if self.is_reachable and not certainly:
            return
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(HEALTH_CHECK)
        for pause in pauses():
            for seconds, waits in self.looks(deadline, pause):
                if self._answers(ask, seconds, waits=waits):
                    return
            if not deadline.pause(pause):
                self._answers(ask, GLANCE_SECONDS)
                raise self.out_of_reach(deadline)

    def _answers(self, ask: grpc.UnaryUnaryMultiCallable[bytes, bytes], seconds: float, *, waits: bool = False) -> bool:
        try:
            with fork_guard:
                ask(b"", timeout=seconds, wait_for_ready=waits)
        except grpc.RpcError as error:
            return self.note(error)
        return self.note(None)

"""Whether the service answers, and why it does not."""

from __future__ import annotations

from typing import Final

import grpc

from workflow_results._calls.attempts import pauses
from workflow_results._transport.credentials import Credentials, closing_hint, handshake_hint, telling
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results.errors import ServiceUnavailableError

_PROBE_SECONDS: Final = 1.0
"""How long one look for the service takes: short, so that a fork or an interrupt need not wait for the deadline."""
_GLANCE_SECONDS: Final = 0.1
"""How long to ask why there is no connection, which gRPC knows at once or not at all."""
_HEALTH_CHECK: Final = "/grpc.health.v1.Health/Check"


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


class Reachability:
    """Whether the service answers on a channel: it is known to after an answer, until a call finds it gone.

    Args:
        peer: The service.
        channel: The channel to it.
    """

    def __init__(self, peer: Peer, channel: grpc.Channel) -> None:
        self._peer = peer
        self._channel = channel
        self._reachable = False
        self._told = ""
        """What gRPC reported of connections that failed since the service was reached: the most helpful part."""

    def ensure(self, deadline: Deadline, *, certainly: bool = False) -> None:
        """Wait until the service answers; `grpc.channel_ready_future` would leave a thread behind that fails loudly.

        Args:
            deadline: When it must have answered.
            certainly: Whether to look even if it is known to answer.

        Raises:
            ServiceUnavailableError: It has not.
        """
        if self._reachable and not certainly:
            return
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(_HEALTH_CHECK)
        for pause in pauses():
            for waits in (False, True):  # a call that does not wait gets the reason of the last failure
                most = min(pause, _PROBE_SECONDS) if waits else _PROBE_SECONDS
                if self._answers(ask, min(deadline.remaining() or most, most), waits=waits):
                    self._told = ""
                    self._reachable = self._peer.reached = True
                    return
            if not deadline.pause(pause):
                self._answers(ask, _GLANCE_SECONDS)
                raise self._peer.out_of_reach(deadline, self._told)

    def mark_lost(self) -> None:
        """Note that a call has found the service gone: the next one looks for it first."""
        self._reachable = False

    def _answers(self, ask: grpc.UnaryUnaryMultiCallable[bytes, bytes], seconds: float, *, waits: bool = False) -> bool:
        """Check whether the service answers, and keep what gRPC reports of connections that fail.

        A name may have several addresses, where one refuses connections and another one says what is wrong. gRPC tells
        of that which has failed last.
        """
        try:
            with fork_guard:
                ask(b"", timeout=seconds, wait_for_ready=waits)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                secure = self._peer.credentials.secure
                self._told = max(error.details() or "", self._told, key=lambda details: telling(details, secure=secure))
            return error.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
        return True

"""The one way to the service: every call gets its deadline, metadata, retries, errors and debug log here."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import threading
import uuid
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import grpc

from workflow_results import rules
from workflow_results.credentials import Credentials, closing_hint, handshake_hint, is_loopback, telling
from workflow_results.deadline import Deadline, pauses
from workflow_results.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results.forks import no_fork
from workflow_results.garbage import collected_less_often
from workflow_results.rpc_errors import explained
from workflow_results.v1 import results_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.protobuf.message import Message

_logger = logging.getLogger(__name__)

_RETRIED: Final = frozenset(
    {
        "Count",
        "Deposit",  # idempotent: what is stored already is told so
        "DropPipeline",
        "GetByCount",
        "GetByEvent",
        "GetById",
        "GetLocked",
        "GetLockedCount",
        "History",
        "Info",
        "Status",
        "View",
    }
)
"""The methods that are sent again when the service was unavailable. Update, DeleteIds, Lock and Unlock are not, unless
they have a `request_id`: done twice they answer something else. Without one they are sent again only when the server
says that nothing was changed."""

_PROBE_SECONDS: Final = 1.0
"""How long one look for the service takes: short, so that a fork or an interrupt need not wait for the deadline."""
_GLANCE_SECONDS: Final = 0.1
"""How long to ask why there is no connection, which gRPC knows at once or not at all."""
_CLOSED: Final = "this Results is closed"
_HEALTH_CHECK: Final = "/grpc.health.v1.Health/Check"

_OPTIONS: Final = (
    ("grpc.max_send_message_length", rules.MESSAGE_BYTES),
    ("grpc.max_receive_message_length", rules.RESPONSE_BYTES),
    # A name with several addresses is several servers: calls go to each in turn, and to those that are left.
    ("grpc.service_config", json.dumps({"loadBalancingConfig": [{"round_robin": {}}]})),
    # What comes next is received while a batch is decoded.
    ("grpc.http2.lookahead_bytes", 2 * rules.BATCH_BYTES),
    # A connection that broke without a word is noticed within a minute, also between calls and under a long scan.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A server that comes back is found within two seconds.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Each channel has connections of its own, so that closing one, or losing one in a fork, concerns no other.
    ("grpc.use_local_subchannel_pool", 1),
    # Retries are ours: gRPC's own silently end at 256 KiB and after five attempts.
    ("grpc.enable_retries", 0),
    # Streams are read by the thread that asks for the next part, without one of gRPC's own that a fork could not stop.
    ("SingleThreadedUnaryStream", 1),
)


class Channel:
    """A connection to the service, made at the first call and again when it is lost.

    Attributes:
        target: The gRPC target.

    Args:
        target: The gRPC target.
        credentials: What the client shows to the service, and wants to see of it.
    """

    def __init__(self, target: str, credentials: Credentials) -> None:
        self.target = target
        self._credentials = credentials
        self._closed = False
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None
        self._stub: results_pb2_grpc.ResultsServiceStub | None = None
        self._calls: set[Any] = set()
        self._reachable = False
        self._reached = False
        self._told = ""
        """What gRPC has told of connections that failed, since the service was reached: the most telling of it."""
        _channels.add(self)

    def unary(self, method: str, request: Message, deadline: Deadline) -> Any:
        """Call a method that answers once.

        Args:
            method: Its name.
            request: Its request.
            deadline: When to be done, retries included.

        Returns:
            Its response.

        Raises:
            ResultsError: It failed; `outcome_unknown` tells whether it may have changed something.
        """
        request_id = getattr(request, "request_id", "")
        once = method not in _RETRIED and not request_id
        before: ServiceUnavailableError | None = None
        for pause in pauses():
            try:
                call = getattr(self._connected(deadline, certainly=once), method)
                with self._explaining(method, deadline), no_fork:
                    return call(
                        _sized(request),
                        timeout=deadline.remaining(),
                        metadata=self._metadata(request_id),
                        wait_for_ready=once,
                    )
            except ResultsError as error:
                error.outcome_unknown |= before is not None and before.outcome_unknown
                if isinstance(error, DeadlineExceededError) and not error.reason and before is not None:
                    # The time ended on a further try; what the tries before have told says more.
                    before.outcome_unknown = error.outcome_unknown
                    raise before from error
                if not isinstance(error, ServiceUnavailableError):
                    raise
                if (once and error.outcome_unknown) or not deadline.pause(pause):
                    raise
                before = error
                _logger.debug("%s is sent again: %s", method, error)
        raise AssertionError("pauses never end")

    def stream(self, method: str, request: Message, deadline: Deadline, connect: Deadline) -> Iterator[Any]:
        """Call a method that answers with a stream. It is not retried: only the caller knows where to go on.

        Args:
            method: Its name.
            request: Its request.
            deadline: When the stream must have ended.
            connect: When the service must be reached.

        Yields:
            The parts of the response.

        Raises:
            ResultsError: It failed, or goes on in the child of a fork.
        """
        stub = self._connected(connect)
        forks = no_fork.forks
        with self._explaining(method, deadline):
            with no_fork:
                call = getattr(stub, method)(_sized(request), timeout=deadline.remaining(), metadata=self._metadata())
            self._calls.add(call)
            try:
                while (part := _next(call)) is not None:
                    yield part
            finally:
                if forks == no_fork.forks:  # in a child, touching the call could wait for threads that are not there
                    call.cancel()
                    self._calls.discard(call)

    def exchange(self, method: str, requests: Iterator[Message], connect: Deadline, seconds: float) -> Iterator[Any]:
        """Call a method that answers a stream of requests with a stream, and keep forks waiting meanwhile.

        Args:
            method: Its name.
            requests: Its requests; they must end soon once `no_fork.forking` tells that a fork waits.
            connect: When the service must be reached.
            seconds: How long the call may take from then on.

        Yields:
            Its responses.

        Raises:
            ResultsError: It failed.
        """
        stub = self._connected(connect)
        with self._explaining(method, Deadline.after(seconds)), no_fork:
            call = getattr(stub, method)(requests, timeout=seconds, metadata=self._metadata())
            try:
                yield from call
            finally:
                call.cancel()

    def close(self) -> None:
        """Close the connection; calls under way fail. Closing twice is fine."""
        with self._lock:
            self._closed = True
            if self._channel is not None:
                self._channel.close()

    def _connected(self, deadline: Deadline, *, certainly: bool = False) -> results_pb2_grpc.ResultsServiceStub:
        """Give the stub once the service can be reached.

        It is known to be after an answer, until a call finds it gone; `certainly` looks all the same.
        """
        with self._lock:
            if self._closed:
                raise ResultsError(_CLOSED)
            if self._channel is None or self._stub is None:
                self._channel = self._credentials.channel(self.target, (*_OPTIONS, *_proxy_option(self.target)))
                self._stub = results_pb2_grpc.ResultsServiceStub(self._channel)
            channel, stub = self._channel, self._stub
        if certainly or not self._reachable:
            self._reach(channel, deadline)
            self._reachable = self._reached = True
        return stub

    def _reach(self, channel: grpc.Channel, deadline: Deadline) -> None:
        """Wait until the service answers; `grpc.channel_ready_future` would leave a thread behind that fails loudly."""
        ask: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(_HEALTH_CHECK)
        for pause in pauses():
            for waits in (False, True):  # a call that does not wait is told why the last connection failed
                most = min(pause, _PROBE_SECONDS) if waits else _PROBE_SECONDS
                if self._answers(ask, min(deadline.remaining() or most, most), waits=waits):
                    self._told = ""
                    return
            if not deadline.pause(pause):
                self._answers(ask, _GLANCE_SECONDS)
                raise self._out_of_reach(deadline)

    def _answers(self, ask: grpc.UnaryUnaryMultiCallable[bytes, bytes], seconds: float, *, waits: bool = False) -> bool:
        """Look whether the service answers, and keep what gRPC tells of connections that fail.

        A name may have several addresses, where one refuses connections and another one says what is wrong. gRPC tells
        of that which has failed last.
        """
        try:
            with no_fork:
                ask(b"", timeout=seconds, wait_for_ready=waits)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                secure = self._credentials.secure
                self._told = max(error.details() or "", self._told, key=lambda details: telling(details, secure=secure))
            return error.code() not in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
        return True

    def _out_of_reach(self, deadline: Deadline) -> ServiceUnavailableError:
        """Word why nothing has answered."""
        details = self._told
        if hint := handshake_hint(details, secure=self._credentials.secure):
            return ServiceUnavailableError(f"no connection to {self.target} within {deadline.seconds:g} s: {hint}")
        again = " any more" if self._reached else ""
        doubt = "" if self._reached else closing_hint(details, secure=self._credentials.secure)
        return ServiceUnavailableError(
            f"nothing answers{again} at {self.target} within {deadline.seconds:g} s. Is the server running"
            f" there (workflow-results serve), and is this its address (argument, WORKFLOW_RESULTS_TARGET)?{doubt}"
        )

    @contextmanager
    def _explaining(self, method: str, deadline: Deadline) -> Iterator[None]:
        try:
            yield
        except (grpc.RpcError, ValueError) as error:
            if self._closed:
                raise ResultsError(_CLOSED) from error
            if not isinstance(error, grpc.RpcError):
                raise
            failure = explained(error, method, self.target, deadline)
            _logger.debug("%s failed: %s", method, failure, extra={"request_id": failure.request_id})
            if isinstance(failure, ServiceUnavailableError) and not failure.reason:
                self._reachable = False
            raise failure from error

    def _metadata(self, request_id: str = "") -> list[tuple[str, str]]:
        return [("x-request-id", request_id or uuid.uuid4().hex), *self._credentials.metadata()]

    def after_fork_in_child(self) -> None:
        """Drop the parent's connection unclosed; the child makes its own at its first call."""
        for inherited in (self._channel, self._stub, *self._calls):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))  # so that nothing ever tries to close it
        self._lock = threading.Lock()
        self._channel = self._stub = None
        self._calls = set()
        self._reachable = False


_channels: weakref.WeakSet[Channel] = weakref.WeakSet()


def _next(call: Any) -> Any:
    with no_fork:
        return next(call, None)


def _after_fork_in_child() -> None:
    no_fork.begin_in_child()
    collected_less_often.begin_in_child()
    for channel in list(_channels):
        channel.after_fork_in_child()


os.register_at_fork(before=no_fork.close, after_in_parent=no_fork.open, after_in_child=_after_fork_in_child)


def _sized(request: Message) -> Message:
    if (size := request.ByteSize()) > rules.MESSAGE_BYTES:
        raise InvalidRequestError(
            f"the request has {size:,} bytes; one call holds at most {rules.MESSAGE_BYTES:,}: make several"
        )
    return request


def _proxy_option(target: str) -> Iterable[tuple[str, int]]:
    """Keep calls within this machine away from a proxy, which gRPC would use even for them."""
    return [("grpc.enable_http_proxy", 0)] if is_loopback(target) else []

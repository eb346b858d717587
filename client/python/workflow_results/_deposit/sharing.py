"""Deposits of few works by several threads: they share requests, as the inserts of the server are shared.

A call that finds no request of its pipeline under way is sent at once, so that nobody waits for company. Those that
come meanwhile wait, and the first of them sends the works of all in the next request. To make a request, to send it and
to answer it takes the time of some ten works.

A caller waits for others, but never depends on them: where a shared request fails, or takes half of the time that a
call has, the call sends its works itself in the other half. So outcomes and errors are its own, and its time is kept.
To send works twice is safe, as deposits are idempotent.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from workflow_results._calls.responses import outcomes_of
from workflow_results._deposit import sending
from workflow_results._deposit.batches import Deposited
from workflow_results._transport import tracing
from workflow_results._transport.forks import renew_in_child
from workflow_results.common import rules
from workflow_results.errors import DeadlineExceededError, ResultsError, ServiceUnavailableError
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from workflow_results._calls.works import Prepared
    from workflow_results._transport.channel import Channel
    from workflow_results._transport.deadline import Deadline

_logger = logging.getLogger(__name__)

_FEW_WORKS: Final = 100
_FEW_BYTES: Final = 128 * rules.KIB
"""What a call has at most that shares a request."""
_REQUEST_WORKS: Final = 1_000
_REQUEST_BYTES: Final = rules.MIB
"""What a shared request has at most."""
_RETURN_SECONDS: Final = 0.0005
"""How long the one that has sent works for others waits at most until they call again."""
_GLANCE: Final = 0.0001
_PATIENCE: Final = 1.0
"""Seconds that a call waits for the end of a request that does not hold its works."""


class _Call:
    """A call that takes part.

    Attributes:
        prepared: Its works.
        size: Their bytes.
        thread: Which thread calls.
        span: What it does so for, if that is traced.
        sent: Whether another call may have sent them.
        lane: Where it takes part.
        deposited: What became of them, once another call has sent them.
        gate: Is open once that is known, or it is this call's turn.

    Args:
        prepared: The works.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.size = sum(map(len, prepared.encoded))
        self.thread = threading.get_ident()
        self.span = tracing.current()
        self.sent = False
        self.lane: _Lane | None = None
        self.deposited: Deposited | None = None
        self.gate = threading.Lock()  # an Event takes ten times as long to make
        self.gate.acquire()


class _Lane:
    """The calls of one pipeline.

    Attributes:
        leader: The call that has its turn: its request is under way.
        waiting: Those that wait for the end of it, in their order.

    Args:
        leader: As above.
    """

    def __init__(self, leader: _Call) -> None:
        self.leader = leader
        self.waiting: deque[_Call] = deque()

    def take(self) -> list[_Call]:
        """Take off those whose works go with the leader's, and return them behind it."""
        group, works, size = [self.leader], len(self.leader.prepared.works), self.leader.size
        while self.waiting:
            works += len(self.waiting[0].prepared.works)
            size += self.waiting[0].size
            if works > _REQUEST_WORKS or size > _REQUEST_BYTES:
                break
            self.waiting[0].sent = True
            group.append(self.waiting.popleft())
        return group


class Sharing:
    """Deposits the works of a client.

    Args:
        channel: The way to the service.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.begin_in_child()
        renew_in_child(self)

    def begin_in_child(self) -> None:
        """Start over, without the calls of threads that are not there."""
        self._lock = threading.RLock()  # so that the handler of a signal may deposit, too
        self._lanes: dict[str, _Lane] = {}

    def deposit(self, prepared: Prepared, deadline: Deadline) -> Deposited:
        """Send works, together with those of other threads if there are few; see `sending.deposit`."""
        call = _Call(prepared)
        pipeline = _pipeline_of_few(call)
        if pipeline is None:
            return sending.deposit(self._channel, prepared, deadline)
        try:
            self._go_along(call, pipeline, deadline)
            return call.deposited or sending.deposit(self._channel, prepared, deadline)
        except ResultsError as error:
            if call.deposited is not None:  # meanwhile, by another one
                return call.deposited
            error.works = prepared.works
            error.outcome_unknown |= call.sent
            raise
        finally:
            self._leave(call, pipeline)

    def _go_along(self, call: _Call, pipeline: str, deadline: Deadline) -> None:
        """Wait for the end of the request under way, and send the works of those that have waited, too.

        Raises:
            ResultsError: The time of this call has ended.
        """
        try:
            group = self._group(call, pipeline, deadline)
            if call.lane and len(group) > 1:
                self._send(group, deadline)
                _let_return(call.lane, len(group) - 1)
        except ResultsError:
            raise
        except BaseException as error:
            Deposited(call.prepared).interrupted(error)
            raise

    def _group(self, call: _Call, pipeline: str, deadline: Deadline) -> list[_Call]:
        """Wait for the turn of a call; return the calls that are to be sent then, itself first, or none."""
        with self._lock:
            lane = self._lanes.get(pipeline)
            if lane is None:
                call.lane = self._lanes[pipeline] = _Lane(call)
                return [call]
            if lane.leader.thread == call.thread:  # which the handler of a signal has interrupted
                return []
            call.lane = lane
            lane.waiting.append(call)
        half = _half(deadline)
        woken = call.gate.acquire(timeout=min(_PATIENCE, half))
        with self._lock:
            if call in lane.waiting:  # the request under way takes long, if there is one at all
                lane.waiting.remove(call)
                if half < _PATIENCE:  # too little time to send the works of others
                    return []
                lane.leader = call
            if lane.leader is call:
                return lane.take()
        if not woken:  # its works are under way
            call.gate.acquire(timeout=_half(deadline))
        return []

    def _send(self, group: list[_Call], deadline: Deadline) -> None:
        """Send the works of some calls; where that fails for another reason than time, nothing becomes of them.

        Raises:
            ResultsError: The time of the first one has ended.
        """
        request = pb.DepositRequest()
        request.works.bson = b"".join([data for call in group for data in call.prepared.encoded])
        try:
            with tracing.sharing("shared deposit", [call.span for call in group]):
                response = self._channel.unary("Deposit", request, deadline)
            outcomes, reasons = outcomes_of(response, sum(len(call.prepared.works) for call in group))
        except ResultsError as error:
            _logger.debug("a request of %d calls failed, which are made one by one: %s", len(group), error)
            for call in group:
                call.sent = error.outcome_unknown
            if isinstance(error, (ServiceUnavailableError, DeadlineExceededError)):
                raise
        else:
            start = 0
            for call in group:
                end = start + len(call.prepared.works)
                own = {index - start: reason for index, reason in reasons.items() if start <= index < end}
                deposited = Deposited(call.prepared)
                deposited.share(outcomes[start:end], own)
                call.deposited = deposited
                start = end
        finally:
            for call in group[1:]:
                call.gate.release()

    def _leave(self, call: _Call, pipeline: str) -> None:
        """Let the next one have its turn."""
        with self._lock:
            lane = call.lane
            if lane is None:
                return
            if lane.leader is not call:
                with suppress(ValueError):
                    lane.waiting.remove(call)
            elif lane.waiting:
                lane.leader = lane.waiting.popleft()
                lane.leader.gate.release()
            elif self._lanes.get(pipeline) is lane:
                del self._lanes[pipeline]


def _half(deadline: Deadline) -> float:
    """Return half of the seconds that are left: the other half is for what a call does itself."""
    left = deadline.remaining()
    return threading.TIMEOUT_MAX if left is None else left / 2


def _let_return(lane: _Lane, number: int) -> None:
    """Give those whose works were sent a moment to call again, so that they share the next request, too.

    Without it, the one that has sent them calls first and goes alone: every second request has the works of one call.

    Args:
        lane: Where they wait then.
        number: How many they are.
    """
    end = time.monotonic() + _RETURN_SECONDS
    while len(lane.waiting) < number and time.monotonic() < end:
        time.sleep(_GLANCE)


def _pipeline_of_few(call: _Call) -> str | None:
    """Return the pipeline of works that may share a request: few, and none that only some callers may deposit."""
    works = call.prepared.works
    if not 0 < len(works) <= _FEW_WORKS or call.size > _FEW_BYTES:
        return None
    pipeline: str = works[0]["pipeline"]
    if any(work["pipeline"] != pipeline or (work.get("results") or {}).get("locked") for work in works):
        return None
    return pipeline

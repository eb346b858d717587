"""The works of a depositor that are not acknowledged yet: how they go together, and what becomes of them.

It neither waits nor looks at a clock, and so serves threads and event loops alike.
"""

from __future__ import annotations

import copy
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from workflow_results._calls.responses import outcomes_of
from workflow_results._deposit.batches import interruption, judged, too_large
from workflow_results._deposit.pending import PendingRequest
from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results.common.rules import quoted
from workflow_results.errors import PermissionDeniedError, ResultsError, ServiceUnavailableError
from workflow_results.outcomes import Outcome, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from workflow_results._deposit.pending import Waiting
    from workflow_results.v1 import results_pb2 as pb

PENDING_BYTES: Final = 16 * rules.MIB
"""How much may wait for its receipt; `deposit` waits while there is more."""
STREAM_SECONDS: Final = 10.0
"""How long a stream is fed before the next one: a server that stops, or a connection that ages, waits for its end."""
IDLE_SECONDS: Final = 0.2
"""How long a stream is kept open without works: an open one makes forks wait."""
GRACE_SECONDS: Final = 0.5
"""How long a block that is interrupted waits for what the service may be about to acknowledge."""
_REQUESTS_IN_FLIGHT: Final = 8
_GATHER_SECONDS: Final = 0.01
"""How long works are gathered for a request while another one is under way; otherwise they are sent at once."""
_POLL_SECONDS: Final = 0.05
_NOT_STORED: Final = frozenset({Outcome.CONFLICT, Outcome.REJECTED})
"""The outcomes of works that need somebody's attention."""
_POSITION: Final = re.compile(r"works\[\d+\](?:\.|: )")
"""The position of a work in a request, which means nothing to a caller that deposits works one by one."""


class Backlog:
    """Works on their way to the service, as requests in their order.

    Attributes:
        given: How many works there were in all.
        sequence: The number of the last request.
        progress: When the service last acknowledged anything, or had nothing to acknowledge.
        closing: Whether it takes no more works.
        failure: The error that the works have that are not acknowledged.

    Args:
        lock: What is entered for every change; reentrant.
        changed: Called after every change, within the lock.
    """

    def __init__(self, lock: AbstractContextManager[object], changed: Callable[[], None]) -> None:
        self.given = self.sequence = 0
        self.progress = 0.0
        self.closing = False
        self.failure: ResultsError | None = None
        self._lock = lock
        self._changed = changed
        self._gathered: deque[PendingRequest] = deque()
        self._in_flight: deque[PendingRequest] = deque()
        self._judging: PendingRequest | None = None
        """The first request in flight, while its futures get their receipts."""
        self._pending_bytes = 0
        self._not_stored: list[tuple[Receipt, Waiting, ResultsError | None]] = []

    @property
    def is_full(self) -> bool:
        """Whether so much waits that the next work has to wait before it."""
        return self._pending_bytes >= PENDING_BYTES

    @property
    def number(self) -> int:
        """How many works are not acknowledged."""
        with self._lock:
            return sum(len(each.works) for each in (*self._in_flight, *self._gathered) if not each.source)

    def is_done(self, last: int) -> bool:
        """Return whether all requests up to one are acknowledged."""
        return not any(each.sequence <= last and not each.source for each in (*self._in_flight, *self._gathered))

    def add(self, work: dict[str, Any], data: bytes, future: Waiting, now: float) -> bool:
        """Take on a work.

        Args:
            work: The work.
            data: It as BSON.
            future: That of its receipt.
            now: What the time is.

        Returns:
            Whether a request is ready for it; none is where it is too large to be sent.
        """
        self.given += 1
        if problem := too_large(data):
            self._judge(future, Receipt(work["pipeline"], work["id"], Outcome.REJECTED, problem))
            return False
        begins = not self._gathered or self._gathered[-1].is_full(len(data))
        if begins:
            self.sequence += 1
            self._gathered.append(PendingRequest(self.sequence, now))
        self._gathered[-1].add(work, data, future)
        self._pending_bytes += len(data)
        if begins:
            self._changed()
        return True

    def close(self) -> None:
        """Take on no more works."""
        with self._lock:
            self.closing = True
            self._changed()

    def begin(self) -> bool:
        """Make all that is not acknowledged ready for a new stream, and return whether there is anything."""
        self._gathered.extendleft(reversed(self._in_flight))
        self._in_flight.clear()
        return bool(self._gathered)

    @property
    def has_gathered(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._gathered)

    @property
    def has_in_flight(self) -> bool:
        """Whether something is sent and not acknowledged."""
        return bool(self._in_flight)

    def wait(self, now: float) -> float:
        """Return how many seconds to wait before `take`, or to look again; 0 for not at all."""
        if not self._in_flight:
            return 0
        first = self._gathered[0]
        if first.alone or self._in_flight[0].alone:
            return _POLL_SECONDS
        if self.closing:
            return 0
        if len(self._in_flight) == _REQUESTS_IN_FLIGHT:
            return _POLL_SECONDS
        return 0 if len(self._gathered) > 1 or first.is_full() else first.began + _GATHER_SECONDS - now

    def take(self) -> PendingRequest:
        """Take off the request that is to be sent next."""
        request = self._gathered.popleft()
        self._in_flight.append(request)
        return request

    def acknowledge(self, answer: pb.DepositStreamResponse, now: float) -> None:
        """Give the futures of the first request in flight what the service says about its works.

        Raises:
            ResultsError: It says that of another request.
        """
        with self._lock:
            expected = self._in_flight[0].sequence if self._in_flight else None
            if answer.sequence != expected and self.failure is None:
                raise ResultsError(f"the service acknowledged request {answer.sequence} instead of {expected}")
        self.acknowledge_first(answer, now)

    def acknowledge_first(self, answer: pb.DepositStreamResponse | pb.DepositResponse, now: float) -> None:
        """Do so where the answer can only be that to the first request."""
        with self._lock:
            if not self._in_flight:  # they have been given up
                return
            request = self._in_flight[0]
        outcomes, reasons = outcomes_of(answer, len(request.works))
        self._settle(
            request,
            (
                (Receipt(work["pipeline"], work["id"], outcome, reasons.get(index, "")), None)
                for index, (work, outcome) in enumerate(zip(request.works, outcomes, strict=True))
            ),
            now,
        )

    def end_stream(self) -> None:
        """Note that the service has ended the stream.

        Raises:
            ServiceUnavailableError: Before it had acknowledged all that was sent.
        """
        if self._in_flight:
            early = ServiceUnavailableError("the service ended the stream before it had acknowledged all works")
            early.outcome_unknown = True
            raise early

    def interrupted(self, error: ResultsError) -> None:
        """Note that a stream has failed with which some requests were under way."""
        with self._lock:
            for request in self._in_flight:
                request.outcome_unknown |= error.outcome_unknown

    def is_idle(self, since: float, now: float) -> bool:
        """Return whether all that was sent is acknowledged, and only the stream has not ended; what came has time.

        Args:
            since: What `progress` was when the stream began.
            now: What the time is.
        """
        idle = not self._in_flight and (self.progress != since or not self._gathered)
        if idle:
            self.progress = now
        return idle

    def sort_out(self, error: PermissionDeniedError, now: float) -> bool:
        """Make the works that are denied fail, and have the others sent again; returns whether they can be told apart.

        One denied work denies its whole request. Acknowledgements may be lost behind the error, so that only a request
        that is alone on its way is known to be the denied one.
        """
        with self._lock:
            requests = self._in_flight
            has_culprit = error.reason == Reason.PIPELINE or any(request.has_locked() for request in requests)
            if error.reason not in (Reason.PIPELINE, Reason.ROLE) or not requests or not has_culprit:
                return False
            self.progress = now
            if len(requests) > 1:
                for request in requests:
                    request.alone = request.outcome_unknown = True
                return True
            request = requests[0]
            if len(parts := request.parts()) > 1:
                self._in_flight = deque(parts)
                return True
        self._settle(request, (_denied(request, work, error) for work in request.works), now)
        return True

    def _settle(
        self, request: PendingRequest, judgements: Iterable[tuple[Receipt, ResultsError | None]], now: float
    ) -> None:
        """Give the futures of the first request in flight the outcomes of its works."""
        with self._lock:
            if self.failure is not None:  # they already have that error
                return
            self._judging = request
        for future, (receipt, error) in zip(request.futures, judgements, strict=True):
            self._judge(future, receipt, error)
        with self._lock:
            self._judging = None
            self._in_flight.popleft()
            self._pending_bytes -= request.size
            self.progress = now
            self._changed()

    def _judge(self, future: Waiting, receipt: Receipt, error: ResultsError | None = None) -> None:
        if receipt.outcome in _NOT_STORED:
            self._not_stored.append((receipt, future, error))
        future.become(error or receipt)

    def fail(self, error: ResultsError | None) -> ResultsError | None:
        """Give up what is not acknowledged, because of an error or, without one, an interrupt.

        Returns:
            The error that the futures have now; None where all is acknowledged, or was given up before.
        """
        with self._lock:
            judging = [request for request in self._in_flight if request is self._judging]
            lost = [
                request
                for request in (*self._in_flight, *self._gathered)
                if request is not self._judging and not request.source  # else it is safe on disk
            ]
            works = [work for request in lost for work in request.works]
            self.closing = True
            self._changed()
            if self.failure is not None or not (error or lost):
                return None
            error = error or interruption("a depositor", len(works), self.given, works)
            error.works = works
            error.outcome_unknown |= any(request.outcome_unknown for request in lost)  # also by a stream before
            self.failure = error
            self._in_flight = deque(judging)
            self._gathered.clear()
        for request in lost:
            for future in request.futures:
                future.become(error)
        return error

    def end(self) -> None:
        """Leave what other processes may take on; here, there is nothing."""

    def check_open(self, *, opened: bool) -> None:
        """Refuse works that come too late, or too early.

        Raises:
            ResultsError: It has failed, or is closed.
        """
        if self.failure is not None:
            raise copy.copy(self.failure)
        if not opened or self.closing:
            raise not_open()

    def outcome(self, *, strict: bool) -> ResultsError | None:
        """Return the error with which the block of a depositor ends, if there is one.

        Args:
            strict: Whether conflicts are errors.
        """
        if self.failure is not None:
            return self.failure
        unasked = [(receipt, error) for receipt, future, error in self._not_stored if not future.seen]
        receipts = [receipt for receipt, _ in unasked]
        named = [(f"{each.pipeline} {quoted(each.id)}", each) for each in receipts]
        failure = judged(named, self.given, strict=strict)
        errors = [error for _, error in unasked if error is not None]
        if errors:
            failure = type(errors[0])(str(failure), reason=errors[0].reason, call_id=errors[0].call_id)
            failure.works = [work for error in errors for work in error.works]
        if failure is not None:
            failure.receipts = receipts
        return failure

    def state(self, *, opened: bool, ended: bool) -> str:
        """Describe it for a repr."""
        with self._lock:
            waiting = self.number
            if self.failure is not None:
                state, waiting = "failed", len(self.failure.works)
            elif not opened:
                state = "not open yet"
            elif not self.closing:
                state = "open"
            else:
                state = "closed" if ended else "closing"
            return f"{state}, {self.given:,} given, {waiting:,} not acknowledged"


def not_open() -> ResultsError:
    """Return the error of a depositor that is not open."""
    return ResultsError("the depositor is not open: use it in a `with` or `async with` block")


def _denied(
    request: PendingRequest, work: dict[str, Any], error: PermissionDeniedError
) -> tuple[Receipt, PermissionDeniedError]:
    told = _POSITION.sub("", str(error))
    denied = PermissionDeniedError(
        f"{work['pipeline']} {quoted(work['id'])}: {told}", reason=error.reason, call_id=error.call_id
    )
    denied.works, denied.outcome_unknown = [work], request.outcome_unknown
    return Receipt(work["pipeline"], work["id"], Outcome.REJECTED, f"{error.reason}: {told}"), denied

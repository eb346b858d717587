"""The works of a depositor that are not acknowledged yet: how they are sent, and what becomes of them."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from workflow_results._calls.responses import outcomes_of
from workflow_results._deposit.batches import interruption
from workflow_results._transport.forks import fork_guard
from workflow_results.common.reasons import Reason
from workflow_results.common.rules import quoted
from workflow_results.errors import PermissionDeniedError, ResultsError
from workflow_results.outcomes import Outcome, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workflow_results._deposit.futures import DepositFuture
    from workflow_results._deposit.pending import PendingRequest
    from workflow_results.v1 import results_pb2 as pb

_REQUESTS_IN_FLIGHT: Final = 8
_GATHER_SECONDS: Final = 0.01
"""How long works are gathered for a request while another one is under way; otherwise they are sent at once."""
_IDLE_SECONDS: Final = 0.2
"""How long a stream is kept open without works: an open one makes forks wait."""
_POLL_SECONDS: Final = 0.05
"""How soon a stream notices a fork that waits for it."""
_NAP_SECONDS: Final = 0.5
_POSITION: Final = re.compile(r"works\[\d+\](?:\.|: )")
"""The position of a work in a request, which means nothing to a caller that deposits works one by one."""


class Backlog:
    """Works on their way to the service, as requests in their order; for several threads.

    Args:
        stream_seconds: How long a stream is fed before the next one.
    """

    def __init__(self, stream_seconds: float) -> None:
        self._stream_seconds = stream_seconds
        self._making = threading.Lock()
        # Entered directly: Ctrl-C in the `__enter__` of a condition, which is Python, leaves it locked forever.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        # What follows changes only under this lock, and then notifies the condition.
        self._gathered: deque[PendingRequest] = deque()
        self._in_flight: deque[PendingRequest] = deque()
        self._judging: PendingRequest | None = None
        """The first request in flight, while its futures get their receipts."""
        self._stream: object = None
        self._given = self._sequence = self._pending_bytes = 0
        self._progress = 0.0
        self._closing = False
        self._failure: ResultsError | None = None
        self._not_stored: list[tuple[Receipt, DepositFuture, PermissionDeniedError | None]] = []

    def _wait_until(self, holds: Callable[[], object], seconds: float | None = None) -> None:
        """Wait until something holds, or so long; for who holds the lock.

        It wakes up again and again: Python handles a Ctrl-C that comes just before a wait only at the end of that.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while not holds() and (end is None or time.monotonic() < end):
            self._changed.wait(_NAP_SECONDS if end is None else min(_NAP_SECONDS, max(0, end - time.monotonic())))

    def _begin(self, *, wait: bool) -> object:
        """Make all that is not acknowledged ready for a new stream, once there is something; None when all is done."""
        with self._lock:
            self._gathered.extendleft(reversed(self._in_flight))
            self._in_flight.clear()
            self._stream = None  # which may still ask for requests, and would take those that come now with it
            if not self._gathered:
                if wait:
                    self._changed.wait_for(lambda: self._gathered or self._closing)
                self._progress = time.monotonic()
            self._stream = object() if self._gathered else None
            self._changed.notify_all()  # an earlier stream that still asks for requests ends
            return self._stream

    def _requests(self, stream: object) -> Iterator[pb.DepositStreamRequest]:
        """Return what is to be sent on a stream; its age, a pause, and a fork that waits, end it."""
        end_at = time.monotonic() + self._stream_seconds
        idle_at = time.monotonic() + _IDLE_SECONDS
        while time.monotonic() < end_at:
            with self._lock:
                if self._stream is not stream or fork_guard.forking:
                    return
                if not self._gathered:
                    if self._closing or time.monotonic() > idle_at:
                        return
                    self._changed.wait(_POLL_SECONDS)
                    continue
                if (wait := self._wait()) > 0:
                    self._changed.wait(wait)
                    continue
                request = self._gathered.popleft()
                self._in_flight.append(request)
            yield request.message()
            idle_at = time.monotonic() + _IDLE_SECONDS

    def _wait(self) -> float:
        """Return how long to wait before the next request is sent; 0 for not at all."""
        if not self._in_flight:
            return 0
        first = self._gathered[0]
        if first.alone or self._in_flight[0].alone:
            return _POLL_SECONDS
        if self._closing:
            return 0
        if len(self._in_flight) == _REQUESTS_IN_FLIGHT:
            return _POLL_SECONDS
        return 0 if len(self._gathered) > 1 or first.is_full() else first.began + _GATHER_SECONDS - time.monotonic()

    def _acknowledge(self, answer: pb.DepositStreamResponse | pb.DepositResponse) -> None:
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
        )

    def _sort_out(self, error: PermissionDeniedError) -> bool:
        """Make the works that are denied fail, and have the others sent again; returns whether they can be told apart.

        One denied work denies its whole request. Acknowledgements may be lost behind the error, so that only a request
        that is alone on its way is known to be the denied one.
        """
        with self._lock:
            self._stream = None  # which takes no more requests
            requests = self._in_flight
            has_culprit = error.reason == Reason.PIPELINE or any(request.has_locked() for request in requests)
            if error.reason not in (Reason.PIPELINE, Reason.ROLE) or not requests or not has_culprit:
                return False
            self._progress = time.monotonic()
            if len(requests) > 1:
                for request in requests:
                    request.alone = request.outcome_unknown = True
                return True
            request = requests[0]
            if len(parts := request.parts()) > 1:
                self._in_flight = deque(parts)
                return True
        self._settle(request, (self._denied(request, work, error) for work in request.works))
        return True

    def _denied(
        self, request: PendingRequest, work: dict[str, Any], error: PermissionDeniedError
    ) -> tuple[Receipt, PermissionDeniedError]:
        told = _POSITION.sub("", str(error))
        denied = PermissionDeniedError(
            f"{work['pipeline']} {quoted(work['id'])}: {told}", reason=error.reason, call_id=error.call_id
        )
        denied.works, denied.outcome_unknown = [work], request.outcome_unknown
        return Receipt(work["pipeline"], work["id"], Outcome.REJECTED, f"{error.reason}: {told}"), denied

    def _settle(
        self, request: PendingRequest, judgements: Iterable[tuple[Receipt, PermissionDeniedError | None]]
    ) -> None:
        """Give the futures of the first request in flight the outcomes of its works."""
        with self._lock:
            if self._failure is not None:  # they already have that error
                return
            self._judging = request
        for future, (receipt, denied) in zip(request.futures, judgements, strict=True):
            self._judge(future, receipt, denied)
        with self._lock:
            self._judging = None
            self._in_flight.popleft()
            self._pending_bytes -= request.size
            self._progress = time.monotonic()
            self._changed.notify_all()

    def _judge(self, future: DepositFuture, receipt: Receipt, denied: PermissionDeniedError | None = None) -> None:
        if not receipt.stored:
            self._not_stored.append((receipt, future, denied))
        future.become(denied or receipt)

    def _fail(self, error: ResultsError | None) -> ResultsError | None:
        """Give up what is not acknowledged, because of an error or, without one, an interrupt.

        Returns:
            The error that the futures have now; None where all is acknowledged, or was given up before.
        """
        with self._lock:
            judging = [request for request in self._in_flight if request is self._judging]
            lost = [request for request in (*self._in_flight, *self._gathered) if request is not self._judging]
            works = [work for request in lost for work in request.works]
            self._closing = True
            self._changed.notify_all()
            if self._failure is not None or not (error or lost):
                return None
            error = error or interruption("a depositor", len(works), self._given, works)
            error.works = works
            error.outcome_unknown |= any(request.outcome_unknown for request in lost)  # also by a stream before
            self._failure = error
            self._in_flight = deque(judging)
            self._gathered.clear()
        for request in lost:
            for future in request.futures:
                future.become(error)
        return error

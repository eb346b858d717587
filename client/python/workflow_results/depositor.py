"""Depositing one work at a time, at the speed of many: works are sent together, on one stream of deposits."""

from __future__ import annotations

import copy
import logging
import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NoReturn

from workflow_results import rules
from workflow_results.deadline import Deadline, pauses
from workflow_results.deposit_future import DepositFuture
from workflow_results.deposit_request import DepositRequest
from workflow_results.deposits import judged, outcomes_of, prepare_one, too_large
from workflow_results.errors import DeadlineExceededError, PermissionDeniedError, ResultsError, ServiceUnavailableError
from workflow_results.forks import no_fork
from workflow_results.receipts import Outcome, Receipt
from workflow_results.rules import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results.channel import Channel
    from workflow_results.v1 import results_pb2 as pb

_logger = logging.getLogger(__name__)

_REQUESTS_IN_FLIGHT: Final = 8
_PENDING_BYTES: Final = 16 * rules.MIB
"""How much may wait for its receipt; `deposit` blocks while there is more."""
_GATHER_SECONDS: Final = 0.01
"""How long works are gathered for a request while another one is under way; otherwise they are sent at once."""
_IDLE_SECONDS: Final = 0.2
"""How long a stream is kept open without works: an open one makes forks wait."""
_STREAM_SECONDS: Final = 10.0
"""How long a stream is fed before the next one: a server that stops, or a connection that ages, waits for its end."""
_POLL_SECONDS: Final = 0.05
"""How soon a stream notices a fork that waits for it."""
_POSITION: Final = re.compile(r"works\[\d+\]\.")
"""Where a work stands in a request, which means nothing to who gave works one by one."""


class Depositor:
    """Takes works one by one and sends them together; made by `Results.depositor`, for a `with` block.

    Several threads may feed it. Works are stored in the order in which they are given. When the connection breaks, or
    the service restarts, what was not acknowledged is sent again, which is safe.
    """

    def __init__(self, channel: Channel, patience: float, *, strict: bool) -> None:
        self._channel = channel
        self._patience = patience
        self._stream_seconds = min(_STREAM_SECONDS, patience)
        self._strict = strict
        self._forks = no_fork.forks
        self._thread: threading.Thread | None = None
        self._making = threading.Lock()
        self._changed = threading.Condition()
        # What follows changes only under this condition, and then notifies it.
        self._gathered: deque[DepositRequest] = deque()
        self._in_flight: deque[DepositRequest] = deque()
        self._stream: object = None
        self._given = self._sequence = self._pending_bytes = 0
        self._progress = 0.0
        self._closing = False
        self._failure: ResultsError | None = None
        self._not_stored: list[tuple[Receipt, DepositFuture, PermissionDeniedError | None]] = []

    def deposit(self, work: dict[str, Any]) -> DepositFuture:
        """Hand over a work; waits while more than 16 MiB are on their way.

        Args:
            work: The payload of a finished work. Without an `id` it gets one, which its receipt tells.

        Returns:
            The future of its receipt.

        Raises:
            InvalidStatusError: Its status is neither 'success' nor 'failure'.
            InvalidRequestError: It breaks a rule.
            ResultsError: The depositor is not open, or has lost the service.
        """
        self._check_process()
        work, data = prepare_one(work, "work")
        future = DepositFuture(self._making, work)
        with self._changed:
            self._check_open()
            self._given += 1
            if problem := too_large(data):
                self._judge(future, Receipt(work["pipeline"], work["id"], Outcome.REJECTED, problem))
                return future
            # A callback of a future runs in our own thread, and must not wait for itself.
            while self._pending_bytes >= _PENDING_BYTES and threading.current_thread() is not self._thread:
                self._changed.wait()
                self._check_open()
            if not self._gathered or self._gathered[-1].is_full(len(data)):
                self._sequence += 1
                self._gathered.append(DepositRequest(self._sequence))
                self._changed.notify_all()
            self._gathered[-1].add(work, data, future)
            self._pending_bytes += len(data)
        return future

    def flush(self) -> None:
        """Wait until all works given so far are acknowledged.

        Raises:
            ResultsError: The service is lost; `works` holds those that it has not acknowledged. Or this is a callback.
        """
        self._check_process()
        if threading.current_thread() is self._thread:
            raise ResultsError("a callback runs in the depositor's own thread, which can't wait for itself")
        with self._changed:
            last = self._sequence
            while any(each and each[0].sequence <= last for each in (self._in_flight, self._gathered)):
                self._changed.wait()
            if self._failure is not None:
                raise self._failure

    def __enter__(self) -> Self:
        self._check_process()
        if self._thread is not None:
            raise ResultsError("a depositor is opened once: make another one")
        self._thread = threading.Thread(target=self._run, name="workflow-results-depositor", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, type_: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Wait until all works are acknowledged.

        Raises:
            InvalidRequestError: Works were rejected, and nobody has asked their futures; `receipts` holds theirs.
            PermissionDeniedError: The same where some of them were denied.
            ConflictError: With `strict`, works conflict, and nobody has asked their futures. Otherwise a warning is
                logged.
            ResultsError: The service is lost. `works` holds those that it has not acknowledged.
        """
        if type_ is None:
            self._check_process()
        elif self._forks != no_fork.forks:
            return
        if self._thread is None:
            raise _not_open()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        error = self._failure or self._judged()
        if error is None:
            return
        if type_ is None:
            raise error
        _logger.warning("beside the exception that ends the block: %s", error)

    def __repr__(self) -> str:
        name = f"<Depositor of {quoted(self._channel.target)}"
        if self._forks != no_fork.forks:  # a thread that is not here may hold the lock
            return f"{name}: opened before a fork>"
        with self._changed:
            waiting = sum(len(each.works) for each in (*self._in_flight, *self._gathered))
            if self._failure is not None:
                state, waiting = "has lost the service", len(self._failure.works)
            elif self._thread is None:
                state = "not open yet"
            elif not self._closing:
                state = "open"
            else:
                state = "closing" if self._thread.is_alive() else "closed"
            return f"{name}: {state}, {self._given:,} given, {waiting:,} not acknowledged>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Depositor can't be copied or pickled: make one with Results.depositor() where it is used")

    def _judged(self) -> ResultsError | None:
        unasked = [(receipt, denied) for receipt, future, denied in self._not_stored if not future.seen]
        receipts = [receipt for receipt, _ in unasked]
        named = [(f"{each.pipeline} {quoted(each.id)}", each) for each in receipts]
        error = judged(named, self._given, strict=self._strict)
        if denied := next((denied for _, denied in unasked if denied), None):
            error = PermissionDeniedError(str(error), reason=denied.reason, request_id=denied.request_id)
        if error is not None:
            error.receipts = receipts
        return error

    def _check_process(self) -> None:
        if self._forks != no_fork.forks:
            raise ResultsError("this depositor was opened before a fork; open one in the child process")

    def _check_open(self) -> None:
        if self._failure is not None:
            raise copy.copy(self._failure)
        if self._thread is None or self._closing:
            raise _not_open()

    def _run(self) -> None:
        """Send what is gathered until the depositor is closed and everything is acknowledged."""
        tries = pauses()
        while (stream := self._begin()) is not None:
            before = self._progress
            patience = Deadline(self._patience, before + self._patience)
            try:
                seconds = self._stream_seconds + self._patience
                for answer in self._channel.exchange("DepositStream", self._requests(stream), patience, seconds):
                    self._acknowledge(answer)
                if self._in_flight:
                    early = ServiceUnavailableError("the service ended the stream before it had acknowledged all works")
                    early.outcome_unknown = True
                    raise early
            except (ServiceUnavailableError, DeadlineExceededError) as error:
                with self._changed:
                    for request in self._in_flight:
                        request.outcome_unknown |= error.outcome_unknown
                if self._progress != before:
                    tries = pauses()
                    patience = Deadline(self._patience, self._progress + self._patience)
                if patience.pause(next(tries)):
                    _logger.debug("works are sent again: %s", error)
                else:
                    self._fail(error)
            except PermissionDeniedError as error:
                if not self._sort_out(error):
                    self._fail(error)
            except BaseException as error:  # noqa: BLE001 - also a SystemExit of a callback: nobody may wait for ever
                self._fail(error if isinstance(error, ResultsError) else ResultsError(f"depositing failed: {error!r}"))

    def _begin(self) -> object:
        """Wait for works, and make all that is not acknowledged ready for a new stream; None when all is done."""
        with self._changed:
            self._gathered.extendleft(reversed(self._in_flight))
            self._in_flight.clear()
            if not self._gathered:
                self._changed.wait_for(lambda: self._gathered or self._closing)
                self._progress = time.monotonic()
            self._stream = object() if self._gathered else None
            self._changed.notify_all()  # an earlier stream that still asks for requests ends
            return self._stream

    def _requests(self, stream: object) -> Iterator[pb.DepositStreamRequest]:
        """Give what is to be sent on a stream; its age, a pause, and a fork that waits, end it."""
        end_at = time.monotonic() + self._stream_seconds
        idle_at = time.monotonic() + _IDLE_SECONDS
        while time.monotonic() < end_at:
            with self._changed:
                if self._stream is not stream or no_fork.forking:
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
        """Tell how long to wait before the next request is sent; 0 for not at all."""
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

    def _acknowledge(self, answer: pb.DepositStreamResponse) -> None:
        request = self._in_flight[0]
        if answer.sequence != request.sequence:
            raise ResultsError(f"the service acknowledged request {answer.sequence} instead of {request.sequence}")
        outcomes, reasons = outcomes_of(answer)
        for index, (work, future, outcome) in enumerate(zip(request.works, request.futures, outcomes, strict=True)):
            self._judge(future, Receipt(work["pipeline"], work["id"], outcome, reasons.get(index, "")))
        self._settled(request)

    def _sort_out(self, error: PermissionDeniedError) -> bool:
        """Make those works fail that are denied, and have the others sent again; give whether that can be told.

        One denied work denies its whole request. Acknowledgements may be lost behind the error, so that only a request
        that is alone on its way is known to be the denied one.
        """
        with self._changed:
            self._stream = None  # which takes no more requests
            requests = self._in_flight
            has_culprit = error.reason == "PIPELINE" or any(request.has_locked() for request in requests)
            if error.reason not in ("PIPELINE", "ROLE") or not requests or not has_culprit:
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
        for work, future in zip(request.works, request.futures, strict=True):
            told = _POSITION.sub("", str(error))
            denied = PermissionDeniedError(
                f"{work['pipeline']} {quoted(work['id'])}: {told}", reason=error.reason, request_id=error.request_id
            )
            denied.works, denied.outcome_unknown = [work], request.outcome_unknown
            receipt = Receipt(work["pipeline"], work["id"], Outcome.REJECTED, f"{error.reason}: {told}")
            self._judge(future, receipt, denied)
        self._settled(request)
        return True

    def _settled(self, request: DepositRequest) -> None:
        with self._changed:
            self._in_flight.popleft()
            self._pending_bytes -= request.size
            self._progress = time.monotonic()
            self._changed.notify_all()

    def _judge(self, future: DepositFuture, receipt: Receipt, denied: PermissionDeniedError | None = None) -> None:
        if not receipt.stored:
            self._not_stored.append((receipt, future, denied))
        future.become(denied or receipt)

    def _fail(self, error: ResultsError) -> None:
        with self._changed:
            lost = [*self._in_flight, *self._gathered]
            error.works = [work for request in lost for work in request.works]
            error.outcome_unknown |= any(request.outcome_unknown for request in lost)  # also by a stream before
            self._failure = error
            self._in_flight.clear()
            self._gathered.clear()
            self._closing = True
            self._changed.notify_all()
        for request in lost:
            for future in request.futures:
                future.become(error)


def _not_open() -> ResultsError:
    return ResultsError("the depositor is not open: use it in a with block")

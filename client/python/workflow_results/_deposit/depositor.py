"""Depositing one work at a time, at the speed of many: works are sent together, on one stream of deposits."""

from __future__ import annotations

import copy
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from workflow_results._calls.attempts import STREAM_OF_DEPOSITS, Attempts
from workflow_results._calls.works import prepare_one
from workflow_results._deposit.backlog import Backlog
from workflow_results._deposit.batches import judged, report_interruption, too_large
from workflow_results._deposit.futures import DepositFuture
from workflow_results._deposit.pending import PendingRequest
from workflow_results._transport.channel import NoThreadError
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results.common import rules
from workflow_results.common.rules import quoted
from workflow_results.errors import DeadlineExceededError, PermissionDeniedError, ResultsError, ServiceUnavailableError
from workflow_results.outcomes import Outcome, Receipt
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._transport.channel import Channel
    from workflow_results._transport.connections import Place

_logger = logging.getLogger(__name__)

_PENDING_BYTES: Final = 16 * rules.MIB
"""How much may wait for its receipt; `deposit` blocks while there is more."""
_STREAM_SECONDS: Final = 10.0
"""How long a stream is fed before the next one: a server that stops, or a connection that ages, waits for its end."""
_GRACE_SECONDS: Final = 0.5
"""How long a block that Ctrl-C ends waits for what the service may be about to acknowledge."""


class Depositor(Backlog):
    """Takes works one by one and sends them together; created by `Results.depositor`, for a `with` block.

    Several threads may use it. Works with the same id are stored in the order in which they are given. If the
    connection breaks or the service restarts, works that were not acknowledged are sent again, which is safe.

    The end of the block waits until all works are acknowledged, even if an exception ends the block. There are two
    exceptions to this: a KeyboardInterrupt (Ctrl-C) in the block ends it within a second, and an exception that a
    signal handler raises during the wait, such as a second Ctrl-C, ends it at once. Then a warning is logged if works
    are not acknowledged. Their futures raise a `ResultsError` whose `works` has them all; it is also the context of the
    KeyboardInterrupt.

    If no thread can be started, for example while the interpreter exits, `deposit` waits for the receipt.
    """

    def __init__(self, channel: Channel, patience: float, *, strict: bool) -> None:
        super().__init__(min(_STREAM_SECONDS, patience))
        self._channel = channel
        self._patience = Deadline.after(patience)
        self._strict = strict
        self._forks = fork_guard.forks
        self._place: Place | None = None
        self._thread: threading.Thread | None = None
        """The thread that sends: the depositor's own one, else each that deposits works, in turn."""
        self._taking_turns: threading.Lock | None = None
        self._ended = False
        self._without_stream = False

    def deposit(self, work: dict[str, Any]) -> DepositFuture:
        """Deposit a work; waits while more than 16 MiB are not acknowledged.

        Args:
            work: The payload of a finished work. If it has no `id`, it gets one, which is in its receipt.

        Returns:
            The future of its receipt.

        Raises:
            InvalidStatusError: Its status is neither 'success' nor 'failure'.
            InvalidRequestError: It breaks a rule.
            ResultsError: The depositor is not open, or has failed.
        """
        self._check_process()
        work, data = prepare_one(work, "work")
        future = DepositFuture(self._making, work)
        with self._lock:
            self._check_open()
            if problem := too_large(data):
                self._given += 1
                self._judge(future, Receipt(work["pipeline"], work["id"], Outcome.REJECTED, problem))
                return future
            # A callback of a future runs in our own thread, and must not wait for itself.
            if self._pending_bytes >= _PENDING_BYTES and threading.current_thread() is not self._thread:
                self._wait_until(lambda: self._pending_bytes < _PENDING_BYTES or self._closing)
                self._check_open()
            if not self._gathered or self._gathered[-1].is_full(len(data)):
                self._sequence += 1
                self._gathered.append(PendingRequest(self._sequence))
                self._changed.notify_all()
            self._gathered[-1].add(work, data, future)
            self._given += 1
            self._pending_bytes += len(data)
        self._take_turn()
        return future

    def flush(self) -> None:
        """Wait until all works given so far are acknowledged.

        Raises:
            ResultsError: The depositor has failed; `works` has those that are not acknowledged. Or this is a callback.
        """
        self._check_process()
        if threading.current_thread() is self._thread:
            raise ResultsError("a callback runs in the depositor's own thread, which can't wait for itself")
        with self._lock:
            last = self._sequence
            self._wait_until(
                lambda: not any(each and each[0].sequence <= last for each in (self._in_flight, self._gathered))
            )
            if self._failure is not None:
                raise self._failure

    def __enter__(self) -> Self:
        """Open the depositor.

        Raises:
            ResultsError: It was opened before, or too many streams and depositors are open.
        """
        self._check_process()
        if self._place is not None:
            raise ResultsError("a depositor can be opened only once: create another one")
        self._place = self._channel.place()
        self._thread = threading.Thread(target=self._run, name="workflow-results-depositor", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # the interpreter ends (since Python 3.12), or the machine has no more threads
            _logger.debug("no thread for a depositor; callers of deposit() send the works: %s", error)
            self._thread, self._taking_turns, self._without_stream = None, threading.Lock(), True
        except BaseException:  # of the handler of a signal, while this waits for the thread: there will be no exit
            with self._lock:
                self._closing = True
                self._changed.notify_all()
            self._place.leave()
            raise
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Wait until all works are acknowledged.

        Raises:
            InvalidRequestError: Works were rejected, and nobody has read their futures; `receipts` has their receipts.
            PermissionDeniedError: The same if some of them were denied.
            ConflictError: With `strict`, works conflict, and nobody has read their futures. Otherwise a warning is
                logged.
            ResultsError: The depositor has failed. `works` has those that are not acknowledged.
        """
        if type_ is None:
            self._check_process()
        elif self._forks != fork_guard.forks:
            return
        if self._place is None:
            raise _not_open()
        try:
            self._end(_GRACE_SECONDS if isinstance(error, KeyboardInterrupt) else None)
        except BaseException as interrupt:  # of the handler of a signal
            self._give_up(interrupt)
            raise
        finally:
            self._place.leave()
        if not self._ended and error is not None:
            self._give_up(error)
            return
        failure = self._failure or self._judged()
        if failure is None:
            return
        if type_ is None:
            raise failure
        _logger.warning("in addition to the exception that ends the block: %s", failure)

    def __repr__(self) -> str:
        name = f"<Depositor of {quoted(self._channel.target)}"
        if self._forks != fork_guard.forks:  # a thread that is not here may hold the lock
            return f"{name}: opened before a fork>"
        with self._lock:
            waiting = sum(len(each.works) for each in (*self._in_flight, *self._gathered))
            if self._failure is not None:
                state, waiting = "failed", len(self._failure.works)
            elif self._place is None:
                state = "not open yet"
            elif not self._closing:
                state = "open"
            else:
                state = "closed" if self._ended else "closing"
            return f"{name}: {state}, {self._given:,} given, {waiting:,} not acknowledged>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Depositor can't be copied or pickled: create one with Results.depositor() where it is needed"
        )

    def _end(self, seconds: float | None) -> None:
        """Take no more works, and wait until all are acknowledged or have failed, at most so long."""
        with self._lock:
            self._closing = True
            self._changed.notify_all()
            if self._taking_turns is None:
                # Not with `join`: before Python 3.13, a thread counts as ended once that was interrupted.
                self._wait_until(lambda: self._ended, seconds)
                return
        if seconds is None:
            self._take_turn()
            self._ended = True

    def _give_up(self, interrupt: BaseException) -> None:
        """Make the works that are not acknowledged fail; the thread ends on its own."""
        assert self._place is not None
        self._patience.give_up()
        if (failure := self._fail(None)) is not None:
            report_interruption(failure, interrupt)
        self._place.give_up()

    def _judged(self) -> ResultsError | None:
        unasked = [(receipt, denied) for receipt, future, denied in self._not_stored if not future.seen]
        receipts = [receipt for receipt, _ in unasked]
        named = [(f"{each.pipeline} {quoted(each.id)}", each) for each in receipts]
        error = judged(named, self._given, strict=self._strict)
        if denied := next((denied for _, denied in unasked if denied), None):
            error = PermissionDeniedError(str(error), reason=denied.reason, call_id=denied.call_id)
        if error is not None:
            error.receipts = receipts
        return error

    def _check_process(self) -> None:
        if self._forks != fork_guard.forks:
            raise ResultsError("this depositor was opened before a fork: open one in the child process")

    def _check_open(self) -> None:
        if self._failure is not None:
            raise copy.copy(self._failure)
        if self._place is None or self._closing:
            raise _not_open()

    def _run(self) -> None:
        """Send what is gathered until the depositor is closed and everything is acknowledged."""
        try:
            self._send()
            if self._in_flight:  # whatever else goes wrong, no work is lost without a word
                raise ResultsError("works were sent and not acknowledged")
        except BaseException as error:  # noqa: BLE001 - also a SystemExit of a callback: nobody may wait forever
            self._fail(ResultsError(f"depositing failed: {error!r}"))
        finally:
            with self._lock:
                self._ended = True
                self._changed.notify_all()

    def _take_turn(self) -> None:
        """Send what is gathered, if no thread does that; a callback leaves it to the thread that it runs in."""
        if self._taking_turns is None or self._thread is threading.current_thread():
            return
        with self._taking_turns:
            self._thread, self._progress = threading.current_thread(), time.monotonic()
            try:
                self._send()
            finally:
                self._thread = None

    def _send(self) -> None:
        attempts = Attempts("a stream of deposits", STREAM_OF_DEPOSITS)
        while (stream := self._begin(wait=self._taking_turns is None)) is not None:
            before = self._progress
            patience = self._patience.since(before)
            try:
                if self._without_stream:
                    self._call(stream, patience)
                else:
                    self._exchange(stream, patience)
            except NoThreadError as error:
                _logger.debug("%s", error)
                self._without_stream = True
            except (ServiceUnavailableError, DeadlineExceededError) as error:
                with self._lock:
                    for request in self._in_flight:
                        request.outcome_unknown |= error.outcome_unknown
                    if not self._in_flight and (self._progress != before or not self._gathered):
                        # All that was sent is acknowledged; only the stream has not ended. What came since has time.
                        self._progress = time.monotonic()
                        continue
                if self._progress != before:
                    attempts.progress()
                    patience = self._patience.since(self._progress)
                pause = attempts.pause_after(error, patience.remaining())
                if pause is None or not patience.pause(pause):
                    self._fail(error)
            except PermissionDeniedError as error:
                if not self._sort_out(error):
                    self._fail(error)
            except ResultsError as error:
                self._fail(error)

    def _exchange(self, stream: object, patience: Deadline) -> None:
        """Send what is gathered on a stream, until that ends."""
        assert self._place is not None
        seconds = self._stream_seconds + (patience.seconds or 0)
        requests = self._requests(stream)
        for answer in self._channel.exchange(self._place, "DepositStream", requests, patience, seconds):
            with self._lock:
                expected = self._in_flight[0].sequence if self._in_flight else None
            if answer.sequence != expected and self._failure is None:
                raise ResultsError(f"the service acknowledged request {answer.sequence} instead of {expected}")
            self._acknowledge(answer)
        if self._in_flight:
            early = ServiceUnavailableError("the service ended the stream before it had acknowledged all works")
            early.outcome_unknown = True
            raise early

    def _call(self, stream: object, patience: Deadline) -> None:
        """Send the first request as a unary call, because a stream needs threads of gRPC."""
        with self._lock:
            if self._stream is not stream or not self._gathered:
                return
            request = self._gathered.popleft()
            self._in_flight.append(request)
        self._acknowledge(self._channel.unary("Deposit", pb.DepositRequest(works=request.message().works), patience))


def _not_open() -> ResultsError:
    return ResultsError("the depositor is not open: use it in a `with` block")

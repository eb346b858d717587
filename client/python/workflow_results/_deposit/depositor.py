"""Depositing one work at a time, at the speed of many: works are sent together, on one stream of deposits."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from workflow_results._calls.attempts import STREAM_OF_DEPOSITS, Attempts
from workflow_results._calls.works import prepare_one
from workflow_results._deposit.backlog import GRACE_SECONDS, IDLE_SECONDS, STREAM_SECONDS, Backlog, not_open
from workflow_results._deposit.batches import report_interruption
from workflow_results._deposit.futures import DepositFuture
from workflow_results._deposit.spooling import LOOK_SECONDS, SpoolingBacklog
from workflow_results._transport.channel import NoThreadError
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results.common.rules import quoted
from workflow_results.errors import DeadlineExceededError, PermissionDeniedError, ResultsError, ServiceUnavailableError
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._deposit.spool import Spool
    from workflow_results._transport.channel import Channel
    from workflow_results._transport.connection import Place

_logger = logging.getLogger(__name__)

_POLL_SECONDS: Final = 0.05
"""How soon a stream notices a fork that waits for it."""
_NAP_SECONDS: Final = 0.5


class Depositor:
    """Takes works one by one and sends them together; created by `Results.depositor`, for a `with` block.

    Several threads may use it. Works with the same id are stored in the order in which they are given. If the
    connection breaks or the service restarts, works that were not acknowledged are sent again, which is safe.

    The end of the block waits until all works are acknowledged, even if an exception ends the block. There are two
    exceptions to this: a KeyboardInterrupt (Ctrl-C) in the block ends it within a second, and an exception that a
    signal handler raises during the wait, such as a second Ctrl-C, ends it at once. Then a warning is logged if works
    are not acknowledged. Their futures raise a `ResultsError` whose `works` has them all; it is also the context of the
    KeyboardInterrupt.

    With a spool, works are kept on disk while the service takes none; see `Results.depositor`.

    If no thread can be started, for example while the interpreter exits, `deposit` waits for the receipt.
    """

    def __init__(self, channel: Channel, patience: float, *, strict: bool, spool: Spool | None = None) -> None:
        self._making = threading.Lock()
        # Entered directly: Ctrl-C in the `__enter__` of a condition, which is Python, leaves it locked forever.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._spooling = SpoolingBacklog(self._lock, self._changed.notify_all, spool) if spool else None
        self._backlog = self._spooling or Backlog(self._lock, self._changed.notify_all)
        self._stream: object = None
        """The stream that may take requests."""
        self._stream_seconds = min(STREAM_SECONDS, patience)
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
            ResultsError: The depositor is not open, or has failed. Or the service can't be reached, and the spool takes
                no more works.
        """
        self._check_process()
        work, data = prepare_one(work, "work")
        future = DepositFuture(self._making, work)
        with self._lock:
            self._check_open()
            # A callback of a future runs in our own thread, and must not wait for itself.
            if self._backlog.is_full and threading.current_thread() is not self._thread:
                self._wait_until(lambda: not self._backlog.is_full or self._backlog.closing)
                self._check_open()
            if not self._backlog.add(work, data, future, time.monotonic()):
                return future
        self._take_turn()
        # So that nobody goes on as if the spool took the works: only those that came before are told by their futures.
        if (
            self._spooling
            and self._spooling.is_blocked
            and threading.current_thread() is not self._thread
            and (error := future.exception()) is not None
        ):
            raise error
        return future

    def flush(self) -> None:
        """Wait until all works given so far are acknowledged or spooled.

        Raises:
            ResultsError: The depositor has failed; `works` has those that are not acknowledged. Or this is a callback.
        """
        self._check_process()
        if threading.current_thread() is self._thread:
            raise ResultsError("a callback runs in the depositor's own thread, which can't wait for itself")
        with self._lock:
            last = self._backlog.sequence
            self._wait_until(lambda: self._backlog.is_done(last))
            if self._backlog.failure is not None:
                raise self._backlog.failure

    def __enter__(self) -> Self:
        """Open the depositor.

        Raises:
            ResultsError: It was opened before, or too many streams and depositors are open.
        """
        self._check_process()
        if self._place is not None:
            raise ResultsError("a depositor can be opened only once: create another one")
        self._place = self._channel.place()
        self._backlog.progress = time.monotonic()
        # In the context of who opens it, so that its calls are traced as part of what that does.
        run = partial(contextvars.copy_context().run, self._run)
        self._thread = threading.Thread(target=run, name="workflow-results-depositor", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # the interpreter ends (since Python 3.12), or the machine has no more threads
            _logger.debug("no thread for a depositor; callers of deposit() send the works: %s", error)
            self._thread, self._taking_turns, self._without_stream = None, threading.Lock(), True
        except BaseException:  # of the handler of a signal, while this waits for the thread: there will be no exit
            self._backlog.close()
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
            raise not_open()
        try:
            self._end(GRACE_SECONDS if isinstance(error, KeyboardInterrupt) else None)
        except BaseException as interrupt:  # of the handler of a signal
            self._give_up(interrupt)
            raise
        finally:
            self._place.leave()
        if not self._ended and error is not None:
            self._give_up(error)
            return
        failure = self._backlog.outcome(strict=self._strict)
        if failure is None:
            return
        if type_ is None:
            raise failure
        _logger.warning("in addition to the exception that ends the block: %s", failure)

    def __repr__(self) -> str:
        name = f"<Depositor of {quoted(self._channel.target)}"
        if self._forks != fork_guard.forks:  # a thread that is not here may hold the lock
            return f"{name}: opened before a fork>"
        return f"{name}: {self._backlog.state(opened=self._place is not None, ended=self._ended)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Depositor can't be copied or pickled: create one with Results.depositor() where it is needed"
        )

    def _end(self, seconds: float | None) -> None:
        """Take no more works, and wait until all are acknowledged or have failed, at most so long."""
        self._backlog.close()
        if self._taking_turns is None:
            # Not with `join`: before Python 3.13, a thread counts as ended once that was interrupted.
            with self._lock:
                self._wait_until(lambda: self._ended, seconds)
            return
        if seconds is None:
            self._take_turn()
            self._backlog.end()
            self._ended = True

    def _give_up(self, interrupt: BaseException) -> None:
        """Make the works that are not acknowledged fail; the thread ends on its own."""
        assert self._place is not None
        self._patience.give_up()
        if (failure := self._backlog.fail(None)) is not None:
            report_interruption(failure, interrupt)
        self._place.give_up()

    def _check_process(self) -> None:
        if self._forks != fork_guard.forks:
            raise ResultsError("this depositor was opened before a fork: open one in the child process")

    def _check_open(self) -> None:
        self._backlog.check_open(opened=self._place is not None)

    def _wait_until(self, holds: Callable[[], object], seconds: float | None = None) -> None:
        """Wait until something holds, or so long; for who holds the lock.

        It wakes up again and again: Python handles a Ctrl-C that comes just before a wait only at the end of that.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while not holds() and (end is None or time.monotonic() < end):
            self._changed.wait(_NAP_SECONDS if end is None else min(_NAP_SECONDS, max(0, end - time.monotonic())))

    def _run(self) -> None:
        """Send what is gathered until the depositor is closed and everything is acknowledged."""
        try:
            self._send()
            if self._backlog.has_in_flight:  # whatever else goes wrong, no work is lost without a word
                raise ResultsError("works were sent and not acknowledged")
        except BaseException as error:  # noqa: BLE001 - also a SystemExit of a callback: nobody may wait forever
            self._backlog.fail(ResultsError(f"depositing failed: {error!r}"))
        finally:
            try:
                self._backlog.end()
            finally:
                with self._lock:
                    self._ended = True
                    self._changed.notify_all()

    def _take_turn(self) -> None:
        """Send what is gathered, if no thread does that; a callback leaves it to the thread that it runs in."""
        if self._taking_turns is None or self._thread is threading.current_thread():
            return
        with self._taking_turns:
            self._thread, self._backlog.progress = threading.current_thread(), time.monotonic()
            try:
                self._send()
            finally:
                self._thread = None

    def _send(self) -> None:
        backlog = self._backlog
        attempts = Attempts("a stream of deposits", STREAM_OF_DEPOSITS)
        while (stream := self._begin(wait=self._taking_turns is None)) is not None:
            before = backlog.progress
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
                backlog.interrupted(error)
                if backlog.progress != before:
                    attempts.progress()
                with self._lock:
                    if backlog.is_idle(since=before, now=time.monotonic()):
                        continue
                patience = self._patience.since(backlog.progress)
                try:
                    pause = attempts.pause_after(error, patience.remaining())
                except (ServiceUnavailableError, DeadlineExceededError) as earlier:
                    error, pause = earlier, None
                if self._spooling and self._spooling.is_outage(error, is_last=pause is None):
                    if not self._sit_out(self._spooling, pause or LOOK_SECONDS):
                        return
                elif pause is None or not patience.pause(pause):
                    backlog.fail(error)
            except PermissionDeniedError as error:
                self._stop_taking()
                if not backlog.sort_out(error, time.monotonic()):
                    backlog.fail(error)
            except ResultsError as error:
                backlog.fail(error)

    def _sit_out(self, spooling: SpoolingBacklog, seconds: float) -> bool:
        """Spool what has come, and what comes in so many seconds; returns whether to look for the service then."""
        self._stop_taking()
        is_last = spooling.looks_last or self._taking_turns is not None
        end = time.monotonic() + seconds
        while True:
            if new := spooling.take_new():
                spooling.saved(new, spooling.write(new), time.monotonic())
            with self._lock:
                left = end - time.monotonic()
                if not is_last and left > 0:
                    self._changed.wait_for(lambda: spooling.has_new or spooling.closing, left)
                    if spooling.has_new:
                        continue
                spooling.progress = time.monotonic()  # as there was nothing to acknowledge
                return not is_last

    def _begin(self, *, wait: bool) -> object:
        """Make all that is not acknowledged ready for a new stream, once there is something; None when all is done."""
        with self._lock:
            backlog = self._backlog
            self._stream = None  # which may still ask for requests, and would take those that come now with it
            if not backlog.begin():
                if wait:
                    self._changed.wait_for(lambda: backlog.has_gathered or backlog.closing)
                backlog.progress = time.monotonic()
            self._stream = object() if backlog.has_gathered else None
            self._changed.notify_all()  # an earlier stream that still asks for requests ends
            return self._stream

    def _stop_taking(self) -> None:
        with self._lock:
            self._stream = None

    def _exchange(self, stream: object, patience: Deadline) -> None:
        """Send what is gathered on a stream, until that ends."""
        assert self._place is not None
        seconds = self._stream_seconds + (patience.seconds or 0)
        requests = self._requests(stream)
        connect = patience.at_most(self._spooling.look_seconds()) if self._spooling else patience
        for answer in self._channel.exchange(self._place, "DepositStream", requests, connect, seconds):
            self._backlog.acknowledge(answer, time.monotonic())
        self._backlog.end_stream()

    def _requests(self, stream: object) -> Iterator[pb.DepositStreamRequest]:
        """Return what is to be sent on a stream; its age, a pause, and a fork that waits, end it."""
        backlog = self._backlog
        end_at = time.monotonic() + self._stream_seconds
        idle_at = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < end_at:
            with self._lock:
                if self._stream is not stream or fork_guard.forking:
                    return
                if not backlog.has_gathered:
                    if backlog.closing or time.monotonic() > idle_at:
                        return
                    self._changed.wait(_POLL_SECONDS)
                    continue
                if (wait := backlog.wait(time.monotonic())) > 0:
                    self._changed.wait(wait)
                    continue
                request = backlog.take()
            yield request.message()
            idle_at = time.monotonic() + IDLE_SECONDS

    def _call(self, stream: object, patience: Deadline) -> None:
        """Send the first request as a unary call, because a stream needs threads of gRPC."""
        with self._lock:
            if self._stream is not stream or not self._backlog.has_gathered:
                return
            request = self._backlog.take()
        response = self._channel.unary("Deposit", pb.DepositRequest(works=request.message().works), patience)
        self._backlog.acknowledge_first(response, time.monotonic())

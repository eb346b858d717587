"""Depositing one work at a time, at the speed of many, in an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from workflow_results._calls.attempts import STREAM_OF_DEPOSITS, Attempts
from workflow_results._calls.works import prepare_one
from workflow_results._deposit.async_futures import AsyncDepositFuture
from workflow_results._deposit.backlog import GRACE_SECONDS, IDLE_SECONDS, STREAM_SECONDS, Backlog, not_open
from workflow_results._deposit.batches import report_interruption
from workflow_results._deposit.spooling import LOOK_SECONDS, SpoolingBacklog
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.event_loops import running_loop
from workflow_results.common.rules import quoted
from workflow_results.errors import DeadlineExceededError, PermissionDeniedError, ResultsError, ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._deposit.spool import Spool
    from workflow_results._transport.async_channel import AsyncChannel
    from workflow_results._transport.async_connection import AsyncPlace
    from workflow_results.v1 import results_pb2 as pb

_logger = logging.getLogger(__name__)

_OTHER_LOOP: Final = "this depositor is open in another event loop: create one in each"
_TURN_WORKS: Final = 64
"""How many works are encoded before the event loop goes on, which takes a millisecond: however many tasks deposit at a
time, what is full is sent meanwhile, and other tasks run."""


class AsyncDepositor:
    """Takes works one by one and sends them together; created by `AsyncResults.depositor`, for an `async with` block.

    Any number of tasks may use it. Works with the same id are stored in the order in which they are given. If the
    connection breaks or the service restarts, works that were not acknowledged are sent again, which is safe.

    The end of the block waits until all works are acknowledged, even if an exception ends the block. If the block is
    cancelled, it ends within a second, and if its end is cancelled, at once. Then a warning is logged if works are not
    acknowledged. Their futures raise a `ResultsError` whose `works` has them all; it is also the context of the
    CancelledError.

    With a spool, works are kept on disk while the service can't be reached; see `Results.depositor`.
    """

    def __init__(self, channel: AsyncChannel, patience: float, *, strict: bool, spool: Spool | None = None) -> None:
        self._spooling = SpoolingBacklog(contextlib.nullcontext(), self._notify, spool) if spool else None
        self._backlog = self._spooling or Backlog(contextlib.nullcontext(), self._notify)
        self._channel = channel
        self._patience = patience
        self._strict = strict
        self._place: AsyncPlace | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sending: asyncio.Task[None] | None = None
        self._stream: object = None
        """The stream that may take requests."""
        self._turns_left = _TURN_WORKS
        self._turning = False
        """Whether another turn is about to begin."""
        self._woken = 0
        """How many have waited for this turn and not run yet: nobody comes before them."""
        self._for_turn: deque[asyncio.Future[None]] = deque()
        """Those who wait for one of the next turns, in their order."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        """Those who wait for any change."""
        self._letting_in = False
        self._for_room: deque[Callable[[], None]] = deque()
        """What lets those in who wait to give works, in their order."""

    async def deposit(self, work: dict[str, Any]) -> AsyncDepositFuture:
        """Deposit a work; waits while more than 16 MiB are not acknowledged.

        Args:
            work: The payload of a finished work. If it has no `id`, it gets one, which is in its receipt.

        Returns:
            The future of its receipt.

        Raises:
            InvalidStatusError: Its status is neither 'success' nor 'failure'.
            InvalidRequestError: It breaks a rule.
            ResultsError: The depositor is not open, is open in another event loop, or has failed. Or the service can't
                be reached, and the spool takes no more works.
        """
        loop = running_loop(self._loop, _OTHER_LOOP)
        if self._turns_left and not self._woken:
            self._turns_left -= 1
            if not self._turning:
                self._turning = True
                loop.call_soon(self._next_turn)
        else:
            await self._turn()
        work, data = prepare_one(work, "work")
        self._check_open()
        future = AsyncDepositFuture(loop=loop)
        if self._backlog.is_full or self._for_room:
            room = loop.create_future()
            self._for_room.append(partial(self._let_in, room, work, data, future))
            await room
        else:
            self._backlog.add(work, data, future, time.monotonic())
        # So that nobody goes on as if the spool took the works: only those that came before are told by their futures.
        if self._spooling and self._spooling.is_blocked:
            await asyncio.wait((future,))
            if (error := future.exception()) is not None:
                raise error
        return future

    async def flush(self) -> None:
        """Wait until all works given so far are acknowledged or spooled.

        Raises:
            ResultsError: The depositor has failed; `works` has those that are not acknowledged.
                Or it is open in another event loop.
        """
        running_loop(self._loop, _OTHER_LOOP)
        last = self._backlog.sequence
        while not self._backlog.is_done(last):
            await self._change()
        if self._backlog.failure is not None:
            raise self._backlog.failure

    async def __aenter__(self) -> Self:
        """Open the depositor.

        Raises:
            ResultsError: It was opened before, or too many streams and depositors are open.
        """
        if self._place is not None:
            raise ResultsError("a depositor can be opened only once: create another one")
        self._place = self._channel.place()
        self._loop = asyncio.get_running_loop()
        self._backlog.progress = time.monotonic()
        self._sending = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Wait until all works are acknowledged.

        Raises:
            InvalidRequestError: Works were rejected, and nobody has awaited their futures; `receipts` has their
                receipts.
            PermissionDeniedError: The same if some of them were denied.
            ConflictError: With `strict`, works conflict, and nobody has awaited their futures. Otherwise a warning is
                logged.
            ResultsError: The depositor has failed. `works` has those that are not acknowledged.
        """
        if self._place is None or self._sending is None:
            raise not_open()
        self._backlog.close()
        try:
            interrupted = isinstance(error, (asyncio.CancelledError, KeyboardInterrupt))
            await asyncio.wait((self._sending,), timeout=GRACE_SECONDS if interrupted else None)
        except BaseException as interrupt:
            self._give_up(interrupt)
            raise
        finally:
            self._place.leave()
        if not self._sending.done() and error is not None:
            self._give_up(error)
            return
        failure = self._backlog.outcome(strict=self._strict)
        if failure is None:
            return
        if type_ is None:
            raise failure
        _logger.warning("in addition to the exception that ends the block: %s", failure)

    def __repr__(self) -> str:
        ended = self._sending is not None and self._sending.done()
        state = self._backlog.state(opened=self._place is not None, ended=ended)
        return f"<AsyncDepositor of {quoted(self._channel.target)}: {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an AsyncDepositor can't be copied or pickled: create one with AsyncResults.depositor() where it is needed"
        )

    def _check_open(self) -> None:
        self._backlog.check_open(opened=self._place is not None)

    def _give_up(self, interrupt: BaseException) -> None:
        """Make the works that are not acknowledged fail."""
        assert self._sending is not None
        if (failure := self._backlog.fail(None)) is not None:
            report_interruption(failure, interrupt)
        self._sending.cancel()

    def _notify(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        _wake(waiting)
        if self._letting_in:  # by the loop below, which goes on
            return
        self._letting_in = True
        while self._for_room and (self._backlog.closing or not self._backlog.is_full):
            self._for_room.popleft()()
        self._letting_in = False

    async def _turn(self) -> None:
        """Wait for one of the next turns."""
        turn = asyncio.get_running_loop().create_future()
        self._for_turn.append(turn)
        try:
            await turn
        finally:
            self._woken -= turn.done() and not turn.cancelled()

    def _next_turn(self) -> None:
        woken = 0
        while self._for_turn and woken < _TURN_WORKS:
            woken += _wake([self._for_turn.popleft()])
        self._woken += woken
        self._turns_left = _TURN_WORKS - woken
        self._turning = woken > 0
        if self._turning:
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _let_in(
        self, room: asyncio.Future[None], work: dict[str, Any], data: bytes, future: AsyncDepositFuture
    ) -> None:
        """Take on the work of a task that has waited, in its name: it may get its turn much later."""
        if room.done():  # it is cancelled
            return
        try:
            self._check_open()
        except ResultsError as error:
            room.set_exception(error)
        else:
            self._backlog.add(work, data, future, time.monotonic())
            room.set_result(None)

    async def _change(self, seconds: float | None = None) -> None:
        """Wait for the next change, or so long."""
        loop = asyncio.get_running_loop()
        changed = loop.create_future()
        self._waiting.append(changed)
        timer = loop.call_later(seconds, _wake, [changed]) if seconds is not None else None
        try:
            await changed
        finally:
            if timer:
                timer.cancel()
            with contextlib.suppress(ValueError):  # it is gone unless the time has ended
                self._waiting.remove(changed)

    async def _run(self) -> None:
        """Send what is gathered until the depositor is closed and everything is acknowledged."""
        try:
            await self._send()
            if self._backlog.has_in_flight:  # whatever else goes wrong, no work is lost without a word
                raise ResultsError("works were sent and not acknowledged")
        except Exception as error:  # noqa: BLE001 - nobody may wait forever
            self._backlog.fail(ResultsError(f"depositing failed: {error!r}"))
        except asyncio.CancelledError:  # by the loop that ends, if not by us
            self._backlog.fail(None)
            raise
        finally:
            self._backlog.end()
            self._notify()

    async def _send(self) -> None:
        backlog = self._backlog
        attempts = Attempts("a stream of deposits", STREAM_OF_DEPOSITS)
        while (stream := await self._begin()) is not None:
            before = backlog.progress
            patience = Deadline.after(self._patience).since(before)
            try:
                await self._exchange(stream, patience)
            except (ServiceUnavailableError, DeadlineExceededError) as error:
                backlog.interrupted(error)
                if backlog.progress != before:
                    attempts.progress()
                if backlog.is_idle(since=before, now=time.monotonic()):
                    continue
                patience = patience.since(backlog.progress)
                try:
                    pause = attempts.pause_after(error, patience.remaining())
                except (ServiceUnavailableError, DeadlineExceededError) as earlier:
                    error, pause = earlier, None
                if self._spooling and self._spooling.is_outage(error, is_last=pause is None):
                    if not await self._sit_out(self._spooling, pause or LOOK_SECONDS):
                        return
                elif pause is None or not patience.allows(pause):
                    backlog.fail(error)
                else:
                    await asyncio.sleep(pause)
            except PermissionDeniedError as error:
                self._stream = None
                if not backlog.sort_out(error, time.monotonic()):
                    backlog.fail(error)
            except ResultsError as error:
                backlog.fail(error)

    async def _sit_out(self, spooling: SpoolingBacklog, seconds: float) -> bool:
        """Spool what has come, and what comes in so many seconds; returns whether to look for the service then."""
        self._stream = None
        is_last = spooling.looks_last
        end = time.monotonic() + seconds
        while True:
            if new := spooling.take_new():
                spooling.saved(new, await asyncio.to_thread(spooling.write, new), time.monotonic())
            while not (is_last or spooling.has_new or spooling.closing) and (left := end - time.monotonic()) > 0:
                await self._change(left)
            if is_last or not spooling.has_new or time.monotonic() > end:
                spooling.progress = time.monotonic()  # as there was nothing to acknowledge
                return not is_last

    async def _begin(self) -> object:
        """Make all that is not acknowledged ready for a new stream, once there is something; None when all is done."""
        backlog = self._backlog
        self._stream = None  # which may still ask for requests, and would take those that come now with it
        self._notify()
        if not backlog.begin():
            while not (backlog.has_gathered or backlog.closing):
                await self._change()
            backlog.progress = time.monotonic()
        self._stream = object() if backlog.has_gathered else None
        return self._stream

    async def _exchange(self, stream: object, patience: Deadline) -> None:
        """Send what is gathered on a stream, until that ends."""
        assert self._place is not None
        seconds = min(STREAM_SECONDS, self._patience) + self._patience
        requests = self._requests(stream)
        connect = patience.at_most(self._spooling.look_seconds()) if self._spooling else patience
        answers = self._channel.exchange(self._place, "DepositStream", requests, connect, seconds)
        async with aclosing(answers):
            async for answer in answers:
                self._backlog.acknowledge(answer, time.monotonic())
        self._backlog.end_stream()

    async def _requests(self, stream: object) -> AsyncIterator[pb.DepositStreamRequest]:
        """Return what is to be sent on a stream; its age, or a pause, ends it."""
        backlog = self._backlog
        end_at = time.monotonic() + min(STREAM_SECONDS, self._patience)
        idle_at = time.monotonic() + IDLE_SECONDS
        while (now := time.monotonic()) < end_at and self._stream is stream:
            if not backlog.has_gathered:
                if backlog.closing or now > idle_at:
                    return
                await self._change(idle_at - now)
            elif (wait := backlog.wait(now)) > 0:
                await self._change(wait)
            else:
                yield backlog.take().message()
                idle_at = time.monotonic() + IDLE_SECONDS


def _wake(waiting: Iterable[asyncio.Future[None]]) -> int:
    """Wake those who still wait, and return how many they are."""
    woken = 0
    for each in waiting:
        if not each.done():
            each.set_result(None)
            woken += 1
    return woken

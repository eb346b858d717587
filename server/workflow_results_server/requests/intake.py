"""The way of works into the store: memory is reserved for them, they are checked, stored, and acknowledged."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1.errors_pb2 import RejectionReason
from workflow_results_server.access.policy import allow_works
from workflow_results_server.documents import works
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, RequestError, Unavailable
from workflow_results_server.store import Outcome
from workflow_results_server.telemetry.metrics import WorkCounts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator

    from workflow_results_server.store import Store

    Parsed = list[works.Work | works.Rejected]
    Outcomes = tuple[list[pb.DepositOutcome.ValueType], list[pb.Rejection]]

_RESERVED_BYTES: Final = 128 * rules.MIB
"""How many bytes of works may be on their way at a time, which bounds the memory that they take."""
_WAITING_BYTES: Final = 256 * rules.MIB
"""How many bytes of works may wait in streams until there is room, which are held as well, one request a stream."""
_AT_ONCE: Final = 8
"""How many requests of a stream may be on their way at a time; the next ones wait at the client."""
_PIPELINES_AT_ONCE: Final = 8
_PIPELINES_OF_A_TURN: Final = 1_000
"""How many are begun before the event loop turns to others."""
_MESSAGES_BYTES: Final = 4 * rules.MIB
_CUT_SHORT: Final = "is rejected like earlier works: deposit it alone to get the reason"
_OUTCOMES: Final = {
    Outcome.DEPOSITED: pb.DEPOSIT_OUTCOME_DEPOSITED,
    Outcome.ALREADY_DEPOSITED: pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED,
    Outcome.CONFLICT: pb.DEPOSIT_OUTCOME_CONFLICT,
    Outcome.REFUSED: pb.DEPOSIT_OUTCOME_REJECTED,
    Outcome.TOO_MANY_PIPELINES: pb.DEPOSIT_OUTCOME_REJECTED,
}
_NAMES: Final = {
    outcome: pb.DepositOutcome.Name(value).removeprefix("DEPOSIT_OUTCOME_").lower()
    for outcome, value in _OUTCOMES.items()
}
"""What metrics call them."""

_NO_ROOM: Final = (
    "would create a pipeline, but the limit of {most:,} pipelines is reached: an admin can drop an empty one"
    " (DropPipeline) or raise the limit (serve --max-pipelines)"
)
_REASONS: Final = {
    Outcome.REFUSED: (Reason.REFUSED_BY_MONGODB, "was refused by MongoDB"),
    Outcome.TOO_MANY_PIPELINES: (Reason.TOO_MANY_PIPELINES, _NO_ROOM),
}
"""Why the store does not take a work."""
_REJECTION_REASONS: Final = {
    Reason[name.removeprefix("REJECTION_REASON_")]: value for name, value in RejectionReason.items()[1:]
}


class Intake:
    """Stores the works of requests.

    Args:
        store: Where the results are.
        seconds: The longest time for a request of a stream.
        pipelines: The pipelines whose works are counted apart.

    Attributes:
        counts: Counts what becomes of works.
        reserved: How many bytes of works are on their way.
        waiting: How many bytes of works wait in streams until there is room.
    """

    def __init__(self, store: Store, seconds: float, pipelines: Collection[str] = ()) -> None:
        self.counts = WorkCounts(pipelines, _NAMES.values())
        self.reserved = 0
        self.waiting = 0
        self._store = store
        self._seconds = seconds
        self._rooms: set[asyncio.Future[None]] = set()

    async def deposit(self, documents: pb.EncodedDocuments, seconds: float) -> Outcomes:
        """Store works, with an outcome for each.

        Args:
            documents: The works.
            seconds: The time that is left for all of them.

        Returns:
            The outcome of each work in their order, and why some were rejected.

        Raises:
            RequestError: The works can't be told apart, the caller may not deposit one, there is no room for them now,
                or MongoDB failed.
        """
        end = time.monotonic() + seconds
        with self.reserve(documents.ByteSize()):
            return await self._deposit_works(await _allowed(documents), end)

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Reserve memory for works on their way.

        Args:
            size: Their bytes.

        Raises:
            Unavailable: There is no room for them now.
        """
        if self._is_full(size):
            raise _overloaded()
        self.reserved += size
        try:
            yield
        finally:
            self._leave(size)

    async def stream(
        self, requests: AsyncIterator[pb.DepositStreamRequest], at_once: int = _AT_ONCE
    ) -> AsyncGenerator[pb.DepositStreamResponse, None]:
        """Store the works of each request of a stream, several at a time, and acknowledge them in their order.

        Args:
            requests: The stream. It is read no faster than works are stored.
            at_once: How many requests may be on their way at a time.

        Yields:
            The acknowledgements.

        Raises:
            RequestError: As in `deposit`, after the acknowledgements of all requests before. There is no room only
                where too many requests wait for it.
        """
        answers: asyncio.Queue[asyncio.Task[pb.DepositStreamResponse] | None] = asyncio.Queue()
        room = asyncio.Semaphore(at_once)

        async def take() -> None:
            try:
                async for request in requests:
                    size = request.works.ByteSize()
                    if room.locked() or self._is_full(size):
                        with self._waits(size):
                            await room.acquire()
                            while self._is_full(size):
                                await self._room()
                    else:
                        await room.acquire()
                    answers.put_nowait(await self._begin(request, size))
                    del request  # which would be kept until the next one comes
            finally:
                answers.put_nowait(None)

        taking = asyncio.create_task(take())
        try:
            while answer := await answers.get():
                yield await answer
                room.release()
            await taking
        except RequestError as error:
            behind = answers.qsize() - taking.done()  # once all are taken, the end stands behind them
            if behind > 0:
                raise error.of_a_part() from error
            raise
        finally:
            left: list[asyncio.Task[Any]] = [taking]
            while not answers.empty():
                left += filter(None, [answers.get_nowait()])
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _begin(self, request: pb.DepositStreamRequest, size: int) -> asyncio.Task[pb.DepositStreamResponse]:
        """Check works for which there is room, and begin to store them: in the order of the stream."""
        end = time.monotonic() + self._seconds
        self.reserved += size
        try:
            parsed = await _allowed(request.works)
        except BaseException:
            self._leave(size)
            raise
        task = asyncio.create_task(self._answer(request.sequence, parsed, end))
        task.add_done_callback(lambda _task: self._leave(size))
        return task

    async def _answer(self, sequence: int, parsed: Parsed, end: float) -> pb.DepositStreamResponse:
        outcomes, rejections = await self._deposit_works(parsed, end)
        return pb.DepositStreamResponse(sequence=sequence, outcomes=outcomes, rejections=rejections)

    async def _deposit_works(self, parsed: Parsed, end: float) -> Outcomes:
        acknowledgement = _Acknowledgement(len(parsed), self._store)
        by_pipeline: dict[str, list[works.Work]] = {}
        rejected = 0
        for work in parsed:
            if isinstance(work, works.Rejected):
                acknowledgement.reject(work.position, work.reason, work.sentence)
                rejected += 1
            else:
                by_pipeline.setdefault(work.pipeline, []).append(work)
        if rejected:
            self.counts.add(None, "rejected", rejected)
        if len(by_pipeline) == 1:
            await self._deposit_pipeline(*by_pipeline.popitem(), end, acknowledgement)
        else:
            await self._deposit_pipelines(by_pipeline, end, acknowledgement)
        return acknowledgement.outcomes, acknowledgement.rejections()

    async def _deposit_pipeline(
        self, pipeline: str, each: list[works.Work], end: float, acknowledgement: _Acknowledgement
    ) -> None:
        seconds = end - time.monotonic()  # one limit for all pipelines, however many wait for their turn
        if seconds <= 0:
            raise DeadlineExceeded("the deadline passed before the works were deposited", NOT_APPLIED)
        outcomes = await self._store.deposit(pipeline, each, seconds)
        acknowledgement.record(each, outcomes)
        if outcomes.count(Outcome.DEPOSITED) == len(outcomes):  # as nearly always
            self.counts.add(pipeline, "deposited", len(outcomes))
        else:
            for outcome, number in Counter(_NAMES[each] for each in outcomes).items():
                self.counts.add(pipeline, outcome, number)

    async def _deposit_pipelines(
        self, by_pipeline: dict[str, list[works.Work]], end: float, acknowledgement: _Acknowledgement
    ) -> None:
        """Store works of several pipelines, some at a time.

        All are finished before the failure of one is raised, so that nothing goes on behind the caller's back.
        """
        at_once = asyncio.Semaphore(_PIPELINES_AT_ONCE)

        async def deposit(pipeline: str, each: list[works.Work]) -> None:
            async with at_once:
                await self._deposit_pipeline(pipeline, each, end, acknowledgement)

        left = iter(by_pipeline.items())
        done: list[BaseException | None] = []
        while some := list(itertools.islice(left, _PIPELINES_OF_A_TURN)):
            done += await asyncio.gather(*(deposit(*each) for each in some), return_exceptions=True)
        if failure := _failure(done):
            try:
                raise failure
            finally:
                del done, failure  # errors that keep this frame, and so the works

    def _is_full(self, size: int) -> bool:
        return bool(self.reserved) and self.reserved + size > _RESERVED_BYTES

    @contextmanager
    def _waits(self, size: int) -> Iterator[None]:
        """Count works among those that wait in streams.

        Raises:
            Unavailable: Too many do.
        """
        if self.waiting and self.waiting + size > _WAITING_BYTES:
            raise _overloaded()
        self.waiting += size
        try:
            yield
        finally:
            self.waiting -= size

    async def _room(self) -> None:
        """Wait until works have left."""
        room = asyncio.get_running_loop().create_future()
        self._rooms.add(room)
        try:
            await room
        finally:
            self._rooms.discard(room)

    def _leave(self, size: int) -> None:
        self.reserved -= size
        for room in self._rooms:
            if not room.done():
                room.set_result(None)


class _Acknowledgement:
    """What became of each work of a request, as far as it is known.

    Args:
        number: How many works they are.
        store: Where they go.

    Attributes:
        outcomes: The outcome of each work, in their order.
    """

    def __init__(self, number: int, store: Store) -> None:
        self.outcomes = [pb.DEPOSIT_OUTCOME_REJECTED] * number
        self._store = store
        self._rejections: dict[int, pb.Rejection] = {}

    def reject(self, position: int, reason: Reason, message: str) -> None:
        """Record why a work is rejected."""
        self._rejections[position] = _rejection(position, reason, message)

    def record(self, each: list[works.Work], outcomes: list[Outcome]) -> None:
        """Record what became of works."""
        if outcomes.count(Outcome.DEPOSITED) == len(self.outcomes):  # as nearly always
            self.outcomes = [pb.DEPOSIT_OUTCOME_DEPOSITED] * len(outcomes)
            return
        for work, outcome in zip(each, outcomes, strict=True):
            self.outcomes[work.position] = _OUTCOMES[outcome]
            if outcome in _REASONS:
                reason, message = _REASONS[outcome]
                self.reject(work.position, reason, message.format(most=self._store.pipelines.most))

    def rejections(self) -> list[pb.Rejection]:
        """Return why works are rejected, in their order."""
        return _short([self._rejections[position] for position in sorted(self._rejections)])


def _rejection(position: int, reason: Reason, message: str) -> pb.Rejection:
    return pb.Rejection(index=position, reason=_REJECTION_REASONS[reason], message=message)


def _short(rejections: list[pb.Rejection]) -> list[pb.Rejection]:
    """Shorten messages that would make an answer larger than clients accept; the first ones stay whole."""
    room = _MESSAGES_BYTES
    for rejection in rejections:
        room -= rejection.ByteSize()
        if room < 0:
            rejection.message = _CUT_SHORT
    return rejections


def _overloaded() -> Unavailable:
    message = "the server has no memory left for more works: retry later"
    return Unavailable(Reason.OVERLOADED, message, not_applied=True)


def _failure(outcomes: list[BaseException | None]) -> BaseException | None:
    """Return the error for a request of whose pipelines some have failed."""
    failures = [failure for failure in outcomes if failure is not None]
    if not failures:
        return None
    first = failures[0]
    certain = len(failures) == len(outcomes) and all(
        isinstance(failure, RequestError) and failure.not_applied for failure in failures
    )
    return first if certain or not isinstance(first, RequestError) else first.of_a_part()


async def _allowed(documents: pb.EncodedDocuments) -> Parsed:
    parsed = await works.parse(documents)
    allow_works(parsed)
    return parsed

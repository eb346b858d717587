"""Group commit: while an insert into a pipeline is under way, the deposits that arrive wait, and share the next.

A deposit that finds no insert under way is inserted at once, so that nobody waits for company. Many small deposits at
a time cost MongoDB, and the journal that makes them durable, about as much as one large one.

Large ones gain nothing by waiting: two inserts of such may be under way, so that one is written while MongoDB carries
out the other. They hold different ids, since works with the same id are stored in the order in which they came.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded
from workflow_results_server.store.shielding import in_own_context
from workflow_results_server.telemetry import tracing
from workflow_results_server.telemetry.metrics import WORKS_PER_INSERT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from opentelemetry.trace import Span

    from workflow_results_server.documents.works import Work
    from workflow_results_server.store.deposits import Outcome

    Insert = Callable[[str, Sequence[Work]], Awaitable[list[Outcome]]]

_GROUP_BYTES: Final = 2 * rules.MIB
_GROUP_WORKS: Final = 5_000
"""What an insert is made of at most, a larger deposit alone."""
_LARGE_BYTES: Final = rules.MIB // 4
"""From how many bytes on a group does not wait for the insert before it."""
_INSERTS_AT_ONCE: Final = 2


@dataclass(eq=False, slots=True)
class _Deposit:
    """A deposit that waits, or is being inserted."""

    works: Sequence[Work]
    size: int
    outcomes: asyncio.Future[list[Outcome]]
    span: Span | None
    """Of the call that deposits, if that is traced."""


class _Pipeline:
    """The deposits into one pipeline.

    Attributes:
        ids: The ids of each insert under way.
    """

    def __init__(self) -> None:
        self.ids: list[set[str]] = []
        self._waiting: deque[_Deposit] = deque()
        self._bytes = 0
        """Those of the works that wait."""
        self._first_waits = False
        """Whether the first ones have ids of an insert under way: until it ends, or one of them leaves."""

    def add(self, deposit: _Deposit) -> None:
        """Let a deposit wait."""
        self._waiting.append(deposit)
        self._bytes += deposit.size

    def remove(self, deposit: _Deposit) -> bool:
        """Take a deposit out of those that wait, and return whether it was there."""
        with contextlib.suppress(ValueError):
            self._waiting.remove(deposit)
            self._bytes -= deposit.size
            self._first_waits = False
            return True
        return False

    def end(self, ids: set[str]) -> None:
        """Forget an insert that has ended."""
        self.ids = [each for each in self.ids if each is not ids]
        self._first_waits = False

    def next_group(self) -> list[_Deposit]:
        """Take those off that are to be inserted now; none while they have to wait."""
        if not self._waiting or self._first_waits or len(self.ids) == _INSERTS_AT_ONCE:
            return []
        if self.ids and self._bytes < _LARGE_BYTES:
            return []
        size = number = 0
        group: list[_Deposit] = []
        for deposit in self._waiting:
            size += deposit.size
            number += len(deposit.works)
            if group and (size > _GROUP_BYTES or number > _GROUP_WORKS):
                break
            group.append(deposit)
        ids = {work.id for deposit in group for work in deposit.works}
        self._first_waits = not all(ids.isdisjoint(others) for others in self.ids)
        if self._first_waits:
            return []
        self.ids.append(ids)
        for deposit in group:
            self._waiting.popleft()
            self._bytes -= deposit.size
        return group


class GroupCommit:
    """Inserts works, those of several deposits together.

    Args:
        insert: Inserts works of one pipeline and gives the outcome of each, in their order.
    """

    def __init__(self, insert: Insert) -> None:
        self._insert = insert
        self._pipelines: dict[str, _Pipeline] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def deposit(self, pipeline: str, works: Sequence[Work], seconds: float) -> list[Outcome]:
        """Insert works of one pipeline; deposits into it are taken in their order.

        Args:
            pipeline: The pipeline of all the works.
            works: The works.
            seconds: How long to wait for the outcome. What is being inserted then goes on all the same.

        Returns:
            The outcome of each work, in their order.

        Raises:
            DeadlineExceeded: The deadline passed.
            RequestError: MongoDB failed; nothing is known about the outcomes.
        """
        loop = asyncio.get_running_loop()
        size = sum(len(work.data) for work in works)
        deposit = _Deposit(works, size, loop.create_future(), tracing.current_call())
        deposits = self._pipelines.get(pipeline)
        if deposits is None:
            deposits = self._pipelines[pipeline] = _Pipeline()
        deposits.add(deposit)
        self._begin(pipeline, deposits)
        timer = loop.call_later(seconds, self._give_up, pipeline, deposits, deposit)
        try:
            return await deposit.outcomes
        except asyncio.CancelledError:
            self._leave(pipeline, deposits, deposit)
            raise
        finally:
            timer.cancel()
            del deposit  # which keeps its error, as that keeps this frame, and so the works

    async def finish(self, seconds: float) -> None:
        """Wait for the inserts under way.

        Args:
            seconds: How long, at most.
        """
        end = time.monotonic() + seconds
        while self._running and (left := end - time.monotonic()) > 0:  # each may begin another one
            await asyncio.wait(self._running, timeout=left)

    def _begin(self, pipeline: str, deposits: _Pipeline) -> None:
        """Begin the inserts that need not wait."""
        while group := deposits.next_group():
            # For all who share it, with its own time limits.
            task = in_own_context(self._run(pipeline, deposits, group, deposits.ids[-1]))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _run(self, pipeline: str, deposits: _Pipeline, group: list[_Deposit], ids: set[str]) -> None:
        try:
            WORKS_PER_INSERT.observe(sum(len(each.works) for each in group))
            with tracing.sharing("shared insert", [each.span for each in group]):
                outcomes = await self._insert(pipeline, [work for each in group for work in each.works])
        except Exception as error:  # noqa: BLE001 - it is raised where the deposits wait
            _tell(group, error)
        else:
            _share(group, outcomes)
        finally:
            del group  # as in `deposit`
            deposits.end(ids)
            self._begin(pipeline, deposits)
            if not deposits.ids:
                del self._pipelines[pipeline]

    def _give_up(self, pipeline: str, deposits: _Pipeline, deposit: _Deposit) -> None:
        """Stop waiting when the time of the caller is over; an insert that has begun continues."""
        if not deposit.outcomes.done():
            not_applied = NOT_APPLIED if self._leave(pipeline, deposits, deposit) else None
            message = "the deadline passed before the works were deposited"
            deposit.outcomes.set_exception(DeadlineExceeded(message, not_applied))

    def _leave(self, pipeline: str, deposits: _Pipeline, deposit: _Deposit) -> bool:
        """Take a deposit out of those that wait; returns whether it was still there."""
        was_there = deposits.remove(deposit)
        if was_there:
            self._begin(pipeline, deposits)  # those behind it may have waited for it
        return was_there


def _share(group: list[_Deposit], outcomes: list[Outcome]) -> None:
    start = 0
    for each in group:
        end = start + len(each.works)
        if not each.outcomes.done():
            each.outcomes.set_result(outcomes[start:end])
        start = end


def _tell(group: list[_Deposit], error: Exception) -> None:
    for each in group:
        if not each.outcomes.done():
            each.outcomes.set_exception(error)

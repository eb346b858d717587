"""Group commit: while one insert into a pipeline is under way, the deposits that arrive wait, and share the next.

A deposit that finds no insert under way is inserted at once, so that nobody waits for company. Many small deposits at
a time cost MongoDB, and the journal that makes them durable, about as much as one large one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded
from workflow_results_server.store.shielding import in_own_context

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from workflow_results_server.documents.works import Work
    from workflow_results_server.store.deposits import Outcome

    Insert = Callable[[str, Sequence[Work]], Awaitable[list[Outcome]]]

_GROUP_BYTES: Final = 4 * rules.MIB
_GROUP_WORKS: Final = 5_000
"""What an insert is made of at most, a larger deposit alone."""


@dataclass(eq=False, slots=True)
class _Deposit:
    """A deposit that waits, or is being inserted."""

    works: Sequence[Work]
    size: int
    outcomes: asyncio.Future[list[Outcome]]


class GroupCommit:
    """Inserts works, those of several deposits together.

    Args:
        insert: Inserts works of one pipeline and gives the outcome of each, in their order.
    """

    def __init__(self, insert: Insert) -> None:
        self._insert = insert
        self._waiting: dict[str, deque[_Deposit]] = {}
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
        deposit = _Deposit(works, sum(len(work.data) for work in works), loop.create_future())
        waiting = self._waiting.get(pipeline)
        if waiting is None:
            self._waiting[pipeline] = waiting = deque([deposit])
            task = in_own_context(self._run(pipeline, waiting))  # for all who share it, with its own time limits
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            waiting.append(deposit)
        timer = loop.call_later(seconds, _give_up, deposit, waiting)
        try:
            return await deposit.outcomes
        except asyncio.CancelledError:
            _leave(deposit, waiting)
            raise
        finally:
            timer.cancel()
            del deposit  # which keeps its error, as that keeps this frame, and so the works

    async def finish(self, seconds: float) -> None:
        """Wait for the inserts under way.

        Args:
            seconds: How long, at most.
        """
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def _run(self, pipeline: str, waiting: deque[_Deposit]) -> None:
        """Insert until nothing waits."""
        try:
            while waiting:
                group = _next_group(waiting)
                try:
                    outcomes = await self._insert(pipeline, [work for each in group for work in each.works])
                except Exception as error:  # noqa: BLE001 - it is raised where the deposits wait
                    _tell(group, error)
                else:
                    _share(group, outcomes)
                del group  # as in `deposit`
        finally:
            del self._waiting[pipeline]


def _next_group(waiting: deque[_Deposit]) -> list[_Deposit]:
    group = [waiting.popleft()]
    size, number = group[0].size, len(group[0].works)
    while (
        waiting
        and (size := size + waiting[0].size) <= _GROUP_BYTES
        and (number := number + len(waiting[0].works)) <= _GROUP_WORKS
    ):
        group.append(waiting.popleft())
    return group


def _give_up(deposit: _Deposit, waiting: deque[_Deposit]) -> None:
    """Stop waiting when the time of the caller is over; an insert that has begun continues."""
    if not deposit.outcomes.done():
        not_applied = NOT_APPLIED if _leave(deposit, waiting) else None
        message = "the deadline passed before the works were deposited"
        deposit.outcomes.set_exception(DeadlineExceeded(message, not_applied))


def _leave(deposit: _Deposit, waiting: deque[_Deposit]) -> bool:
    """Take a deposit out of the queue; returns whether it was still there."""
    with contextlib.suppress(ValueError):
        waiting.remove(deposit)
        return True
    return False


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

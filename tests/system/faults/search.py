"""Linearizability of one result: is there an order of the calls that explains all answers?

The search of Wing and Gong with the memory of Lowe, as in porcupine: calls are taken one at a time, each no later than
any call that began after its end; what was tried once (a set of calls and the state after them) is not tried again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.system.faults.model import IMPOSSIBLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.system.faults.history import Operation
    from tests.system.faults.model import State, Step

MOST_CONFIGURATIONS: Final = 500_000


@dataclass(frozen=True)
class Event:
    """What one call means for one result.

    Attributes:
        operation: The call.
        step: What it did to the result, or told of it.
        begin: When it can have happened at the earliest.
        end: At the latest.
        optional: Whether it may never have happened.
    """

    operation: Operation
    step: Step
    begin: float
    end: float = math.inf
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.operation.heading}  {self.step}"


@dataclass
class Verdict:
    """What the search found.

    Attributes:
        explained: Whether there is an order.
        too_hard: Whether it was given up.
        stuck: Where there is no order: the events that no order could place, where it came furthest.
        state: The state at that point.
    """

    explained: bool = False
    too_hard: bool = False
    stuck: list[Event] = field(default_factory=list)
    state: State = None


class _Search:
    def __init__(self, events: Sequence[Event], order: tuple[str, str] | None) -> None:
        self.events = sorted(events, key=lambda event: event.begin)
        self.first = self.second = 0
        if order:
            self.first, self.second = (self.of(name) for name in order)
        self.required = sum(1 << index for index, event in enumerate(self.events) if not event.optional)

    def of(self, name: str) -> int:
        """Return the events of a call."""
        return sum(1 << index for index, event in enumerate(self.events) if event.operation.name == name)

    def candidates(self, done: int) -> Iterator[int]:
        """Return the events that may come next: those that began before the end of each that is left."""
        first_end = math.inf
        left = ~done & ((1 << len(self.events)) - 1)
        while left:
            lowest = left & -left
            index = lowest.bit_length() - 1
            event = self.events[index]
            if event.begin > first_end:
                return
            if not event.optional:
                first_end = min(first_end, event.end)
            left ^= lowest
            if not (lowest & self.second and self.first & ~done):
                yield index

    def read(self, done: int, state: State) -> int:
        """Take all reads that fit at once: to take them later gives nothing."""
        found = True
        while found:
            found = False
            for index in self.candidates(done):
                step = self.events[index].step
                if step.reads and step.after(state) is not IMPOSSIBLE:
                    done |= 1 << index
                    found = True
        return done

    def next(self, done: int, state: State) -> Iterator[tuple[int, State]]:
        # What is tried last is taken from the stack first: what must happen soonest.
        for index in sorted(self.candidates(done), key=lambda index: self.events[index].end, reverse=True):
            event = self.events[index]
            if event.step.reads:
                continue
            after = event.step.after(state)
            # What may never have happened, and would change nothing, need not be tried.
            if after is IMPOSSIBLE or (event.optional and after == state):
                continue
            yield done | 1 << index, after


def explain(
    events: Sequence[Event], *, most: int = MOST_CONFIGURATIONS, order: tuple[str, str] | None = None
) -> Verdict:
    """Look for an order of events that explains all of them.

    Args:
        events: All that is known of one result, which did not exist at first.
        most: How many configurations to try before giving up.
        order: The names of two calls of which the first must come before the second.
    """
    search, verdict = _Search(events, order), Verdict()
    start = (search.read(0, None), None)
    stack: list[tuple[int, State]] = [start]
    seen: set[tuple[int, State]] = {start}
    furthest = -1
    while stack:
        done, state = stack.pop()
        if done & search.required == search.required:
            verdict.explained = True
            return verdict
        if (count := (done & search.required).bit_count()) > furthest:
            furthest, verdict.state = count, state
            verdict.stuck = [
                search.events[index] for index in search.candidates(done) if not search.events[index].optional
            ]
        for after, changed in search.next(done, state):
            configuration = (search.read(after, changed), changed)
            if configuration not in seen:
                seen.add(configuration)
                stack.append(configuration)
        if len(seen) > most:
            verdict.too_hard = True
            return verdict
    return verdict

"""In which order each result had which states, as far as the history of its changes and the deposits tell.

The history, which the members hold in the end, gives the changes of a result their order. A state may belong to
several places in this order. Deposits are not in it: they are known by their markers and times.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tests.system.faults.changes import recorded, sets_of
from tests.system.faults.events import content
from tests.system.faults.model import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.system.faults.changes import Change
    from tests.system.faults.events import Key
    from tests.system.faults.history import Operation
    from tests.system.faults.model import Content, State


class Deposited(NamedTuple):
    """When a work may have been stored, and whether it was locked."""

    begin: float
    end: float
    locked: bool


class StateOf(NamedTuple):
    """What is known of a result after some number of changes, from the history alone.

    Attributes:
        sets: The fields that were updated since it was deposited.
        locked: Whether it is locked; None if that is as it was deposited.
        begin: When it can have been deposited at the earliest: when the delete before began.
        end: At the latest: when the next delete ended.
    """

    sets: dict[str, str]
    locked: bool | None
    begin: float
    end: float


class Result:
    """What is known of one result.

    Attributes:
        changes: Its changes, in their order.
        deposits: The works that may have been stored, by their markers.
        places: The place of each change in the order, by its reason, from 1 on.
        final: What is there in the end.
    """

    def __init__(self, key: Key, changes: Sequence[Change]) -> None:
        self.changes = changes
        self.deposits: dict[str, list[Deposited]] = defaultdict(list)
        self.places = {change.reason: place for place, change in enumerate(changes, 1)}
        self.final: State = None
        self._states = _states(key, changes)
        self._fitting: dict[Content, list[int]] = {}

    def fitting(self, told: Content) -> list[int]:
        """Return after how many changes the result may have been like this."""
        if told not in self._fitting:
            self._fitting[told] = [place for place, state in enumerate(self._states) if self._fits(told, state)]
        return self._fitting[told]

    def _fits(self, told: Content, state: StateOf) -> bool:
        if any(getattr(told, name) != marker for name, marker in state.sets.items()):
            return False
        others = {getattr(told, name) for name in FIELDS if name not in state.sets}
        if not others:  # since an update, which only an unlocked result gets
            return told.locked == state.locked
        return len(others) == 1 and any(
            deposit.begin < state.end
            and deposit.end > state.begin
            and told.locked == (deposit.locked if state.locked is None else state.locked)
            for deposit in self.deposits.get(others.pop(), ())
        )

    def first_begin(self, told: Content) -> float:
        """Return when the first deposit began that this may come from."""
        markers = {getattr(told, name) for name in FIELDS} & self.deposits.keys()
        return min((deposit.begin for marker in markers for deposit in self.deposits[marker]), default=-math.inf)


def _states(key: Key, changes: Sequence[Change]) -> list[StateOf]:
    """Return what the history tells of a result before its first change, and behind each."""
    deletes = [place for place, change in enumerate(changes, 1) if change.method == "delete"]
    states: list[StateOf] = []
    for place in range(len(changes) + 1):
        before = changes[place - 1] if place else None
        if before is None or before.method == "delete":
            last = next((changes[delete - 1].call for delete in deletes if delete > place), None)
            begin = before.call.begin if before and before.call else -math.inf
            states.append(StateOf({}, None, begin, last.end if last else math.inf))
        elif before.method == "update":
            sets = sets_of(before.call, key) if before.call else {}
            states.append(states[-1]._replace(sets={**states[-1].sets, **sets}, locked=False))
        else:
            states.append(states[-1]._replace(locked=before.method == "lock"))
    return states


def _deposits(operation: Operation) -> Iterator[tuple[Key, str, Deposited]]:
    """Return the works that a call may have stored, by result and marker."""
    works = operation.told["works"]
    once = operation.told.get("tries", 1) == 1
    for work, answer in zip(works, operation.told.get("answers") or [None] * len(works), strict=True):
        if answer in ("failed", "rejected") or (once and answer in ("conflict", "already")):
            continue
        end = operation.end if once and answer in ("deposited", "stored") else math.inf
        yield (work[0], work[1]), work[2], Deposited(operation.begin, end, work[3])


class Results:
    """What is known of all results.

    Args:
        operations: All calls, settled, in the order in which they began.

    Attributes:
        known: By pipeline and id.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.known = {key: Result(key, changes) for key, changes in recorded(operations).items()}
        for operation in operations:
            for key, marker, deposit in _deposits(operation) if operation.kind == "deposit" else ():
                self.known.setdefault(key, Result(key, ())).deposits[marker].append(deposit)
        dumped = set()
        for operation in operations:
            if operation.kind == "dump" and operation.told["pipeline"] not in dumped:
                dumped.add(operation.told["pipeline"])
                for id_, *told in operation.told["found"]:
                    if result := self.known.get((operation.told["pipeline"], id_)):
                        result.final = content(told)

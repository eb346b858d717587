"""The checker accepts whatever a correct watch tells, however late and often, and misses nothing that it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.system.faults.checker import check
from tests.system.faults.history import Operation
from tests.unit.faults.test_checker_generated import END, IDS, Call, P, Store, calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.system.faults.model import Content

KINDS = {"update": "UPDATED", "lock": "LOCKED", "unlock": "UNLOCKED", "delete": "DELETED"}


class Logged(NamedTuple):
    """What happened to a result, by which change, and what was there then."""

    kind: str
    id: str
    operation: Operation | None
    results: dict[str, Content]


class LoggingStore(Store):
    """A correct store that knows all that happened in it, in its order."""

    def __init__(self, drawn: list[Call]) -> None:
        self.log: list[Logged] = []
        super().__init__(drawn)

    def deposit(self, operation: Operation) -> None:
        before = set(self.results)
        super().deposit(operation)
        for id_ in sorted(self.results.keys() - before):
            self.log.append(Logged("DEPOSITED", id_, None, dict(self.results)))

    def allowed(self, operation: Operation, ids: list[str], *, locked_refuses: bool) -> bool:
        allowed = super().allowed(operation, ids, locked_refuses=locked_refuses)
        if allowed:
            self._to_log = operation, ids
        return allowed

    def _logged(self) -> None:
        operation, ids = self._to_log
        self._to_log = operation, []
        self.log += [Logged(KINDS[operation.kind], id_, operation, dict(self.results)) for id_ in ids]

    _to_log: tuple[Any, list[str]] = None, []

    def update(self, operation: Operation) -> None:
        super().update(operation)
        self._logged()

    def delete(self, operation: Operation) -> None:
        super().delete(operation)
        self._logged()

    def lock(self, operation: Operation) -> None:
        super().lock(operation)
        self._logged()

    unlock = lock


class Turn(NamedTuple):
    """What a watch does next: how many more changes it has seen when it reads, and how far it goes back before."""

    ahead: int
    back: int


turns = st.builds(Turn, ahead=st.integers(0, 3), back=st.sampled_from((0, 0, 0, 0, 1, 3)))


def watched(store: LoggingStore, drawn: Sequence[Turn], *, snapshot: int | None) -> list[Operation]:
    """Return what a watch tells: with a snapshot after some number of changes, or from the beginning without one."""
    watches: list[Operation] = []
    is_snapshot = snapshot is not None

    read = place = number = 0
    told: list[int] = []  # how many changes, up to each place

    def begin(behind: int) -> None:
        asked = {"chain": "w", "pipelines": [P], "query": "all", "snapshot": is_snapshot}
        notes: list[tuple[float, Any]] = [(-0.5, "began")]
        asked |= {"behind": behind, "complete": True}
        watches.append(
            Operation(f"w-{len(watches)}", "watch", -1 + len(watches) / 1_000, asked, END, "ok", notes=notes)
        )

    def tell(*row: Any) -> None:
        nonlocal number
        number += 1
        watches[-1].notes.append((END, list(row)))

    begin(0)
    if snapshot is not None and store.log:
        read = min(snapshot, len(store.log) - 1)
        for id_, content in store.log[read].results.items():
            tell("EXISTING", P, id_, list(content), "", [])
    if is_snapshot:
        tell("SNAPSHOT_COMPLETE", "", "", None, "", [])
    for turn in (*drawn, *[Turn(0, 0)] * len(store.log)):
        if turn.back and place:
            place = max(0, place - turn.back)
            number = told[place]
            del told[place:]
            begin(number)
        if place == len(store.log):
            continue
        told.append(number)
        kind, id_, operation, _ = store.log[place]
        read = max(read, min(place + turn.ahead, len(store.log) - 1))
        there = None if kind == "DELETED" else store.log[read].results.get(id_)
        if operation is not None:
            name = kind if kind == "DELETED" or there else "UNMATCHED"
            fields = ["a"] if operation.kind == "update" else []
            tell(name, P, id_, there and list(there), operation.name, fields)
        elif there:
            tell(kind, P, id_, list(there), "", [])
        place += 1
    return watches


@pytest.mark.slow
@settings(max_examples=200, derandomize=True)
@given(st.lists(calls, max_size=30), st.lists(turns, max_size=30), st.none() | st.integers(0, 9))
def test_a_correct_watch_is_accepted(drawn: list[Call], turned: list[Turn], snapshot: int | None) -> None:
    store = LoggingStore(drawn)
    assert check([*store.operations, *watched(store, turned, snapshot=snapshot)]) == []


@pytest.mark.slow
@settings(max_examples=50, derandomize=True)
@given(st.lists(calls, min_size=10, max_size=30), st.lists(turns, max_size=30), st.data())
def test_a_change_that_is_never_told_is_found(drawn: list[Call], turned: list[Turn], data: st.DataObject) -> None:
    store = LoggingStore(drawn)
    assume(any(logged.operation for logged in store.log))
    watches = watched(store, turned, snapshot=None)
    left_out = data.draw(st.sampled_from([logged for logged in store.log if logged.operation]))
    assert left_out.operation
    for watch in watches:
        watch.notes = [
            (at, told)
            for at, told in watch.notes
            if told == "began" or (told[2], told[4]) != (left_out.id, left_out.operation.name)
        ]
    assert {each.guarantee for each in check([*store.operations, *watches])} == {"watch"}


@pytest.mark.slow
@settings(max_examples=50, derandomize=True)
@given(st.lists(calls, min_size=10, max_size=30), st.sampled_from(IDS))
def test_a_result_that_a_watch_has_another_way_is_found(drawn: list[Call], id_: str) -> None:
    store = LoggingStore(drawn)
    (watch,) = watched(store, (), snapshot=None)
    told = [row for at, row in watch.notes if row != "began" and row[2] == id_ and row[3]]
    assume(told)
    told[-1][3] = ["nobody's"]
    assert check([*store.operations, watch])

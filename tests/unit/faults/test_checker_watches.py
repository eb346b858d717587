"""The checker of the fault tests finds what watchers should not, or should, have been told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.system.faults.checker import check
from tests.system.faults.history import Operation, Recorder, load
from tests.unit.faults.histories import P, deposit, history, named, numbers, of, stream, told, unknown, update

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Row = tuple[float, Any]
END = 50.0


def row(at: float, kind: str, id_: str = "x", content: Any = None, call: Operation | None = None, *fields: str) -> Row:
    """What was told of a result, and of which call."""
    reason = "" if call is None else call.name
    return at, [kind, P, id_, None if content is None else told(content), reason, [*fields]]


COMPLETE: Row = 5.0, ["SNAPSHOT_COMPLETE", "", "", None, "", []]


def watch(
    begin: float,
    *rows: Row,
    behind: int = 0,
    query: str = "all",
    snapshot: bool = False,
    complete: bool = True,
) -> Operation:
    """A watch to the end, unless it is not complete, that goes on behind the first changes of those before."""
    notes: list[Row] = [(begin + 0.1, "began"), *rows]
    asked = {"chain": "w", "pipelines": [P], "query": query, "snapshot": snapshot, "behind": behind}
    return Operation(f"watch-{next(numbers)}", "watch", begin, {**asked, "complete": complete}, END, "ok", notes=notes)


def part(begin: float, *rows: Row, **more: Any) -> Operation:
    """A watch that another one goes on with."""
    return watch(begin, *rows, complete=False, **more)


def dump(**found: Any) -> Operation:
    return stream(END + 1, END + 2, *sorted(found.items(), reverse=True), kind="dump")


A, B = deposit(0, 1, "x", "A"), deposit(12, 13, "x", "B")
UPDATE, SECOND, THIRD = update(10, 11, "C", "x"), update(20, 21, "D", "x"), update(30, 31, "E", "x")
LOCK, UNLOCK, DELETE = named("lock", 10, 11, "x"), named("unlock", 20, 21, "x"), named("delete", 10, 11, "x")
UNKNOWN = unknown("update", 10, "x")
HAS_C, HAS_D, LOCKED = of("A", a="C"), of("A", a="D"), of("A", locked=True)
TOLD_C, TOLD_D = row(11, "UPDATED", "x", HAS_C, UPDATE, "a"), row(21, "UPDATED", "x", HAS_D, SECOND, "a")
TOLD_E = row(31, "UPDATED", "x", of("A", a="E"), THIRD, "a")
AGAIN = row(31, "UPDATED", "x", HAS_D, UPDATE, "a")
UPDATES = (A, UPDATE, SECOND, dump(x=HAS_D), history(UPDATE, SECOND))
MORE_UPDATES = (A, UPDATE, SECOND, THIRD, dump(x=of("A", a="E")), history(UPDATE, SECOND, THIRD))
DELETED = (A, DELETE, B, dump(x="B"), history(DELETE))
TOLD_DELETED = row(11, "DELETED", "x", None, DELETE)
LOCKS = (A, LOCK, UNLOCK, dump(x="A"), history(LOCK, UNLOCK))

RIGHT: dict[str, Sequence[Operation]] = {
    "all that happens": [*UPDATES, watch(-1, row(1, "DEPOSITED", "x", "A"), TOLD_C, TOLD_D)],
    "what happens behind the beginning": [*UPDATES, watch(15, TOLD_D)],
    "what had begun before": [*UPDATES, watch(10.5, TOLD_C, TOLD_D)],
    "each change with the last state": [*UPDATES, watch(5, row(21, "UPDATED", "x", HAS_D, UPDATE, "a"), TOLD_D)],
    "what is told again behind a token": [*UPDATES, part(5, TOLD_C, TOLD_D), watch(30, TOLD_D, behind=1)],
    "what need not be told again": [*UPDATES, part(5, TOLD_C, TOLD_D), watch(30, AGAIN, TOLD_D, behind=2)],
    "all that is behind a token": [*UPDATES, part(5, TOLD_C), watch(30, TOLD_D, behind=1)],
    "a snapshot that goes on": [
        *UPDATES,
        part(22, row(23, "EXISTING", "x", HAS_D), COMPLETE, snapshot=True),
        watch(30, row(31, "EXISTING", "x", HAS_D), COMPLETE, snapshot=True),
    ],
    "half of it, by one that ended": [*UPDATES, part(5, TOLD_C)],
    "a snapshot": [*UPDATES, watch(4, row(4.5, "EXISTING", "x", "A"), COMPLETE, TOLD_C, TOLD_D, snapshot=True)],
    "deleted and deposited again": [*DELETED, watch(5, TOLD_DELETED, row(13, "DEPOSITED", "x", "B"))],
    "deposited again by the same": [
        *(A, DELETE, deposit(12, 13, "x", "A"), dump(x="A"), history(DELETE)),
        watch(5, TOLD_DELETED, row(13, "DEPOSITED", "x", "A")),
    ],
    "what matches, and what does not": [
        *LOCKS,
        watch(5, row(11, "LOCKED", "x", LOCKED, LOCK), row(21, "UNMATCHED", "x", None, UNLOCK), query="locked"),
    ],
    "a deposit that does not match": [A, dump(x="A"), history(), watch(-1, query="locked")],
    "an unknown change that was made": [
        *(A, UNKNOWN, dump(x=of("A", a="U")), history(UNKNOWN)),
        watch(5, row(30, "UPDATED", "x", of("A", a="U"), UNKNOWN, "a")),
    ],
}
WRONG: dict[str, tuple[str, Sequence[Operation]]] = {
    "nothing": ("was not told", [*UPDATES, watch(5)]),
    "not the last change": ("was not told", [*UPDATES, watch(5, row(30, "UPDATED", "x", HAS_D, UPDATE, "a"))]),
    "not the first change": ("were not told", [*UPDATES, watch(5, TOLD_D)]),
    "not the one behind a token": ("were not told", [*MORE_UPDATES, part(5, TOLD_C), watch(25, TOLD_E, behind=1)]),
    "not the last one behind a token": ("was not told", [*UPDATES, part(5, TOLD_C), watch(25, behind=1)]),
    "not again what is behind a token": (
        "were not told",
        [*MORE_UPDATES, part(5, TOLD_C, TOLD_D), watch(25, TOLD_E, behind=1)],
    ),
    "not again the last one behind a token": (
        "was not told",
        [*UPDATES, part(5, TOLD_C, TOLD_D), watch(25, behind=1)],
    ),
    "not again the deposit behind a token": (
        "has a wrong copy",
        [A, dump(x="A"), history(), part(-1, row(1, "DEPOSITED", "x", "A")), watch(5)],
    ),
    "not again that the snapshot is complete": (
        "its snapshot is complete",
        [
            *UPDATES,
            part(22, row(23, "EXISTING", "x", HAS_D), COMPLETE, snapshot=True),
            watch(30, snapshot=True, behind=1),
        ],
    ),
    "changes in another order": ("were not told", [*UPDATES, watch(5, TOLD_D, TOLD_C)]),
    "not the deposit": ("has a wrong copy", [A, dump(x="A"), history(), watch(-1)]),
    "not the deposit behind a delete": ("has a wrong copy", [*DELETED, watch(5, TOLD_DELETED)]),
    "not all of the snapshot": ("has a wrong copy", [A, dump(x="A"), history(), watch(4, COMPLETE, snapshot=True)]),
    "not that the snapshot is complete": (
        "its snapshot is complete",
        [A, dump(x="A"), history(), watch(4, row(5, "EXISTING", "x", "A"), snapshot=True)],
    ),
    "a snapshot from before": (
        "older",
        [*UPDATES, watch(25, row(26, "EXISTING", "x", HAS_C), COMPLETE, snapshot=True, complete=False)],
    ),
    "an older state than before": ("older", [*UPDATES, part(5, TOLD_C, TOLD_D, row(30, "DEPOSITED", "x", HAS_C))]),
    "an older state behind a token": ("older", [*UPDATES, part(5, TOLD_C, TOLD_D), part(30, TOLD_C, behind=1)]),
    "the state from before the change": ("older", [*UPDATES, part(5, row(11, "UPDATED", "x", "A", UPDATE, "a"))]),
    "what was deleted before": ("older", [*DELETED, part(5, TOLD_DELETED, row(13, "DEPOSITED", "x", "A"))]),
    "a state that never was": ("never like this", [*UPDATES, part(5, row(6, "DEPOSITED", "x", "Z"))]),
    "a state that was half another one": (
        "never like this",
        [*UPDATES, part(5, row(6, "DEPOSITED", "x", of("Z", a="A")))],
    ),
    "a lock that never was": ("never like this", [*UPDATES, part(5, row(6, "DEPOSITED", "x", LOCKED))]),
    "a state of tomorrow": ("not like this yet", [*UPDATES, part(-1, row(5, "DEPOSITED", "x", HAS_C))]),
    "a deposit of tomorrow": ("not like this yet", [A, part(-5, row(-1, "DEPOSITED", "x", "A"))]),
    "a change of tomorrow": ("had not begun", [*DELETED, part(2, row(5, "DELETED", "x", None, DELETE))]),
    "a change of nobody": ("no such change", [*UPDATES, part(5, row(15, "LOCKED", "x", HAS_D, LOCK))]),
    "another kind of change": ("another one: update", [*UPDATES, part(5, row(11, "LOCKED", "x", HAS_C, UPDATE, "a"))]),
    "other fields": ("has set ['a']", [*UPDATES, part(5, row(11, "UPDATED", "x", HAS_C, UPDATE, "b"))]),
    "what an administrator does": ("nobody has done that", [*UPDATES, part(5, row(6, "CHANGED", "x", "A"))]),
    "another result": ("no result that is watched", [*UPDATES, part(5, row(6, "DEPOSITED", "y", "A"))]),
    "what does not match": ("does not match", [A, part(-1, row(2, "DEPOSITED", "x", "A"), query="locked")]),
    "a delete with a result": ("there is a result", [*DELETED, part(5, row(13, "DELETED", "x", "B", DELETE))]),
    "a deposit without a result": ("there is no result", [A, part(-1, row(2, "DEPOSITED", "x"))]),
    "a snapshot for which nobody asked": ("nobody asked", [A, part(-1, COMPLETE)]),
    "that it does not match, in the end": (
        "has a wrong copy",
        [*UPDATES, watch(5, TOLD_C, row(21, "UNMATCHED", "x", None, SECOND, "a"))],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_watches_are_accepted(name: str) -> None:
    assert check(in_order(RIGHT[name])) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_watches_are_found(name: str) -> None:
    what, operations = WRONG[name]
    violations = check(in_order(operations))
    assert {violation.guarantee for violation in violations} == {"watch"}, violations
    assert what in str(violations[0])
    assert any(each.name in str(violations[0]) for each in operations if each.kind == "watch")


def in_order(operations: Sequence[Operation]) -> list[Operation]:
    return sorted(operations, key=lambda each: each.begin)


def test_what_a_watch_is_told_is_recorded_as_it_comes(tmp_path: Path) -> None:
    with Recorder(tmp_path, "w1") as recorder:
        name = recorder.begin("watch", chain="w1a.1")
        recorder.note(name, "began")
        recorder.note(name, ["DELETED", P, "x", None, "r", []])
    (killed,) = load(tmp_path)
    (began, _), (at, note) = [(at, note) for at, note in killed.notes]
    assert killed.begin <= began <= at
    assert (note, killed.outcome) == (["DELETED", P, "x", None, "r", []], "unanswered")

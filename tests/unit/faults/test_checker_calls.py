"""The checker of the fault tests: reads of some results, histories, the status, and unlocks that are declined."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from tests.system.faults import client, workload
from tests.system.faults.checker import check
from tests.system.faults.history import Recorder, load
from tests.unit.faults.histories import TWO, P, change, deposit, history, named, of, op, stream, update
from workflow_results import LockedError, NotFoundError, Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.system.faults.history import Operation

LOCK, UPDATE, DELETE = named("lock", 2, 3, "x"), update(2, 3, "C", "x"), named("delete", 6, 7, "x")
REFUSED = update(4, 5, "D", "x", "z", refused={"z": "missing"})
SLOW = update(2, 9, "C", "x")
BURST, LATER = (f"0000007-0{number}" for number in range(2))
OTHER = "0000008-00"
EVENTS = [deposit(0, 1, id_, id_) for id_ in (BURST, LATER, OTHER)]


def locked(begin: float, *found: tuple[str, str], skip: int = 0, count: int = -1) -> Operation:
    return op("locked", begin, begin + 1, found=[list(row) for row in found], skip=skip, count=count)


def by_count(begin: float, count: int, *found: tuple[str, Any]) -> Operation:
    return stream(begin, begin + 1, *found, kind="by_count", count=count)


def by_event(begin: float, event: int, *ids: str) -> Operation:
    return stream(begin, begin + 1, *((id_, id_) for id_ in ids), kind="by_event", event=event)


def changes(begin: float, id_: str, *made: Operation, fields: Sequence[str] | None = None) -> Operation:
    """A history that was read, with the changes in their order."""
    found = []
    for each in reversed(made):
        sets = ["a"] if each.kind == "update" else []
        method = "delete_ids" if each.kind == "delete" else each.kind
        number = len(each.told.get("works", each.told.get("ids", ())))
        found.append([each.name, method, sets if fields is None else list(fields), number])
    return op("changes", begin, begin + 1, id=id_, found=found, counted=True)


def status(begin: float, **counts: int) -> Operation:
    return op("status", begin, begin + 1, counts=counts)


def declined(begin: float, *ids: str, **told: Any) -> Operation:
    return change("declined", begin, begin + 1, ids=list(ids), **told)


def in_burst(begin: float, id_: str) -> Operation:
    return op("deposit", begin, begin + 1, works=[["burst-a", id_, id_, False]], answers=["deposited"], tries=1)


RIGHT: dict[str, Sequence[Operation]] = {
    "what is locked": [*TWO, LOCK, locked(4, ("x", "A"))],
    "nothing that is locked": [*TWO, locked(4)],
    "the first one that is locked": [*TWO, LOCK, named("lock", 2, 3, "y"), locked(4, ("y", "B"), count=1)],
    "all that is locked but one": [*TWO, LOCK, named("lock", 2, 3, "y"), locked(4, ("x", "A"), skip=1)],
    "what is locked meanwhile": [*TWO, named("lock", 2, 9, "x"), locked(3), locked(5, ("x", "A"))],
    "the newest": [*TWO, by_count(2, 1, ("y", "B")), by_count(4, 9, ("y", "B"), ("x", "A"))],
    "of an event": [*EVENTS, by_event(2, 7, LATER, BURST), by_event(4, 8, OTHER), by_event(6, 9)],
    "a history": [
        *TWO,
        UPDATE,
        changes(4, "x", UPDATE),
        DELETE,
        changes(8, "x", UPDATE, DELETE),
        history(UPDATE, DELETE),
    ],
    "a history during a change": [*TWO, SLOW, changes(3, "x"), changes(5, "x", SLOW), history(SLOW)],
    "a history of one that was never changed": [*TWO, UPDATE, changes(4, "y"), history(UPDATE)],
    "a status": [in_burst(0, "x"), in_burst(0, "y"), status(2, **{"burst-a": 2})],
    "a status meanwhile": [
        in_burst(0, "x"),
        in_burst(2, "y"),
        status(2, **{"burst-a": 1}),
        status(2, **{"burst-a": 2}),
    ],
    "a status of nothing": [status(2)],
    "an unlock that was declined": [*TWO, LOCK, declined(4, "x", "y", count=1)],
    "an unlock that need not be declined": [*TWO, LOCK, declined(4, "x", "z", refused={"z": "missing"})],
}
WRONG: dict[str, tuple[str, Sequence[Operation]]] = {
    "not what is locked": ("result", [*TWO, LOCK, locked(4)]),
    "what is not locked": ("result", [*TWO, locked(4, ("x", "A"))]),
    "what is locked, as it was": (
        "result",
        [*TWO, UPDATE, update(4, 5, "D", "x"), named("lock", 6, 7, "x"), locked(8, ("x", "Z"))],
    ),
    "too much that is locked": (
        "stream",
        [*TWO, LOCK, named("lock", 2, 3, "y"), locked(4, ("y", "B"), ("x", "A"), count=1)],
    ),
    "what is locked out of order": (
        "stream",
        [*TWO, LOCK, named("lock", 2, 3, "y"), locked(4, ("x", "A"), ("y", "B"))],
    ),
    "what was locked": (
        "result",
        [*TWO, LOCK, locked(4, ("x", "A")), named("unlock", 6, 7, "x"), locked(8, ("x", "A"))],
    ),
    "not the newest": ("result", [*TWO, by_count(2, 1, ("x", "A"))]),
    "not all of the newest": ("result", [*TWO, by_count(2, 2, ("y", "B"))]),
    "more than the newest": ("stream", [*TWO, by_count(2, 1, ("y", "B"), ("x", "A"))]),
    "the newest as it was": ("result", [*TWO, UPDATE, by_count(4, 9, ("y", "B"), ("x", "A"))]),
    "not all of an event": ("result", [*EVENTS, by_event(2, 7, BURST)]),
    "what another event has": ("stream", [*EVENTS, by_event(2, 7, OTHER, LATER, BURST)]),
    "a history without what was made": ("changes", [*TWO, UPDATE, changes(4, "x"), history(UPDATE)]),
    "a history of tomorrow": ("changes", [*TWO, changes(0, "x", UPDATE), UPDATE, history(UPDATE)]),
    "a history with a change twice": ("changes", [*TWO, UPDATE, changes(4, "x", UPDATE, UPDATE), history(UPDATE)]),
    "a history in another order": (
        "changes",
        [*TWO, UPDATE, DELETE, changes(8, "x", DELETE, UPDATE), history(UPDATE, DELETE)],
    ),
    "a history with what was refused": ("changes", [*TWO, REFUSED, changes(6, "x", REFUSED), history()]),
    "a history of another result": ("changes", [*TWO, UPDATE, changes(4, "y", UPDATE), history(UPDATE)]),
    "a history with other fields": ("changes", [*TWO, UPDATE, changes(4, "x", UPDATE, fields=["b"]), history(UPDATE)]),
    "a status of too few": ("count", [in_burst(0, "x"), in_burst(0, "y"), status(2, **{"burst-a": 1})]),
    "a status of too many": ("count", [in_burst(0, "x"), status(2, **{"burst-a": 2})]),
    "a status without a pipeline": ("count", [in_burst(0, "x"), status(2)]),
    "a status of another pipeline": ("answer", [status(2, other=1)]),
    "a status with an empty pipeline": ("answer", [status(2, **{"burst-a": 0})]),
    "an unlock that was declined and made": (
        "result",
        [*TWO, LOCK, declined(4, "x", count=1), stream(6, 7, ("y", "B"), ("x", "A"))],
    ),
    "a question about too few": ("count", [*TWO, LOCK, declined(4, "x", "y", count=0)]),
    "a question about too many": ("count", [*TWO, LOCK, declined(4, "x", "y", count=2)]),
    "a question about what is missing": ("result", [*TWO, declined(4, "x", "z", count=0), deposit(6, 7, "z", "Z")]),
    "declined for a lock": ("refusal", [*TWO, LOCK, declined(4, "x", refused={"x": "locked"})]),
    "declined for nothing": ("refusal", [*TWO, LOCK, declined(4, "x", refused={})]),
    "declined for what is there": ("result", [*TWO, declined(4, "x", refused={"x": "missing"})]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_are_accepted(name: str) -> None:
    assert check(RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_answers_are_found(name: str) -> None:
    guarantee, operations = WRONG[name]
    violations = check(operations)
    assert {violation.guarantee for violation in violations} == {guarantee}, violations


def test_the_status_is_not_exact_once_a_member_was_killed() -> None:
    operations = [in_burst(0, "x"), status(5, **{"burst-a": 7})]
    assert check(operations)
    assert check(operations, exact_until=4) == []


def test_a_declined_unlock_that_the_history_holds_is_found() -> None:
    ask = declined(4, "x", count=1)
    made = replace(ask, kind="unlock")
    end = [stream(8, 9, ("y", "B"), ("x", of("A", locked=True)), kind="dump"), history(LOCK, made)]
    assert {each.guarantee for each in check([*TWO, LOCK, ask, *end])} == {"history"}


def test_the_event_of_a_result_is_the_epoch_of_its_id() -> None:
    assert [workload.event_of(id_) for id_ in ("0000012-03", "00187-0000012-03", "00187", workload.LAST)] == [
        12,
        12,
        0,
        0,
    ]


def test_every_field_of_a_locked_result_counts() -> None:
    whole = workload.document((P, "i", "M", True))
    projected = {name: whole[name] for name in ("id", "event", "plots", "products", "results")}
    assert workload.compact_locked(P, {**projected, "_id": "i"}) == ["i", "M"]
    for other in ({"more": 1}, {"results": {"m": "M", "locked": False}}, {"event": [1]}):
        assert workload.compact_locked(P, {**projected, **other}) == ["i", "not whole"]


def test_only_the_fields_that_were_asked_for_are_expected() -> None:
    whole = workload.document((P, "i", "M", False))
    assert workload.compact({"id": "i", "pipeline": P, "a": "M", "b": "M", "results": {"m": "M"}}, ("id", "a")) != ["M"]
    names = ("id", "pipeline", "a", "b", "results")
    assert workload.compact({name: whole[name] for name in names}, names) == ["M"]


MISSING = NotFoundError("missing")
MISSING.refusals = [Refusal(P, "x", locked=False)]


@pytest.mark.parametrize(
    ("confirm", "answers", "recorded"),
    [
        (True, [True], ("unlock", "ok")),
        (True, [False], ("unlock", "broken")),
        (False, [False], ("declined", "ok")),
        (False, [True], ("declined", "broken")),
        (False, [MISSING], ("declined", "refused")),
        (True, [MISSING], ("unlock", "refused")),
        (False, [LockedError("no")], ("declined", "refused")),
    ],
)
def test_what_is_recorded_of_an_unlock_with_a_question(
    tmp_path: Path, confirm: bool, answers: list[Any], recorded: tuple[str, str]
) -> None:
    def unlock(*_: Any, confirm: Any, **__: Any) -> Any:
        answer = next(told)
        if isinstance(answer, Exception):
            raise answer
        confirm("Unlock 1 locked of 2 results of p? They can then be updated and deleted.")
        return answer

    told = itertools.chain(answers, itertools.repeat(answers[-1]))
    results = Mock()
    results.unlock.side_effect = unlock
    with Recorder(tmp_path, "c1") as recorder:
        calls = client.Client(results, recorder, Mock(again=0))
        calls.call("unlock_asked", {"pipeline": P, "ids": ["x", "y"], "how": "once", "confirm": confirm})
    (made,) = load(tmp_path)
    assert (made.kind, made.outcome) == recorded
    assert made.told.get("count") == (1 if recorded == ("declined", "ok") else None)

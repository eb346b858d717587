"""The checker of the fault tests uses all that was recorded, and a run in which too little happened is no pass."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from tests.system.faults import client, nemesis, workload
from tests.system.faults.__main__ import checked, missing
from tests.system.faults.checker import check
from tests.system.faults.history import Operation, Recorder, faults_in, load
from tests.unit.faults.histories import FROM_Y, TWO, P, deposit, history, named, of, op, read, stream, unknown, update
from workflow_results import ServiceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

U, V = unknown("update", 2, "x", "y"), update(3, 6, "V", "x", "y")
DELETE, HALF = unknown("delete", 2, "x"), unknown("delete", 2, "x", "y")
ONCE = update(2, 3, "C", "x")
AGAIN, REFUSED = op("repeat", 4, 5, of=ONCE.name), op("repeat", 4, 5, "refused", of=ONCE.name)
FAILED = deposit(0, 1, "x", "A", "failed", tries=2)
X_HAS_C = of("A", a="C")
X_HAS_U = (of("A", a="U"), "B")
ONE_EACH = (of("A", a="U"), of("B", a="V"))
PART_OF_U = op("history", 52, 53, pipeline="_history", found=[[U.name, "update", P, ["x"]]])


def dump(x: Any = None, y: Any = None) -> Operation:
    """What is there in the end."""
    return stream(50, 51, *((id_, content) for id_, content in (("y", y), ("x", x)) if content), kind="dump")


RIGHT: dict[str, Sequence[Operation]] = {
    "an unknown change that was not made": [*TWO, U, dump("A", "B"), history()],
    "an unknown change that was made": [*TWO, U, dump(*(of(each, a="U") for each in "AB")), history(U)],
    "a change that is repeated": [
        *TWO,
        ONCE,
        op("repeat", 4, 5, of=ONCE.name),
        dump(X_HAS_C, "B"),
        history(ONCE),
    ],
}
WRONG: dict[str, tuple[str, Sequence[Operation]]] = {
    "a deposit that failed after several tries": (
        "result",
        [FAILED, read(2, 3, x="A")],
    ),
    "an unknown change that only the history tells": ("result", [*TWO, U, dump("A", "B"), history(U)]),
    "an unknown delete that the history does not tell": ("result", [TWO[0], DELETE, dump(), history()]),
    "an unknown update of half of its results": ("result", [*TWO, U, dump(*X_HAS_U), history(U)]),
    "an unknown delete of half of its results": ("result", [*TWO, HALF, dump("A"), history(HALF)]),
    "an unknown delete of half of its results, untold": ("result", [*TWO, HALF, dump("A"), history()]),
    "an unknown delete beside one that is missing": ("result", [TWO[0], HALF, dump(), history(HALF)]),
    "an unknown change that the history tells in part": ("history", [*TWO, U, dump(*X_HAS_U), PART_OF_U]),
    "an unknown update that is the last of two once": (
        "order",
        [*TWO, U, V, dump(*ONE_EACH), history(U, V)],
    ),
    "a change that the history does not tell": ("history", [*TWO, ONCE, dump(X_HAS_C, "B"), history()]),
    "a change of nobody": ("history", [*TWO, dump("A", "B"), history(named("lock", 2, 3, "x"))]),
    "a repeated change that is refused": ("repeat", [*TWO, ONCE, REFUSED]),
    "a read of what nobody asked for": ("answer", [*TWO, op("read", 2, 3, ids=["x"], found={"x": ["A"], "y": ["B"]})]),
    "a stream of what nobody asked for": ("stream", [*TWO, stream(2, 3, ("y", "B"), ("x", "A"), **FROM_Y)]),
    "members whose histories differ": ("members", [*TWO, ONCE, dump(X_HAS_C, "B"), history(ONCE), history()]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_evidence_that_agrees_is_accepted(name: str) -> None:
    assert check(RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_evidence_that_contradicts_itself_is_found(name: str) -> None:
    guarantee, operations = WRONG[name]
    found = {violation.guarantee for violation in check(operations)}
    assert guarantee in found, found


def test_an_answer_that_comes_much_too_late_is_found() -> None:
    late = Operation("c1-1", "read", 0, {"pipeline": "p", "ids": ["x"]}, 3_600, "failed", seconds=3_600)
    assert [violation.guarantee for violation in check([late])] == ["answer"]


def test_an_order_that_is_too_hard_to_find_is_a_violation() -> None:
    one, other = named("lock", 2, 5, "x", "y"), named("unlock", 3, 6, "x", "y")
    end = stream(7, 8, ("y", of("B", locked=True)), ("x", "A"), kind="dump")
    operations = [deposit(0, 1, "x", "A", locked=True), TWO[1], one, other, end]
    noise = [update(1.2, float("inf"), f"N{number}", "x", outcome="unknown") for number in range(12)]
    assert check([*operations, *noise], most=500)


@pytest.mark.parametrize(
    "change",
    [
        {"padding": None},
        {"padding": "short"},
        {"status": None},
        {"pipeline": "other"},
        {"more": 1},
        {"results": {"m": "M", "more": 1}},
        {"results": {"m": "M", "locked": 1}},
    ],
)
def test_every_field_of_a_result_counts(change: dict[str, Any]) -> None:
    whole = workload.document((workload.LARGE, "i", "M", False))
    assert workload.compact({**whole, "_id": "i"}) == ["M"]
    other = {name: value for name, value in {**whole, **change}.items() if value is not None}
    assert workload.compact(other) != ["M"]


def test_a_run_in_which_nothing_works_is_not_enough() -> None:
    strikes: list[dict[str, Any]] = [{"kind": kind, "whom": "m0"} for kind in nemesis.KINDS for _ in range(3)]
    failed = [deposit(number * 0.04, number * 0.04 + 0.01, f"k{number}", "A", "failed") for number in range(13_000)]
    assert "0 deposits that were made" in "\n".join(missing(600, failed, strikes))
    assert "0 changes told to those who watch" in "\n".join(missing(600, failed, strikes))
    assert "0 watches that went on behind a token" in "\n".join(missing(600, failed, strikes))
    nobody = [{**strike, "whom": "0"} for strike in strikes]
    assert "0 faults that struck somebody" in "\n".join(missing(600, failed, nobody))


@pytest.mark.parametrize(
    ("log", "line", "unexpected"),
    [
        ("server.log", "ERROR interceptor: internal error", True),
        ("server.log", "ERROR workers: a worker died and is restarted worker=1 code=-11", True),
        ("server.log", "ERROR asyncio: Exception in callback foo()", True),
        ("server.log", "MemoryError", True),
        ("server.log", "ERROR workers: a worker died and is restarted worker=1 code=-9", False),
        ("server.log", "INFO interceptor: call code=UNAVAILABLE", False),
        ("clients.log", "Traceback (most recent call last):", True),
    ],
)
def test_what_must_not_be_logged(tmp_path: Path, log: str, line: str, unexpected: bool) -> None:
    (tmp_path / log).write_text(f"INFO listening\n{line}\n")
    assert (line in faults_in(tmp_path / log)) is unexpected


def test_an_archive_is_left_out_only_where_it_is_complete() -> None:
    ids = [workload.archive_id(number) for number in reversed(range(workload.ARCHIVED))]
    rows: list[list[Any]] = [[id_, workload.archived_marker(id_)] for id_ in ids]
    other = [[f"{ids[0]}-new", "A"]]
    assert workload.without_archived([*other, *rows]) == {"archived": True, "found": other}
    for wrong in (rows[1:], [*rows, rows[-1]], [[ids[0], "B"], *rows[1:]], rows[::-1]):
        assert workload.without_archived(wrong) == {"archived": False, "found": wrong}


def test_a_run_with_a_violation_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = {"seed": 1, "seconds": 0.0, "bug": "", "command": "again"}
    (tmp_path / "run.json").write_text(json.dumps(run))
    with Recorder(tmp_path, "c1") as recorder:
        recorder.begin("read", pipeline=P, ids=["x"])
    assert checked(tmp_path) == 1
    assert "c1-1 was never answered" in capsys.readouterr().out


UNKNOWN, CERTAIN = ServiceUnavailableError("unknown"), ServiceUnavailableError("certain")
UNKNOWN.outcome_unknown = True


@pytest.mark.parametrize(
    ("failures", "recorded"),
    [([UNKNOWN], "unknown"), ([CERTAIN], "failed"), ([UNKNOWN, CERTAIN], "unknown"), ([ValueError("")], "broken")],
)
def test_what_a_client_records_of_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: list[Exception], recorded: str
) -> None:
    """A change is tried again until its time is over, and the last failure is the one that stays."""
    monkeypatch.setattr(client, "_REPEAT_SECONDS", 0.05)
    monkeypatch.setattr(client, "_REPEAT_PAUSE_SECONDS", 0.01)
    results = Mock()
    results.lock.side_effect = itertools.chain(failures, itertools.repeat(failures[-1]))
    results.deposit.side_effect = failures[:1]
    with Recorder(tmp_path, "c1") as recorder:
        calls = client.Client(results, recorder, Mock(again=0))
        calls.call("lock", {"pipeline": P, "ids": ["x"], "how": "repeatable"})
        if isinstance(failures[0], ServiceUnavailableError):
            calls.call("deposit", {"works": [(P, "x", "A", False)], "receipts": False})
    lock, *deposits = load(tmp_path)
    assert lock.outcome == recorded
    for each in deposits:
        assert each.told["answers"] == ["unknown" if failures[0] is UNKNOWN else "failed"]

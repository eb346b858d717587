"""The checker of the fault tests accepts histories that are right, and finds what is wrong with others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.system.faults.checker import check
from tests.system.faults.history import Recorder, load
from tests.system.faults.nemesis import KINDS, schedule
from tests.unit.faults.histories import RIGHT, WRONG, P, deposit, read, unknown

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_accepted(name: str) -> None:
    assert check(RIGHT[name]) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    guarantee, operations = WRONG[name]
    violations = check(operations)
    assert [violation.guarantee for violation in violations] == [guarantee], violations
    told = str(violations[0])
    assert guarantee.upper() in told
    assert any(operation.name in told for operation in operations)


def test_a_search_that_is_given_up_is_a_violation() -> None:
    operations = [deposit(number, 99, "x", f"A{number}", None) for number in range(12)]
    operations += [unknown("delete", 0, "x"), unknown("lock", 0, "x"), read(50, 60, x="B")]
    (violation,) = check(operations, most=100)
    assert violation.guarantee == "search"


def test_a_history_that_was_written_is_read_again(tmp_path: Path) -> None:
    with Recorder(tmp_path, "c1") as recorder:
        made = recorder.begin("lock", pipeline=P, ids=["x"])
        recorder.end(made, "ok")
        recorder.end(recorder.begin("lock", pipeline=P, ids=["x"]), "unknown", error="E")
        killed = recorder.begin("delete", pipeline=P, ids=["x"])
    with (tmp_path / "c2.jsonl").open("w") as file:
        file.write('{"op": "c2-1", "ki')  # killed in the middle of a line
    first, second, third = load(tmp_path)
    assert (first.name, first.kind, first.outcome, first.told) == (made, "lock", "ok", {"pipeline": P, "ids": ["x"]})
    assert first.begin < first.end < second.begin
    assert (second.outcome, second.end) == ("unknown", math.inf)
    assert (third.name, third.outcome, third.end) == (killed, "unanswered", math.inf)


def test_the_seed_alone_decides_about_the_faults() -> None:
    faults = schedule(7, 600)
    assert faults == schedule(7, 600) != schedule(8, 600)
    assert len(faults) >= 40
    assert {fault.kind for fault in faults} == set(KINDS)

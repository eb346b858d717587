"""Works that a caller may not deposit fail by themselves, and keep a depositor from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.blocking import Facade
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import Outcome, PermissionDeniedError, Results

pytestmark = pytest.mark.both_facades

Serve = Callable[..., Service]


@pytest.fixture
def target(serve: Serve, tmp_path: Path) -> str:
    callers = {
        "depositor": entry("depositor", "test-*", token="depositor"),
        "reader": entry("reader", "test-*", token="reader"),
    }
    return serve("--tokens", str(write(tmp_path / "tokens.yml", callers))).target


def locked(pipeline: str, id_: str, **fields: Any) -> dict[str, Any]:
    return work(pipeline, id_, results={"locked": True}, **fields)


@pytest.mark.parametrize("size", [0, 100_000])
def test_denied_works_fail_alone(target: str, results: Results, pipeline: str, size: int, facade: Facade) -> None:
    """With large works, each request has a few, and several are on their way when one of them is denied."""
    works = [work(f"{pipeline}-{number % 2}", f"{number:02}", data=bytes(size)) for number in range(60)]
    denied = {
        10: work("other", "a", data=bytes(size)),
        11: locked(pipeline, "b"),
        40: work("other", "c"),
        50: locked(f"{pipeline}-1", "01"),  # which is stored before, as another one
    }
    for position, each in denied.items():
        works[position] = each
    with facade(target, token="depositor") as client, client.depositor() as depositor:
        given = [depositor.deposit(each) for each in works]
        for position, each in denied.items():
            error = given[position].exception(PATIENCE)
            assert isinstance(error, PermissionDeniedError)
            assert str(error).startswith(f"{each['pipeline']} {each['id']}: ")
            assert "works[" not in str(error)
            assert error.works == [each]
            assert error.reason == ("PIPELINE" if each["pipeline"] == "other" else "ROLE")
        given.append(depositor.deposit(work(pipeline, "later")))
    receipts = [future.result() for position, future in enumerate(given) if position not in denied]
    assert {receipt.outcome for receipt in receipts} <= {Outcome.DEPOSITED, Outcome.ALREADY_DEPOSITED}
    assert [results.count(name, {}) for name in (f"{pipeline}-0", f"{pipeline}-1", pipeline)] == [27, 29, 1]


def test_works_with_one_id_are_taken_in_their_order_beside_denied_ones(
    target: str, results: Results, pipeline: str, facade: Facade
) -> None:
    works = [
        work(pipeline, "before"),
        locked(pipeline, "a", n=1),
        work(pipeline, "a", n=2),
        work("other"),
        work(pipeline, "a", n=3),
        locked(pipeline, "a", n=4),
        work(pipeline, "a", n=2),
    ]
    with facade(target, token="depositor") as client, client.depositor() as depositor:
        given = [depositor.deposit(each) for each in works]
        denied = [future.exception(PATIENCE) is not None for future in given]
    assert denied == [False, True, False, True, False, True, False]
    outcomes = [given[position].result().outcome for position in (4, 6)]
    assert outcomes == [Outcome.CONFLICT, Outcome.ALREADY_DEPOSITED]
    assert results.view(pipeline, {}, {"id": True, "n": True}) == [{"id": "before"}, {"id": "a", "n": 2}]


def test_denials_that_nobody_asked_for_are_raised_in_the_end(
    target: str, results: Results, pipeline: str, facade: Facade
) -> None:
    message = r"2 of 4 rejected: other a: PIPELINE: caller depositor may not use pipeline 'other'"
    denied = pytest.raises(PermissionDeniedError, match=message)
    with denied as raised, facade(target, token="depositor") as client, client.depositor() as depositor:
        for each in (work(pipeline, "a"), work("other", "a"), work("other", "b"), work(pipeline, "b")):
            depositor.deposit(each)
        depositor.flush()
    assert [receipt.id for receipt in raised.value.receipts] == ["a", "b"]
    assert raised.value.reason == "PIPELINE"
    assert results.count(pipeline, {}) == 2


def test_who_may_deposit_nothing_is_told_at_once(target: str, pipeline: str, facade: Facade) -> None:
    denied = pytest.raises(PermissionDeniedError, match="DepositStream requires at least the role depositor")
    with denied as raised, facade(target, token="reader") as client, client.depositor() as depositor:
        future = depositor.deposit(work(pipeline, "a"))
        assert isinstance(future.exception(PATIENCE), PermissionDeniedError)
        with pytest.raises(PermissionDeniedError):
            depositor.deposit(work(pipeline, "b"))
    assert [each["id"] for each in raised.value.works] == ["a"]

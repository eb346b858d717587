"""Unlocking asks first, unless it is told to go ahead."""

from __future__ import annotations

import io
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.support.blocking import Facade
from tests.support.works import work
from workflow_results import InvalidRequestError, NotFoundError, Results
from workflow_results._transport.deadline import Deadline

pytestmark = pytest.mark.both_facades


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def locked(results: Results, pipeline: str) -> str:
    results.deposit([work(pipeline, id_, results={"locked": id_ != "c"}) for id_ in "abc"])
    return pipeline


@pytest.mark.parametrize(
    ("answer", "unlocked"), [("yes\n", True), (" YES \n", True), ("y\n", False), ("no\n", False), ("", False)]
)
def test_it_asks_on_a_terminal(
    results: Results,
    locked: str,
    answer: str,
    unlocked: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert results.unlock(locked, ["a", "b", "c"]) is unlocked
    assert f"Unlock 2 locked of 3 results of {locked}?" in capsys.readouterr().out
    assert results.get_locked_count(locked) == (0 if unlocked else 2)


@pytest.mark.parametrize("answer", [True, False])
def test_confirm_takes_the_place_of_the_terminal(results: Results, locked: str, answer: bool) -> None:
    asked: list[str] = []

    def confirm(question: str) -> bool:
        asked.append(question)
        return answer

    assert results.unlock(locked, ["a", "c"], confirm=confirm) is answer
    assert len(asked) == 1
    assert asked[0].startswith("Unlock 1 locked of 2 results")
    assert results.get_locked_count(locked) == (1 if answer else 2)


@pytest.mark.parametrize("answer", ["no", "yes", "", 1, 0, None, [], np.bool_(True), np.bool_(False)])
def test_an_answer_that_is_no_bool_changes_nothing(results: Results, locked: str, answer: Any) -> None:
    """`confirm=input` returns "no", which is true."""
    with pytest.raises(InvalidRequestError, match=r"confirm must return True or False, not .*: nothing was changed"):
        results.unlock(locked, ["a"], confirm=lambda _: answer)
    assert results.get_locked_count(locked) == 2


@pytest.mark.parametrize("force", ["no", "false", 1, 0, None, np.bool_(True)])
def test_a_force_that_is_no_bool_changes_nothing(results: Results, locked: str, force: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"force must be True or False, not "):
        results.unlock(locked, ["a"], force, confirm=lambda _: True)
    assert results.get_locked_count(locked) == 2


def test_a_confirm_that_cannot_be_called_is_named(results: Results, locked: str) -> None:
    with pytest.raises(InvalidRequestError, match="confirm must be a function that asks, not 'yes'"):
        results.unlock(locked, ["a"], confirm="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize("unanswered", [0.0, 1_000.0])
def test_the_time_for_the_answer_counts_for_neither_call(
    results: Results, locked: str, monkeypatch: pytest.MonkeyPatch, unanswered: float
) -> None:
    """Both calls have one deadline; the clock goes ahead while it is asked."""
    now = time.monotonic()
    for module in ("results", "async_results"):
        monkeypatch.setattr(f"workflow_results.{module}.time", SimpleNamespace(monotonic=lambda: now))
    deadlines: list[Deadline] = []
    unary = results._channel.unary

    def spied(method: str, request: Any, deadline: Deadline) -> Any:
        deadlines.append(deadline)
        return unary(method, request, Deadline.after(30))

    def confirm(_question: str) -> bool:
        nonlocal now
        now += unanswered
        return True

    monkeypatch.setattr(results._channel, "unary", spied)
    assert results.unlock(locked, ["a"], confirm=confirm, timeout=5)
    first, second = deadlines
    assert first.at is not None
    assert second.at == pytest.approx(first.at + unanswered)
    assert first.seconds == second.seconds == 5


def test_nothing_is_asked_about_results_that_do_not_exist(service: Any, locked: str, facade: Facade) -> None:
    with (
        facade(service.target, strict=True) as strict,
        pytest.raises(NotFoundError, match="nope does not exist") as caught,
    ):
        strict.unlock(locked, ["a", "nope"], confirm=pytest.fail)
    assert [(refusal.id, refusal.locked) for refusal in caught.value.refusals] == [("nope", False)]


def test_what_was_unlocked_and_deleted_since_is_answered_again(results: Results, locked: str) -> None:
    assert results.unlock(locked, ["a"], confirm=lambda _: True, request_id=locked[-36:])
    assert results.delete_ids(locked, ["a"])
    assert results.unlock(locked, ["a"], confirm=lambda _: True, request_id=locked[-36:])


def test_a_warning_stays_on_its_line(results: Results, locked: str, caplog: pytest.LogCaptureFixture) -> None:
    assert not results.unlock(locked, ["no\nsuch\x1bid"], force=True)
    assert caplog.messages == [f"unlock changed nothing: {locked} 'no\\nsuch\\x1bid' does not exist"]

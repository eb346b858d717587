"""What is tried again, and when: the table of docs/reference/retries.md."""

from __future__ import annotations

import itertools

import pytest

from tests.support.paths import REPOSITORY
from workflow_results import (
    ConflictError,
    DeadlineExceededError,
    InvalidRequestError,
    PermissionDeniedError,
    ResultsError,
    ServiceUnavailableError,
    UnauthenticatedError,
)
from workflow_results._calls.attempts import (
    IDEMPOTENT,
    ONCE,
    STREAM_OF_DEPOSITS,
    Attempts,
    Policy,
    pauses,
    policy_for,
)

ROWS = {IDEMPOTENT: "idempotent", ONCE: "once", STREAM_OF_DEPOSITS: "stream of deposits"}


def error(class_: type[ResultsError], *, unknown: bool = False, reason: str = "", retry: float = 0.0) -> ResultsError:
    made = class_("it failed", reason=reason)
    made.outcome_unknown, made.retry_seconds = unknown, retry
    return made


@pytest.mark.parametrize(
    ("policy", "again"),
    [(IDEMPOTENT, "yes yes no no"), (ONCE, "yes no no no"), (STREAM_OF_DEPOSITS, "yes yes yes no")],
    ids=ROWS.get,
)
def test_what_is_tried_again(policy: Policy, again: str) -> None:
    failures = [
        error(ServiceUnavailableError),
        error(ServiceUnavailableError, unknown=True),
        error(DeadlineExceededError, unknown=True),
        error(ResultsError, unknown=True),
    ]
    decisions = [Attempts("Method", policy).pause_after(each, 60) for each in failures]
    assert ["no" if each is None else "yes" for each in decisions] == again.split()
    line = f"| {ROWS[policy]} | {again.replace(' ', ' | ')} |"
    assert line in (REPOSITORY / "docs" / "reference" / "retries.md").read_text()


@pytest.mark.parametrize(
    "class_", [ResultsError, InvalidRequestError, ConflictError, UnauthenticatedError, PermissionDeniedError]
)
@pytest.mark.parametrize("policy", ROWS, ids=ROWS.get)
def test_what_the_service_refuses_is_not_tried_again(policy: Policy, class_: type[ResultsError]) -> None:
    assert Attempts("Method", policy).pause_after(error(class_, retry=1), 60) is None


@pytest.mark.parametrize(
    ("method", "request_id", "policy"),
    [
        ("View", "", IDEMPOTENT),
        ("Deposit", "", IDEMPOTENT),
        ("Update", "", ONCE),
        ("Update", "named", IDEMPOTENT),
        ("Lock", "", ONCE),
        ("AMethodOfTomorrow", "", ONCE),
    ],
)
def test_the_policy_of_a_method(method: str, request_id: str, policy: Policy) -> None:
    assert policy_for(method, request_id) is policy


@pytest.mark.parametrize(
    ("left", "retry", "again"), [(None, 0, True), (30, 0, True), (30, 60, False), (61, 60, True), (0.001, 0, False)]
)
def test_no_attempt_follows_whose_pause_would_outlast_the_time(left: float | None, retry: float, again: bool) -> None:
    pause = Attempts("Count", IDEMPOTENT).pause_after(error(ServiceUnavailableError, retry=retry), left)
    assert (pause is not None) is again
    assert pause is None or pause >= retry


def test_pauses_grow_are_random_and_start_over_after_progress() -> None:
    attempts = Attempts("View", IDEMPOTENT)
    unavailable = error(ServiceUnavailableError)
    for _ in range(2):
        chosen = [attempts.pause_after(unavailable, None) or 0.0 for _ in range(10)]
        assert 0.025 <= chosen[0] <= 0.05
        assert all(one < 4.01 * other for other, one in itertools.pairwise(chosen))
        assert 1.0 <= chosen[-1] <= 2.0
        attempts.progress()
    assert len({next(pauses()) for _ in range(10)}) > 1


def test_an_outcome_that_one_attempt_left_unknown_stays_unknown() -> None:
    attempts = Attempts("Deposit", IDEMPOTENT)
    assert attempts.pause_after(error(ServiceUnavailableError, unknown=True), None)
    refused = error(InvalidRequestError)
    assert attempts.pause_after(refused, None) is None
    assert refused.outcome_unknown


@pytest.mark.parametrize("policy", ROWS, ids=ROWS.get)
def test_the_error_before_says_more_than_that_the_time_ended(policy: Policy) -> None:
    attempts = Attempts("Deposit", policy)
    before, late = error(ServiceUnavailableError), error(DeadlineExceededError, unknown=True)
    assert attempts.pause_after(before, None)
    with pytest.raises(ServiceUnavailableError) as caught:
        attempts.pause_after(late, 0)
    assert caught.value is before
    assert before.outcome_unknown
    assert before.__cause__ is late


def test_what_the_service_says_about_a_deadline_is_not_hidden() -> None:
    attempts = Attempts("Count", IDEMPOTENT)
    assert attempts.pause_after(error(ServiceUnavailableError), None)
    assert attempts.pause_after(error(DeadlineExceededError, reason="DEADLINE_EXCEEDED"), None) is None

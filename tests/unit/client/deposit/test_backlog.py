"""What a depositor holds: works in their order, as requests, until each has its outcome."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import bson
import pytest

from tests.support.works import work
from workflow_results import Outcome, PermissionDeniedError, Receipt, ResultsError, ServiceUnavailableError
from workflow_results._deposit.backlog import PENDING_BYTES, Backlog
from workflow_results.v1 import results_pb2 as pb


class Future:
    """What a work becomes."""

    seen = False

    def __init__(self) -> None:
        self.known: Receipt | ResultsError | None = None

    def become(self, known: Receipt | ResultsError) -> None:
        assert self.known is None, "it has one outcome"
        self.known = known


class Held:
    """A backlog, and the futures of its works."""

    def __init__(self) -> None:
        self.changes = 0
        self.backlog = Backlog(nullcontext(), self._note)
        self.futures: dict[str, Future] = {}

    def _note(self) -> None:
        self.changes += 1

    def give(self, *ids: str, now: float = 0.0, pipeline: str = "p", **fields: Any) -> None:
        for id_ in ids:
            given = work(pipeline, id_, **fields)
            self.futures[id_] = Future()
            self.backlog.add(given, bson.encode(given), self.futures[id_], now)

    def sent(self) -> list[str]:
        return [each["id"] for each in self.backlog.take().works]

    def outcomes(self) -> dict[str, Any]:
        known = {id_: future.known for id_, future in self.futures.items()}
        return {id_: each.outcome if isinstance(each, Receipt) else each for id_, each in known.items()}


def answer(sequence: int, *outcomes: Any) -> pb.DepositStreamResponse:
    return pb.DepositStreamResponse(sequence=sequence, outcomes=outcomes)


STORED = pb.DEPOSIT_OUTCOME_DEPOSITED
CONFLICT = pb.DEPOSIT_OUTCOME_CONFLICT


@pytest.fixture
def held() -> Held:
    return Held()


def test_works_go_together_and_are_acknowledged_in_their_order(held: Held) -> None:
    held.give("a", "b")
    assert held.backlog.begin()
    assert held.backlog.wait(0.0) == 0, "at once, since nothing is under way"
    assert held.sent() == ["a", "b"]
    held.give("c", now=1.0)
    assert held.backlog.wait(1.0) == pytest.approx(0.01), "then they are gathered for a moment"
    assert held.backlog.wait(1.02) < 0
    assert held.sent() == ["c"]
    assert held.backlog.number == 3
    held.backlog.acknowledge(answer(1, STORED, CONFLICT), 2.0)
    assert held.outcomes() == {"a": Outcome.DEPOSITED, "b": Outcome.CONFLICT, "c": None}
    assert not held.backlog.is_done(2)
    held.backlog.acknowledge(answer(2, STORED), 3.0)
    assert held.backlog.is_done(2)
    assert held.backlog.progress == 3.0
    held.backlog.end_stream()


def test_what_a_broken_stream_left_open_is_sent_first(held: Held) -> None:
    held.give("a")
    held.backlog.begin()
    held.sent()
    held.give("b")
    with pytest.raises(ServiceUnavailableError, match="before it had acknowledged all works") as ended:
        held.backlog.end_stream()
    held.backlog.interrupted(ended.value)
    assert not held.backlog.is_idle(since=0.0, now=1.0)
    assert held.backlog.begin()
    assert [held.sent(), held.sent()] == [["a"], ["b"]]


def test_an_answer_to_another_request_is_refused(held: Held) -> None:
    held.give("a")
    held.backlog.begin()
    held.sent()
    with pytest.raises(ResultsError, match="acknowledged request 7 instead of 1"):
        held.backlog.acknowledge(answer(7, STORED), 1.0)


def test_it_is_full_and_has_room_again(held: Held) -> None:
    for number in range(16):
        assert not held.backlog.is_full
        held.give(str(number), data=bytes(PENDING_BYTES // 16))
    assert held.backlog.is_full
    held.backlog.begin()
    held.sent()
    held.backlog.acknowledge(answer(1, STORED), 1.0)
    assert not held.backlog.is_full


def test_failing_gives_up_what_is_not_acknowledged(held: Held) -> None:
    held.give("a")
    held.backlog.begin()
    held.sent()
    held.give("b")
    error = ServiceUnavailableError("it is gone")
    assert held.backlog.fail(error) is error
    assert held.backlog.fail(ServiceUnavailableError("again")) is None
    assert [each["id"] for each in error.works] == ["a", "b"]
    assert held.outcomes() == {"a": error, "b": error}
    assert held.backlog.outcome(strict=False) is error
    with pytest.raises(ServiceUnavailableError, match="it is gone"):
        held.backlog.check_open(opened=True)
    held.backlog.acknowledge(answer(1, STORED), 1.0)  # too late: they have an outcome


def test_nothing_fails_where_all_is_acknowledged(held: Held) -> None:
    assert held.backlog.fail(None) is None
    assert held.backlog.outcome(strict=True) is None


def test_a_denied_work_is_told_apart_from_those_beside_it(held: Held) -> None:
    held.give("a")
    held.give("b", results={"locked": True})
    held.give("c")
    denied = PermissionDeniedError("works[1].results.locked: not allowed", reason="ROLE")
    held.backlog.begin()
    assert held.sent() == ["a", "b", "c"]
    assert held.backlog.sort_out(denied, 1.0)
    held.backlog.begin()
    assert held.sent() == ["a"]
    assert held.backlog.wait(1.0) > 0, "each goes alone"
    held.backlog.acknowledge(answer(1, STORED), 2.0)
    assert held.sent() == ["b"]
    assert held.backlog.sort_out(denied, 3.0)
    assert isinstance(held.futures["b"].known, PermissionDeniedError)
    assert str(held.futures["b"].known) == "p b: results.locked: not allowed"
    assert held.sent() == ["c"]
    held.backlog.acknowledge(answer(1, STORED), 4.0)
    error = held.backlog.outcome(strict=False)
    assert isinstance(error, PermissionDeniedError)
    assert [each.id for each in error.receipts] == ["b"]


def test_a_denial_that_is_about_no_work_is_not_sorted_out(held: Held) -> None:
    held.give("a")
    held.backlog.begin()
    held.sent()
    assert not held.backlog.sort_out(PermissionDeniedError("requires the role depositor", reason="ROLE"), 1.0)

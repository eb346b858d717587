"""Deposits of several threads: who shares a request with whom, and that nobody is harmed by others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, cast

import bson
import pytest

from workflow_results import Outcome, PermissionDeniedError, ResultsError, ServiceUnavailableError
from workflow_results._calls.works import prepare
from workflow_results._deposit import sharing
from workflow_results._deposit.batches import Deposited
from workflow_results._deposit.sharing import Sharing
from workflow_results._transport.channel import Channel
from workflow_results._transport.deadline import Deadline
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1.errors_pb2 import REJECTION_REASON_TOO_DEEP

SECONDS = 20.0


class Requests:
    """Takes the place of a channel: remembers each request, and answers it when it may."""

    def __init__(self) -> None:
        self.ids: list[list[str]] = []
        self.may = threading.Event()
        self.failing: Callable[[list[str]], Exception | None] = lambda _ids: None
        self._changed = threading.Condition()

    def unary(self, _method: str, request: pb.DepositRequest, _deadline: Deadline, _begun: object = None) -> Any:
        ids = [each["id"] for each in bson.decode_all(request.works.bson)]
        with self._changed:
            self.ids.append(ids)
            self._changed.notify_all()
        assert self.may.wait(SECONDS)
        if error := self.failing(ids):
            raise error
        response = pb.DepositResponse()
        for index, id_ in enumerate(ids):
            bad = id_.startswith("bad")
            response.outcomes.append(pb.DEPOSIT_OUTCOME_REJECTED if bad else pb.DEPOSIT_OUTCOME_DEPOSITED)
            if bad:
                response.rejections.add(index=index, reason=REJECTION_REASON_TOO_DEEP, message=f"because of {id_}")
        return response

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ids) >= number, SECONDS)


class Threads:
    """Threads that deposit, one after the other: the next one begins when the one before waits."""

    def __init__(self, requests: Requests) -> None:
        self.sharing = Sharing(cast(Channel, requests))
        self._pool = ThreadPoolExecutor(12)

    def deposit(self, *ids: str, pipeline: str = "p", **fields: Any) -> Future[Deposited]:
        works = [{"pipeline": pipeline, "id": id_, "status": "success", **fields} for id_ in ids]
        return self._pool.submit(self.sharing.deposit, prepare(works), Deadline.after(SECONDS))

    def deposit_behind(self, *ids: str, **fields: Any) -> Future[Deposited]:
        """Deposit works, and return once the call waits for another one."""
        lane = self.sharing._lanes["p"]
        number = len(lane.waiting)
        future = self.deposit(*ids, **fields)
        while len(lane.waiting) == number:
            assert not future.done()
        return future


def outcomes(future: Future[Deposited]) -> tuple[list[Outcome], dict[int, str]]:
    deposited = future.result(SECONDS)
    return deposited.outcomes, deposited.reasons


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
def threads(requests: Requests, monkeypatch: pytest.MonkeyPatch) -> Threads:
    monkeypatch.setattr(sharing, "_PATIENCE", SECONDS)
    return Threads(requests)


def test_a_call_that_finds_none_under_way_goes_at_once(requests: Requests, threads: Threads) -> None:
    requests.may.set()
    assert outcomes(threads.deposit("a", "b")) == ([Outcome.DEPOSITED] * 2, {})
    assert outcomes(threads.deposit("c")) == ([Outcome.DEPOSITED], {})
    assert requests.ids == [["a", "b"], ["c"]]
    assert not threads.sharing._lanes


def test_those_that_come_meanwhile_share_the_next_request(requests: Requests, threads: Threads) -> None:
    first = threads.deposit("a")
    requests.wait_for(1)
    others = [threads.deposit_behind(*ids) for ids in (("b", "c"), ("bad-1",), ("d", "bad-2", "e"))]
    requests.may.set()
    assert outcomes(first) == ([Outcome.DEPOSITED], {})
    stored, rejected = Outcome.DEPOSITED, Outcome.REJECTED
    assert [outcomes(each) for each in others] == [
        ([stored, stored], {}),
        ([rejected], {0: "TOO_DEEP: because of bad-1"}),
        ([stored, rejected, stored], {1: "TOO_DEEP: because of bad-2"}),
    ]
    assert requests.ids == [["a"], ["b", "c", "bad-1", "d", "bad-2", "e"]]
    assert not threads.sharing._lanes


@pytest.mark.parametrize(
    ("ids", "fields"),
    [
        (["b"], {"pipeline": "q"}),
        ([f"b{index}" for index in range(101)], {}),
        (["b"], {"data": bytes(200_000)}),
        (["b"], {"results": {"locked": True}}),
    ],
)
def test_others_wait_for_nobody(requests: Requests, threads: Threads, ids: list[str], fields: dict[str, Any]) -> None:
    threads.deposit("a")
    requests.wait_for(1)
    threads.deposit(*ids, **fields)
    requests.wait_for(2)
    assert requests.ids == [["a"], ids]
    requests.may.set()


def test_each_has_its_own_error(requests: Requests, threads: Threads) -> None:
    def failing(ids: list[str]) -> Exception | None:
        return PermissionDeniedError(f"not {ids}") if "denied" in ids else None

    requests.failing = failing
    threads.deposit("a")
    requests.wait_for(1)
    good, denied, better = (threads.deposit_behind(id_) for id_ in ("good", "denied", "better"))
    requests.may.set()
    assert outcomes(good) == outcomes(better) == ([Outcome.DEPOSITED], {})
    error = denied.exception(SECONDS)
    assert isinstance(error, PermissionDeniedError)
    assert str(error) == "not ['denied']"
    assert [work["id"] for work in error.works] == ["denied"]
    assert not error.outcome_unknown
    assert requests.ids[:2] == [["a"], ["good", "denied", "better"]]
    assert sorted(requests.ids[2:]) == [["better"], ["denied"], ["good"]]
    assert not threads.sharing._lanes


@pytest.mark.parametrize("unknown", [True, False])
def test_the_time_of_one_is_not_that_of_the_others(requests: Requests, threads: Threads, unknown: bool) -> None:
    failures = iter([None, ServiceUnavailableError("gone"), PermissionDeniedError("no"), None])

    def failing(_ids: list[str]) -> Exception | None:
        error = next(failures)
        if isinstance(error, ServiceUnavailableError):
            error.outcome_unknown = unknown
        return error

    requests.failing = failing
    threads.deposit("a")
    requests.wait_for(1)
    leader, follower = (threads.deposit_behind(id_) for id_ in ("b", "c"))
    requests.may.set()
    error = leader.exception(SECONDS)
    assert isinstance(error, ServiceUnavailableError)
    assert [work["id"] for work in error.works] == ["b"]
    later = follower.exception(SECONDS)
    assert isinstance(later, PermissionDeniedError)
    assert later.outcome_unknown is unknown, "the request before may have stored its work"
    assert requests.ids == [["a"], ["b", "c"], ["c"]]


@pytest.mark.parametrize("patience", [0.01, SECONDS])
def test_nobody_waits_long(
    requests: Requests, threads: Threads, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "_PATIENCE", patience)
    hanging = threads.deposit("a")
    requests.wait_for(1)
    works = prepare([{"pipeline": "p", "id": "b", "status": "success"}])
    waiting = threads._pool.submit(threads.sharing.deposit, works, Deadline.after(0.1))
    requests.wait_for(2)
    assert requests.ids == [["a"], ["b"]]
    requests.may.set()
    assert outcomes(hanging) == outcomes(waiting) == ([Outcome.DEPOSITED], {})
    assert not threads.sharing._lanes


def test_those_that_have_waited_long_go_together(
    requests: Requests, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threads.deposit("a")
    requests.wait_for(1)
    waiting = [threads.deposit_behind(id_) for id_ in ("b", "c")]
    monkeypatch.setattr(sharing, "_PATIENCE", 0.01)
    impatient = threads.deposit("d")
    requests.wait_for(2)
    assert sorted(requests.ids[1]) == ["b", "c", "d"]
    requests.may.set()
    assert [outcomes(each) for each in (hanging, *waiting, impatient)] == [([Outcome.DEPOSITED], {})] * 4
    assert len(requests.ids) == 2
    assert not threads.sharing._lanes


def test_nobody_waits_for_a_shared_request_to_the_end_of_its_time(
    requests: Requests, threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = Deadline.after(SECONDS)
    halves = iter([2.0, 0.01])
    monkeypatch.setattr(sharing, "_half", lambda asked: next(halves) if asked is deadline else SECONDS)
    threads.deposit("a")
    requests.wait_for(1)
    works = prepare([{"pipeline": "p", "id": "b", "status": "success"}])
    short = threads._pool.submit(threads.sharing.deposit, works, deadline)
    while not threads.sharing._lanes["p"].waiting:
        assert not short.done()
    monkeypatch.setattr(sharing, "_PATIENCE", 0.01)
    threads.deposit("c")  # takes it along
    requests.wait_for(3)
    assert (sorted(requests.ids[1]), requests.ids[2]) == (["b", "c"], ["b"])
    requests.may.set()
    assert outcomes(short) == ([Outcome.DEPOSITED], {})


def test_an_interrupt_ends_one_and_lets_the_others_go_on(
    requests: Requests, threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    interrupts = iter([None, KeyboardInterrupt()])

    def interrupted(_ids: list[str]) -> None:
        if error := next(interrupts, None):
            raise error

    requests.failing = interrupted
    threads.deposit("a")
    requests.wait_for(1)
    leader, follower = (threads.deposit_behind(id_) for id_ in ("b", "c"))
    requests.may.set()
    interrupt = leader.exception(SECONDS)
    assert isinstance(interrupt, KeyboardInterrupt)
    assert isinstance(interrupt.__context__, ResultsError)
    assert [work["id"] for work in interrupt.__context__.works] == ["b"]
    assert interrupt.__context__.outcome_unknown
    assert outcomes(follower) == ([Outcome.DEPOSITED], {})
    assert not threads.sharing._lanes
    assert "1 of 1 works are not acknowledged" in caplog.text


def test_a_signal_that_interrupts_a_call_may_deposit_at_once(requests: Requests, threads: Threads) -> None:
    handled: list[Deposited] = []

    def handling(ids: list[str]) -> None:
        if ids == ["a"]:  # as the handler of a signal would, in the same thread
            works = prepare([{"pipeline": "p", "id": "b", "status": "success"}])
            handled.append(threads.sharing.deposit(works, Deadline.after(SECONDS)))

    requests.failing = handling
    requests.may.set()
    assert outcomes(threads.deposit("a")) == ([Outcome.DEPOSITED], {})
    assert [each.outcomes for each in handled] == [[Outcome.DEPOSITED]]
    assert requests.ids == [["a"], ["b"]]
    assert not threads.sharing._lanes


def test_a_child_has_no_calls_of_its_parent(requests: Requests, threads: Threads) -> None:
    threads.deposit("a")
    requests.wait_for(1)
    threads.sharing.begin_in_child()
    child = threads.deposit("b")
    requests.wait_for(2)
    assert requests.ids == [["a"], ["b"]]
    requests.may.set()
    assert outcomes(child) == ([Outcome.DEPOSITED], {})


def test_what_is_taken_along_may_be_stored_whatever_its_own_call_comes_to() -> None:
    """As where its caller waits no longer for the shared request, and its own one is refused."""
    first, second = (sharing._Call(prepare([{"pipeline": "p", "id": id_, "status": "success"}])) for id_ in "ab")
    lane = sharing._Lane(first)
    lane.waiting.append(second)
    assert lane.take() == [first, second]
    assert (first.sent, second.sent) == (False, True)

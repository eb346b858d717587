"""When a depositor spools works, and when it does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import bson
import pytest

from tests.support.spools import filled, names, opened
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import (
    DeadlineExceededError,
    InvalidRequestError,
    Outcome,
    PermissionDeniedError,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results._deposit.depositor import Depositor
from workflow_results._deposit.spool import works_left
from workflow_results.common.rules import GIB
from workflow_results.v1 import results_pb2 as pb

PIPELINE = "test-spooling"


class Channel:
    """A connection on which attempts fail as they are told to, and succeed after that; also the place on it.

    Args:
        failures: How the attempts fail.

    Attributes:
        received: The ids that arrived, in their order.
        looks: How long each attempt looks for the service, in seconds.
        left: How much of that was left when it began.
        may_answer: Whether what arrives is acknowledged; otherwise it waits.
        lost: After how many further requests the service is lost without an acknowledgement.
    """

    def __init__(self, *failures: ResultsError) -> None:
        self.failures = list(failures)
        self.left: list[float] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.target = "nowhere"
        self.received: list[str] = []
        self.looks: list[float | None] = []
        self.lost: list[int] = []

    def place(self) -> Channel:
        return self

    def leave(self) -> None:
        pass

    give_up = leave

    def exchange(
        self, _place: Any, _method: str, requests: Iterator[pb.DepositStreamRequest], connect: Any, _seconds: float
    ) -> Iterator[pb.DepositStreamResponse]:
        self.looks.append(connect.seconds)
        self.left.append(connect.remaining())
        if self.failures:
            raise self.failures.pop(0)
        for request in requests:
            self.may_answer.wait(PATIENCE)
            works = bson.decode_all(request.works.bson)
            if self.lost:
                self.lost[0] -= 1
                if self.lost[0] < 0:
                    self.lost.pop(0)
                    raise lost()
            self.received += [each["id"] for each in works]
            yield pb.DepositStreamResponse(
                sequence=request.sequence, outcomes=[pb.DEPOSIT_OUTCOME_DEPOSITED] * len(works)
            )


def lost() -> ServiceUnavailableError:
    error = ServiceUnavailableError("nothing answers")
    error.outcome_unknown = True
    return error


def overloaded() -> ServiceUnavailableError:
    return ServiceUnavailableError("too much to do", reason="OVERLOADED")


def depositing(channel: Channel, directory: Path, patience: float = PATIENCE, most_bytes: int = GIB) -> Depositor:
    return Depositor(cast("Any", channel), patience, strict=False, spool=opened(directory, most_bytes))


@pytest.mark.parametrize("failures", [[], [lost()], [overloaded()] * 4, [lost(), overloaded(), lost()]])
def test_what_is_no_outage_spools_nothing(tmp_path: Path, failures: list[ResultsError]) -> None:
    channel = Channel(*failures)
    with depositing(channel, tmp_path / "spool") as depositor:
        assert depositor.deposit(work(PIPELINE, "a")).result(PATIENCE).outcome is Outcome.DEPOSITED
    assert names(tmp_path / "spool") == []
    assert channel.looks[: len(failures)] == [1] * len(failures)


@pytest.mark.parametrize("error", [lost, lambda: DeadlineExceededError("too long")])
def test_two_attempts_without_an_answer_are_an_outage(tmp_path: Path, error: Any) -> None:
    channel = Channel(error(), error())
    with depositing(channel, tmp_path / "spool") as depositor:
        given = [depositor.deposit(work(PIPELINE, str(number))) for number in range(10)]
        assert given[0].result(PATIENCE).outcome is Outcome.SPOOLED
        eventually(lambda: given[-1].done() and not works_left(tmp_path / "spool"))
        assert depositor.deposit(work(PIPELINE, "new")).result(PATIENCE).outcome is Outcome.DEPOSITED
        channel.failures.append(overloaded())  # which is another matter
        assert depositor.deposit(work(PIPELINE, "newer")).result(PATIENCE).outcome is Outcome.DEPOSITED
    assert channel.received == [*map(str, range(10)), "new", "newer"]
    assert names(tmp_path / "spool") == []


@pytest.mark.parametrize("error", [lost, overloaded])
def test_the_end_of_its_time_is_an_outage_whatever_the_service_answers(tmp_path: Path, error: Any) -> None:
    channel = Channel(*(error() for _ in range(1_000)))
    with depositing(channel, tmp_path / "spool", patience=0.2) as depositor:
        assert depositor.deposit(work(PIPELINE, "a")).result(PATIENCE).outcome is Outcome.SPOOLED
    assert works_left(tmp_path / "spool") == 1
    assert channel.received == []


def test_what_was_spooled_while_the_service_was_overloaded_is_deposited(tmp_path: Path) -> None:
    channel = Channel(*(overloaded() for _ in range(1_000)))
    with depositing(channel, tmp_path / "spool", patience=0.2) as depositor:
        assert depositor.deposit(work(PIPELINE, "a")).result(PATIENCE).outcome is Outcome.SPOOLED
        channel.failures.clear()
        eventually(lambda: channel.received == ["a"])
        assert depositor.deposit(work(PIPELINE, "b")).result(PATIENCE).outcome is Outcome.DEPOSITED
    assert channel.received == ["a", "b"]
    assert names(tmp_path / "spool") == []


def test_what_is_denied_after_an_overload_is_not_spooled(tmp_path: Path) -> None:
    denied = PermissionDeniedError("read only", reason="ROLE")
    channel = Channel(overloaded(), overloaded(), denied)
    with pytest.raises(PermissionDeniedError), depositing(channel, tmp_path / "spool") as depositor:
        assert isinstance(depositor.deposit(work(PIPELINE, "a")).exception(PATIENCE), PermissionDeniedError)
    assert names(tmp_path / "spool") == []


def test_a_refusal_of_all_is_no_outage(tmp_path: Path) -> None:
    channel = Channel(lost(), InvalidRequestError("what is this?", reason="MALFORMED_REQUEST"))
    filled(tmp_path / "spool", [bson.encode(work(PIPELINE, "old"))])
    with pytest.raises(InvalidRequestError) as raised, depositing(channel, tmp_path / "spool") as depositor:
        future = depositor.deposit(work(PIPELINE, "a"))
        assert isinstance(future.exception(PATIENCE), InvalidRequestError)
    assert [each["id"] for each in raised.value.works] == ["a"]
    assert works_left(tmp_path / "spool") == 1


@pytest.mark.parametrize("lost_after", [[0], [1], [2, 1], [0, 0, 0, 0, 0]])
def test_what_is_lost_while_depositing_again_is_sent_again_in_order(tmp_path: Path, lost_after: list[int]) -> None:
    directory, channel = tmp_path / "spool", Channel()
    documents = [bson.encode(work(PIPELINE, f"{number:04}", data=bytes(1_000))) for number in range(1_500)]
    filled(directory, documents)
    channel.lost = lost_after
    with depositing(channel, directory) as depositor:
        given = [depositor.deposit(work(PIPELINE, f"new-{number}")) for number in range(3)]
        eventually(lambda: all(future.done() for future in given) and not works_left(directory))
    assert list(dict.fromkeys(channel.received)) == [f"{number:04}" for number in range(1_500)] + [
        f"new-{number}" for number in range(3)
    ]
    assert {future.result().outcome for future in given} <= {Outcome.DEPOSITED, Outcome.SPOOLED}
    assert names(directory) == []


def test_works_that_can_not_be_spooled_are_in_the_error_of_the_block(tmp_path: Path) -> None:
    channel = Channel(*(lost() for _ in range(1_000)))
    small, large = work(PIPELINE, "small"), work(PIPELINE, "large", data=bytes(2_000))
    full = pytest.raises(ResultsError, match=r"1 of 2 rejected: test-spooling large: the spool .* is full")
    with full as raised, depositing(channel, tmp_path / "spool", most_bytes=1_000) as depositor:
        depositor.deposit(large)
        future = depositor.deposit(small)
    assert type(raised.value) is ResultsError
    assert raised.value.works == [large]
    assert [receipt.id for receipt in raised.value.receipts] == ["large"]
    assert future.result().outcome is Outcome.SPOOLED


def test_deposit_raises_once_works_can_not_be_spooled(tmp_path: Path) -> None:
    channel = Channel(*(lost() for _ in range(1_000)))
    small, large = work(PIPELINE, "small"), work(PIPELINE, "large", data=bytes(2_000))
    with depositing(channel, tmp_path / "spool", most_bytes=1_000) as depositor:
        assert depositor.deposit(large).exception(PATIENCE)
        with pytest.raises(ResultsError, match="test-spooling large is not deposited: the spool") as raised:
            depositor.deposit(large)
        assert raised.value.works == [large]
        assert depositor.deposit(small).done()  # it has waited


def test_a_long_outage_leaves_time_to_look_for_the_service(tmp_path: Path) -> None:
    channel = Channel(*(lost() for _ in range(5)))
    with depositing(channel, tmp_path / "spool", patience=0.5) as depositor:
        depositor.deposit(work(PIPELINE, "a"))
        eventually(lambda: channel.received)
    assert channel.received == ["a"]
    assert min(channel.left[2:]) > 0.1


def test_flush_does_not_wait_for_works_of_others(tmp_path: Path) -> None:
    channel = Channel()
    channel.may_answer.clear()
    filled(tmp_path / "spool", [bson.encode(work(PIPELINE, "old"))])
    with depositing(channel, tmp_path / "spool") as depositor:
        eventually(lambda: channel.looks)
        depositor.flush()
        assert channel.received == []
        channel.may_answer.set()
    assert channel.received == ["old"]


def test_the_last_look_is_longer(tmp_path: Path) -> None:
    channel = Channel(*(lost() for _ in range(1_000)))
    with depositing(channel, tmp_path / "spool") as depositor:
        depositor.deposit(work(PIPELINE, "a")).result(PATIENCE)
        assert set(channel.looks) == {1}
    assert channel.looks[-1] == 3


def test_flush_waits_for_works_that_are_spooled_but_not_for_the_spool(tmp_path: Path) -> None:
    channel = Channel(*(lost() for _ in range(1_000)))
    with depositing(channel, tmp_path / "spool") as depositor:
        given = [depositor.deposit(work(PIPELINE, str(number))) for number in range(100)]
        depositor.flush()
        assert all(future.done() for future in given)
        assert "open, 100 given, 0 not acknowledged" in repr(depositor)


def test_refused_works_that_can_not_be_noted_stay(tmp_path: Path) -> None:
    directory = tmp_path / "spool"
    filled(directory, [bson.encode({"no": "work"})])
    (directory / "refused.bson").mkdir()
    cannot = pytest.raises(ResultsError, match="can't be written: Is a directory")
    with cannot, depositing(Channel(), directory) as depositor:
        depositor.deposit(work(PIPELINE, "a")).exception(PATIENCE)
    assert works_left(directory) == 1

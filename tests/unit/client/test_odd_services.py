"""What the client does with a service that answers otherwise than it should."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import bson
import grpc
import pytest

from tests.support.fake_service import serving
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import (
    DeadlineExceededError,
    Outcome,
    Results,
    ResultsError,
    ServiceUnavailableError,
    _session,
)
from workflow_results._transport import channel
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.grpc_calls import only_part
from workflow_results._transport.watchdog import _Watchdog
from workflow_results.v1 import results_pb2 as pb

STORED = pb.DEPOSIT_OUTCOME_DEPOSITED


@pytest.mark.parametrize("told", [0, 2, 4])
def test_a_stream_that_lost_results_is_an_error(told: int) -> None:
    def view(_request: pb.ViewRequest, _context: Any) -> Iterator[pb.ViewResponse]:
        for numbers in ((3, 2), (1,)):
            documents = b"".join(bson.encode({"_id": str(number), "id": str(number)}) for number in numbers)
            batch = pb.ResultBatch(results=pb.EncodedDocuments(bson=documents), resume_token=b"token")
            yield pb.ViewResponse(part=pb.ResultPart(batch=batch))
        yield pb.ViewResponse(part=pb.ResultPart(summary=pb.ReadSummary(count=told)))

    with serving(View=view) as target, Results(target) as results:
        read: list[dict[str, Any]] = []
        with pytest.raises(ResultsError, match=f"lost results: 3 of {told}"):
            read += results.stream("any", {})
        with pytest.raises(ResultsError, match="lost results"):
            results.view("any", {})
        stream = results.stream("any", {})
        assert [next(stream)["id"] for _ in range(3)] == ["3", "2", "1"]
        with pytest.raises(ResultsError, match="lost results"):
            next(stream)


def count(_request: pb.CountRequest, _context: Any) -> pb.CountResponse:
    return pb.CountResponse(count=0)


def connect_streams(results: Results) -> None:
    """Connect what streams go through, however long that takes."""
    with results._channel.place() as place:
        place.connection.reachability.ensure(Deadline.after(PATIENCE))


@pytest.mark.parametrize("silent_after", ["request", "batch", "summary"])
def test_a_stream_that_falls_silent_is_given_up(silent_after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "_PATIENCE", 0.5)
    over = threading.Event()

    def view(_request: pb.ViewRequest, _context: Any) -> Iterator[pb.ViewResponse]:
        batch = pb.ResultBatch(
            results=pb.EncodedDocuments(bson=bson.encode({"_id": "1", "id": "1"})), resume_token=b"token"
        )
        if silent_after == "request":
            over.wait(PATIENCE)
        yield pb.ViewResponse(part=pb.ResultPart(batch=batch))
        if silent_after == "batch":
            over.wait(PATIENCE)
        yield pb.ViewResponse(part=pb.ResultPart(summary=pb.ReadSummary(count=1)))
        if silent_after == "summary":
            over.wait(PATIENCE)

    timeout = 2.0 if silent_after == "summary" else 0.2
    with serving(View=view, Count=count) as target, Results(target, timeout=timeout) as results:
        connect_streams(results)
        try:
            if silent_after == "summary":
                assert results.view("any", {}) == [{"id": "1"}]
                return
            with pytest.raises(ServiceUnavailableError, match=r"View at .*: no data for 0\.55 s"):
                results.view("any", {})
            with pytest.raises(DeadlineExceededError, match=r"timeout of 1 s"):  # which is for the whole of it
                results.view("any", {}, timeout=1)
        finally:
            over.set()


def test_a_service_may_take_longer_for_a_batch_than_for_a_call() -> None:
    def view(_request: pb.ViewRequest, _context: Any) -> Iterator[pb.ViewResponse]:
        threading.Event().wait(0.5)
        yield pb.ViewResponse(part=pb.ResultPart(summary=pb.ReadSummary(count=0)))

    with serving(View=view, Count=count) as target, Results(target, timeout=0.2) as results:
        connect_streams(results)
        assert results.view("any", {}) == []


def test_a_stream_whose_reader_takes_long_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog = _Watchdog()
    monkeypatch.setattr(channel, "watchdog", watchdog)
    monkeypatch.setattr(_session, "_PATIENCE", 2.0)

    def view(_request: pb.ViewRequest, _context: Any) -> Iterator[pb.ViewResponse]:
        for id_ in "21":
            documents = pb.EncodedDocuments(bson=bson.encode({"_id": id_, "id": id_}))
            yield pb.ViewResponse(part=pb.ResultPart(batch=pb.ResultBatch(results=documents, resume_token=b"token")))
        yield pb.ViewResponse(part=pb.ResultPart(summary=pb.ReadSummary(count=2)))

    def watches() -> bool:
        return watchdog._wakes_at is not None

    with serving(View=view) as target, Results(target, timeout=2) as results:
        stream = results.stream("any", {})
        assert next(stream)["id"] == "2"
        assert watches()
        eventually(lambda: not watches())  # which is so once the first wait would have taken too long
        assert [each["id"] for each in stream] == ["1"]


def test_requests_with_works_of_one_id_do_not_overtake_each_other() -> None:
    second, overtaken = threading.Event(), []

    def deposit(request: pb.DepositRequest, _context: Any) -> pb.DepositResponse:
        numbers = [each["n"] for each in bson.decode_all(request.works.bson)]
        if numbers == [0]:
            overtaken.append(second.wait(2))
        else:
            second.set()
        return pb.DepositResponse(outcomes=[STORED])

    with serving(Deposit=deposit) as target, Results(target) as results:
        large = [work("any", id_, n=n, data=bytes(900_000)) for n, id_ in enumerate("aba")]
        assert [receipt.outcome for receipt in results.deposit_receipts(large)] == [Outcome.DEPOSITED] * 3
        assert overtaken == [False]


def test_requests_with_works_of_different_ids_are_under_way_together() -> None:
    together = threading.Barrier(4)

    def deposit(_request: pb.DepositRequest, _context: Any) -> pb.DepositResponse:
        together.wait(20)
        return pb.DepositResponse(outcomes=[STORED])

    with serving(Deposit=deposit) as target, Results(target) as results:
        assert results.deposit([work("any", data=bytes(900_000)) for _ in range(8)]) == {"any": True}


def test_of_requests_under_way_one_that_fails_leaves_the_others_to_their_end() -> None:
    answered = []

    def deposit(request: pb.DepositRequest, context: grpc.ServicerContext) -> pb.DepositResponse:
        (number,) = [each["n"] for each in bson.decode_all(request.works.bson)]
        if number == 1:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        answered.append(number)
        return pb.DepositResponse(outcomes=[STORED])

    with serving(Deposit=deposit) as target, Results(target) as results:
        works = [work("any", n=n, data=bytes(900_000)) for n in range(20)]
        with pytest.raises(ResultsError, match="no") as caught:
            results.deposit(works)
    assert caught.value.outcome_unknown
    assert [each["n"] for each in caught.value.works] == list(range(20))
    assert sorted(answered) in ([0, 2, 3], [0, 2, 3, 4])


def test_what_is_under_way_beside_a_request_that_fails_is_not_sent_again() -> None:
    sent = []

    def deposit(request: pb.DepositRequest, context: grpc.ServicerContext) -> pb.DepositResponse:
        (number,) = [each["n"] for each in bson.decode_all(request.works.bson)]
        sent.append(number)
        if number:
            code = grpc.StatusCode.INVALID_ARGUMENT if number == 1 else grpc.StatusCode.UNAVAILABLE
            context.abort(code, "no")
        return pb.DepositResponse(outcomes=[STORED])

    with serving(Deposit=deposit) as target, Results(target, timeout=5) as results:
        works = [work("any", n=n, data=bytes(900_000)) for n in range(8)]
        with pytest.raises(ResultsError, match="no"):
            results.deposit(works)
    assert len(sent) == len(set(sent))


def test_of_a_deposit_that_ctrl_c_ends_no_request_goes_on() -> None:
    over, under_way, ended = threading.Event(), threading.Barrier(4), threading.Semaphore(0)
    main = threading.main_thread().ident or 0

    def waits() -> bool:
        return any(frame.f_code is only_part.__code__ for frame, _ in traceback.walk_stack(sys._current_frames()[main]))

    def deposit(_request: pb.DepositRequest, context: grpc.ServicerContext) -> pb.DepositResponse:
        context.add_callback(ended.release)
        if under_way.wait(PATIENCE) == 0:
            eventually(waits)  # a call that is interrupted while gRPC begins it goes on, as nothing can cancel it
            signal.pthread_kill(main, signal.SIGUSR1)
        over.wait(PATIENCE)
        return pb.DepositResponse(outcomes=[STORED])

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    with serving(Deposit=deposit) as target, Results(target) as results:
        try:
            with pytest.raises(KeyboardInterrupt):
                results.deposit([work("any", data=bytes(900_000)) for _ in range(8)])
            for _ in range(4):
                assert ended.acquire(timeout=PATIENCE / 2)
            assert not over.is_set()
        finally:
            over.set()
            signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("outcomes", [[], [STORED] * 3, [STORED, pb.DEPOSIT_OUTCOME_UNSPECIFIED]])
def test_outcomes_that_are_not_those_of_the_works_are_an_error_with_the_works(outcomes: list[Any]) -> None:
    def deposit(_request: pb.DepositRequest, _context: Any) -> pb.DepositResponse:
        return pb.DepositResponse(outcomes=outcomes)

    def deposit_stream(
        requests: Iterator[pb.DepositStreamRequest], _context: Any
    ) -> Iterator[pb.DepositStreamResponse]:
        for request in requests:
            yield pb.DepositStreamResponse(sequence=request.sequence, outcomes=outcomes)

    works = [work("any", id_) for id_ in "ab"]
    with serving(Deposit=deposit, DepositStream=deposit_stream) as target, Results(target) as results:
        with pytest.raises(ResultsError, match="outcomes for 2 works") as caught:
            results.deposit(works)
        assert (caught.value.works, caught.value.outcome_unknown) == (works, True)
        with pytest.raises(ResultsError) as caught, results.depositor() as depositor:
            given = [depositor.deposit(each) for each in works]
        assert caught.value.outcome_unknown
        for future in given:
            assert isinstance(future.exception(), ResultsError)

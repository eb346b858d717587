"""The streams of a depositor, to services that are slow or break."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, cast

import grpc
import pytest

from tests.support.fake_service import serving
from tests.support.waiting import PATIENCE, join
from tests.support.works import work
from workflow_results import Results, ServiceUnavailableError
from workflow_results._deposit.depositor import Depositor
from workflow_results.v1 import results_pb2 as pb


def acknowledgement(request: pb.DepositStreamRequest) -> pb.DepositStreamResponse:
    outcomes = [pb.DEPOSIT_OUTCOME_DEPOSITED] * request.works.bson.count(b"pipeline\0")
    return pb.DepositStreamResponse(sequence=request.sequence, outcomes=outcomes)


def test_a_service_that_goes_down_and_then_is_silent_is_told_as_down(pipeline: str) -> None:
    streams, ended = itertools.count(), threading.Event()

    def deposit_stream(_requests: Any, context: Any) -> Iterator[pb.DepositStreamResponse]:
        if next(streams) == 0:
            context.abort(grpc.StatusCode.UNAVAILABLE, "going down")
        ended.wait(PATIENCE)
        yield from ()

    lost = pytest.raises(ServiceUnavailableError, match="going down")
    with serving(DepositStream=deposit_stream) as target, Results(target) as results:
        with lost, results.depositor(timeout=2) as depositor:
            depositor.deposit(work(pipeline))
        ended.set()


@pytest.mark.slow
def test_who_deposits_faster_than_the_service_has_to_wait(pipeline: str) -> None:
    may_acknowledge = threading.Event()
    acknowledged: list[int] = []

    def deposit_stream(
        requests: Iterator[pb.DepositStreamRequest], _context: Any
    ) -> Iterator[pb.DepositStreamResponse]:
        for request in requests:
            may_acknowledge.wait(PATIENCE)
            answer = acknowledgement(request)
            acknowledged.append(len(answer.outcomes))
            yield answer

    given: list[Any] = []
    with serving(DepositStream=deposit_stream) as target, Results(target) as results, results.depositor() as depositor:

        def feed() -> None:
            given.extend(depositor.deposit(work(pipeline, data=bytes(100_000))) for _ in range(400))

        feeding = threading.Thread(target=feed)
        feeding.start()
        feeding.join(3)
        assert feeding.is_alive()
        assert not acknowledged
        may_acknowledge.set()
        join(feeding)
    assert sum(acknowledged) == len(given) == 400


class Breaking:
    """A channel whose streams break once they have acknowledged a request, while gRPC still asks for further ones."""

    target = "somewhere:1"
    given_up = False

    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def place(self) -> Any:
        return self

    def leave(self) -> None:
        pass

    give_up = leave

    def exchange(
        self, _place: Any, _method: str, requests: Iterator[pb.DepositStreamRequest], *_: Any
    ) -> Iterator[pb.DepositStreamResponse]:
        request = next(requests)
        self.acknowledged.append(request.sequence)
        yield acknowledgement(request)
        threading.Thread(target=deque, args=(requests, 0), daemon=True).start()
        raise ServiceUnavailableError("going down")


def test_no_work_is_lost_to_a_stream_that_broke(pipeline: str) -> None:
    channel = Breaking()
    with Depositor(cast("Any", channel), 20, strict=False) as depositor:
        for number in range(200):
            assert depositor.deposit(work(pipeline, str(number))).result(PATIENCE).stored
            time.sleep(0.001 * (number % 7))
    assert channel.acknowledged == list(range(1, 201))


def test_what_a_broken_stream_left_open_is_sent_again_in_its_order(
    pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow_results._deposit.depositor.IDLE_SECONDS", PATIENCE)
    streams: list[list[int]] = []

    def deposit_stream(requests: Iterator[pb.DepositStreamRequest], context: Any) -> Iterator[pb.DepositStreamResponse]:
        sequences: list[int] = []
        streams.append(sequences)
        for request in requests:
            sequences.append(request.sequence)
            if len(streams) == 1 and len(sequences) == 4:
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken")
            elif len(streams) > 1 or len(sequences) == 1:
                yield acknowledgement(request)

    with serving(DepositStream=deposit_stream) as target, Results(target) as results, results.depositor() as depositor:
        given = [depositor.deposit(work(pipeline, data=bytes(400_000))) for _ in range(20)]
    assert all(future.result().stored for future in given)
    assert streams[0] == [1, 2, 3, 4]
    assert [sequence for stream in streams[1:] for sequence in stream] == list(range(2, 21))


@pytest.mark.slow
def test_a_stream_that_never_ends_fails_no_work_that_was_acknowledged(pipeline: str) -> None:
    over, streams = threading.Event(), threading.Semaphore(0)

    def deposit_stream(requests: Iterator[pb.DepositStreamRequest], context: Any) -> Iterator[pb.DepositStreamResponse]:
        context.add_callback(streams.release)
        for request in requests:
            yield acknowledgement(request)
        over.wait(PATIENCE)

    with serving(DepositStream=deposit_stream) as target, Results(target) as results:
        try:
            with results.depositor(timeout=3) as depositor:
                for _ in range(2):
                    assert depositor.deposit(work(pipeline)).result(PATIENCE).stored
                    assert streams.acquire(timeout=PATIENCE)  # its end was waited for in vain
                assert depositor.deposit(work(pipeline)).result(PATIENCE).stored
            assert not over.is_set()
        finally:
            over.set()

"""Calls that share connections with others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.fake_service import serving
from workflow_results import Results
from workflow_results._transport.connection import Connection
from workflow_results._transport.connections import Place
from workflow_results._transport.credentials import Credentials
from workflow_results._transport.reachability import Peer
from workflow_results.v1 import results_pb2 as pb


def test_slow_calls_keep_no_other_call_from_being_answered() -> None:
    may_answer, under_way = threading.Event(), threading.Semaphore(0)

    def count(_request: pb.CountRequest, _context: Any) -> pb.CountResponse:
        under_way.release()
        may_answer.wait(60)
        return pb.CountResponse(count=1)

    def lock(_request: pb.LockRequest, _context: Any) -> pb.LockResponse:
        return pb.LockResponse(outcome=pb.ChangeOutcome(applied=True))

    target = serving(threads=150, Count=count, Lock=lock)
    with target as at, Results(at, timeout=60) as results, ThreadPoolExecutor(120) as pool:
        counts = [pool.submit(results.count, "any", {}) for _ in range(120)]
        try:
            for _ in counts:
                assert under_way.acquire(timeout=30)
            assert results.lock("any", ["a"], timeout=5)
        finally:
            may_answer.set()
        assert {each.result(30) for each in counts} == {1}


def test_streams_may_leave_a_connection_while_it_is_abandoned() -> None:
    class Leaving(Place[Connection]):
        """One that leaves while another one is looked at, as a stream does that is collected as garbage."""

        @property
        def call(self) -> None:
            self.leave()

        @call.setter
        def call(self, _call: None) -> None:
            pass

    credentials = Credentials(None, secure=False, authorities=None, identity=None)
    connection = Connection(Peer("localhost:1", credentials), further=False)
    connection.places |= {Leaving(connection) for _ in range(2)}
    connection.spoil()
    assert not connection.places
    connection._channel.close()

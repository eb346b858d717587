"""The depositor: works given one at a time, sent together, each with a receipt of its own, and none lost."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from concurrent import futures
from typing import Any

import pytest

from tests.support.blocking import Facade
from tests.support.launcher import Service
from tests.support.proxy import Proxy
from tests.support.waiting import PATIENCE, ended, eventually
from tests.support.works import work
from workflow_results import (
    ConflictError,
    DeadlineExceededError,
    InvalidRequestError,
    InvalidStatusError,
    Outcome,
    Results,
    ResultsError,
)

Serve = Callable[..., Service]


@pytest.mark.both_facades
def test_works_given_one_at_a_time_are_stored_each_with_its_receipt(results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{number:05}", event=[number]) for number in range(3_000)]
    with results.depositor() as depositor:
        given = [depositor.deposit(each) for each in works]
        given.append(depositor.deposit(work(pipeline)))
    assert all(future.done() for future in given)
    receipts = [future.result() for future in given]
    assert [receipt.id for receipt in receipts[:-1]] == [each["id"] for each in works]
    assert {(receipt.pipeline, receipt.outcome) for receipt in receipts} == {(pipeline, Outcome.DEPOSITED)}
    assert results.count(pipeline, {}) == 3_001
    assert results.get_by_id(pipeline, [receipts[-1].id])
    assert results.get_by_event(pipeline, 2_999) == [works[-1]]


@pytest.mark.both_facades
def test_threads_share_a_depositor_for_several_pipelines(results: Results, pipeline: str) -> None:
    def deposit(number: int) -> str:
        return depositor.deposit(work(f"{pipeline}-{number % 3}", str(number))).result(PATIENCE).id

    with results.depositor() as depositor, futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(deposit, range(300))) == [str(number) for number in range(300)]
    assert [results.count(f"{pipeline}-{number}", {}) for number in range(3)] == [100, 100, 100]


@pytest.mark.both_facades
def test_outcomes_are_those_of_the_order_given(results: Results, pipeline: str) -> None:
    same = work(pipeline, "a", n=1)
    rejected = work(pipeline, "deep", nested=nested(150))
    with results.depositor() as depositor:
        given = [depositor.deposit(each) for each in (same, same, work(pipeline, "a", n=2), rejected)]
        receipts = [future.result(PATIENCE) for future in given]
    assert [receipt.outcome for receipt in receipts] == [
        Outcome.DEPOSITED,
        Outcome.ALREADY_DEPOSITED,
        Outcome.CONFLICT,
        Outcome.REJECTED,
    ]
    assert "TOO_DEEP" in receipts[-1].reason
    assert results.view(pipeline, {}) == [same]


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"in": document}
    return document


@pytest.mark.both_facades
def test_a_work_that_breaks_a_rule_is_refused_at_once(results: Results, pipeline: str) -> None:
    with results.depositor() as depositor:
        kept = depositor.deposit(work(pipeline, "a"))
        with pytest.raises(InvalidStatusError, match=r"work\.status"):
            depositor.deposit(work(pipeline, "b", status="running"))
        with pytest.raises(InvalidRequestError, match=r"work\.results\.x"):
            depositor.deposit(work(pipeline, "c", results={"x": {1, 2}}))
    assert kept.result().stored
    assert results.count(pipeline, {}) == 1


@pytest.mark.both_facades
@pytest.mark.parametrize("large", [False, True])
def test_rejections_that_nobody_asked_for_are_raised_in_the_end(results: Results, pipeline: str, large: bool) -> None:
    bad = work(pipeline, "bad", data=bytes(17 << 20)) if large else work(pipeline, "bad", nested=nested(150))
    rejected = pytest.raises(InvalidRequestError, match=f"1 of 3 rejected: {pipeline} bad: TOO_")
    with rejected as raised, results.depositor() as depositor:
        for each in (work(pipeline, "a"), bad, work(pipeline, "b")):
            depositor.deposit(each)
    assert [receipt.id for receipt in raised.value.receipts] == ["bad"]
    assert results.count(pipeline, {}) == 2


@pytest.mark.both_facades
def test_conflicts_that_nobody_asked_for_are_logged_or_raised(
    service: Service, results: Results, pipeline: str, caplog: pytest.LogCaptureFixture, facade: Facade
) -> None:
    results.deposit([work(pipeline, "a", n=1)])
    with caplog.at_level(logging.WARNING), results.depositor() as depositor:
        depositor.deposit(work(pipeline, "a", n=2))
    assert f"1 of 1 in conflict: {pipeline} a" in caplog.text
    with facade(service.target, strict=True) as strict, pytest.raises(ConflictError), strict.depositor() as depositor:
        depositor.deposit(work(pipeline, "a", n=2))
    assert results.view(pipeline, {})[0]["n"] == 1


@pytest.mark.both_facades
def test_flush_waits_for_what_was_given(results: Results, pipeline: str) -> None:
    with results.depositor() as depositor:
        for round_ in range(3):
            given = [depositor.deposit(work(pipeline, f"{round_}-{number}")) for number in range(50)]
            depositor.flush()
            assert all(future.done() for future in given)
            assert results.count(pipeline, {}) == 50 * (round_ + 1)
        depositor.flush()


def test_a_callback_may_deposit(results: Results, pipeline: str) -> None:
    with results.depositor() as depositor:
        first = depositor.deposit(work(pipeline, "first"))
        second: list[Any] = []
        first.add_done_callback(lambda _: second.append(depositor.deposit(work(pipeline, "second"))))
        assert first.result(PATIENCE).stored
        depositor.flush()
    assert second[0].result().stored


def test_futures_can_be_waited_for_and_awaited(results: Results, pipeline: str) -> None:
    async def wrapped(given: list[Any]) -> list[Any]:
        return await asyncio.gather(*map(asyncio.wrap_future, given))

    with results.depositor() as depositor:
        for round_ in range(10):
            given = [depositor.deposit(work(pipeline, f"{round_}-{number}")) for number in range(500)]
            assert not futures.wait(given, PATIENCE).not_done
        given = [depositor.deposit(work(pipeline, f"await-{number}")) for number in range(500)]
        assert [receipt.outcome for receipt in asyncio.run(wrapped(given))] == [Outcome.DEPOSITED] * 500
        given = [depositor.deposit(work(pipeline, f"next-{number}")) for number in range(500)]
        assert {future.result().stored for future in futures.as_completed(given, PATIENCE)} == {True}
    assert results.count(pipeline, {}) == 6_000


def test_a_callback_may_wait_for_another_depositor_but_not_for_its_own(results: Results, pipeline: str) -> None:
    answers: list[Any] = []

    def call_back(_: Any) -> None:
        answers.append(other.deposit(work(pipeline, "other")).result(PATIENCE).outcome)
        with pytest.raises(ResultsError, match="own thread"):
            depositor.flush()

    with results.depositor() as other, results.depositor() as depositor:
        depositor.deposit(work(pipeline, "a")).add_done_callback(call_back)
    assert answers == [Outcome.DEPOSITED]


def test_a_callback_that_would_end_the_thread_does_no_harm(
    results: Results, pipeline: str, caplog: pytest.LogCaptureFixture
) -> None:
    with results.depositor() as depositor:
        depositor.deposit(work(pipeline, "a")).add_done_callback(lambda _: sys.exit(1))
        given = [depositor.deposit(work(pipeline)) for _ in range(100)]
    assert all(future.result().stored for future in given)
    assert "callback" in caplog.text


@pytest.mark.both_facades
def test_a_service_that_hangs_is_given_up_in_time(serve: Serve, pipeline: str, facade: Facade) -> None:
    server = serve()
    with facade(server.target) as client:
        with pytest.raises(DeadlineExceededError), client.depositor(timeout=5) as depositor:
            depositor.deposit(work(pipeline, "a")).result(PATIENCE)
            server.process.send_signal(signal.SIGSTOP)
            depositor.deposit(work(pipeline, "b")).result(PATIENCE)
        server.process.send_signal(signal.SIGCONT)
    server.stop(signal.SIGKILL)


@pytest.mark.both_facades
def test_use_outside_a_with_block_is_refused(results: Results, pipeline: str) -> None:
    depositor = results.depositor()
    with pytest.raises(ResultsError, match="`with` or `async with` block"):
        depositor.deposit(work(pipeline, "a"))
    with depositor:
        assert depositor.deposit(work(pipeline, "a")).result(PATIENCE).stored
    with pytest.raises(ResultsError, match="`with` or `async with` block"):
        depositor.deposit(work(pipeline, "b"))
    with pytest.raises(ResultsError, match="once"), depositor:
        pass


@pytest.mark.both_facades
def test_works_given_before_an_exception_are_stored(results: Results, pipeline: str) -> None:
    with pytest.raises(KeyError), results.depositor() as depositor:
        depositor.deposit(work(pipeline, "a"))
        raise KeyError
    assert results.count(pipeline, {}) == 1


@pytest.mark.both_facades
def test_acknowledgements_that_are_lost_are_asked_for_again(
    service: Service, results: Results, pipeline: str, facade: Facade
) -> None:
    works = [work(pipeline, f"{number:04}", data=bytes(10_000)) for number in range(1_000)]
    with contextlib.closing(Proxy(service.target)) as proxy, facade(proxy.target) as client:
        with client.depositor() as depositor:
            depositor.deposit(work(pipeline, "first")).result(PATIENCE)
            proxy.hold_from = b"0500"
            given = [depositor.deposit(each) for each in works]
            eventually(lambda: results.get_by_id(pipeline, ["0500"]))
            assert not given[500].done()
            proxy.cut()
        assert {future.result().outcome for future in given} <= {Outcome.DEPOSITED, Outcome.ALREADY_DEPOSITED}
    assert given[500].result().outcome is Outcome.ALREADY_DEPOSITED
    assert results.count(pipeline, {}) == 1_001


@pytest.mark.both_facades
def test_killed_server_that_comes_back_gets_every_work_once(
    serve: Serve, results: Results, pipeline: str, facade: Facade
) -> None:
    server = serve()
    works = [work(pipeline, f"{number:05}", data=bytes(1_000)) for number in range(10_000)]
    with facade(server.target) as client, client.depositor() as depositor:
        given = []
        for number, each in enumerate(works):
            given.append(depositor.deposit(each))
            if number in (2_000, 6_000):
                given[number // 2].result(PATIENCE)
                server.stop(signal.SIGKILL)
                server = serve("--port", server.target.rpartition(":")[2])
    server.stop(signal.SIGKILL)
    assert all(future.result().stored for future in given)
    assert [result["id"] for result in results.stream(pipeline, {}, {"id": True})] == sorted(
        (each["id"] for each in works), reverse=True
    )


def test_a_fork_waits_for_the_stream_and_the_child_may_not_use_it(service: Service, pipeline: str) -> None:
    with Results(service.target) as results:
        with results.depositor() as depositor:
            given = [depositor.deposit(work(pipeline, f"{number:04}")) for number in range(500)]
            if (child := os.fork()) == 0:
                status = 1
                with contextlib.suppress(ResultsError):
                    depositor.deposit(work(pipeline, "child"))
                    status = 2
                if status == 1 and results.deposit([work(pipeline, "child")]) == {pipeline: True}:
                    status = 0
                os._exit(status)
            given += [depositor.deposit(work(pipeline, f"{number:04}")) for number in range(500, 1_000)]
            assert ended(child) == 0
        assert all(future.result().stored for future in given)
        assert results.count(pipeline, {}) == 1_001

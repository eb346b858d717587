"""Depositors with a spool get over outages, and accept no work that they can't keep."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import bson
import pytest

from tests.support.blocking import Facade
from tests.support.launcher import Service
from tests.support.spools import Outages, ids, names, works_of
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import (
    Outcome,
    Results,
    ResultsError,
)
from workflow_results._deposit.spool import REFUSED, works_left

Serve = Callable[..., Service]
Client = Callable[..., "subprocess.Popen[str]"]


@pytest.mark.both_facades
def test_works_of_an_outage_are_spooled_and_deposited_in_their_order(
    outages: Outages, results: Results, pipeline: str, spool: Path, facade: Facade, caplog: pytest.LogCaptureFixture
) -> None:
    works = works_of(pipeline, 1_000, size=500)
    with facade(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        given = [depositor.deposit(each) for each in works[:300]]
        assert given[-1].result(PATIENCE).outcome is Outcome.DEPOSITED
        outages.begin()
        given += [depositor.deposit(each) for each in works[300:600]]
        depositor.flush()
        receipts = [future.result() for future in given[300:]]
        assert {receipt.outcome for receipt in receipts} == {Outcome.SPOOLED}
        assert not receipts[0].stored
        assert receipts[0].reason == f"in {spool}"
        assert works_left(spool) == 300
        outages.end()
        given += [depositor.deposit(each) for each in works[600:]]
        eventually(lambda: results.count(pipeline, {}) >= 600)
    assert ids(results, pipeline) == [each["id"] for each in works]
    assert names(spool) == []
    assert "works go to the spool" in caplog.text
    assert "are left in the spool" not in caplog.text


@pytest.mark.both_facades
def test_works_with_one_id_keep_their_order_across_outages(
    outages: Outages, results: Results, pipeline: str, spool: Path, facade: Facade, caplog: pytest.LogCaptureFixture
) -> None:
    with facade(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        outages.begin()
        for number in range(100):
            for version in range(3):
                depositor.deposit(work(pipeline, str(number), version=version))
        depositor.flush()
        outages.end()
        for number in range(100):
            depositor.deposit(work(pipeline, str(number), version=3))
    assert {result["version"] for result in results.stream(pipeline, {})} == {0}
    told = bson.decode_all((spool / REFUSED).read_bytes())
    assert Counter(each["work"]["version"] for each in told)[1] == 100
    assert {each["outcome"] for each in told} == {"conflict"}
    assert names(spool) == [REFUSED]


@pytest.mark.both_facades
def test_a_depositor_may_begin_and_end_in_an_outage(
    outages: Outages, results: Results, pipeline: str, spool: Path, facade: Facade, caplog: pytest.LogCaptureFixture
) -> None:
    outages.begin()
    for part in range(2):
        with facade(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
            given = [depositor.deposit(each) for each in works_of(pipeline, 10, 10 * part)]
        assert {future.result().outcome for future in given} == {Outcome.SPOOLED}
    assert f"20 works are left in the spool {spool}" in caplog.text
    assert f"`workflow-results deposit --spool {spool}`" in caplog.text
    outages.end()
    with facade(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        assert depositor.deposit(work(pipeline, "later")).result(PATIENCE).outcome is Outcome.DEPOSITED
        assert results.count(pipeline, {}) == 21  # what was spooled came first
    assert names(spool) == []


@pytest.mark.both_facades
def test_a_full_spool_refuses_works_until_the_service_is_back(
    outages: Outages, results: Results, pipeline: str, spool: Path, facade: Facade
) -> None:
    works = works_of(pipeline, 30, size=100)
    full = pytest.raises(ResultsError, match="is full")
    with (
        facade(outages.target) as client,
        full as raised,
        client.depositor(spool_dir=spool, spool_bytes=2_000) as depositor,
    ):
        depositor.deposit(works[0]).result(PATIENCE)
        outages.begin()
        given = [depositor.deposit(each) for each in works[1:20]]
        eventually(lambda: all(future.done() for future in given))
        refused = 0
        for each in works[20:]:
            with pytest.raises(ResultsError, match=f"{pipeline} {each['id']} is not deposited: the spool") as error:
                depositor.deposit(each)
            assert error.value.works == [each]
            refused += 1
        outages.end()
        eventually(lambda: not works_left(spool))
        assert depositor.deposit(work(pipeline, "later")).result(PATIENCE).outcome is Outcome.DEPOSITED
    assert refused == 10
    accepted = [each for each in works[1:20] if each not in raised.value.works]
    assert 5 < len(accepted) < 15
    assert raised.value.works == works[1 + len(accepted) : 20]
    assert ids(results, pipeline) == sorted(["00000", *(each["id"] for each in accepted), "later"])
    assert names(spool) == []


@pytest.mark.both_facades
def test_a_disk_that_has_room_again_takes_works_again(
    outages: Outages,
    results: Results,
    pipeline: str,
    spool: Path,
    facade: Facade,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pwrite, left = os.pwrite, [1_000]

    def on_full_disk(fd: int, data: bytes, at: int) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = pwrite(fd, data[: left[0]], at)
        left[0] -= written
        return written

    works = works_of(pipeline, 30, size=100)
    outages.begin()
    with facade(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        monkeypatch.setattr(os, "pwrite", on_full_disk)
        accepted = []
        for each in works:
            with contextlib.suppress(ResultsError):
                if depositor.deposit(each).result(PATIENCE):
                    accepted.append(each)
        assert 3 < len(accepted) < 10
        left[0] = 1 << 20
        assert depositor.deposit(works[-1]).result(PATIENCE).outcome is Outcome.SPOOLED
        outages.end()
    assert ids(results, pipeline) == sorted(each["id"] for each in (*accepted, works[-1]))


@pytest.mark.both_facades
@pytest.mark.parametrize("reason", ["hangs", "stays away"])
def test_works_that_are_under_way_when_the_service_is_lost_are_spooled(
    serve: Serve, results: Results, pipeline: str, spool: Path, facade: Facade, reason: str
) -> None:
    """A server that hangs is noticed when the time without an acknowledgement has ended."""
    server = serve()
    number = signal.SIGSTOP if reason == "hangs" else signal.SIGKILL
    with facade(server.target) as client, client.depositor(spool_dir=spool, timeout=3) as depositor:
        depositor.deposit(work(pipeline, "first")).result(PATIENCE)
        server.process.send_signal(number)
        given = [depositor.deposit(each) for each in works_of(pipeline, 50)]
        assert {future.result(PATIENCE).outcome for future in given} == {Outcome.SPOOLED}
        if reason == "hangs":
            server.process.send_signal(signal.SIGCONT)
        else:
            server.stop(signal.SIGKILL)
            server.start()
    assert results.count(pipeline, {}) == 51
    assert names(spool) == []

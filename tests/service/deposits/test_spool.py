"""Depositors with a spool get over outages: what they accept is stored exactly once, whoever is killed."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import pytest

from tests.support.blocking import Facade
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE, ended, eventually, killed_after
from tests.support.works import work
from workflow_results import (
    DeadlineExceededError,
    InvalidRequestError,
    Outcome,
    PermissionDeniedError,
    Results,
    ResultsError,
    ServiceUnavailableError,
)
from workflow_results._deposit.spool import DENIED, REFUSED, works_left
from workflow_results._draining import Drained, drain

Serve = Callable[..., Service]
Client = Callable[..., "subprocess.Popen[str]"]


class Outages:
    """A server that goes and comes back."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.target = service.target

    def begin(self) -> None:
        self._service.stop(signal.SIGKILL)

    def end(self) -> None:
        self._service.start()


@pytest.fixture
def outages(serve: Serve) -> Outages:
    return Outages(serve())


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def works_of(pipeline: str, number: int, start: int = 0, size: int = 0) -> list[dict[str, Any]]:
    return [work(pipeline, f"{each:05}", data=bytes(size)) for each in range(start, start + number)]


def ids(results: Results, pipeline: str) -> list[str]:
    return sorted(result["id"] for result in results.stream(pipeline, {}, {"id": True}))


def files(spool: Path) -> list[str]:
    return sorted(path.name for path in spool.iterdir())


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
    assert files(spool) == []
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
    assert files(spool) == [REFUSED]


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
    assert files(spool) == []


def test_spooled_works_that_are_not_stored_are_kept_as_they_are(
    outages: Outages, results: Results, pipeline: str, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nested: dict[str, Any] = {}
    for _ in range(150):
        nested = {"in": nested}
    bad = [
        work(pipeline, "a", n=2, b=bson.Int64(3), c=b"bytes", d=[1.5, None]),
        work(pipeline, "deep", nested=nested),
    ]
    results.deposit([work(pipeline, "a", n=1)])
    outages.begin()
    with Results(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        given = [depositor.deposit(each) for each in (*works_of(pipeline, 3), *bad)]
    assert {future.result().outcome for future in given} == {Outcome.SPOOLED}
    outages.end()
    with Results(outages.target) as client:
        assert drain(client, spool) == Drained(deposited=3, refused=2, denied=0, left=0)
        assert drain(client, spool) == Drained(deposited=0, refused=0, denied=0, left=0)
    told = bson.decode_all((spool / REFUSED).read_bytes())
    assert [each["outcome"] for each in told] == ["conflict", "rejected"]
    assert [each["work"] for each in told] == bad
    assert list(told[0]["work"]) == list(bad[0])
    assert "TOO_DEEP" in told[1]["reason"]
    assert "2 spooled works are not stored" in caplog.text
    assert f"{pipeline} deep: TOO_DEEP" in caplog.text


def test_what_is_no_work_does_not_hold_up_others(service: Service, pipeline: str, spool: Path) -> None:
    spool.mkdir(0o700)
    bad = [bson.encode({"id": 1, "pipeline": pipeline}), bson.encode({"a": 1}), b"\x0b\0\0\0\xffabcde\0"]
    good = bson.encode(work(pipeline, "good"))
    (spool / "1.works.bson").write_bytes(b"".join(bad))
    (spool / "2.works.bson").write_bytes(b"".join([*bad, good]))
    with Results(service.target) as client:
        assert drain(client, spool) == Drained(deposited=1, refused=6, denied=0, left=0)
    told = bson.decode_all((spool / REFUSED).read_bytes())
    assert [each["work"] for each in told] == [{"id": 1, "pipeline": pipeline}, {"a": 1}, bad[2]] * 2
    assert {each["reason"] for each in told} == {"CORRUPT_DOCUMENT: it is no work"}


@pytest.fixture
def guarded(serve: Serve, tmp_path: Path) -> str:
    callers = {
        "depositor": entry("depositor", "test-*", token="depositor"),
        "curator": entry("curator", "*", token="curator"),
        "reader": entry("reader", "*", token="reader"),
    }
    return serve("--tokens", str(write(tmp_path / "tokens.yml", callers))).target


@pytest.mark.both_facades
def test_denied_works_wait_for_a_caller_who_may_deposit_them(
    guarded: str, results: Results, pipeline: str, spool: Path, facade: Facade, caplog: pytest.LogCaptureFixture
) -> None:
    denied = [work("other", f"{pipeline}-a"), work(pipeline, "locked", results={"locked": True})]
    works = [*works_of(pipeline, 20), *denied, *works_of(pipeline, 20, 20)]
    spool.mkdir(0o700)
    (spool / "1.works.bson").write_bytes(b"".join(map(bson.encode, works)))
    with facade(guarded, token="depositor") as client, client.depositor(spool_dir=spool) as depositor:
        future = depositor.deposit(work(pipeline, "new"))
        assert future.result(PATIENCE).outcome is Outcome.DEPOSITED
    assert results.count(pipeline, {}) == 41
    assert sorted(each["id"] for each in bson.decode_all((spool / DENIED).read_bytes())) == sorted(
        each["id"] for each in denied
    )
    assert "spooled works are denied" in caplog.text
    assert files(spool) == [DENIED]
    with Results(guarded, token="depositor") as client:
        assert drain(client, spool) == Drained(deposited=0, refused=0, denied=2, left=2)
    with Results(guarded, token="curator") as client:
        assert drain(client, spool) == Drained(deposited=2, refused=0, denied=0, left=0)
    assert files(spool) == []


@pytest.mark.both_facades
def test_a_caller_who_may_not_deposit_at_all_is_told_and_nothing_is_spooled(
    guarded: str, pipeline: str, spool: Path, facade: Facade
) -> None:
    denied = pytest.raises(PermissionDeniedError)
    with facade(guarded, token="reader") as client, denied, client.depositor(spool_dir=spool) as depositor:
        future = depositor.deposit(work(pipeline, "a"))
        assert isinstance(future.exception(PATIENCE), PermissionDeniedError)
    assert files(spool) == []
    (spool / "1.works.bson").write_bytes(bson.encode(work(pipeline, "b")))
    with Results(guarded, token="reader") as client:
        with pytest.raises(PermissionDeniedError):
            drain(client, spool)
        with pytest.raises(PermissionDeniedError), client.depositor(spool_dir=spool):
            pass
    assert works_left(spool) == 1


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
    assert files(spool) == []


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
    assert files(spool) == []


def test_drain_tells_that_the_service_is_away_and_leaves_all(
    outages: Outages, results: Results, pipeline: str, spool: Path
) -> None:
    with pytest.raises(InvalidRequestError, match="there is no spool"):
        drain(results, spool)
    outages.begin()
    with Results(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        depositor.deposit(work(pipeline, "a"))
    with Results(outages.target) as client:
        with pytest.raises((ServiceUnavailableError, DeadlineExceededError)) as raised:
            drain(client, spool, timeout=1)
        assert raised.value.works == []
        with client.depositor(spool_dir=spool) as depositor:  # one that runs has it
            depositor.deposit(work(pipeline, "b")).result(PATIENCE)
            assert drain(results, spool) == Drained(0, 0, 0, left=2)
    progress: list[int] = []
    assert drain(results, spool, on_progress=progress.append) == Drained(2, 0, 0, 0)
    assert sum(progress) == 2


def test_ctrl_c_leaves_what_is_spooled(outages: Outages, results: Results, pipeline: str, spool: Path) -> None:
    outages.begin()
    interrupted = pytest.raises(KeyboardInterrupt)
    with Results(outages.target) as client, interrupted as raised, client.depositor(spool_dir=spool) as depositor:
        given = [depositor.deposit(each) for each in works_of(pipeline, 100)]
        given[-1].result(PATIENCE)
        raise KeyboardInterrupt
    assert raised.value.__context__ is None
    assert {future.result().outcome for future in given} == {Outcome.SPOOLED}
    outages.end()
    eventually(lambda: drain(results, spool).left == 0)  # the depositor's thread has it for a moment
    assert results.count(pipeline, {}) == 100


def test_a_fork_in_an_outage(outages: Outages, results: Results, pipeline: str, spool: Path) -> None:
    outages.begin()
    with Results(outages.target) as client, client.depositor(spool_dir=spool) as depositor:
        depositor.deposit(work(pipeline, "parent")).result(PATIENCE)
        if not (child := os.fork()):
            try:
                with client.depositor(spool_dir=spool) as other:
                    other.deposit(work(pipeline, "child"))
                with pytest.raises(ResultsError, match="opened before a fork"):
                    depositor.deposit(work(pipeline, "wrong"))
                os._exit(0)
            finally:
                os._exit(1)
        assert ended(child) == 0
        assert works_left(spool) == 2
        outages.end()
    assert ids(results, pipeline) == ["child", "parent"]
    assert files(spool) == []


def test_works_are_spooled_while_the_interpreter_exits(outages: Outages, pipeline: str, spool: Path) -> None:
    outages.begin()
    code = f"""
import atexit
from workflow_results import Results
def late():
    with results.depositor(spool_dir={str(spool)!r}, timeout=1) as depositor:
        print(depositor.deposit({work(pipeline, "late")!r}).result().outcome)
atexit.register(late)
results = Results({outages.target!r})
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.stdout.strip() == "Outcome.SPOOLED", done.stderr
    assert works_left(spool) == 1


CLIENT = """
import sys
from workflow_results import Results, ResultsError
target, spool, pipeline, number, size = *sys.argv[1:4], *map(int, sys.argv[4:6])
with Results(target) as results, results.depositor(spool_dir=spool) as depositor:
    for each in range(number):
        id_ = f"{each:05}"
        future = depositor.deposit({"pipeline": pipeline, "status": "success", "id": id_, "data": bytes(size)})
        future.add_done_callback(lambda future: print(future.result().id, future.result().outcome.name, flush=True))
"""


@pytest.fixture
def client() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes that deposit, and tell what becomes of each work."""
    with contextlib.ExitStack() as started:

        def start(*arguments: object) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", CLIENT, *map(str, arguments)]
            process = started.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            started.callback(process.kill)
            return process

        yield start


def lines_until(process: subprocess.Popen[str], ends: Callable[[int, str], bool]) -> Iterator[str]:
    assert process.stdout
    with killed_after(PATIENCE, process):
        for number, line in enumerate(process.stdout):
            yield line
            if ends(number, line):
                return


@pytest.mark.parametrize("killed_at", ["in the outage", "while depositing again"])
def test_no_work_is_lost_when_both_are_killed(
    outages: Outages, results: Results, pipeline: str, spool: Path, client: Client, killed_at: str
) -> None:
    number = 5_000
    process = client(outages.target, spool, pipeline, number, 1_000)
    told = list(lines_until(process, lambda seen, _: seen == 1_000))
    outages.begin()
    told += lines_until(process, lambda _, line: line.endswith("SPOOLED\n"))
    told += lines_until(process, lambda seen, _: seen == 1_000)
    if killed_at == "while depositing again":
        outages.end()
        eventually(lambda: results.count(pipeline, {}) > 2_000)
    process.kill()
    assert process.stdout
    told += process.stdout.readlines()
    process.wait()
    if killed_at == "in the outage":
        outages.end()
    done = {line.split()[0] for line in told if line.endswith("\n")}
    assert drain(results, spool).left == 0
    stored = ids(results, pipeline)
    assert len(stored) == len(set(stored))
    assert done <= set(stored)
    assert files(spool) == []
    again = client(outages.target, spool, pipeline, number, 1_000)
    outcomes = Counter(line.split()[1] for line in lines_until(again, lambda _, __: False))
    assert again.wait(PATIENCE) == 0
    assert outcomes.total() == number
    assert set(outcomes) <= {"DEPOSITED", "ALREADY_DEPOSITED"}
    assert ids(results, pipeline) == [f"{each:05}" for each in range(number)]


def test_processes_share_a_directory(
    outages: Outages, results: Results, pipeline: str, spool: Path, client: Client
) -> None:
    processes = [client(outages.target, spool, f"{pipeline}-{number}", 1_000, 100) for number in range(3)]
    outages.begin()
    spooled = [list(lines_until(each, lambda _, line: line.endswith("SPOOLED\n"))) for each in processes]
    processes[0].kill()
    outages.end()
    for each in processes:
        list(lines_until(each, lambda _, __: False))
    assert [each.wait(PATIENCE) for each in processes] == [-signal.SIGKILL, 0, 0]
    drain(results, spool)
    assert files(spool) == []
    done = {line.split()[0] for line in spooled[0]}
    assert done <= set(ids(results, f"{pipeline}-0"))
    assert [len(ids(results, f"{pipeline}-{number}")) for number in (1, 2)] == [1_000, 1_000]

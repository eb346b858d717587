"""What a depositor with a spool accepts is stored exactly once, whichever process is killed or forks."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.launcher import Service
from tests.support.spools import Outages, ids, names, works_of
from tests.support.waiting import PATIENCE, ended, eventually, killed_after
from tests.support.works import work
from workflow_results import (
    Outcome,
    Results,
    ResultsError,
)
from workflow_results._deposit.spool import works_left
from workflow_results._draining import drain

Serve = Callable[..., Service]
Client = Callable[..., "subprocess.Popen[str]"]


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
    assert names(spool) == []


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
    sys.stdin.read()
"""
"""Ends when its standard input does."""


@pytest.fixture
def client() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start processes that deposit, and tell what becomes of each work."""
    with contextlib.ExitStack() as started:

        def start(*arguments: object) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", CLIENT, *map(str, arguments)]
            process = started.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
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


def last_lines(process: subprocess.Popen[str]) -> list[str]:
    """Let a process end, and return what it still says."""
    assert process.stdin
    process.stdin.close()
    return list(lines_until(process, lambda _, __: False))


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
    assert names(spool) == []
    again = client(outages.target, spool, pipeline, number, 1_000)
    outcomes = Counter(line.split()[1] for line in last_lines(again))
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
        last_lines(each)
    assert [each.wait(PATIENCE) for each in processes] == [-signal.SIGKILL, 0, 0]
    drain(results, spool)
    assert names(spool) == []
    done = {line.split()[0] for line in spooled[0]}
    assert done <= set(ids(results, f"{pipeline}-0"))
    assert [len(ids(results, f"{pipeline}-{number}")) for number in (1, 2)] == [1_000, 1_000]

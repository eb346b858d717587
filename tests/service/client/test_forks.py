"""Forks while other threads are in the middle of something: the child works, and neither waits for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.fake_service import serving
from tests.support.launcher import Service
from tests.support.waiting import eventually, join
from tests.support.works import work
from workflow_results import Results, ResultsError, ServiceUnavailableError
from workflow_results._transport.forks import fork_guard
from workflow_results.v1 import results_pb2 as pb

FIRST_CALL = """
import os, signal, sys, threading, workflow_results

target, file, call = sys.argv[1:]
if "workflow_results." not in call:
    from workflow_results import GRPCContext, Results
importing, forked = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        # As slow as a network disk, so that a fork that waits for nothing comes in the middle.
        if threading.current_thread() is not threading.main_thread() and not importing.is_set():
            importing.set()
            forked.wait(1)

use = eval(call)
sys.meta_path.insert(0, Slow())
threading.Thread(target=use, daemon=True).start()
assert importing.wait(20), "nothing is imported later"
if not (child := os.fork()):
    signal.alarm(20)
    use()
    os._exit(0)
forked.set()
sys.exit(os.waitpid(child, 0)[1])
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    path = tmp_path / "workspace.yml"
    path.write_text("grpc: {targets: {results: 'localhost:1'}}")
    return path


@pytest.mark.parametrize(
    ("file", "call"),
    [
        ("", "lambda: workflow_results.Results(target).status()"),
        ("", "Results(target).status"),
        ("", "lambda: list(Results(target).stream('sample', {}))"),
        ("", "lambda: Results(target).deposit([{'pipeline': 'forked', 'status': 'success', 'id': 'a'}])"),
        ("", "lambda: Results(target).depositor().__enter__().__exit__(None, None, None) or Results(target).status()"),
        ("", "Results(target).info"),
        ("workspace", "lambda: GRPCContext(workspace=file)"),
    ],
    ids=["package", "status", "stream", "deposit", "depositor", "info", "workspace"],
)
def test_a_fork_while_another_thread_makes_the_first_call(
    request: pytest.FixtureRequest, service: Service, file: str, call: str
) -> None:
    path = str(request.getfixturevalue(file)) if file else ""
    program = [sys.executable, "-c", FIRST_CALL, service.target, path, call]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


AFTER_THE_LAST = """
import os, signal, sys
from workflow_results import Results

signal.alarm(60)

def use():
    with Results(sys.argv[1]) as results:
        results.count("forked", {})

for _ in range(100):
    use()
    if not (child := os.fork()):
        signal.alarm(20)
        use()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def test_a_fork_right_after_the_last_client_is_closed(service: Service) -> None:
    program = [sys.executable, "-c", AFTER_THE_LAST, service.target]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=70)
    assert (done.returncode, done.stderr) == (0, "")


def in_a_child(use: Callable[[], object]) -> int:
    """Return the status of a child that does this: 0 if it can, 14 if that takes too long."""
    if not (child := os.fork()):
        signal.alarm(20)
        status = 1
        try:
            use()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def test_a_receipt_that_only_the_parent_gets_is_not_waited_for_in_the_child(results: Results, pipeline: str) -> None:
    def use() -> None:
        assert known.result().stored
        for ask in (pending.result, pending.exception):
            with pytest.raises(ResultsError, match="fork"):
                ask()

    with results.depositor() as depositor:
        known = depositor.deposit(work(pipeline, "a"))
    with Results("127.0.0.1:1") as nobody, pytest.raises(ServiceUnavailableError), nobody.depositor(timeout=2) as lost:
        pending = lost.deposit(work(pipeline, "b"))
        assert in_a_child(use) == 0
    assert isinstance(pending.exception(), ServiceUnavailableError)


def test_a_callback_may_call_while_a_fork_waits_for_it(service: Service, pipeline: str) -> None:
    called_back, counted = threading.Event(), threading.Event()

    def call_back(_: object) -> None:
        called_back.set()
        eventually(lambda: fork_guard.forking)
        assert results.count(pipeline, {}) == 1
        counted.set()

    with Results(service.target) as results:
        with results.depositor() as depositor:
            depositor.deposit(work(pipeline, "a")).add_done_callback(call_back)
            assert called_back.wait(20)
            child = os.fork()
            if not child:
                os._exit(0 if counted.is_set() else 1)
            assert os.waitpid(child, 0)[1] == 0
        assert in_a_child(lambda: results.count(pipeline, {})) == 0


def test_a_fork_waits_for_a_read_and_does_not_break_it() -> None:
    asked: list[str] = []

    def view(_request: object, _context: object) -> Iterator[pb.ViewResponse]:
        asked.append("view")
        eventually(lambda: fork_guard.forking)
        yield pb.ViewResponse(part=pb.ResultPart(summary=pb.ReadSummary(count=0)))

    with serving(View=view) as target, Results(target) as results:
        thread = threading.Thread(target=results.view, args=("p", {}))
        thread.start()
        eventually(lambda: asked and thread.ident in fork_guard._inside)
        fork_guard.close()  # as before a fork, which an in-process server does not survive
        fork_guard.open()
        join(thread)
    assert asked == ["view"]


WHILE_WATCHING = """
import os, signal, sys, threading, time
from workflow_results import Results
from workflow_results._transport.forks import fork_guard

target, pipeline = sys.argv[1:]
signal.alarm(100)
left = {str(number) for number in range(30)}

def follow():
    with results.watch(pipeline, snapshot=True) as watch:
        for change in watch:
            left.discard(change.id)
            if not left:
                return

def fork():
    began = time.monotonic()
    child = os.fork()
    if not child:
        signal.alarm(20)
        results.count(pipeline, {})
        os._exit(0)
    took = time.monotonic() - began
    assert os.waitpid(child, 0)[1] == 0
    return took

with Results(target, timeout=10.0) as results:
    thread = threading.Thread(target=follow)
    thread.start()
    for number in range(3):
        while not fork_guard._leave:  # until it waits for the next change
            time.sleep(0.01)
        assert (took := fork()) < 5, took
    for number in range(30):
        fork()
        results.deposit([{"pipeline": pipeline, "status": "success", "id": str(number)}])
    thread.join()
"""


def test_a_watch_makes_no_fork_wait_and_is_told_of_changes_between_many(service: Service, pipeline: str) -> None:
    program = [sys.executable, "-c", WHILE_WATCHING, service.target, pipeline]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr

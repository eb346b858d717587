"""Deposits when the interpreter ends, or no thread can be started: they go through all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.launcher import Service
from workflow_results import Results

PROGRAM = """
import atexit, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from workflow_results import Results

target, pipeline, when, starts = sys.argv[1:]
results = Results(target)
works = [{"id": f"{n:02}", "pipeline": pipeline, "status": "success", "data": bytes(300_000)} for n in range(12)]
kept = results.depositor().__enter__()
kept.deposit(works[0]).result(30)
began = threading.Event()

def deposit():
    began.set()
    if when == "thread":
        threading.main_thread().join()
    if when == "pool":  # which the end of the interpreter waits for
        atexit_called.wait(30)
    if starts == "no":
        while any("_run" in thread.name for thread in threading.enumerate()):  # threads of gRPC, for an open stream
            time.sleep(0.01)
        threading.Thread.start = no_start
    assert results.deposit(works) == {pipeline: True}
    given = [kept.deposit(each) for each in works]
    called_back = []
    given[0].add_done_callback(lambda _: called_back.append(kept.deposit({**works[0], "id": "callback"})))
    kept.flush()
    assert all(future.done() for future in given)
    kept.__exit__(None, None, None)
    with results.depositor() as depositor:
        given += [depositor.deposit({**each, "pipeline": f"{pipeline}-2"}) for each in works]
        if starts == "no":
            assert given[-1].done()
        given[-1].add_done_callback(lambda _: called_back.append(depositor.deposit({**works[0], "id": "callback-2"})))
        depositor.flush()
    assert all(future.result(0).stored for future in given + called_back)
    assert len(called_back) == 2
    assert len(list(results.stream(pipeline, {}))) == results.count(pipeline, {}) == 14
    results.close()
    print("done")

def no_start(thread):
    # As Python 3.12 and later say once the main thread has ended.
    raise RuntimeError("can't create new thread at interpreter shutdown")

atexit_called = threading.Event()
if when == "atexit":
    atexit.register(deposit)
elif when == "thread":
    threading.Thread(target=deposit).start()
elif when == "pool":
    threading._register_atexit(atexit_called.set)
    ThreadPoolExecutor(1).submit(deposit).add_done_callback(lambda future: future.result())
else:
    deposit()
began.wait(0 if when == "atexit" else 30)
"""


@pytest.mark.parametrize("starts", ["yes", "no"])
@pytest.mark.parametrize("when", ["now", "thread", "atexit", "pool"])
def test_late_deposits_are_stored(service: Service, results: Results, pipeline: str, when: str, starts: str) -> None:
    program = [sys.executable, "-c", PROGRAM, service.target, pipeline, when, starts]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
    assert results.count(f"{pipeline}-2", {}) == 12

"""Ctrl-C while the service hangs: the call ends at once, and tells which works are not acknowledged."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import workflow_results
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE, join
from tests.support.works import work
from workflow_results import Results

CLIENT = Path(workflow_results.__file__).parent

PROGRAM = """
import faulthandler, json, logging, os, signal, sys, threading, time
from workflow_results import Results, ResultsError

target, pid, pipeline, use_text, times, after = sys.argv[1:]
main = threading.main_thread().ident
raised_at, begun, ended = [], threading.Event(), threading.Event()

def waits():
    names, frame = set(), sys._current_frames()[main]
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    # Within gRPC for an answer, or for the depositor's thread, be it to begin.
    return names & {"_blocking", "_consume_next_event", "wait"} and ("start" in names) == (use_text == "in_start()")

def interrupt():
    begun.wait()
    for _ in range(int(times)):
        looks = 0
        while looks < 10 and not ended.is_set():
            looks = looks + 1 if waits() else 0
            time.sleep(0.005)
        if not ended.is_set():
            raised_at.append(time.monotonic())
            # To a thread that has nothing to do with it: the main thread is to look by itself, as where it has only
            # been about to wait. Futures are Python's own, and don't.
            signal.pthread_kill(main if "futures" in use_text else threading.get_ident(), signal.SIGINT)

results = Results(target)
results.view(pipeline, {})
results.count(pipeline, {})
with results.depositor() as depositor:
    depositor.deposit({"id": "none", "pipeline": pipeline, "status": "success"})
ids = [str(number) for number in range(60)]
works = [{"id": id_, "pipeline": pipeline, "status": "success", "data": bytes(400_000)} for id_ in ids]
futures, told = [], []

def give(depositor, number=20):
    for each in works[:number]:
        futures.append(depositor.deposit(each))

def in_block(then=lambda depositor: None, number=20):
    with results.depositor() as depositor:
        give(depositor, number)
        then(depositor)

def in_start():
    start = threading.Thread._bootstrap_inner
    threading.Thread._bootstrap_inner = lambda thread: (ended.wait(5), start(thread))  # so that it takes a while
    in_block()

handler = logging.Handler()
handler.emit = lambda record: told.append(record.getMessage())
logging.getLogger("workflow_results").addHandler(handler)
os.kill(int(pid), signal.SIGSTOP)
threading.Thread(target=interrupt, daemon=True).start()
lost = []
use = compile(use_text, "use", "eval")  # given the text, Python would take the interrupt for one that ends the program
try:
    begun.set()
    eval(use)
except BaseException as error:
    ended.set()
    seconds = time.monotonic() - raised_at[-1]
    kind = type(error).__name__
    while error is not None:
        if isinstance(error, ResultsError):
            lost = [each["id"] for each in error.works]
        error = error.__context__
failed = [[each["id"] for each in future.exception(0).works] for future in futures]
end = time.monotonic() + 60
while any(thread.name == "workflow-results-depositor" for thread in threading.enumerate()):
    assert time.monotonic() < end
    time.sleep(0.01)
began = time.monotonic()
Results(target).close()
if after == "close":
    results.close()
seconds = max(seconds, time.monotonic() - began)
threading.Timer(1, os.kill, [int(pid), signal.SIGCONT]).start()
if not (child := os.fork()):
    faulthandler.dump_traceback_later(25)
    signal.alarm(30)
    Results(target).count(pipeline, {})
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
count = Results(target).count(pipeline, {"id": "none"})
print(json.dumps([kind, seconds, lost, failed, told, count]))
"""


@pytest.fixture(scope="module")
def hanging(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server of its own, which others need not wait for when it is stopped."""
    service = Service("--mongo-uri", mongo_uri, log=tmp_path_factory.mktemp("hanging") / "log")
    yield service
    service.stop(signal.SIGKILL)


@pytest.fixture
def interrupted(hanging: Service, pipeline: str) -> Iterator[Callable[..., list[Any]]]:
    with Results(hanging.target) as results:
        assert results.deposit([work(pipeline, "none")]) == {pipeline: True}

    def run(use: str, times: int = 1, after: str = "close") -> list[Any]:
        of_server = hanging.target, str(hanging.process.pid)
        program = [sys.executable, "-c", PROGRAM, *of_server, pipeline, use, str(times), after]
        done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=120)
        # The child's gRPC may say that it leaves the parent's sockets alone; not that it was not prepared for the fork.
        told = [line for line in done.stderr.splitlines() if "file descriptor was created pre fork" not in line]
        assert (done.returncode, told) == (0, []), done.stderr
        rest: list[Any]
        kind, seconds, *rest, count = json.loads(done.stdout)
        assert (kind, count) == ("KeyboardInterrupt", 1)
        assert seconds < 10  # a second, on a machine that is not busy; it were 14 and more
        return rest

    yield run
    hanging.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize(
    "use",
    [
        "results.count(pipeline, {})",
        "results.lock(pipeline, ['none'])",
        "results.view(pipeline, {})",
        "list(results.stream(pipeline, {}))",
        "results.get_by_id(pipeline, ['none'])",
        "Results(target).status()",
    ],
)
def test_a_call_ends(interrupted: Callable[..., list[Any]], use: str) -> None:
    assert interrupted(use) == [[], [], []]


@pytest.mark.parametrize("number", [1, 20])
def test_a_deposit_ends_and_holds_the_works(interrupted: Callable[..., list[Any]], number: int) -> None:
    lost, _, told = interrupted(f"results.deposit(works[:{number}])")
    assert lost == [str(each) for each in range(number)]
    assert len(told) == 1
    assert f"{number} of {number} works are not acknowledged" in told[0]


@pytest.mark.parametrize(
    ("use", "times"),
    [
        ("in_block()", 1),
        ("in_block(lambda depositor: depositor.flush())", 1),
        ("in_block(lambda depositor: [threading.Event().wait(1) for _ in range(100)])", 1),
        ("in_block(lambda depositor: [threading.Event().wait(1) for _ in range(100)])", 2),
        ("in_block(lambda depositor: futures[0].result())", 1),
        ("in_block(number=60)", 1),
    ],
    ids=["exit", "flush", "block", "twice", "future", "full"],
)
def test_a_depositor_leaves_and_tells_what_is_not_acknowledged(
    interrupted: Callable[..., list[Any]], use: str, times: int
) -> None:
    lost, failed, told = interrupted(use, times)
    assert lost == [str(each) for each in range(len(failed))]
    assert len(lost) == 20 or "60" in use
    assert failed == [lost] * len(lost)
    assert len(told) == 1
    assert f"{len(lost)} of {len(lost)} works are not acknowledged" in told[0]


def test_a_fork_waits_for_what_gRPC_has_still_to_do(interrupted: Callable[..., list[Any]]) -> None:  # noqa: N802
    lost, _, _ = interrupted("in_block()", after="fork")
    assert lost


def test_a_depositor_that_is_not_yet_open_leaves_nothing_behind(interrupted: Callable[..., list[Any]]) -> None:
    assert interrupted("in_start()") == [[], [], []]


def test_what_the_service_acknowledges_in_time_is_not_lost(
    results: Results, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow_results._deposit.depositor.GRACE_SECONDS", PATIENCE)
    with pytest.raises(KeyboardInterrupt) as raised, results.depositor() as depositor:
        given = [depositor.deposit(work(pipeline, str(number))) for number in range(100)]
        raise KeyboardInterrupt
    assert raised.value.__context__ is None
    assert {future.result(0).stored for future in given} == {True}
    assert results.count(pipeline, {}) == 100


def was_interrupted(use: Callable[[], object], at: int) -> bool:
    """Do something with a Ctrl-C at one of the moments at which Python looks for it; returns whether there are so many.

    They are those within the client, and within the locks that it calls. gRPC is not proof against all of its own.
    """
    left = at

    def interrupt(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal left
        caller = frame.f_back if frame.f_code.co_filename == threading.__file__ else frame
        if event in ("call", "c_return") and caller and Path(caller.f_code.co_filename).is_relative_to(CLIENT):
            left -= 1
            if left:
                return
            sys.setprofile(None)
            raise KeyboardInterrupt

    sys.setprofile(interrupt)
    try:
        use()
    except KeyboardInterrupt:
        pass
    finally:
        sys.setprofile(None)
    return left <= 0


def uses(results: Results, pipeline: str) -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Return what to interrupt, and what another thread can do all the same."""
    with results.depositor() as depositor:
        give = lambda: depositor.deposit(work(pipeline, "a"))  # noqa: E731
        while True:
            yield give, give
            stream = results.stream(pipeline, {})
            next(stream)
            yield stream.close, lambda: results.count(pipeline, {})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Ctrl-C in a finalizer
@pytest.mark.parametrize("which", [0, 1], ids=["deposit", "close"])
def test_no_moment_of_ctrl_c_leaves_a_lock_behind(results: Results, pipeline: str, which: int) -> None:
    assert results.deposit([work(pipeline, "a")]) == {pipeline: True}
    for at, (use, other) in enumerate(itertools.islice(uses(results, pipeline), which, None, 2), 1):
        more = was_interrupted(use, at)
        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        join(thread)
        if not more:
            break
    assert at > 10

"""A test that hangs fails, wherever it hangs; the others are run all the same, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.support.guard import RUN_VARIABLE
from tests.support.paths import REPOSITORY
from tests.support.reaper import started_with
from tests.support.waiting import PATIENCE, eventually

CONFTEST = f"""
import sys
sys.path.insert(0, {str(REPOSITORY)!r})
from tests.support import guard
guard.GRACE_SECONDS = 2.0
pytest_plugins = ["tests.support.guard"]
"""
TESTS = r"""
import os, signal, subprocess, sys, threading
import pytest
from tests.support.guard import RUN_VARIABLE

def hang():
    threading.Event().wait()

def leave_a_child():
    tell_the_run()
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], stdout=subprocess.DEVNULL)

def tell_the_run():
    with open("runs", "a") as file:
        file.write(os.environ[RUN_VARIABLE] + "\n")

@pytest.fixture
def ends_never():
    yield
    hang()

def test_where_a_signal_is_seen():
    leave_a_child()
    hang()

def test_where_none_is_seen():
    leave_a_child()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    hang()

def test_in_a_fixture_after_a_failure(ends_never):
    assert False

@pytest.mark.timeout(60)
def test_with_a_thread_that_stays():
    threading.Thread(target=hang).start()

@pytest.mark.timeout(60)
def test_whose_children_can_be_interrupted():
    tell_the_run()
    ignored = "import signal, sys; sys.exit(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)"
    assert subprocess.run([sys.executable, "-c", ignored]).returncode == 0
"""
HANGING = ("test_where_a_signal_is_seen", "test_where_none_is_seen", "test_in_a_fixture_after_a_failure")


def all_ended(run: str) -> bool:
    return not list(started_with(RUN_VARIABLE, run))


@pytest.mark.timeout(300)
def test_a_run_with_tests_that_hang_ends_and_names_them(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_hanging.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 2\ntimeout_method = signal\n")
    command = f"trap '' INT; exec {sys.executable} -m pytest -p no:cacheprovider --numprocesses 1 --dist worksteal"
    done = subprocess.run(  # with Ctrl-C ignored, as in the background of a script
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=4 * PATIENCE, check=False
    )
    assert done.returncode == 1, done.stdout
    failed = {line.split()[1].rpartition("::")[2] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == set(HANGING), done.stdout
    assert "2 passed" in done.stdout
    assert "in test_where_none_is_seen" in done.stderr, "the stacks tell where it hangs"
    runs = (tmp_path / "runs").read_text().split()
    assert len(set(runs)) == 2, "the process that hung has been replaced"
    for run in set(runs):
        eventually(partial(all_ended, run), otherwise="a child stays")

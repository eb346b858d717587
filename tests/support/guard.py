"""Sees to it that every test ends, and every run, and that nothing of a run is left behind.

Each test has a time limit (pytest-timeout), at which an exception is raised in it. That ends neither a test that hangs
where Python doesn't look for signals, like the C code of gRPC, nor one that hangs once more on its way out, because it
waits for a thread there, nor a fixture that hangs after its test has failed. So a watchdog ends the whole process a
while later. pytest-xdist then reports which test it was, and goes on with the others in another process.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Generator
from pathlib import Path

import pytest

RUN_VARIABLE = "WORKFLOW_RESULTS_TEST_RUN"
"""In the environment of every process that tests start, so that the reaper can find them."""
GRACE_SECONDS = 90.0
"""How long a test may take to end after its limit, fixtures after a failure, and a run after its last test.

Longer than any fixture waits.
"""

_stderr = 2
_reaper: subprocess.Popen[bytes] | None = None


def _end_after(seconds: float) -> None:
    """End this process, with the stacks of its threads on standard error, unless told otherwise in time."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=_stderr)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch a test with its fixtures, on whichever of them it hangs."""
    marker = item.get_closest_marker("timeout")
    limit = float(marker.args[0] if marker else item.config.getoption("timeout") or item.config.getini("timeout") or 0)
    if limit:
        _end_after(limit + GRACE_SECONDS)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(trylast=True)
def pytest_exception_interact() -> None:
    """Go on watching after a failure, when pytest and pytest-timeout have stopped because a debugger may start."""
    _end_after(GRACE_SECONDS)


def pytest_configure(config: pytest.Config) -> None:
    """Prepare a process for the children that its tests start."""
    if config.getoption("numprocesses", None):
        return  # the processes that run the tests are others
    global _reaper, _stderr
    _stderr = os.dup(2)  # since pytest redirects the other one while tests run
    environment = {name: value for name, value in os.environ.items() if name != RUN_VARIABLE}
    os.environ[RUN_VARIABLE] = uuid.uuid4().hex
    command = [sys.executable, str(Path(__file__).with_name("reaper.py")), RUN_VARIABLE, os.environ[RUN_VARIABLE]]
    # However this process ends, the pipe of the reaper ends with it. Ctrl-C ends tests, and not the reaper.
    _reaper = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)
    # What is started in the background of a script ignores Ctrl-C, and with nohup a hangup. Children would inherit
    # that, and tests that interrupt them wait in vain. A handler is not inherited.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave nothing behind, and let no thread that a test has left keep this process from ending."""
    _end_after(GRACE_SECONDS)
    if _reaper is not None:
        _reaper.communicate(timeout=GRACE_SECONDS)

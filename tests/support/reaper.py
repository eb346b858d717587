"""Kills all processes with a given variable in their environment, once standard input ends.

A run of the tests that is killed, or ends itself because a test hangs, leaves servers and their mongods behind.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

import psutil

_SECONDS = 20.0


def started_with(name: str, value: str) -> Iterator[psutil.Process]:
    """Return the processes with a variable in their environment."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # which are over, or not ours
            if process.environ().get(name) == value:
                yield process


def reap(name: str, value: str) -> None:
    """Kill such processes until there are none: they may start others meanwhile."""
    end = time.monotonic() + _SECONDS
    while (left := list(started_with(name, value))) and time.monotonic() < end:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        time.sleep(0.05)


if __name__ == "__main__":
    sys.stdin.read()
    reap(*sys.argv[1:])

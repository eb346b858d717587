"""Waiting for what must happen, and never for longer than that can take."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any, TypeVar

PATIENCE = 60.0
"""How long to wait for what must happen, on a machine that is busy with other things, too."""

T = TypeVar("T")


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE, otherwise: str = "this took too long") -> None:
    """Wait until a condition holds; fail with a message if it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)


def join(*threads: threading.Thread) -> None:
    """Wait for the end of threads."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"{thread.name} hangs"


def ended(child: int) -> int:
    """Wait for a forked child, and return its exit status; a child that hangs is killed."""
    try:
        eventually(lambda: os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT), otherwise="a child hangs")
    finally:
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    return os.waitstatus_to_exitcode(status)


def taken_from(queue: SimpleQueue[T | None]) -> Iterator[T]:
    """Yield what comes into a queue until None does; fails if nothing does."""
    while (item := queue.get(timeout=PATIENCE)) is not None:
        yield item


@contextlib.contextmanager
def killed_after(seconds: float, process: subprocess.Popen[Any]) -> Iterator[None]:
    """Kill a process unless the block is left in time, so that nobody waits forever for its output."""
    overdue = threading.Timer(seconds, process.kill)
    overdue.daemon = True
    overdue.start()
    try:
        yield
    finally:
        overdue.cancel()

"""Processes that tests have started, directly or not."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE, killed_after

_POLL_SECONDS = 0.01


def processes_with(directory: Path) -> list[str]:
    """The command lines of live processes that name a directory."""
    if not Path("/proc/self").exists():
        pytest.skip("there is no /proc to look for processes in")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(directory) in command:
            found.append(command)
    return found


def run_measured(command: Sequence[str], seconds: float = PATIENCE) -> tuple[int, float]:
    """Run a command to its end, at most for so many seconds.

    Returns:
        Its exit status, and the most memory that it has had resident, in MiB. Not of `getrusage`, which counts what
        its parent had, too.
    """
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    status, peak = Path(f"/proc/{process.pid}/status"), 0
    with killed_after(seconds, process):
        while process.poll() is None:
            with contextlib.suppress(IndexError, OSError):
                peak = int(status.read_text().partition("VmHWM:")[2].split()[0])
            time.sleep(_POLL_SECONDS)
    return process.returncode, peak / 1024

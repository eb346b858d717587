"""Processes that tests have started, directly or not."""

from __future__ import annotations

from pathlib import Path

import pytest


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

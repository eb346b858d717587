"""The command line: help that cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_help_that_cannot_be_written() -> None:
    for arguments in (["--help"], ["serve", "--help"], ["--version"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "workflow_results", *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=60,
                check=False,
            )
        assert (done.returncode, done.stderr) == (
            1,
            "Error: can't write to standard output: No space left on device\n",
        )

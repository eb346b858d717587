"""The demo, as a newcomer runs it, and the works that it deposits."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import processes_with
from tests.support.waiting import PATIENCE, killed_after
from workflow_results.samples import sample_works


@pytest.fixture(scope="module")
def works() -> list[dict[str, Any]]:
    return list(sample_works(3_000))


@contextmanager
def running_demo(directory: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run the demo with its temporary files in a directory, and see that nothing of it remains."""
    with (
        subprocess.Popen(
            [sys.executable, "-c", "from workflow_results.cli import main; main()", "demo", *arguments],
            env={**os.environ, "TMPDIR": str(directory), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        killed_after(2 * PATIENCE, process),
    ):
        yield process
    assert list(directory.iterdir()) == []
    assert processes_with(directory) == []


def test_the_demo_tells_its_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--works", "300", WORKFLOW_RESULTS_SERVE_PORT="1") as process:
        output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "\033" not in output, "there are control codes in a file"
    assert max(map(len, output.splitlines())) <= 100
    for fact in (
        "listening on 127.0.0.1:",
        '{"frb-dm": True, "frb-baseband": True, "frb-localization": True}',
        'get_by_count("frb-localization", 5)  → 5 results',
        'lock("frb-localization", [burst])  → True',
        'delete_ids("frb-localization", [burst])  → False',
        "warning: delete_ids changed nothing: ",
        "update([change])  → False",
        "[ALREADY_DEPOSITED, ALREADY_DEPOSITED, ALREADY_DEPOSITED]",
        'deposit([changed])  → {"frb-dm": False}',
        "force=True)  → True",
        "300 results, as many as were deposited",
        "make serve",
    ):
        assert fact in output
    assert re.search(r"works deposited +\d+\.\d s +300 +[\d,]+ a second", output)


def test_a_demo_can_be_looked_at_until_ctrl_c(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--works", "300", "--ui") as process:
        assert process.stdout
        page = next(line.strip() for line in process.stdout if line.strip().endswith("/ui/"))
        with urllib.request.urlopen(page, timeout=PATIENCE) as response:
            assert b"<html" in response.read()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "its data are removed" in output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["data-dir", "Deposit 1,000,000 works"], ids=["starting", "depositing"])
def test_an_interrupted_demo_leaves_nothing_behind(tmp_path: Path, moment: str, number: int) -> None:
    with running_demo(tmp_path, "--works", "1000000") as process:
        assert process.stdout
        while moment not in (line := process.stdout.readline()):
            assert line, "the demo ended too early"
        assert list(tmp_path.iterdir()) != []
        process.send_signal(number)
        output, errors = process.communicate()
    assert (process.returncode, errors) == (130, "")
    assert "Interrupted" in output


def test_a_demo_that_fails_says_why_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path, WORKFLOW_RESULTS_MONGOD="/nonexistent/mongod") as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.startswith("Error: the server did not start\n")
    assert "set WORKFLOW_RESULTS_MONGOD to a mongod that runs on this machine" in errors
    assert "Traceback" not in errors


def test_a_demo_whose_server_dies_says_so_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_demo(tmp_path, "--works", "1000000", WORKFLOW_RESULTS_TIMEOUT="3") as process:
        assert process.stdout
        while "Deposit 1,000,000 works" not in process.stdout.readline():
            assert process.poll() is None
        [directory] = tmp_path.iterdir()
        os.kill(int((directory / "data" / "lock").read_text()), signal.SIGKILL)
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.startswith("Error: ")
    assert "Traceback" not in errors

"""`workflow-results restore` where it gets no connection at all, and how it exits."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from unittest.mock import Mock

import bson
import pytest
from click.testing import CliRunner

from tests.support.launcher import COMMAND
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    DeadlineExceededError,
    InvalidRequestError,
    PermissionDeniedError,
    Results,
    UnauthenticatedError,
)
from workflow_results.cli import main


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_a_restore_waits_for_no_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipeline.bson")
    done = command("restore", tmp_path, "--target", "127.0.0.1:1")
    assert (done.returncode, "pipeline.bson: Is not a regular file" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequestError("target must be another one"), 2),
        (DeadlineExceededError("too late"), 3),
        (UnauthenticatedError("who are you?"), 4),
        (PermissionDeniedError("not you"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_exit_status_tells_what_went_wrong(
    error: BaseException, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pipeline.bson").write_bytes(bson.encode(work("pipeline", "a")))
    for method in ("status", "_deadline"):
        monkeypatch.setattr(Results, method, Mock(side_effect=error))
    for arguments in (["backup", str(tmp_path / "new")], ["restore", str(tmp_path)]):
        result = CliRunner().invoke(main, [*arguments, "--target", "localhost:1"])
        assert (result.exit_code, str(error) in result.output) == (status, True), result.output

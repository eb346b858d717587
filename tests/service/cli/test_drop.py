"""`workflow-results drop`: what it asks, what it prints, and how it exits."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.callers import entry, write
from tests.support.launcher import COMMAND, Service
from tests.support.works import work
from workflow_results import Results


@pytest.fixture
def empty(results: Results, pipeline: str) -> str:
    """A pipeline without results."""
    results.deposit([work(pipeline, "a")])
    assert results.delete_ids(pipeline, ["a"])
    return pipeline


def drop(*arguments: str, target: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [COMMAND, "drop", *arguments, "--target", target],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    return done.returncode, done.stdout, done.stderr


def test_a_drop(service: Service, results: Results, empty: str) -> None:
    results.deposit([work(empty, id_) for id_ in "ab"])
    status, out, error = drop(empty, "--yes", target=service.target)
    assert (status, out) == (1, "")
    assert error == f"Error: pipeline {empty} has 2 results left: delete them first\n"
    assert results.delete_ids(empty, ["a"])
    error = drop(empty, "--yes", target=service.target)[2]
    assert error == f"Error: pipeline {empty} has 1 result left: delete it first\n"
    assert results.delete_ids(empty, ["b"])
    assert drop(empty, "--yes", "--reason", "a test", target=service.target) == (0, f"{empty} was dropped\n", "")
    assert [entry.reason for entry in results.history(empty)] == ["a test"]
    assert drop(empty, "--yes", target=service.target) == (1, "", f"Error: pipeline {empty} does not exist\n")


def test_what_a_drop_does_not_do(service: Service, results: Results, empty: str) -> None:
    for arguments, status, said in (
        ([empty], 2, "there is no terminal to ask on, so nothing was changed: use --yes"),
        (["_history", "--yes"], 2, "pipeline must be"),
        ([empty, "--yes", "--reason", "x" * 1001], 2, "reason must have at most"),
    ):
        done = drop(*arguments, target=service.target)
        assert (done[0], done[1], done[2].count("\n")) == (status, "", 1)
        assert said in done[2]
    status, _, error = drop(empty, "--yes", target="127.0.0.1:1", WORKFLOW_RESULTS_TIMEOUT="1")
    assert (status, error.count("\n")) == (3, 1)
    assert results.history(empty) == []


def test_a_drop_is_for_admins(serve: Callable[..., Service], empty: str, tmp_path: Path) -> None:
    roles = {"curator": entry("curator", "*", token="curator"), "admin": entry("admin", "*", token="admin")}
    target = serve("--tokens", str(write(tmp_path / "tokens.yml", roles))).target
    for token, status, said in (("wrong", 4, "token"), ("curator", 4, "the role admin"), ("admin", 0, "")):
        done = drop(empty, "--yes", target=target, WORKFLOW_RESULTS_TOKEN=token)
        assert done[0] == status, done
        assert said in done[2]
    with Results(target, token="admin") as admin:
        assert [each.caller for each in admin.history(empty)] == ["admin"]


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 130), ("Ctrl-C", 130)])
def test_a_drop_asks(service: Service, results: Results, empty: str, answer: str, status: int) -> None:
    terminal, theirs = pty.openpty()
    command = [COMMAND, "drop", empty, "--target", service.target]
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr
        overdue = threading.Timer(60, process.kill)
        overdue.start()
        asked = f"Drop pipeline {empty}? [y/N]:".encode()
        assert process.stderr.read(len(asked)) == asked
        if answer == "Ctrl-C":
            while process.poll() is None:  # one that comes just before Python begins to read is not noticed
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
        else:
            os.write(terminal, answer.encode())
        _, errors = process.communicate()
        overdue.cancel()
    os.close(terminal)
    os.close(theirs)
    assert process.returncode == status
    assert len(results.history(empty)) == (status == 0)
    assert errors.decode() == {0: "", 1: "Error: nothing was changed\n", 130: ""}[status]

"""The command line: its help, and how soon it is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tests.support.commands import run
from workflow_results.cli import main


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


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(closed: str, tmp_path: Path) -> None:
    (tmp_path / "works.json").write_text('{"pipeline": "p", "id": "a", "status": "success"}')
    for arguments in ("--version", "deposit --dry-run -", "deposit --dry-run works.json"):
        done = subprocess.run(
            ["sh", "-c", f"exec {sys.executable} -m workflow_results {arguments} {closed}"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=False,
            cwd=tmp_path,
        )
        assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_before_the_command_is_there(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "workflow_results", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("name", main.list_commands(click.Context(main)))
def test_the_help_knows_the_commands(name: str) -> None:
    """Their lines stand in a table, so that nothing is imported for the help."""
    command = main.get_command(click.Context(main), name)
    assert command
    assert main._targets[name][1] == command.get_short_help_str(limit=1_000)


def test_no_command_is_the_help() -> None:
    for group in ((), ("token",)):
        done = run(*group)
        assert "\n  -h, --help" in done.out + done.err
        assert "\\n" not in done.out + done.err


@pytest.mark.parametrize("name", ["", *main.list_commands(click.Context(main))])
def test_the_help_fits_a_terminal(name: str) -> None:
    done = run(*filter(None, [name]), "--help", COLUMNS="80")
    assert [line for line in done.out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize(
    "environment",
    [{}, {"_WORKFLOW_RESULTS_COMPLETE": "bash_complete", "COMP_WORDS": "workflow-results v", "COMP_CWORD": "1"}],
    ids=["help", "completion"],
)
def test_what_the_shell_waits_for_is_quick(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "workflow_results", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert not {"grpc", "google.protobuf", "bson", "rich", "workflow_results_server"} & imported


def test_a_command_without_arguments_says_what_it_lacks() -> None:
    done = run("view")
    assert (done.status, done.out, done.err) == (
        2,
        "",
        "Error: Missing argument 'PIPELINE'. See 'workflow-results view --help'.\n",
    )

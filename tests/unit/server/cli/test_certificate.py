"""`workflow-results certificate`: what it writes works, as it says, and takes the place of nothing."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from workflow_results.cli import main

NAMES = ("ca.pem", "server.pem", "server.key")


def certificate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["certificate", *arguments], prog_name="workflow-results")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    done = certificate("-o", str(tmp_path))
    assert done.exit_code == 1
    assert done.output == f"Error: {tmp_path / name} can't be written: it already exists and is not overwritten\n"
    assert [path.name for path in tmp_path.iterdir()] == [name], "a part of it was left behind"
    assert (tmp_path / name).read_text() == "precious"


def test_the_file_that_a_full_disk_does_not_take_is_named(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        done = certificate("-o", str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert done.output == f"Error: {tmp_path / 'ca.pem'} can't be written: File too large\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("host", ["", "a b", "a@b", "10.0.0.0/8", "-a", "a..b", "fe80::1%eth0", "x" * 64, "http://a"])
def test_what_is_no_host_is_refused(tmp_path: Path, host: str) -> None:
    done = certificate("-o", str(tmp_path), "--host", host)
    assert done.exit_code == 2
    assert "--host must be a host name or an IP address" in done.output
    assert not list(tmp_path.iterdir())


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    done = certificate("-o", str(tmp_path))
    assert done.exit_code == 1
    assert "pip install 'workflow-results[certificate]'" in done.output
    assert done.output.count("\n") == 1


def test_completion_is_told_and_works() -> None:
    runner = CliRunner()
    told = " ".join(runner.invoke(main, ["--help"]).output.split())
    assert 'eval "$(_WORKFLOW_RESULTS_COMPLETE=bash_source workflow-results)"' in told
    script = runner.invoke(main, [], prog_name="workflow-results", env={"_WORKFLOW_RESULTS_COMPLETE": "bash_source"})
    assert "complete " in script.output
    environment = {
        "_WORKFLOW_RESULTS_COMPLETE": "bash_complete",
        "COMP_WORDS": "workflow-results cert",
        "COMP_CWORD": "1",
    }
    found = runner.invoke(main, [], prog_name="workflow-results", env=environment)
    assert "certificate" in found.output

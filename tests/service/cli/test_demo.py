"""The demo, as a newcomer runs it, and the works that it deposits."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.waiting import PATIENCE, killed_after
from tests.support.workflow_core import workflow_core
from workflow_results._encoding.documents import decode, encode
from workflow_results.common import rules
from workflow_results.samples import PIPELINES, sample_works


@pytest.fixture(scope="module")
def works() -> list[dict[str, Any]]:
    return list(sample_works(3_000))


def encoded(works: list[dict[str, Any]]) -> list[bytes]:
    return [encode(work, "work") for work in works]


def test_sample_works_depend_on_their_seed_alone(works: list[dict[str, Any]]) -> None:
    assert encoded(list(sample_works(3_000))) == encoded(works)
    assert encoded(list(sample_works(700))) == encoded(works[:700])
    assert encoded(list(sample_works(3, seed=1))) != encoded(works[:3])


def test_sample_works_keep_the_rules(works: list[dict[str, Any]]) -> None:
    assert [problem for work in works if (problem := rules.work_problem(work))] == []


def test_sample_works_have_the_keys_of_a_payload(works: list[dict[str, Any]], tmp_path: Path) -> None:
    workspace = tmp_path / "workspace.yml"
    workspace.write_text("workspace: test\n")
    payload = workflow_core(
        f"""
from workflow.definitions.work import Work
work = Work(pipeline="test", site="chime", user="test", config={{"strategy": "relaxed"}}, workspace={str(workspace)!r})
answer = work.payload
""",
        tmp_path,
    )
    for work in works:
        assert list(work) == list(payload)
        assert list(work["config"]) == list(payload["config"])
        assert list(work["notify"]["slack"]) == list(payload["notify"]["slack"])


def test_ids_of_sample_works_grow_with_their_creation(works: list[dict[str, Any]]) -> None:
    assert all(re.fullmatch("[0-9a-f]{24}", work["id"]) for work in works)
    assert all(one["id"] < next_["id"] and one["creation"] < next_["creation"] for one, next_ in pairwise(works))
    assert all(work["creation"] <= work["start"] <= work["stop"] for work in works)


def test_sample_works_are_like_those_of_real_pipelines(works: list[dict[str, Any]]) -> None:
    succeeded = [work for work in works if work["status"] == "success"]
    failed = [work for work in works if work["status"] == "failure"]
    assert 0.01 < len(failed) / len(works) < 0.06
    assert all(work["results"] is None and "Traceback" in work["notify"]["slack"]["message"] for work in failed)
    assert all(isinstance(work["results"]["snr"], np.floating) for work in succeeded)
    assert all(isinstance(work["results"]["spectrum"], np.ndarray) for work in succeeded)
    assert 1_300 < np.mean([len(data) for data in encoded(works)]) < 1_500

    seen: dict[int, set[str]] = {}
    for work in works:
        seen.setdefault(work["event"][0], set()).add(work["pipeline"])
    assert any(pipelines == set(PIPELINES) for pipelines in seen.values())
    assert any(len(work["event"]) == 2 for work in works)


def test_a_sample_work_comes_back_as_plain_values(works: list[dict[str, Any]]) -> None:
    [decoded] = decode(encode(works[0], "work"))
    assert decoded["results"]["dm"] == works[0]["results"]["dm"]
    assert decoded["results"]["spectrum"] == works[0]["results"]["spectrum"].tolist()


def test_sample_works_say_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy.random", None)
    with pytest.raises(ImportError, match=r"pip install 'workflow-results\[demo\]'"):
        sample_works(1)


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
    assert "set WORKFLOW_RESULTS_MONGOD to a mongod that runs here" in errors
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

"""Commands on a real terminal: tables that fit it, changes as they come, Ctrl-C, and completion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.commands import Terminal
from tests.support.launcher import COMMAND, Service
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Results
from workflow_results.samples import sample_works


@pytest.fixture
def samples(results: Results, pipeline: str) -> str:
    """A pipeline with works like those of a telescope."""
    results.deposit([{**each, "pipeline": pipeline} for each in sample_works(50)])
    return pipeline


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_table_fits_the_terminal(terminal: Callable[..., Terminal], samples: str, columns: int) -> None:
    for arguments in ((), ("--fields", "id,event,results.dm,results.snr,creation,user,tags")):
        shown = terminal("view", samples, "--limit", "5", *arguments, columns=columns)
        assert shown.end() == 0
        header, *rows = shown.text.splitlines()[:6]
        assert all(len(line) <= columns for line in (header, *rows)), shown.text
        assert header.startswith("id ")
        assert (columns < 80) or "results.dm" in header
        assert b"\x1b[1m" in shown.raw


def test_a_table_shows_by_what_it_is_ranked(terminal: Callable[..., Terminal], results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a" * 50, event=[1], results={"dm": 5, "results": 6, "snr": 7.5})])
    for field, value in (("results.snr", "7.5"), ("results.dm", "5"), ("id", "status")):
        shown = terminal("top", pipeline, *([field] if field != "results.snr" else []), columns=70)
        assert shown.end() == 0
        if field == "id":
            assert f"no results of {pipeline} have a number in id" in shown.text
        else:
            assert [line.split()[1] for line in shown.text.splitlines()[:2]] == [field, value]


def test_a_history_fits_the_terminal(terminal: Callable[..., Terminal], results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])
    results.lock(pipeline, ["a"], reason="published in a journal with a long name", request_id="b" * 36)
    shown = terminal("history", pipeline, "a")
    assert shown.end() == 0
    heading, line = shown.text.splitlines()
    assert heading.split() == ["time", "method", "reason"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  lock    published in a journal with a long name", line)


def test_headings_are_cut_at_their_beginning(
    terminal: Callable[..., Terminal], results: Results, pipeline: str
) -> None:
    results.deposit([work(pipeline, "a", results={"classification": {"name": "one-off", "probability": 0.5}})])
    paths = "id,results.classification.name,results.classification.probability"
    shown = terminal("view", pipeline, "--fields", paths, columns=30)
    assert shown.end() == 0
    assert shown.text.splitlines()[:2] == ["id  …cation.name  …probability", "a   one-off                0.5"]


def test_people_are_told_what_is_not_shown(terminal: Callable[..., Terminal], samples: str) -> None:
    shown = terminal("view", samples, "--limit", "5", columns=80)
    assert shown.end() == 0
    assert "not shown: " in shown.text
    assert "the first 5; --limit -1 shows all" in shown.text
    shown = terminal("view", samples, "--status", "failure", "--where", "user=nobody")
    assert shown.end() == 0
    assert f"no results of {samples} match" in shown.text
    for by in ("nope", "results.nope"):
        shown = terminal("count", samples, "--by", by)
        assert shown.end() == 0
        assert shown.text == f"no results of {samples} have {by}\n"
    shown = terminal("index", samples)
    assert shown.end() == 0
    assert shown.text == f"{samples} has no indexes on fields\n"


@pytest.mark.parametrize("columns", [20, 80])
def test_names_of_fields_do_not_command_the_terminal(
    terminal: Callable[..., Terminal], results: Results, pipeline: str, columns: int
) -> None:
    results.deposit([work(pipeline, "a", results={"\x1b[31mred\n": 1, "x" * 100 + "\x1b]0;title\x07": 2})])
    for arguments in (("view", pipeline), ("history", pipeline, "\x1b[31mred")):
        shown = terminal(*arguments, columns=columns)
        assert shown.end() == 0
        assert not [each for each in (b"\x1b[31m", b"\x1b]0;", b"\x07") if each in shown.raw]
        assert "\\x1b[31mred" in shown.text or columns == 20
        assert len(shown.text.splitlines()) < 4


def test_names_of_files_are_no_markup(terminal: Callable[..., Terminal], pipeline: str, tmp_path: Path) -> None:
    file = tmp_path / "[" / "x]\x1b[31m.json"  # whose path has [/x] in it
    file.parent.mkdir()
    file.write_text(json.dumps(work(pipeline, "a")))
    depositing = terminal("deposit", file)
    assert depositing.end() == 0, depositing.text
    assert b"\x1b[31m.json" not in depositing.raw


@pytest.mark.parametrize("columns", [20, 40])
def test_what_is_no_result_keeps_its_columns(terminal: Callable[..., Terminal], samples: str, columns: int) -> None:
    shown = terminal("info", columns=columns)
    assert shown.end() == 0
    header, *rows = shown.text.splitlines()
    assert header.split() == ["name", "value"]
    assert all(len(line) <= columns for line in rows)
    assert all(len(line.split()) > 1 for line in rows)


def test_nothing_beyond_what_is_skipped(terminal: Callable[..., Terminal], samples: str) -> None:
    shown = terminal("view", samples, "--skip", "1000")
    assert shown.end() == 0
    assert f"{samples} has no results beyond the first 1,000" in shown.text


def test_no_color_is_heeded(terminal: Callable[..., Terminal], samples: str) -> None:
    shown = terminal("view", samples, "--fields", "id", NO_COLOR="1")
    assert shown.end() == 0
    assert b"\x1b[1m" not in shown.raw


def test_a_watch(terminal: Callable[..., Terminal], results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", results={"snr": 30})])
    watching = terminal("watch", pipeline, "--snapshot", "--fields", "results.snr", "--where", "results.snr>20")
    watching.read_until("existing  a  30\nsnapshot complete\n")
    results.deposit([work(pipeline, "b", results={"snr": 40}), work(pipeline, "c", results={"snr": 1})])
    watching.read_until("deposited  b  40\n")
    results.update([{"pipeline": pipeline, "id": "b", "results": {"snr": 2}}])
    watching.read_until("unmatched  b\n")
    assert watching.interrupt() == 130
    assert "Traceback" not in watching.text


def test_a_watch_goes_on(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])
    token: list[str] = []
    for expected in ("b", "c"):
        watching = [COMMAND, "watch", pipeline, "--jsonl", "--target", service.target, *token]
        with subprocess.Popen(watching, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            if not token:  # so that the watch has begun
                end = time.monotonic() + PATIENCE
                number = 0
                os.set_blocking(process.stdout.fileno(), False)
                while not (line := process.stdout.readline()) and time.monotonic() < end:
                    number += 1
                    results.deposit([work(pipeline, f"b{number}")])
            else:
                results.deposit([work(pipeline, expected)])
                line = process.stdout.readline()
            change = json.loads(line)
            process.kill()
        assert change["kind"] == "deposited"
        assert change["id"].startswith("b") or change["id"] == expected
        token = ["--resume-token", change["resume_token"]]


@pytest.mark.parametrize("typed", ["", "\n", "{work}\n"])
def test_ctrl_d_ends_what_is_typed_at_once(terminal: Callable[..., Terminal], pipeline: str, typed: str) -> None:
    for name, said in (("deposit", f"{pipeline}: 1 deposited"), ("update", "1 result updated")):
        typing = terminal(name, "-", columns=200)
        typing.type(typed.format(work=json.dumps(work(pipeline, "a"))))
        typing.type("\x04")
        assert typing.end() == 0
        assert "━" not in typing.text
        assert (said if "{" in typed else said.replace("1 result", "0 results")) in typing.text or not typed.strip()
        assert "Error" not in typing.text


def test_bars_have_the_ends_of_names(terminal: Callable[..., Terminal], samples: str, tmp_path: Path) -> None:
    for ending in ("bson", "parquet"):
        file = tmp_path / f"{'long' * 20}.{ending}"
        exporting = terminal("export", samples, "-o", file)
        assert exporting.end() == 0
        assert f"\n50 results of {samples}, SHA-256 " in exporting.text
        assert (f"…{samples[-23:]} ━" if ending == "bson" else " 50 results ") in exporting.text
        checking = terminal("deposit", "--dry-run", file)
        assert checking.end() == 0
        *_, bar, told = checking.text.splitlines()
        assert (bar.startswith(f"…{str(file)[-23:]} ━"), "100%" in bar) == (True, True), checking.text
        assert told == f"would deposit 50 works of {samples}"
        assert "\n\n" not in exporting.text + checking.text


def test_bars_of_pipes_never_go_back(terminal: Callable[..., Terminal], pipeline: str, tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    depositing = terminal("deposit", pipe, columns=200)
    pipe.write_text(json.dumps(work(pipeline, "a", note="x" * 9_000)))
    assert depositing.end() == 0
    assert f"{pipeline}: 1 deposited" in depositing.text
    assert not re.search("-[0-9]", depositing.text.replace(pipeline, "").replace(str(tmp_path), ""))


def test_bars_need_a_terminal_that_can_replace_lines(
    terminal: Callable[..., Terminal], samples: str, tmp_path: Path
) -> None:
    exporting = terminal("export", samples, "-o", tmp_path / "x.bson", TERM="dumb", columns=200)
    assert exporting.end() == 0
    assert exporting.text.startswith(f"50 results of {samples}, SHA-256 ")
    failing = terminal("deposit", tmp_path, columns=200)
    assert failing.end() == 1
    assert failing.text == f"Error: {tmp_path}: Is a directory\n"


def test_ctrl_c_ends_a_view(terminal: Callable[..., Terminal], results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:05}", note="x" * 200) for number in range(5_000)])
    viewing = terminal("view", pipeline, "--limit", "-1", "--jsonl")
    viewing.read_until('"04900"')
    assert viewing.interrupt() == 130
    assert "Traceback" not in viewing.text


def complete(*words: str, **environment: str) -> list[str]:
    """Return what bash would offer for the last of some words."""
    return [line.partition(",")[2] for line in offered(*words, **environment)]


def offered(*words: str, **environment: str) -> list[str]:
    """Return what is offered to bash, with the kind of each."""
    done = subprocess.run(
        [COMMAND],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={
            **os.environ,
            "_WORKFLOW_RESULTS_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["workflow-results", *words]),
            "COMP_CWORD": str(len(words)),
            **environment,
        },
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def test_completion(service: Service, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])
    assert complete("vi") == ["view"]
    assert complete("lo") == ["lock", "locked"]
    assert "--where" in complete("view", "--w")
    # Nothing is offered where the service takes longer than somebody at a terminal likes to wait.
    eventually(lambda: complete("view", pipeline[:-2], WORKFLOW_RESULTS_TARGET=service.target) == [pipeline])
    eventually(lambda: complete("view", "--target", service.target, pipeline[:-2]) == [pipeline])
    assert complete("view", "x", WORKFLOW_RESULTS_TARGET="127.0.0.1:1") == []
    assert complete("view", "--status", "f") == ["failure"]


@pytest.mark.parametrize("command", ["deposit", "update", "restore"])
def test_files_are_completed(command: str) -> None:
    assert offered(command, "wor") in (["file,wor"], ["dir,wor"])

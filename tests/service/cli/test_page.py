"""What docs/guide/command-line.md and README.md tell people to type works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from pathlib import Path

import bson

from tests.support.launcher import COMMAND, Service
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import Results

PAGE = REPOSITORY / "docs" / "guide" / "command-line.md"
README = REPOSITORY / "README.md"
BLOCKS = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_HERE = re.compile(r"--target A:50051|eval ")
"""What needs two services, or a shell of one's own."""


def said_to(line: str, service: Service, directory: Path) -> str:
    """Return what a shell prints that is given a line."""
    done = subprocess.run(
        line,
        shell=True,
        cwd=directory,
        env={
            **os.environ,
            "WORKFLOW_RESULTS_TARGET": service.target,
            "PATH": f"{Path(COMMAND).parent}:{os.environ['PATH']}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), line
    return done.stdout


def test_five_commands_lead_to_a_table(service: Service, pipeline: str, tmp_path: Path) -> None:
    commands, table = BLOCKS.findall(README.read_text())[:2]
    *before, deposit, view = (line.replace("frb-dm", pipeline) for line in commands.splitlines())
    assert [re.split(r" |&&", line)[0] for line in before] == ["python3", "pip", "workflow-results"]
    assert said_to(deposit, service, tmp_path) == f"{pipeline}: 1 deposited\n"
    shown, promised = (
        [line.split() for line in text.splitlines()] for text in (said_to(view, service, tmp_path), table)
    )
    assert (shown[0], shown[1][1:]) == (promised[0], promised[1][1:])


def test_every_command_of_the_page(service: Service, results: Results, pipeline: str, tmp_path: Path) -> None:
    bursts = [work(pipeline, f"burst-{number}", results={"snr": 9.0, "dm": number}) for number in range(1, 4)]
    failed = work(pipeline, "failed", status="failure", creation=time.time())
    (tmp_path / "more.bson").write_bytes(b"".join(map(bson.encode, [*bursts, failed])))
    (tmp_path / "works.jsonl").write_text(json.dumps({"pipeline": pipeline, "status": "success"}))
    (tmp_path / "corrections.jsonl").write_text(
        json.dumps({"pipeline": pipeline, "id": "burst-3", "tags": ["checked"]})
    )
    commands = [
        line
        for block in BLOCKS.findall(PAGE.read_text())
        for line in block.splitlines()
        if line.startswith("workflow-results")
    ]
    typed = [line.replace("tutorial", pipeline) for line in commands if not NOT_HERE.search(line)]
    assert len(typed) >= 9
    for line in typed:
        asks = line.startswith("workflow-results delete") and "--dry-run" not in line
        said_to(f"{line} --yes" if asks else line, service, tmp_path)
    assert results.count(pipeline, {}) == 4  # three bursts and a work without an id
    assert results.get_locked_count(pipeline) == 2
    assert results.get_by_id(pipeline, ["burst-3"])[0]["tags"] == ["checked"]
    assert {path.name for path in tmp_path.iterdir()} >= {f"{pipeline}.bson", "week.csv"}

"""`workflow-results export`: results to files, from which they can be deposited."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Done
from tests.support.launcher import COMMAND, Service
from tests.support.processes import run_measured
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Results

Command = Callable[..., Done]


def raw(results: Results, pipeline: str) -> bytes:
    return b"".join(results.stream_batches(pipeline, {}))


@pytest.mark.parametrize("format_", ["bson", "jsonl"])
def test_what_is_exported_can_be_deposited(
    command: Command, results: Results, filled: str, tmp_path: Path, format_: str
) -> None:
    file = tmp_path / f"results.{format_}"
    done = command("export", filled, "-o", file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert done == Done(0, f"3 results of {filled}, SHA-256 {digest}\n", "")
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [file.name]
    before = raw(results, filled)
    if format_ == "bson":
        assert file.read_bytes() == before
    assert command("deposit", file) == Done(0, f"{filled}: 3 already deposited\n", "")
    results.unlock(filled, ["b"], force=True)
    results.delete_ids(filled, ["a", "b"])
    assert command("deposit", file) == Done(0, f"{filled}: 2 deposited, 1 already deposited\n", "")
    assert raw(results, filled) == before


def test_a_part_of_a_pipeline_is_exported(command: Command, filled: str, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    assert command("export", filled, "-o", file, "--status", "success", "--fields", "id,event").out.startswith(
        "2 results"
    )
    assert [json.loads(line) for line in file.read_text().splitlines()] == [
        {"event": [{"$numberInt": "1"}, {"$numberInt": "2"}], "id": "b"},
        {"id": "a"},
    ]


def test_csv_is_for_spreadsheets(command: Command, filled: str, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    assert command("export", filled, "-o", file).status == 0
    header, *rows = csv.reader(io.StringIO(file.read_bytes().decode()))
    assert header[:3] == ["id", "event", "status"]
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert found["b"]["results.note"] == "'=1+1"
    assert found["b"]["event"] == "[1, 2]"
    assert found["a"]["results.large"] == str(2**60)
    assert found["a"]["results.date"] == "2026-01-02T03:04:05.006000+00:00"
    assert found["c"]["results.large"] == ""


def test_what_is_not_exported(command: Command, results: Results, filled: str, tmp_path: Path) -> None:
    there = tmp_path / "there.bson"
    there.write_text("mine")
    for arguments, status, said in (
        (("export", filled, "-o", tmp_path / "x.txt"), 2, "must end with .bson"),
        (("export", filled, "-o", there), 1, "exists: choose another name, or use --overwrite"),
        (("export", "nope", "-o", tmp_path / "x.bson"), 1, "nope has no results"),
        (("export", filled, "-o", tmp_path / "no" / "x.bson"), 1, "No such file or directory"),
        (("export", filled, "-o", tmp_path / "x.csv", "--query", '{"$where": "1"}'), 1, "$where is not supported"),
    ):
        done = command(*arguments)
        assert (done.status, said in done.err, done.err.count("\n")) == (status, True, 1), done
    assert [path.name for path in tmp_path.iterdir()] == ["there.bson"]
    assert there.read_text() == "mine"
    assert command("export", filled, "-o", there, "--overwrite").status == 0
    assert there.read_bytes() == raw(results, filled)


def test_an_export_that_is_killed_leaves_no_file_that_looks_complete(
    service: Service, results: Results, pipeline: str, tmp_path: Path
) -> None:
    results.deposit([work(pipeline, f"{number:05}", note="x" * 2_000) for number in range(10_000)])
    file, unfinished = tmp_path / "x.jsonl", tmp_path / "x.jsonl.part"
    process: subprocess.Popen[Any]
    exporting = [COMMAND, "export", pipeline, "-o", str(file), "--target", service.target]
    with subprocess.Popen(exporting, stdout=subprocess.DEVNULL) as process:
        eventually(lambda: unfinished.exists() and unfinished.stat().st_size > 100_000)
        process.send_signal(signal.SIGSTOP)
        second = subprocess.run(exporting, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert (second.returncode, "another process is writing" in second.stderr) == (1, True), second.stderr
        process.kill()
    assert [path.name for path in tmp_path.iterdir()] == [unfinished.name]
    unfinished.unlink()
    with subprocess.Popen(exporting, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: process.poll() is not None or unfinished.exists())
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    if process.returncode:
        assert (process.returncode, said) == (130, "")
        assert list(tmp_path.iterdir()) == []
    subprocess.run([*exporting, "--overwrite"], check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == [
        f"{n:05}" for n in reversed(range(10_000))
    ]


def test_a_full_disk_is_said(service: Service, results: Results, pipeline: str, tmp_path: Path) -> None:
    results.deposit([work(pipeline, str(number), note="x" * 2_000) for number in range(1_000)])
    exporting = [COMMAND, "export", pipeline, "-o", str(tmp_path / "x.bson"), "--target", service.target]
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *exporting],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Error: writing: File too large\n")
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_in_columns_is_said_in_options(
    command: Command, results: Results, pipeline: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.parquet"
    results.deposit([work(pipeline, "a", results={"snr": 1, "dm": 2}), work(pipeline, "b", results={"snr": "x"})])
    done = command("export", pipeline, "-o", file)
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1), done
    assert "no type of column holds both: choose other fields with --fields, or export to another format" in done.err
    assert command("export", pipeline, "-o", file, "--fields", "id,results.dm").status == 0
    many = {f"{letter}{number}": 1 for number in range(5_001) for letter in "ab"}
    results.deposit([work(pipeline, "c", results=many)])
    done = command("export", pipeline, "-o", file, "--overwrite")
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1), done
    assert done.err.endswith(": choose the columns you need with --fields\n")


def test_parquet_goes_there_and_back(command: Command, results: Results, pipeline: str, tmp_path: Path) -> None:
    works = [work(pipeline, id_, results={"snr": number + 0.5}, event=[number]) for number, id_ in enumerate("abc")]
    results.deposit(works)
    file = tmp_path / "x.parquet"
    digest = hashlib.sha256
    done = command("export", pipeline, "-o", file)
    assert done == Done(0, f"3 results of {pipeline}, SHA-256 {digest(file.read_bytes()).hexdigest()}\n", "")
    assert command("deposit", file) == Done(0, f"{pipeline}: 3 already deposited\n", "")
    results.delete_ids(pipeline, ["a"])
    assert command("deposit", file).out == f"{pipeline}: 1 deposited, 2 already deposited\n"
    file.write_bytes(b"PAR1 and no more")
    done = command("deposit", file)
    assert (done.status, done.err.count("\n"), "Traceback" in done.err) == (1, 1, False), done


@pytest.mark.slow
def test_large_files_take_little_memory(service: Service, pipeline: str, tmp_path: Path) -> None:
    file = tmp_path / "works.json"
    with file.open("w") as written:
        written.write("[")
        for number in range(40_000):
            separator = "," if number else ""
            written.write(
                f"{separator}{json.dumps(work(pipeline, f'{number:06}', note='x' * 2_000, numbers=[1.5] * 20))}"
            )
        written.write("]")
    assert file.stat().st_size > 80_000_000
    commands = [["deposit", str(file)]]
    commands += [["export", pipeline, "-o", str(tmp_path / f"x.{format_}")] for format_ in ("bson", "jsonl", "csv")]
    for command in commands:
        status, mib = run_measured([COMMAND, *command, "--target", service.target])
        assert status == 0
        assert mib < 200, command

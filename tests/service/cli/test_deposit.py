"""`workflow-results deposit` and `export`: results to files and back."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Binary, Decimal128, Int64, ObjectId, json_util

from tests.support.commands import Done
from tests.support.launcher import COMMAND, Service
from tests.support.processes import run_measured
from tests.support.waiting import PATIENCE, eventually
from tests.support.works import work
from workflow_results import Outcome, Results
from workflow_results._deposit import batches, sending
from workflow_results.archive.reading import Found

Command = Callable[..., Done]

VALUES: dict[str, Any] = {
    "small": Int64(5),
    "large": 2**60,
    "int": 5,
    "nan": float("nan"),
    "date": dt.datetime(2026, 1, 2, 3, 4, 5, 6000, dt.timezone.utc),
    "bytes": b"\x00\xff",
    "binary": Binary(b"ab", 128),
    "decimal": Decimal128("1.10"),
    "object_id": ObjectId("5f0000000000000000000000"),
    "text": "é\x1b\n",
    "ref": {"$ref": "a", "$id": 1},
}


@pytest.fixture
def filled(results: Results, pipeline: str) -> str:
    """A pipeline with three results, of which "b" is locked."""
    works = [
        work(pipeline, "a", results=VALUES, creation=1_700_000_000.5),
        work(pipeline, "b", results={"locked": True, "note": "=1+1"}, event=[1, 2]),
        work(pipeline, "c", status="failure", results=None),
    ]
    assert results.deposit(works) == {pipeline: True}
    return pipeline


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


def test_an_interrupted_deposit_says_what_is_safe(
    command: Command, pipeline: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def interrupted(*_: object) -> None:
        error = KeyboardInterrupt()
        batches.report_interruption(batches.interruption("a deposit", 1, 1, []), error)
        raise error

    monkeypatch.setattr(sending, "deposit", interrupted)
    done = command("deposit", "-", given=json.dumps({"pipeline": pipeline, "status": "success"}))
    assert (done.status, done.out, done.err.count("\n")) == (130, "", 1), done
    assert "those without may be stored once more" in done.err
    assert caplog.messages == []


def test_what_is_interrupted_before_it_deposits_says_so(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> Iterator[Found]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr("workflow_results.cli.deposit.read_stream", interrupted)
    assert command("deposit", "-") == Done(130, "", "interrupted: nothing was deposited\n")
    assert command("deposit", "-", "--dry-run") == Done(130, "", "")


def test_a_name_that_is_not_set(command: Command) -> None:
    for name in ("deposit", "update"):
        done = command(name, "")
        assert (done.status, "it is empty" in done.err, done.err.count("\n")) == (2, True, 1), done


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


@pytest.mark.parametrize("format_", ["bson", "jsonl"])
def test_works_of_another_service_are_the_same_whenever_they_are_deposited(
    command: Command, results: Results, pipeline: str, tmp_path: Path, format_: str
) -> None:
    own = [ObjectId(), ObjectId()]
    works: list[dict[str, Any]] = [
        {"_id": own[0], **work(pipeline, results=VALUES)},
        {"_id": own[1], **work(pipeline, "b", results={"locked": True})},
    ]
    file = tmp_path / f"dump.{format_}"
    if format_ == "bson":
        file.write_bytes(b"".join(map(bson.encode, works)))
    else:  # as mongoexport writes it
        file.write_text("".join(f"{json_util.dumps(each)}\n" for each in works))
    for _ in range(2):
        assert command("deposit", str(file)).status == 0
    assert [each["id"] for each in results.view(pipeline, {})] == ["b", str(own[0])]
    assert results.get_locked_count(pipeline) == 1
    assert results.get_by_id(pipeline, [str(own[0])])[0]["results"]["large"] == 2**60


def test_works_get_ids(command: Command, results: Results, pipeline: str) -> None:
    done = command("deposit", "-", "--receipts", given=json.dumps([{"pipeline": pipeline, "status": "success"}]))
    receipt = json.loads(done.out)
    assert (done.status, done.err, receipt["outcome"]) == (0, "", "deposited")
    assert [each["id"] for each in results.view(pipeline, {})] == [receipt["id"]]


def test_what_is_not_stored_is_named(command: Command, results: Results, pipeline: str, tmp_path: Path) -> None:
    results.deposit([work(pipeline, "a", n=1)])
    works = [work(pipeline, "a", n=2), work(pipeline, "b"), work(pipeline, "c", status="ok"), work(pipeline, "d")]
    file = tmp_path / "works.jsonl"
    file.write_text("\n".join(map(json.dumps, works)))
    done = command("deposit", file, "--dry-run")
    assert (done.status, done.out) == (1, f"1 invalid, not sent\nwould deposit 3 works of {pipeline}\n")
    assert results.count(pipeline, {}) == 1
    done = command("deposit", file)
    assert (done.status, done.out) == (1, f"{pipeline}: 2 deposited, 1 conflict\n1 invalid, not sent\n")
    assert done.err.splitlines() == [
        f"{file}, line 3: work.status must be 'success' or 'failure', not 'ok'",
        f"{file}, line 1: {pipeline} a: conflict: a result with this id is stored with other content",
        "Error: 2 works not deposited, see above",
    ]
    assert [each["id"] for each in results.view(pipeline, {})] == ["d", "b", "a"]


def test_files_without_works_are_named(command: Command, pipeline: str, tmp_path: Path) -> None:
    full, empty, array = (tmp_path / name for name in ("full.json", "empty.json", "array.json"))
    full.write_text(json.dumps(work(pipeline, "a")))
    empty.touch()
    array.write_text("[]\n")
    said = f"{empty}: 0 works\n{array}: 0 works\n"
    assert command("deposit", empty, full, array) == Done(0, f"{pipeline}: 1 deposited\n{said}", "")
    assert command("deposit", "-") == Done(0, "standard input: 0 works\n", "")
    assert command("deposit", empty, array, "--dry-run") == Done(0, said, "")
    assert command("deposit", empty, array, "--receipts") == Done(0, "", said)


def test_what_a_shell_substitutes_is_a_file(service: Service, results: Results, pipeline: str, tmp_path: Path) -> None:
    one, other, changed = (work(pipeline, id_, n=1) for id_ in "abc")
    (tmp_path / "one.jsonl").write_text(json.dumps(one))
    (tmp_path / "other.bson").write_bytes(bson.encode(other) + bson.encode(changed))
    for arguments, said in (
        ("deposit <(cat one.jsonl) <(cat other.bson)", f"{pipeline}: 3 deposited\n"),
        ("deposit /dev/stdin < one.jsonl", f"{pipeline}: 1 already deposited\n"),
        ("deposit /dev/stdin < <(cat one.jsonl)", f"{pipeline}: 1 already deposited\n"),
        ('update <(sed \'s/"n": 1/"n": 2/\' one.jsonl)', "1 result updated\n"),
    ):
        done = subprocess.run(
            ["bash", "-c", f"{COMMAND} {arguments} --target {service.target}"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            cwd=tmp_path,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    assert [(each["id"], each["n"]) for each in results.view(pipeline, {})] == [("c", 1), ("b", 1), ("a", 2)]


def test_a_broken_file_ends_a_deposit(command: Command, results: Results, pipeline: str, tmp_path: Path) -> None:
    good = bson.encode(work(pipeline, "a"))
    file = tmp_path / "works.bson"
    file.write_bytes(good + good[:-3])
    done = command("deposit", file)
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert f"{file} is truncated or not a file of BSON documents, see byte {len(good)}" in done.err
    for name, said in (("nowhere", "No such file"), (tmp_path, "Is a directory")):
        done = command("deposit", name)
        assert (done.status, said in done.err) == (1, True), done
    assert command("deposit").status == 2


def test_a_pipe_from_one_pipeline_to_another(command: Command, results: Results, filled: str) -> None:
    seen = command("view", filled, "--json").out
    copied = f"{filled[:-4]}copy"
    assert command("deposit", "-", given=seen.replace(filled, copied)).out == f"{copied}: 3 deposited\n"
    assert command("view", copied, "--json").out == seen.replace(filled, copied)


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


def test_what_a_spool_holds_is_deposited(command: Command, results: Results, pipeline: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    results.deposit([work(pipeline, "b", n=2)])
    with Results("127.0.0.1:1", timeout=1) as away, away.depositor(spool_dir=spool) as depositor:
        futures = [depositor.deposit(work(pipeline, id_, n=1)) for id_ in "abc"]
        assert {future.result().outcome for future in futures} == {Outcome.SPOOLED}
    assert command("deposit", "--spool", spool, "--target", "127.0.0.1:1", "--timeout", "1").status == 3
    done = command("deposit", "--spool", spool)
    assert (done.status, done.out) == (1, f"{spool}: 2 deposited\n")
    assert done.err == f"Error: 1 works were refused: they are in {spool}/refused.bson, with the reasons\n"
    assert [(each["id"], each["n"]) for each in results.view(pipeline, {})] == [("c", 1), ("b", 2), ("a", 1)]
    assert command("deposit", "--spool", spool) == Done(0, f"{spool}: 0 deposited\n", "")
    assert command("deposit", "--spool", spool, "file").status == 2
    assert command("deposit", "--spool", tmp_path / "nowhere").status == 2


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

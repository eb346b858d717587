"""`workflow-results deposit`: works out of files."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import ObjectId, json_util

from tests.support.commands import Done
from tests.support.launcher import COMMAND, Service
from tests.support.waiting import PATIENCE
from tests.support.works import OF_ALL_TYPES, work
from workflow_results import Outcome, Results
from workflow_results._deposit import batches, sending
from workflow_results.archive.reading import Found

Command = Callable[..., Done]


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


@pytest.mark.parametrize("format_", ["bson", "jsonl"])
def test_works_of_another_service_are_the_same_whenever_they_are_deposited(
    command: Command, results: Results, pipeline: str, tmp_path: Path, format_: str
) -> None:
    own = [ObjectId(), ObjectId()]
    works: list[dict[str, Any]] = [
        {"_id": own[0], **work(pipeline, results=OF_ALL_TYPES)},
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

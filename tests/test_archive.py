"""`workflow-results backup` and `workflow-results restore`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Decimal128, MaxKey, MinKey, ObjectId, Regex, Timestamp

from codec_values import UUID, same
from conftest import Service, work
from workflow_results import Results

EVERY_TYPE = {
    "int": 2**60, "float": float("nan"), "bytes": b"\0", "uuid": UUID, "none": None, "list": [{"$ref": "a", "$id": 1}],
    "decimal": Decimal128("1.5"), "object_id": ObjectId(), "regex": Regex("a", "i"), "timestamp": Timestamp(1, 2),
    "min": MinKey(), "max": MaxKey(),
}  # fmt: skip


@pytest.fixture
def filled(results: Results, pipeline: str) -> str:
    works = [work(pipeline, f"{number:04}", results={**EVERY_TYPE, "data": bytes(9_000)}) for number in range(1_000)]
    works[7]["results"]["locked"] = True
    assert results.deposit(works) == {pipeline: True}
    return pipeline


@pytest.fixture
def other(serve: Any) -> Iterator[tuple[str, Results]]:
    """A service with another database."""
    server: Service = serve("--database", "restored")
    with Results(server.target) as client:
        yield server.target, client


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("workflow-results")
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_what_was_backed_up_is_restored(
    service: Service, results: Results, filled: str, other: tuple[str, Results], tmp_path: Path, database: Any
) -> None:
    target, there = other
    done = command("backup", tmp_path / "new", "--target", service.target, "--pipeline", filled)
    assert (done.returncode, done.stdout) == (0, "")
    (file,) = (path for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert file == tmp_path / "new" / "workflow_results" / f"{filled}.bson"
    raw = database.get_collection(filled, bson.CodecOptions(document_class=bson.raw_bson.RawBSONDocument))
    assert file.read_bytes() == b"".join(each.raw for each in raw.find().sort("_id", -1))

    for outcome in ("deposited", "already deposited"):
        done = command("restore", tmp_path / "new", "--target", target)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{filled}: 1,000 {outcome}\n"
    assert same(there.view(filled, {}, limit=-1), results.view(filled, {}, limit=-1))
    assert there.get_locked_count(filled) == 1

    assert there.update([{"pipeline": filled, "id": "0000", "n": 1}])
    done = command("restore", tmp_path / "new", "--target", target)
    assert (done.returncode, done.stdout) == (1, f"{filled}: 999 already deposited, 1 conflict\n")
    assert "not all results are restored: 1 are not" in done.stderr
    assert f"{filled} '0000': conflict: " in done.stderr
    assert there.get_by_id(filled, ["0000"])[0]["n"] == 1


def test_bad_directories_and_files_are_explained(
    service: Service, results: Results, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bad, said in ((tmp_path, "holds no .bson files"), (tmp_path / "none", "does not exist")):
        done = command("restore", bad, "--target", service.target)
        assert done.returncode in (1, 2)
        assert said in done.stderr
    (tmp_path / f"{filled}.bson").write_bytes(bson.encode(work(filled, "new"))[:-3])
    done = command("restore", tmp_path, "--target", service.target)
    assert (done.returncode, "is cut short" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    done = command("backup", tmp_path, "--target", service.target)
    assert (done.returncode, "is not empty" in done.stderr) == (1, True)
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", "0.5")
    done = command("backup", tmp_path / "new", "--target", "127.0.0.1:1")
    assert (done.returncode, "nothing answers" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert not results.get_by_id(filled, ["new"])


def test_a_backup_that_would_lack_something_says_so(
    service: Service, results: Results, pipeline: str, tmp_path: Path
) -> None:
    results.deposit([work(pipeline, "a", data=bytes(100_000))])
    directory = tmp_path / "new"
    for name, said in (("nowhere", "has no results"), ("../../away", "must be 1 to 128")):
        done = command("backup", directory, "--target", service.target, "--pipeline", name)
        assert (done.returncode, said in done.stderr, directory.exists()) == (1, True, False), done.stderr
    assert not list(tmp_path.rglob("*.part"))
    program = Path(sys.executable).with_name("workflow-results")
    full = f"ulimit -f 20; exec {program} backup {directory} --target {service.target} --pipeline {pipeline}"
    done = subprocess.run(["sh", "-c", full], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "File too large" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    assert not list(directory.rglob("*.bson"))
    done = command("backup", "/proc/nowhere", "--target", service.target, "--pipeline", pipeline)
    assert (done.returncode, "/proc/nowhere: No such file" in done.stderr) == (1, True), done.stderr


def test_a_restore_takes_the_results_in_what_mongodump_writes(service: Service, pipeline: str, tmp_path: Path) -> None:
    def file(path: str, document: dict[str, Any]) -> Path:
        written = tmp_path / path
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_bytes(bson.encode(document))
        return written

    file("oplog.bson", {"op": "i"})
    file("admin/system.version.bson", {"_id": "authSchema"})
    file("workflow_results/_history.bson", {"method": "lock"})
    file(f"workflow_results/{pipeline}.bson", work(pipeline, "a"))
    done = command("restore", tmp_path, "--target", service.target)
    assert (done.returncode, done.stdout) == (0, f"{pipeline}: 1 deposited\n"), done.stderr

    rejected = work(pipeline, "b", results={"locked": False}) | {"data": bytes(2**24 - 2**14)}
    for name, document, said in (
        ("other/of-others.bson", {"_id": 1}, "other/of-others.bson holds documents that are no results"),
        ("workflow_results/a copy.bson", work(pipeline, "c"), "a copy.bson is no file of a pipeline"),
        ("large.bson", rejected, f"{pipeline} 'b': rejected: "),
    ):
        bad = file(name, document)
        done = command("restore", tmp_path, "--target", service.target)
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr
        bad.unlink()
    (tmp_path / "gone.bson").symlink_to("nowhere")
    done = command("restore", tmp_path, "--target", service.target)
    assert (done.returncode, "gone.bson: No such file" in done.stderr) == (1, True), done.stderr

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
    assert "not all results are restored" in done.stderr
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

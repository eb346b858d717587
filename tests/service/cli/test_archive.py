"""`workflow-results backup` and `workflow-results restore`."""

from __future__ import annotations

import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import pytest
from bson import Decimal128, MaxKey, MinKey, ObjectId, Regex, Timestamp

from tests.support.codec_values import UUID, same
from tests.support.launcher import COMMAND, Service
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    Results,
)
from workflow_results.common import rules
from workflow_results.v1 import results_pb2 as pb

EVERY_TYPE = {
    "int": 2**60, "float": float("nan"), "bytes": b"\0", "uuid": UUID, "none": None, "list": [{"$ref": "a", "$id": 1}],
    "decimal": Decimal128("1.5"), "object_id": ObjectId(), "regex": Regex("a", "i"), "timestamp": Timestamp(1, 2),
    "min": MinKey(), "max": MaxKey(),
}  # fmt: skip
ODD = {
    "symbol": b"\x0esymbol\0\x02\0\0\0a\0",
    "undefined": b"\x06undefined\0",
    "pointer": b"\x0cpointer\0\x02\0\0\0a\0" + bytes(12),
    "options": b"\x0bregex\0a\0xi\0",
    "keys": b"\x04array\0" + struct.pack("<i", 11) + b"\x0a7\0\x0a7\0\0",
    "bytes": b"\x05bytes\0\x07\0\0\0\x02\x03\0\0\0abc",
    "reference": b"\x03ref\0" + bson.encode({"$id": 1, "$ref": "a", "more": 2}),
}
"""Elements that are other ones when they have been decoded and encoded."""


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


@pytest.fixture
def odd(stub: Any, pipeline: str) -> str:
    """A pipeline with results that no encoder of Python's gives, and one as large as may be."""
    works = [extended(work(pipeline, name), element) for name, element in ODD.items()]
    works.append(extended(work(pipeline, "locked", results={"locked": True}), ODD["symbol"]))
    room = rules.WORK_BYTES - len(bson.encode(work(pipeline, "large", data=b"")))
    works.append(bson.encode(work(pipeline, "large", data=bytes(room))))
    response = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=b"".join(works))))
    assert set(response.outcomes) == {pb.DEPOSIT_OUTCOME_DEPOSITED}, response.rejections
    return pipeline


def extended(document: dict[str, Any], element: bytes) -> bytes:
    body = bson.encode(document)[4:-1] + element
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_what_was_backed_up_is_restored(
    service: Service, results: Results, filled: str, other: tuple[str, Results], tmp_path: Path, database: Any
) -> None:
    target, there = other
    done = command("backup", tmp_path / "new", "--target", service.target, "--pipeline", filled)
    assert (done.returncode, done.stdout) == (0, "")
    (file,) = (path for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert file == tmp_path / "new" / "workflow_results" / f"{filled}.bson"
    modes = [oct(stat.S_IMODE(path.stat().st_mode)) for path in (file, file.parent, file.parent.parent)]
    assert modes == ["0o600", "0o700", "0o700"]
    raw = database.get_collection(filled, bson.CodecOptions(document_class=bson.raw_bson.RawBSONDocument))
    assert file.read_bytes() == b"".join(each.raw for each in raw.find().sort("_id", -1))

    for outcome in ("deposited", "already deposited"):
        done = command("restore", tmp_path / "new", "--target", target)
        assert done.returncode == 0, done.stderr
        assert done.stdout == f"{filled}: 1,000 {outcome}\n"
    assert same(there.view(filled, {}, limit=-1), results.view(filled, {}, limit=-1))
    assert there.get_locked_count(filled) == 1

    assert there.update([{"pipeline": filled, "id": f"{number:04}", "n": 1} for number in range(100, 125)])
    done = command("restore", tmp_path / "new", "--target", target)
    assert (done.returncode, done.stdout) == (1, f"{filled}: 975 already deposited, 25 conflict\n")
    assert "25 results not restored, see above" in done.stderr
    assert f"{filled} 0124: conflict: " in done.stderr
    assert done.stderr.count(": conflict: ") == 20
    assert there.get_by_id(filled, ["0124"])[0]["n"] == 1


def test_stored_bytes_are_restored_as_they_are(
    service: Service, odd: str, other: tuple[str, Results], tmp_path: Path
) -> None:
    def backup_of(target: str, name: str) -> bytes:
        done = command("backup", tmp_path / name, "--target", target, "--pipeline", odd)
        assert done.returncode == 0, done.stderr
        return (tmp_path / name / "workflow_results" / f"{odd}.bson").read_bytes()

    before = backup_of(service.target, "before")
    for target, outcome in ((other[0], "deposited"), (service.target, "already deposited")):
        done = command("restore", tmp_path / "before", "--target", target)
        assert (done.returncode, done.stdout) == (0, f"{odd}: {len(ODD) + 2} {outcome}\n"), done.stderr
        assert backup_of(target, outcome) == before


def test_locks_come_back_and_none_goes(service: Service, results: Results, pipeline: str, tmp_path: Path) -> None:
    many = [f"many {number}" for number in range(10_001)]
    results.deposit([work(pipeline, id_, results={"n": 1}) for id_ in ("still", "since", "never")])
    results.deposit([work(pipeline, id_, results={"locked": True}) for id_ in many])
    assert results.lock(pipeline, ["still"])
    done = command("backup", tmp_path / "new", "--target", service.target, "--pipeline", pipeline)
    assert done.returncode == 0, done.stderr
    assert results.unlock(pipeline, many, force=True)
    assert results.lock(pipeline, ["since"])

    for again in ("; 10,001 locked again", ""):
        done = command("restore", tmp_path / "new", "--target", service.target)
        assert (done.returncode, done.stdout) == (0, f"{pipeline}: 10,004 already deposited{again}\n"), done.stderr
        assert results.get_locked_count(pipeline) == len([*many, "still", "since"])
    for id_ in (many[0], many[-1]):
        assert [(each.method, each.reason) for each in results.history(pipeline, id_)] == [
            ("lock", "restored from a backup"),
            ("unlock", ""),
        ]
    assert [each.reason for each in results.history(pipeline, "still")] == [""]
    assert not results.history(pipeline, "never")


def test_bad_directories_and_files_are_explained(
    service: Service, results: Results, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bad, said in ((tmp_path, "contains no .bson files"), (tmp_path / "none", "does not exist")):
        done = command("restore", bad, "--target", service.target)
        assert done.returncode in (1, 2)
        assert said in done.stderr
    first = bson.encode(work(filled, "0000"))
    for broken in (bson.encode(work(filled, "new"))[:-3], b"\0\0\0\0", b"\x7f\0", b"\x08\0\0\0\x10\0\0\0"):
        (tmp_path / f"{filled}.bson").write_bytes(first + broken)
        done = command("restore", tmp_path, "--target", service.target)
        said = f"is truncated or not a file of BSON documents, see byte {len(first)}\n"
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr
    done = command("backup", tmp_path, "--target", service.target)
    assert (done.returncode, "is not empty" in done.stderr) == (1, True)
    monkeypatch.setenv("WORKFLOW_RESULTS_TIMEOUT", "0.5")
    done = command("backup", tmp_path / "new", "--target", "127.0.0.1:1")
    assert (done.returncode, "nothing answers" in done.stderr, "Traceback" in done.stderr) == (3, True, False)
    assert not results.get_by_id(filled, ["new"])


def test_a_backup_that_would_lack_something_says_so(
    service: Service, results: Results, pipeline: str, tmp_path: Path
) -> None:
    small = f"{pipeline}-small"
    results.deposit([work(pipeline, "a", data=bytes(100_000)), work(small, "a")])
    directory = tmp_path / "new"
    for name, said in (("nowhere", "has no results"), ("../../away", "must be 1 to 128")):
        done = command("backup", directory, "--target", service.target, "--pipeline", name)
        assert (done.returncode, said in done.stderr, directory.exists()) == (1, True, False), done.stderr
    assert not list(tmp_path.rglob("*.part"))
    pipelines = f"--pipeline {small} --pipeline {pipeline} --pipeline {small}"
    full = f"ulimit -f 20; exec {COMMAND} backup {directory} --target {service.target} {pipelines}"
    done = subprocess.run(["sh", "-c", full], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, "File too large" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    names = {small: ".bson", pipeline: ".bson.part"}
    assert {path.name for path in directory.rglob("*.*")} == {name + suffix for name, suffix in names.items()}
    assert results.delete_ids(small, ["a"])
    done = command("restore", directory, "--target", service.target)
    assert (done.returncode, "the backup is incomplete: " in done.stderr) == (1, True), done.stderr
    assert not results.count(small, {})
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
        (
            "other/of-others.bson",
            {"_id": 1},
            "of-others.bson, byte 0: it has no id",
        ),
        ("z.bson.gz", {}, "z.bson.gz is compressed: gunzip all .bson.gz files first"),
        ("other-id.bson", {"_id": 1, **work(pipeline, "c")}, f"{pipeline} c: rejected: INVALID_WORK: _id must be"),
        ("workflow_results/a copy.bson", work(pipeline, "c"), "a copy.bson is not the file of a pipeline"),
        ("large.bson", rejected, f"{pipeline} b: rejected: "),
    ):
        bad = file(name, document)
        done = command("restore", tmp_path, "--target", service.target)
        assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr
        bad.unlink()
    (tmp_path / "gone.bson").symlink_to("nowhere")
    done = command("restore", tmp_path, "--target", service.target)
    assert (done.returncode, "gone.bson: No such file" in done.stderr) == (1, True), done.stderr

"""Whatever callers say is escaped wherever it is shown: in warnings, errors, logs and terminals."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bson
import pytest
from click.testing import CliRunner

from tests.support.launcher import Service, run
from tests.support.odd_texts import ESCAPED, FORGED
from tests.support.wire import refused
from tests.support.works import work
from workflow_results import (
    ConflictError,
    InvalidRequestError,
    LockedError,
    NotFoundError,
    PermissionDeniedError,
    Results,
)
from workflow_results.cli import main
from workflow_results.v1 import results_pb2 as pb


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return what is logged as the next warning."""

    def warning() -> str:
        (record,) = (each for each in caplog.records if each.name.startswith("workflow_results"))
        caplog.clear()
        return record.getMessage()

    return warning


def too_deep() -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(150):
        nested = {"a": nested}
    return nested


def test_ids_in_warnings_and_errors(results: Results, pipeline: str, warnings: Callable[[], str]) -> None:
    stored, other = work(pipeline, FORGED, n=1), work(pipeline, FORGED, n=2)
    strict = Results(results.baseurl, strict=True)
    results.deposit([stored])

    results.deposit([other])
    assert f"works[0] ({pipeline} {ESCAPED}): a result with this id" in warnings()
    with pytest.raises(ConflictError) as conflict:
        strict.deposit([other])
    assert f"works[0] ({pipeline} {ESCAPED})" in str(conflict.value)
    assert conflict.value.receipts[0].id == FORGED, "data is as it was given"
    with results.depositor() as depositor:
        depositor.deposit(other)
    assert f"{pipeline} {ESCAPED}: a result with this id" in warnings()
    with pytest.raises(InvalidRequestError) as rejected:
        results.deposit([work(pipeline, FORGED, n=too_deep())])
    assert f"({pipeline} {ESCAPED}): TOO_DEEP" in str(rejected.value)

    results.lock(pipeline, [FORGED])
    assert not results.delete_ids(pipeline, [FORGED])
    assert warnings() == f"delete_ids changed nothing: {pipeline} {ESCAPED} is locked"
    with pytest.raises(LockedError) as locked:
        strict.update([{**stored, "n": 3}])
    assert str(locked.value) == f"update changed nothing: {pipeline} {ESCAPED} is locked"
    assert locked.value.refusals[0].id == FORGED
    with pytest.raises(NotFoundError) as missing:
        strict.unlock(pipeline, [FORGED[::-1]])
    assert str(missing.value).isprintable()
    strict.close()


def test_an_id_cannot_pass_for_what_stands_around_it(
    results: Results, pipeline: str, warnings: Callable[[], str]
) -> None:
    ids = [f"a is locked, {pipeline} b", "it's", 'say "so"', "back\\slash", "plain:id/of.a-run_1", "ünï"]
    assert not results.lock(pipeline, ids)
    assert warnings() == (
        f"lock changed nothing: {pipeline} 'a is locked, {pipeline} b' does not exist,"
        f' {pipeline} "it\'s" does not exist,'
        f" {pipeline} 'say \"so\"' does not exist, {pipeline} 'back\\\\slash' does not exist,"
        f" {pipeline} plain:id/of.a-run_1 does not exist, {pipeline} ünï does not exist"
    )


def element(name: str, value: str) -> bytes:
    encoded = value.encode() + b"\0"
    return b"\x02" + name.encode() + b"\0" + struct.pack("<i", len(encoded)) + encoded


def test_names_of_fields_in_the_answers_of_the_server(stub: Any, pipeline: str) -> None:
    """On the wire, where clients in other languages find them."""
    fields = bson.encode({"id": "a", "pipeline": pipeline})[4:-1] + element(FORGED, "x") + element(FORGED, "y")
    twice = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    dollar = bson.encode(work(pipeline, "a", **{f"${FORGED}": 1}))
    status = bson.encode({**work(pipeline, "a"), "status": FORGED})
    named = 0
    for method, request in (
        (stub.Update, pb.UpdateRequest(works=pb.EncodedDocuments(bson=twice))),
        (stub.Update, pb.UpdateRequest(works=pb.EncodedDocuments(bson=dollar))),
        (stub.Update, pb.UpdateRequest(works=pb.EncodedDocuments(bson=status))),
        (stub.Count, pb.CountRequest(pipeline=pipeline, query=document({FORGED: {"$where": 1}}))),
        (stub.Count, pb.CountRequest(pipeline=pipeline, query=document({"a": {f"${FORGED}": 1}}))),
        (stub.View, pb.ViewRequest(pipeline=pipeline, projection=document({FORGED: "x"}))),
        (stub.Count, pb.CountRequest(pipeline=FORGED)),
        (stub.Lock, pb.LockRequest(pipeline=pipeline, ids=["a"], request_id=FORGED)),
    ):
        answer = refused(method, request)
        assert answer.message.isprintable(), answer.message
        assert r"\r\n2026" in answer.message
        for violation in answer.bad.field_violations:
            assert f"{violation.field}{violation.description}".isprintable()
            named += 1
    assert named
    answered = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=dollar)))
    assert answered.rejections[0].message.isprintable()


def document(fields: dict[str, Any]) -> pb.EncodedDocument:
    return pb.EncodedDocument(bson=bson.encode(fields))


def test_the_log_of_a_server_shows_no_line_of_a_caller(serve: Callable[..., Service], tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.yml"
    name = "x code=OK reason= caller=admin"
    token = run("token", "create", name, "--role", "reader", "--pipelines", "*", "--tokens", str(tokens)).stdout.strip()
    server = serve("--tokens", str(tokens), "--log-level", "debug")
    with Results(server.target, token=token) as results, pytest.raises(PermissionDeniedError) as denied:
        results.lock("a", [FORGED], reason=FORGED)
    assert str(denied.value).isprintable()
    (line,) = (each for each in server.log.read_text().splitlines() if "method=Lock" in each)
    assert f"method=Lock code=PERMISSION_DENIED reason=ROLE caller={name!r} " in line
    assert "forged" not in server.log.read_text()


def test_a_restore_shows_names_of_files_and_ids_in_a_terminal(results: Results, pipeline: str, tmp_path: Path) -> None:
    results.deposit([work(pipeline, FORGED, n=1)])
    folder = tmp_path / "backup"
    folder.mkdir()
    (folder / f"{pipeline}.bson").write_bytes(bson.encode({"_id": FORGED, **work(pipeline, FORGED, n=2)}))
    done = CliRunner().invoke(main, ["restore", str(folder), "--target", results.baseurl])
    assert done.exit_code == 1
    assert f", byte 0: {pipeline} {ESCAPED}: conflict: " in done.output
    (folder / f"x{FORGED.replace('/', '')}.bson").write_bytes(b"")
    done = CliRunner().invoke(main, ["restore", str(folder), "--target", results.baseurl])
    assert done.exit_code == 1
    assert "forged" in done.output
    assert done.output.removesuffix("\n").isprintable()

"""Tokens that come and go while the server runs, broken edits of their file, and what a denied call tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
import yaml

from tests.support.callers import bearer, entry, write
from tests.support.certificates import DAY, NOW
from tests.support.launcher import Service, run
from tests.support.waiting import PATIENCE, eventually, taken_from
from tests.support.wire import documents, open_channel, refused
from tests.support.works import work
from workflow_results import PermissionDeniedError, Results, ResultsError, UnauthenticatedError
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

Serve = Callable[..., Service]
KEEPER = entry("admin", "*", token="keeper")
LEAVER = entry("depositor", "*", token="leaver")


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return write(tmp_path / "tokens.yml", {"keeper": KEEPER, "leaver": LEAVER})


def lets_in(target: str, token: str) -> bool:
    with Results(target, token=token) as results:
        try:
            results.info()
        except UnauthenticatedError:
            return False
    return True


def test_a_removed_token_ends_the_streams_that_it_began(serve: Serve, tokens: Path, pipeline: str) -> None:
    server = serve("--tokens", str(tokens))
    works = [work(pipeline, f"{number:03}", data=bytes(500_000)) for number in range(100)]
    with Results(server.target, token="keeper") as keeper:
        assert keeper.deposit(works) == {pipeline: True}
        with open_channel(server.target) as channel:
            stub = results_pb2_grpc.ResultsServiceStub(channel)
            requests: SimpleQueue[pb.DepositStreamRequest | None] = SimpleQueue()
            leaver: dict[str, Any] = {"metadata": bearer("leaver"), "timeout": 2 * PATIENCE}
            depositing = stub.DepositStream(taken_from(requests), **leaver)
            reading = stub.View(pb.ViewRequest(pipeline=pipeline, limit=0), **leaver)
            staying = stub.View(
                pb.ViewRequest(pipeline=pipeline, limit=0), timeout=2 * PATIENCE, metadata=tuple(bearer("keeper"))
            )
            next(reading), next(staying)
            requests.put(pb.DepositStreamRequest(sequence=1, works=documents(work(pipeline, "before"))))
            assert next(depositing).outcomes == [pb.DEPOSIT_OUTCOME_DEPOSITED]

            assert run("token", "remove", "leaver", "--tokens", str(tokens)).returncode == 0
            eventually(lambda: not lets_in(server.target, "leaver"))
            requests.put(pb.DepositStreamRequest(sequence=2, works=documents(work(pipeline, "after"))))
            requests.put(None)
            for stream in (reading, depositing):
                with pytest.raises(grpc.RpcError) as caught:
                    list(stream)
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
            assert list(staying)[-1].part.summary.count in (100, 101)
        assert keeper.get_by_id(pipeline, ["before", "after"])[0]["id"] == "before"
        assert keeper.count(pipeline, {"id": "after"}) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_tokens_are_added_and_changed_while_the_server_runs(serve: Serve, tokens: Path, workers: str) -> None:
    target = serve("--tokens", str(tokens), "--workers", workers).target
    assert not lets_in(target, "new")
    write(tokens, {"keeper": KEEPER, "new": entry("reader", "a-*", token="new")})
    for _ in range(int(workers) * 3):  # connections of their own, which the kernel spreads over the workers
        eventually(lambda: lets_in(target, "new") and not lets_in(target, "leaver"))
    with Results(target, token="new") as results:
        assert results.count("a-1", {}) == 0
        with pytest.raises(PermissionDeniedError, match=r"caller new may not use pipeline 'b-1', only a-\*") as caught:
            results.count("b-1", {})
        assert caught.value.reason == "PIPELINE"
        with pytest.raises(
            PermissionDeniedError, match="Deposit requires at least the role depositor: caller new has the role reader"
        ):
            results.deposit([work("a-1")])
        write(tokens, {"keeper": KEEPER, "new": entry("depositor", "b-*", token="new")})
        eventually(lambda: denied(results, "a-1"))
        assert not denied(results, "b-1")


def denied(results: Results, pipeline: str) -> bool:
    try:
        results.count(pipeline, {})
    except PermissionDeniedError:
        return True
    return False


def test_a_broken_edit_keeps_the_callers_from_before(serve: Serve, tokens: Path) -> None:
    server = serve("--tokens", str(tokens))
    good = tokens.read_text()

    def complaints() -> list[str]:
        assert lets_in(server.target, "keeper")
        assert not lets_in(server.target, "wrong")
        return [line for line in server.log.read_text().splitlines() if "the previous callers remain in use" in line]

    tokens.write_text("callers: [")
    eventually(lambda: len(complaints()) == 1)
    tokens.unlink()
    eventually(lambda: len(complaints()) == 2)
    first, second = complaints()
    assert "ERROR" in first
    assert "in line 2" in first
    assert "No such file" in second
    tokens.write_text(good.replace("leaver", "stayer"))
    eventually(lambda: len(complaints()) == 2 and "the tokens file was reloaded" in server.log.read_text())


def test_a_denied_call_tells_nothing_about_what_is_stored(serve: Serve, tokens: Path, pipeline: str) -> None:
    write(tokens, {"keeper": KEEPER, "outsider": entry("curator", "out-*", token="outsider")})
    target = serve("--tokens", str(tokens)).target
    with Results(target, token="keeper") as keeper:
        keeper.deposit([work(pipeline, "a", results={"locked": True}), work("out-1", "a")])
        assert {pipeline, "out-1"} <= keeper.status().keys()
    with open_channel(target) as channel:
        stub = results_pb2_grpc.ResultsServiceStub(channel)
        missing = pipeline[::-1]

        def answers(token: str | None, name: str) -> set[tuple[Any, ...]]:
            metadata = tuple(bearer(token))
            update = pb.UpdateRequest(
                works=pb.EncodedDocuments(json=[json.dumps({"pipeline": name, "id": "a", "n": 1})])
            )
            calls: list[tuple[Any, Any]] = [
                (stub.Update, update),
                (stub.Count, pb.CountRequest(pipeline=name)),
                (stub.DeleteIds, pb.DeleteIdsRequest(pipeline=name, ids=["a"])),
                (stub.View, pb.ViewRequest(pipeline=name)),
                (stub.Deposit, pb.DepositRequest(works=documents(work(name, "a", other=True)))),
            ]
            told = [refused(partial(call, metadata=metadata), request) for call, request in calls]
            return {(each.code, each.info.reason, each.message.replace(name, "…")) for each in told}

        for token in (None, "wrong", "outsider"):
            assert answers(token, pipeline) == answers(token, missing)
    with Results(target, token="outsider") as outsider:
        assert outsider.status() == {"out-1": 1}
        assert outsider.delete_ids("out-1", ["a"])


def test_a_request_with_one_denied_work_stores_nothing(serve: Serve, tokens: Path, pipeline: str) -> None:
    write(tokens, {"keeper": KEEPER, "own": entry("depositor", pipeline, token="own")})
    target = serve("--tokens", str(tokens)).target
    with Results(target, token="own") as results:
        for other in (work("other"), work(pipeline, results={"locked": True})):
            with pytest.raises(PermissionDeniedError, match=r"works\[1\]") as caught:
                results.deposit([work(pipeline, "a"), other])
            assert len(caught.value.works) == 2
            with pytest.raises(ResultsError), results.depositor() as depositor:
                futures = [depositor.deposit(work(pipeline, "b")), depositor.deposit(other)]
            assert isinstance(futures[1].exception(), PermissionDeniedError)
        assert results.count(pipeline, {"id": "a"}) == 0
        assert results.deposit([work(pipeline, "a", results={"locked": False})]) == {pipeline: True}


def test_the_history_tells_who_has_changed_a_result(serve: Serve, tokens: Path, pipeline: str) -> None:
    write(tokens, {"keeper": KEEPER, "curator": entry("curator", "test-*", token="curator")})
    target = serve("--tokens", str(tokens)).target
    with Results(target, token="keeper") as keeper, Results(target, token="curator") as curator:
        assert keeper.deposit([work(pipeline, "a")]) == {pipeline: True}
        assert curator.lock(pipeline, ["a"], request_id="1")
        assert keeper.unlock(pipeline, ["a"], force=True, request_id="1")
        assert curator.update([{"pipeline": pipeline, "id": "a", "n": 1}])
        assert [change.caller for change in keeper.history(pipeline, "a")] == ["curator", "keeper", "curator"]


def test_malformed_authorization_is_a_wrong_token(serve: Serve, tokens: Path) -> None:
    with open_channel(serve("--tokens", str(tokens)).target) as channel:
        info = results_pb2_grpc.ResultsServiceStub(channel).Info
        wrong = [
            "",
            "keeper",
            "Bearer",
            "Bearer ",
            "Bearer  keeper",
            "Basic keeper",
            "Bearer keeper,keeper",
            "Bearer K",
        ]
        for header in wrong:
            answer = refused(partial(info, metadata=(("authorization", header),)), pb.InfoRequest())
            assert answer.info.reason == "TOKEN_INVALID", header
        assert info(pb.InfoRequest(), metadata=(("authorization", "bearer keeper"),)).server_version


def test_a_caller_is_refused_before_its_request_is_looked_at(serve: Serve, tokens: Path) -> None:
    with open_channel(serve("--tokens", str(tokens)).target) as channel:
        call: Any = channel.unary_unary("/workflow_results.v1.ResultsService/Count")
        assert refused(call, b"\xff").info.reason == "TOKEN_MISSING"
        unknown: Any = channel.unary_unary("/workflow_results.v1.ResultsService/Abolish")
        assert refused(unknown, b"").code is grpc.StatusCode.UNIMPLEMENTED


def test_the_log_says_who_called_and_never_a_token(serve: Serve, tokens: Path, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    secret = run(
        "token", "create", "logged", "--role", "reader", "--pipelines", "*", "--tokens", str(tokens)
    ).stdout.strip()
    callers = yaml.safe_load(tokens.read_text())["callers"]
    write(tokens, {**callers, "overdue": entry("admin", "*", token="overdue", expires=NOW - DAY)})
    server = serve("--tokens", str(tokens), "--log-level", "debug", "--workers", "2")
    assert not lets_in(server.target, "overdue")
    with Results(server.target, token=secret) as results:
        results.status()
        with pytest.raises(PermissionDeniedError) as denied:
            results.lock("a", ["b"])
    forged = f"{secret}x"
    with Results(server.target, token=forged) as wrong, pytest.raises(UnauthenticatedError) as unknown:
        wrong.status()
    log = server.log.read_text()
    assert "method=Status code=OK reason= caller=logged" in log
    assert "code=PERMISSION_DENIED reason=ROLE caller=logged" in log
    assert "code=UNAUTHENTICATED reason=TOKEN_INVALID caller= " in log
    assert "code=UNAUTHENTICATED reason=TOKEN_EXPIRED caller=overdue " in log
    lines = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines += path.read_bytes()
        except OSError:
            continue
    shown = [log, caplog.text, lines.decode(errors="replace"), tokens.read_text()]
    for error in (denied.value, unknown.value):
        shown += [str(error), repr(error), str(vars(error)), str(error.__cause__)]
    assert secret.removeprefix("wr_") not in "".join(shown)

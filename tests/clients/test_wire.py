"""What clients do when calls and streams fail: every case of `tests/vectors/wire/`, with a scripted service."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import bson
import pytest

from tests.clients.scripted import ScriptedService
from tests.clients.testee import Failed, Testee
from tests.clients.vector_testee import CALLS, READS, encoded
from tests.support.paths import VECTORS
from tests.support.vector_stub import plain
from tests.support.vectors import check, to_json
from tests.support.waiting import PATIENCE, eventually

WIRE = VECTORS / "wire"
TABLE: dict[str, Any] = json.loads((WIRE / "retries.json").read_text())
CASES, DEPOSITORS, WATCHES = (
    json.loads((WIRE / f"{name}.json").read_text()) for name in ("streams", "depositors", "watches")
)
SOON = PATIENCE / 2
"""In which a call that is cancelled ends; by itself, the scripted service ends it after twice as long."""
METHODS = {do: rpc for rpc, do in {**READS, **CALLS}.items()}
_names = itertools.count()


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedService]:
    service = ScriptedService()
    yield service
    service.close()


@pytest.fixture
def client(testee: Testee, scripted: ScriptedService) -> Iterator[str]:
    """A client of the scripted service, with a token."""
    name = f"wire-{next(_names)}"
    testee.connect(name, scripted.target, token="secret")
    yield name
    testee("close", client=name)


def _fields(fields: dict[str, Any]) -> dict[str, Any]:
    made = {name: encoded(value) if name in ("query", "projection") else value for name, value in fields.items()}
    if "works" in made:
        made["works"] = list(map(encoded, made["works"]))
    return made


def _tokens_as_text(message: Any) -> dict[str, Any]:
    fields: dict[str, Any] = plain(message)
    return {name: value.decode() if name == "resume_token" else value for name, value in fields.items()}


def _check_error(wanted: dict[str, Any], error: dict[str, Any]) -> None:
    assert error["kind"] == wanted["kind"], error
    for name in ("code", "reason", "fields", "call_id"):
        assert name not in error or error[name] == wanted.get(name, error[name]), error
    assert wanted.get("message", "") in error["message"], error
    if "unknown" in wanted:
        assert error["outcome_unknown"] is wanted["unknown"], error


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_case(testee: Testee, client: str, scripted: ScriptedService, case: dict[str, Any]) -> None:
    scripted.play(case["script"])
    do, began = dict(case["do"]), time.monotonic()
    name = do.pop("do")
    try:
        answer = testee(name, client=client, **_fields(do))
    except Failed as failed:
        assert "error" in case, failed
        _check_error(case["error"], failed.error)
    else:
        assert "expect" in case, answer
        expected = case["expect"]
        if "ids" in expected:
            found = [bson.decode(bytes.fromhex(each)) for each in answer["results"]]
            assert [each["id"] for each in found] == expected["ids"]
            assert not any("_id" in each for each in found)
        else:
            check(expected["answer"], answer, name)
    assert time.monotonic() - began >= case.get("least_seconds", 0)
    assert not scripted.left()
    assert [method for method, *_ in scripted.calls] == [each["method"] for each in case["calls"]]
    for (_, request, metadata), expected in zip(scripted.calls, case["calls"], strict=True):
        check(expected.get("request", {}), _tokens_as_text(request), name)
        assert metadata["authorization"] == "Bearer secret"
    if case.get("same_requests"):
        assert len({request.SerializeToString() for _, request, _ in scripted.calls}) == 1


@pytest.mark.parametrize("failure", [pytest.param(each, id=each["what"]) for each in TABLE["failures"]])
@pytest.mark.parametrize(
    ("policy", "method"),
    [
        pytest.param(policy, each, id=f"{each['do']}, {policy}")
        for policy, methods in TABLE["methods"].items()
        for each in methods
    ],
)
def test_what_is_tried_again(
    testee: Testee, client: str, scripted: ScriptedService, failure: dict[str, Any], policy: str, method: dict[str, Any]
) -> None:
    rpc = METHODS[method["do"]]
    again = policy in failure["again"]
    success = {name: method[name] for name in ("answer", "parts") if name in method}
    replies: list[Any] = [failure["reply"], success] if again else [failure["reply"]]
    scripted.play({rpc: replies})
    try:
        answer = testee(method["do"], client=client, **_fields(method["fields"]))
    except Failed as failed:
        assert not again, failed
        unknown = bool(failure.get("unknown") and method.get("changes"))
        status = failure["reply"].get("status", {})
        code = {} if failure["kind"] == "unavailable" else {"code": status["code"]}
        _check_error(
            {"kind": failure["kind"], "unknown": unknown, "reason": status.get("reason", ""), **code}, failed.error
        )
    else:
        assert not again or answer is not None
        assert again, answer
    assert not scripted.left()
    assert [name for name, *_ in scripted.calls] == [rpc] * (1 + again)
    assert len({request.SerializeToString() for _, request, _ in scripted.calls}) == 1


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in DEPOSITORS])
def test_depositor(testee: Testee, client: str, scripted: ScriptedService, case: dict[str, Any]) -> None:
    scripted.play(case["script"])
    testee("depositor", client=client, stream=client)
    outcomes = []
    for work in case["works"]:
        try:
            [receipt] = testee("send", client=client, stream=client, works=[encoded(work)])["receipts"]
            outcomes.append(receipt["outcome"])
        except Failed as failed:
            outcomes.append(failed.error["kind"])
    assert outcomes == case["outcomes"]
    with contextlib.suppress(Failed):  # where a work has failed, closing may say so again
        testee("shut", client=client, stream=client)
    streams = [requests for _, requests, _ in scripted.calls]
    sent = [[work["id"] for each in requests for work in bson.decode_all(each.works.bson)] for requests in streams]
    assert [each for each in sent if each] == case.get("streams", [each for each in sent if each])


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in WATCHES])
def test_watch(testee: Testee, client: str, scripted: ScriptedService, case: dict[str, Any]) -> None:
    scripted.play(case["script"])
    fields = _fields(case["open"])
    if "resume_token" in fields:
        fields["resume_token"] = fields["resume_token"].encode().hex()
    try:
        testee("open", client=client, stream=client, what="watch", **fields)
        for expected in case["changes"]:
            [change] = testee("next", client=client, stream=client, count=1)["changes"]
            result = change["result"]
            read = {
                **change,
                "resume_token": bytes.fromhex(change["resume_token"]).decode(),
                "result": None if result is None else to_json(bson.decode(bytes.fromhex(result))),
            }
            assert result is None or "_id" not in bson.decode(bytes.fromhex(result))
            check(expected, read, expected["kind"])
        if "error" in case:
            testee("next", client=client, stream=client, count=1)
    except Failed as failed:
        assert "error" in case, failed
        _check_error(case["error"], failed.error)
    else:
        assert "error" not in case
        testee("shut", client=client, stream=client)
        eventually(lambda: scripted.hanging == 0, SOON)
    assert len(scripted.calls) == len(case["calls"])
    for (_, request, _), expected in zip(scripted.calls, case["calls"], strict=True):
        check(expected, _tokens_as_text(request), "request")


def test_a_stream_that_is_closed_early_is_cancelled(testee: Testee, client: str, scripted: ScriptedService) -> None:
    batch = {"results": [{"_id": "a", "id": "a"}], "resume_token": "t1"}
    scripted.play({"View": [{"parts": [{"part": {"batch": batch}}], "hang": True}]})
    testee("open", client=client, stream=client, what="view", pipeline="p")
    assert len(testee("next", client=client, stream=client, count=1)["results"]) == 1
    eventually(lambda: scripted.hanging == 1)
    testee("shut", client=client, stream=client)
    eventually(lambda: scripted.hanging == 0, SOON)

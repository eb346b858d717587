"""What the client of one language deposits, all others read equal; and what one has asked for, another may repeat."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import bson
import pytest
from bson.raw_bson import RawBSONDocument

from tests.clients.conftest import languages
from tests.clients.test_bson import CASES, EXCEPTIONS
from tests.clients.testee import Answer, Failed, Testee
from tests.support.launcher import Service
from tests.support.vectors import to_json
from workflow_results.v1 import results_pb2 as pb

_RAW: bson.CodecOptions[RawBSONDocument] = bson.CodecOptions(document_class=RawBSONDocument)
_TOO_DEEP_WITHIN_A_WORK = "a document of 99 levels"
_NOT_IN_JSON = {
    "a symbol": "an answer in JSON has a string",
    "undefined": "an answer in JSON has null",
    "a pointer": "an answer in JSON has a reference",
    "a document that looks like Extended JSON": "as JSON, it is what it looks like",
}
"""What canonical Extended JSON does not keep, and why; docs/reference/extended-json.md has the rules."""


@pytest.fixture(scope="module")
def connected(testees: Callable[[str], Testee], service: Service) -> Callable[[str], Callable[..., Answer]]:
    """Return what carries out commands with a client of a language."""
    made: dict[str, Callable[..., Answer]] = {}

    def connect(language: str) -> Callable[..., Answer]:
        if language not in made:
            testee = testees(language)
            testee.connect("cross", service.target)
            made[language] = lambda do, **fields: testee(do, client="cross", **fields)
        return made[language]

    return connect


def works(pipeline: str, writer: str) -> dict[str, str]:
    """Return works with every type that the languages keep, as BSON by id."""
    made = {}
    for number, case in enumerate(CASES):
        if case["what"] != _TOO_DEEP_WITHIN_A_WORK and (writer, case["what"]) not in EXCEPTIONS:
            id_ = f"{number:04}"
            head = {"id": id_, "pipeline": pipeline, "status": "success", "written by": writer}
            results = RawBSONDocument(bytes.fromhex(case["bson"]))
            made[id_] = bson.encode({**head, "results": {"value": results}}).hex()
    return made


def kept_by(language: str, made: dict[str, str]) -> dict[str, str]:
    """Return those of some works that a language keeps as they are."""
    return {id_: data for id_, data in made.items() if (language, CASES[int(id_)]["what"]) not in EXCEPTIONS}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "writer" in metafunc.fixturenames:
        metafunc.parametrize("writer", languages(metafunc.config), scope="module")
    if "reader" in metafunc.fixturenames:
        metafunc.parametrize("reader", languages(metafunc.config))


@pytest.fixture(scope="module")
def written(writer: str, connected: Callable[[str], Callable[..., Answer]]) -> tuple[str, dict[str, str]]:
    """A pipeline into which a language has deposited, and its works."""
    pipeline = f"cross-{writer}-{uuid.uuid4().hex}"
    made = works(pipeline, writer)
    receipts = connected(writer)("deposit", works=[*made.values()])["receipts"]
    assert [(each["id"], each["outcome"]) for each in receipts] == [(id_, "DEPOSITED") for id_ in made]
    return pipeline, made


def test_results_are_equal(
    written: tuple[str, dict[str, str]], reader: str, connected: Callable[[str], Callable[..., Answer]]
) -> None:
    pipeline, made = written
    kept = kept_by(reader, made)
    query = bson.encode({"id": {"$in": [*kept]}}).hex()
    found = connected(reader)("view", pipeline=pipeline, query=query)["results"]
    read = {str(bson.decode(bytes.fromhex(data), _RAW)["id"]): data for data in found}
    assert list(read) == sorted(kept, reverse=True)
    assert read == kept


def test_deposits_are_the_same_content(
    written: tuple[str, dict[str, str]], reader: str, connected: Callable[[str], Callable[..., Answer]]
) -> None:
    _, made = written
    receipts = connected(reader)("deposit", works=[*kept_by(reader, made).values()])["receipts"]
    assert {each["outcome"] for each in receipts} == {"ALREADY_DEPOSITED"}


def test_results_are_equal_as_json(
    written: tuple[str, dict[str, str]], reader: str, connected: Callable[[str], Callable[..., Answer]]
) -> None:
    if reader == "python":
        pytest.skip("its facade has no JSON; the service is tested with it elsewhere")
    pipeline, made = written
    request = pb.ViewRequest(pipeline=pipeline, format=pb.DOCUMENT_FORMAT_CANONICAL_JSON)
    answer = connected(reader)("rpc", method="View", request=request.SerializeToString().hex())
    parts = [pb.ViewResponse.FromString(bytes.fromhex(each)).part for each in answer["responses"]]
    texts = {json.loads(text)["id"]: json.loads(text) for part in parts for text in part.batch.results.json}
    assert texts.keys() == made.keys()
    other = pb.DepositRequest()
    for id_, text in texts.items():
        if CASES[int(id_)]["what"] not in _NOT_IN_JSON:
            other.works.json.append(json.dumps(text))
    answer = connected(reader)("rpc", method="Deposit", request=other.SerializeToString().hex())
    outcomes = pb.DepositResponse.FromString(bytes.fromhex(answer["responses"][0])).outcomes
    assert set(outcomes) == {pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED}


def test_requests_are_repeated_under_their_id(
    writer: str, reader: str, connected: Callable[[str], Callable[..., Answer]]
) -> None:
    pipeline, id_ = f"cross-{uuid.uuid4().hex}", uuid.uuid4().hex
    first, second = connected(writer), connected(reader)
    work = {"id": "a", "pipeline": pipeline, "status": "success", "n": 1}
    first("deposit", works=[bson.encode(work).hex()])
    change = bson.encode({"id": "a", "pipeline": pipeline, "tags": ["a"], "n": 2}).hex()
    named: dict[str, Any] = {"works": [change], "reason": "new", "request_id": id_}
    applied = {"applied": True, "refusals": [], "refusal_count": 0}
    assert first("update", **named)["outcome"] == second("update", **named)["outcome"] == applied
    named = {"pipeline": pipeline, "ids": ["a"], "request_id": f"{id_}-lock"}
    assert first("lock", **named)["outcome"] == second("lock", **named)["outcome"] == applied
    entries = second("history", pipeline=pipeline, id="a")["entries"]
    assert [(each["method"], each["request_id"]) for each in entries] == [("LOCK", f"{id_}-lock"), ("UPDATE", id_)]
    with pytest.raises(Failed) as caught:
        second("lock", **{**named, "ids": ["a", "b"]})
    assert caught.value.error["reason"] == "REQUEST_ID_REUSED"
    [result] = second("view", pipeline=pipeline)["results"]
    changed = {**work, "n": {"$numberInt": "2"}, "tags": ["a"], "results": {"locked": True}}
    assert to_json(bson.decode(bytes.fromhex(result), _RAW)) == changed

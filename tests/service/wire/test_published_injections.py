"""Injections that went through elsewhere: each payload is refused here, by its place, before MongoDB sees it.

`published_injections.json` names each one's source. A payload is Extended JSON. A `query` or `projection` is refused
`at` a place, or `reached` MongoDB, which refuses it; or it is harmless, and `matches` so many results. A work to
`deposit` or `update` is rejected for a `reason`; one that is `stored` comes back as it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bson
import grpc
import pymongo
import pytest
from bson import json_util

from tests.support.paths import VECTORS
from tests.support.waiting import eventually
from tests.support.wire import Stub, invalid, read, reason_of, refused
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb

PUBLISHED = json.loads((VECTORS / "published_injections.json").read_text())


def payloads(*kinds: str) -> list[Any]:
    return [
        pytest.param(payload, id=f"{each['id']}: {json.dumps(payload)[:60]}")
        for each in PUBLISHED
        for payload in each["payloads"]
        if all(any(kind in payload for kind in kind_or_kind.split("|")) for kind_or_kind in kinds)
    ]


def both_forms(value: Any) -> tuple[pb.EncodedDocument, pb.EncodedDocument]:
    text = json.dumps(value)
    return pb.EncodedDocument(json=text), pb.EncodedDocument(bson=bson.encode(decoded(value)))


def decoded(value: Any) -> Any:
    def hook(pairs: list[tuple[str, Any]]) -> Any:
        return dict(pairs) if {"$regex", "$ref"} & dict(pairs).keys() else json_util.object_pairs_hook(pairs)

    return json.loads(json.dumps(value), object_pairs_hook=hook)


@pytest.fixture(scope="module")
def profile(data_directory: Path, database: Any) -> Iterator[Any]:
    """What MongoDB is asked from now on; the server's own user may not look at that, the member itself may."""
    port, key = ((data_directory / name).read_text().strip() for name in ("port", "keyfile"))
    as_member: dict[str, Any] = {"username": "__system", "password": key, "authSource": "local", "replicaSet": "rs0"}
    with pymongo.MongoClient[dict[str, Any]]("127.0.0.1", int(port), **as_member) as member:
        profiled = member[database.name]
        profiled.command("profile", 2)
        yield profiled["system.profile"]
        profiled.command("profile", 0)
        profiled["system.profile"].drop()


@pytest.fixture
def asked(profile: Any, database: Any, pipeline: str) -> Any:
    """Return how often MongoDB was asked about the pipeline of this test."""
    return lambda: profile.count_documents({"ns": f"{database.name}.{pipeline}"})


def requests(payload: dict[str, Any], pipeline: str) -> Iterator[Any]:
    """All that a filter or a projection can come in."""
    for document in both_forms(payload.get("query", payload.get("projection"))):
        if "query" in payload:
            yield "Count", pb.CountRequest(pipeline=pipeline, query=document)
            yield "View", pb.ViewRequest(pipeline=pipeline, query=document)
        else:
            yield "View", pb.ViewRequest(pipeline=pipeline, projection=document)


@pytest.mark.parametrize("payload", payloads("query|projection", "at"))
def test_refused_by_its_place_before_mongodb_is_asked(payload: Any, stub: Stub, pipeline: str, asked: Any) -> None:
    for method, request in requests(payload, pipeline):
        reason = "INVALID_QUERY" if "query" in payload else "INVALID_PROJECTION"
        message = invalid(getattr(stub, method), request, payload["at"], reason=reason)
        operator = payload["at"].rpartition(".")[2]
        assert operator in message
    assert asked() == 0
    stub.Count(pb.CountRequest(pipeline=pipeline))
    assert asked() == 1, "the profiler sees what does reach MongoDB"


@pytest.mark.parametrize("payload", payloads("query", "reached"))
def test_what_mongodb_refuses_is_told_in_our_words(payload: Any, stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", user="me")])
    for method, request in requests(payload, pipeline):
        answer = refused(getattr(stub, method), request)
        assert (answer.code, answer.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_QUERY")
        assert answer.message == payload["reached"]


@pytest.mark.parametrize("payload", payloads("query", "matches"))
def test_harmless_here(payload: Any, stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", user="me", a=-(2**63) + 1), work(pipeline, "b", a=[0.5])])
    for method, request in requests(payload, pipeline):
        answer = getattr(stub, method)(request)
        count = answer.count if method == "Count" else read(answer)[1]
        assert count == payload["matches"]
    assert results.count(pipeline, {}) == 2


@pytest.mark.parametrize("payload", payloads("deposit"))
def test_works_that_are_rejected(payload: Any, stub: Stub, pipeline: str, asked: Any) -> None:
    bad = {**work(pipeline, "a"), **payload["deposit"]}
    for works in (pb.EncodedDocuments(json=[json.dumps(bad)]), pb.EncodedDocuments(bson=bson.encode(decoded(bad)))):
        answer = stub.Deposit(pb.DepositRequest(works=works))
        assert [reason_of(each) for each in answer.rejections] == [payload["reason"]]
        assert payload["message"] in answer.rejections[0].message
        (streamed,) = stub.DepositStream(iter([pb.DepositStreamRequest(works=works)]))
        assert list(streamed.rejections) == list(answer.rejections)
    assert asked() == 0


@pytest.mark.parametrize("payload", payloads("update"))
def test_updates_that_are_refused(payload: Any, stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", results={"x": 1})])
    before = results.view(pipeline, {})
    bad = {"pipeline": pipeline, "id": "a", **payload["update"]}
    for works in (pb.EncodedDocuments(json=[json.dumps(bad)]), pb.EncodedDocuments(bson=bson.encode(decoded(bad)))):
        answer = refused(stub.Update, pb.UpdateRequest(works=works))
        assert (answer.code, answer.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, payload["reason"])
        assert payload["message"] in answer.message
    assert results.view(pipeline, {}) == before


@pytest.mark.parametrize("payload", payloads("stored"))
def test_values_stay_values(payload: Any, stub: Stub, results: Results, pipeline: str) -> None:
    fields = decoded(payload["stored"])
    stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=bson.encode({**work(pipeline, "a"), **fields}))))
    assert results.view(pipeline, {}) == [{**work(pipeline, "a"), **fields}]
    results.deposit([work(pipeline, "b", results={"x": 1})])
    update = pb.EncodedDocuments(bson=bson.encode({"pipeline": pipeline, "id": "b", **fields}))
    assert stub.Update(pb.UpdateRequest(works=update)).outcome.applied
    assert results.get_by_id(pipeline, ["b"]) == [{**work(pipeline, "b", results={"x": 1}), **fields}]
    assert not hasattr(results, "polluted")


@pytest.mark.parametrize("pattern", ["^(a+)+$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|a?)+$", "(.*a){20}"])
def test_patterns_that_backtrack_end_in_time(
    pattern: str, stub: Stub, results: Results, pipeline: str, mongo: Any
) -> None:
    """GHSA-mf3j-86qx-cq5j and CVE-2026-47138: Parse Server was kept busy by such patterns."""
    results.deposit([work(pipeline, f"{number:03}", t="a" * 5_000 + "x" * 5_000 + "!") for number in range(200)])
    query = pb.EncodedDocument(bson=bson.encode({"t": {"$regex": pattern}}))
    try:
        stub.Count(pb.CountRequest(pipeline=pipeline, query=query), timeout=2)
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INVALID_ARGUMENT)
    going_on = [{"$currentOp": {"allUsers": False}}, {"$match": {"command.aggregate": pipeline}}]
    eventually(lambda: not list(mongo.admin.aggregate(going_on)), otherwise="MongoDB goes on with it")
    assert stub.Info(pb.InfoRequest()).server_version


def test_every_payload_is_tried() -> None:
    tried: list[tuple[str, ...]] = [("query|projection", "at"), ("query", "reached"), ("query", "matches")]
    tried += [("deposit",), ("update",), ("stored",)]
    assert sum(len(payloads(*kinds)) for kinds in tried) == sum(len(each["payloads"]) for each in PUBLISHED)
    assert all(each["source"].startswith("https://") for each in PUBLISHED)

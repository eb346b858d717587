"""Documents that mean one thing to the reader who checks them and another to the one who uses them."""

from __future__ import annotations

import json
import struct
from typing import Any

import bson
import grpc
import pytest

from tests.support.raw_bson import raw
from tests.support.wire import Stub, invalid, reason_of, refused
from tests.support.wire import documents as documents_of
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb

WHERE = ("$where", "1")
TWICE = (
    (raw(("a", 1), ("a", 2)), "a"),
    (raw(("a", raw(("$eq", 1), ("$eq", 2)))), "a.$eq"),
    (raw(("a", raw(("$gt", 1), ("$lt", 5), ("$gt", 3)))), "a.$gt"),
    (raw(WHERE, ("$where", "2")), "$where"),
    # The forbidden operator is hidden behind an allowed one of the same name, before or after it.
    (raw(("$or", [raw(WHERE)]), ("$or", [raw(("a", 1))])), "$or"),
    (raw(("$or", [raw(("a", 1))]), ("$or", [raw(WHERE)])), "$or"),
    (raw(("a", raw(WHERE)), ("a", 1)), "a"),
    (raw(("$and", [raw(("b", 1)), raw(("a", raw(WHERE)), ("a", 1))])), "$and[1].a"),
    (raw(("a", raw(("$in", [raw(("b", 1), ("b", 2))])))), "a.$in[0].b"),
    (raw(("$expr", raw(("$eq", ["$a", 1]), ("$eq", [1, 1])))), "$expr.$eq"),
    (raw(("id", "x"), ("id", "y")), "id"),
)


@pytest.mark.parametrize(("document", "path"), TWICE)
def test_a_name_that_stands_twice_in_a_filter(document: bytes, path: str, stub: Stub, pipeline: str) -> None:
    query = pb.EncodedDocument(bson=document)
    for call, request in (
        (stub.Count, pb.CountRequest(pipeline=pipeline, query=query)),
        (stub.View, pb.ViewRequest(pipeline=pipeline, query=query)),
    ):
        message = invalid(call, request, f"query.{path}", reason="INVALID_QUERY")
        assert "occurs more than once" in message


def test_a_name_that_stands_twice_in_a_projection(stub: Stub, pipeline: str) -> None:
    for document, path in (
        (raw(("a", raw(WHERE)), ("a", 1)), "projection.a"),
        (raw(("a", 1), ("a", raw(WHERE))), "projection.a"),
        (raw(("a", raw(("$slice", ["$b", 1]), ("$slice", 1)))), "projection.a.$slice"),
    ):
        request = pb.ViewRequest(pipeline=pipeline, projection=pb.EncodedDocument(bson=document))
        invalid(stub.View, request, path, reason="INVALID_PROJECTION")


def test_what_bson_writes_in_another_way_is_no_repetition(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", n=[1, 2], x=5)])
    # Names in an array do not matter, and a symbol is read as a string.
    array = b"\x04$in\0" + raw(("0", 5), ("0", 7))
    symbol = b"\x0estatus\0" + struct.pack("<i", 8) + b"success\0"
    body = b"\x03x\0" + struct.pack("<i", len(array) + 5) + array + b"\0" + symbol
    document = struct.pack("<i", len(body) + 5) + body + b"\0"
    assert stub.Count(pb.CountRequest(pipeline=pipeline, query=pb.EncodedDocument(bson=document))).count == 1


def test_options_that_readers_would_drop_are_refused(stub: Stub, pipeline: str) -> None:
    regex = b"\x0bt\0a\0gi\0"
    query = struct.pack("<i", len(regex) + 5) + regex + b"\0"
    body = bson.encode(work(pipeline, "a"))[4:-1] + regex
    sent = struct.pack("<i", len(body) + 5) + body + b"\0"
    (rejection,) = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=sent))).rejections
    assert reason_of(rejection) == "CORRUPT_DOCUMENT"
    assert rejection.message.endswith("a regular expression has no options other than ilmsux")
    request = pb.CountRequest(pipeline=pipeline, query=pb.EncodedDocument(bson=query))
    error = invalid(stub.Count, request, "query.bson", reason="MALFORMED_REQUEST")
    assert "no options other than ilmsux" in error


def test_a_name_that_stands_twice_has_one_reason_in_bson_and_json(stub: Stub, pipeline: str) -> None:
    start = f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", '
    texts = [f'{start}"x": 1, "x": 1}}', f'{start}"x": [{{"y": 1, "y": 2}}]}}']
    rejections = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=texts))).rejections
    assert [(reason_of(each), each.message) for each in rejections] == [
        ("DUPLICATE_FIELD", "a name must not occur twice in one document"),
        ("DUPLICATE_FIELD", "at x[0]: a name must not occur twice in one document"),
    ]


@pytest.mark.parametrize(
    ("field", "element", "message"),
    [
        ("id", b"\x0eid\0\2\0\0\0a\0", "id must be a string, not symbol"),
        ("_id", b"\x0e_id\0\2\0\0\0a\0", "_id must be left out or equal the id"),
        ("pipeline", b"\x0epipeline\0\2\0\0\0p\0", "pipeline must be a string, not symbol"),
        ("status", b"\x0estatus\0\x08\0\0\0success\0", "status must be 'success' or 'failure', not symbol"),
        ("results", b"\x06results\0", "results must be null or a document, not undefined"),
    ],
)
def test_what_bson_reads_as_another_type_is_refused_where_the_type_counts(
    stub: Stub, field: str, element: bytes, message: str
) -> None:
    fields = {name: value for name, value in work("p", "a").items() if name != field}
    body = bson.encode(fields)[4:-1] + element
    sent = struct.pack("<i", len(body) + 5) + body + b"\0"
    (rejection,) = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=sent))).rejections
    assert rejection.message == message


def test_json_drops_nothing_that_stands_beside_a_value(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", t="ab"), work(pipeline, "b", t="abc"), work(pipeline, "c", t="AB")])

    def count(query: Any) -> int:
        return stub.Count(pb.CountRequest(pipeline=pipeline, query=pb.EncodedDocument(json=json.dumps(query)))).count

    assert count({"t": {"$regex": "^a"}}) == 2
    assert count({"t": {"$regex": "^a", "$ne": "ab"}}) == 1
    assert count({"t": {"$ne": "abc", "$regex": "^a", "$options": "i"}}) == 2
    for value in (
        {"$undefined": True, "$where": "1"},
        {"$binary": "AA==", "$type": "00", "$where": "1"},
        {"$binary": "AA==", "$where": "1"},
        {"$oid": "5f" * 12, "x": 1},
        {"x": 1, "$numberLong": "1"},
        {"$regularExpression": {"pattern": "a", "options": "z"}},
        {"$code": "f()", "$scope": {}, "$where": "1"},
    ):
        request = pb.CountRequest(pipeline=pipeline, query=pb.EncodedDocument(json=json.dumps({"t": value})))
        invalid(stub.Count, request, "query.json", reason="MALFORMED_REQUEST")
        works = pb.EncodedDocuments(json=[json.dumps({**work(pipeline, "x"), "t": value})])
        (rejection,) = stub.Deposit(pb.DepositRequest(works=works)).rejections
        assert reason_of(rejection) == "CORRUPT_DOCUMENT"
    kept = {**work(pipeline, "d"), "t": {"$regex": "^a", "$options": "i", "note": "mine"}}
    stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=[json.dumps(kept)])))
    assert results.get_by_id(pipeline, ["d"]) == [kept]


def test_an_update_that_sets_a_field_twice(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", x=1)])
    twice = raw(("pipeline", pipeline), ("id", "a"), ("x", 2), ("x", 3))
    answer = refused(stub.Update, pb.UpdateRequest(works=pb.EncodedDocuments(bson=twice)))
    assert (answer.info.reason, answer.message) == ("DUPLICATE_FIELD", "works[0].x occurs more than once")
    assert results.view(pipeline, {}) == [work(pipeline, "a", x=1)]


def nested(levels: int) -> bytes:
    document = raw(("a", 1))
    for _ in range(levels - 1):
        document = raw(("a", document))
    return document


@pytest.mark.parametrize("hidden", [True, False])
def test_what_is_too_deep_can_not_hide_behind_its_name(
    hidden: bool, stub: Stub, results: Results, pipeline: str
) -> None:
    results.deposit([work(pipeline, "a")])
    identity = (("pipeline", pipeline), ("id", "a"), ("status", "success"))
    for levels, fine in ((98, True), (99, True), (100, False), (178, False), (190, False)):
        fields = (("a", nested(levels)), ("a", 1)) if hidden else (("a", nested(levels)), ("b", 1))
        data = raw(*identity, ("x", raw(*fields)))
        answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=data)))
        reasons = ["TOO_DEEP"] if not fine else ["DUPLICATE_FIELD"] if hidden else []
        assert [reason_of(each) for each in answer.rejections] == reasons
        if reasons:
            refusal = refused(stub.Update, pb.UpdateRequest(works=pb.EncodedDocuments(bson=data)))
            assert [refusal.info.reason] == reasons


def test_an_update_of_too_many_fields(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a")])
    fields = {f"f{number}": number for number in range(998)}
    assert results.update([{"pipeline": pipeline, "id": "a", **fields}])
    request = pb.UpdateRequest(works=documents_of({"pipeline": pipeline, "id": "a", "more": 1, **fields}))
    answer = refused(stub.Update, request)
    assert (answer.code, answer.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "TOO_LARGE")
    assert answer.message == "works[0] has 1,001 fields at the top level; an update sets at most 1,000"

"""Bad input on the wire: each gets its documented error, and what is good beside it goes through."""

from __future__ import annotations

import struct
from typing import Any

import bson
import grpc
import pytest
from bson import json_util

from tests.support.wire import SERVICE, Stub, documents, invalid, open_channel, read, reason_of, refused
from tests.support.works import work
from workflow_results import InvalidRequestError, Results
from workflow_results.common.rules import KIB, MIB
from workflow_results.v1 import results_pb2 as pb


def corrupt(document: dict[str, Any], old: bytes, new: bytes) -> bytes:
    data = bson.encode(document)
    assert data.count(old) == 1
    return data.replace(old, new)


def test_each_bad_work_is_rejected_by_itself(stub: Stub, database: Any, pipeline: str) -> None:
    def nested(levels: int) -> dict[str, Any]:
        document: dict[str, Any] = {}
        for _ in range(levels):
            document = {"a": document}
        return document

    bad = {
        "CORRUPT_DOCUMENT utf8": corrupt(work(pipeline, "u", t="@@"), b"@@", b"\xff\xfe"),
        "CORRUPT_DOCUMENT type": corrupt(work(pipeline, "t", qq=True), b"\x08qq", b"\x66qq"),
        "CORRUPT_DOCUMENT length": corrupt(
            work(pipeline, "l", qq="abc"), b"\x04\x00\x00\x00abc", b"\x99\x00\x00\x00abc"
        ),
        "CORRUPT_DOCUMENT uuid": bson.encode(work(pipeline, "uuid", u=bson.Binary(b"short", 4))),
        "TOO_LARGE": bson.encode(work(pipeline, "big", pad=bytes(16 * 1024 * 1024 - 16 * 1024))),
        "TOO_DEEP": bson.encode(work(pipeline, "deep", x=nested(100))),
        "INVALID_WORK pipeline": bson.encode({"id": "a", "status": "success"}),
        "INVALID_WORK code": bson.encode({"pipeline": bson.Code(pipeline), "id": "a", "status": "success"}),
        "INVALID_WORK id": bson.encode({"pipeline": pipeline, "status": "success"}),
        "INVALID_WORK null": bson.encode({"pipeline": pipeline, "id": None, "status": "success"}),
        "INVALID_WORK _id": bson.encode({"_id": "b", **work(pipeline, "a")}),
        "INVALID_WORK results": bson.encode(work(pipeline, "r", results=[1])),
        "INVALID_WORK locked": bson.encode(work(pipeline, "k", results={"locked": 1})),
        "INVALID_WORK field": bson.encode(work(pipeline, "d", **{"a.b": 1})),
        "INVALID_WORK timestamp": bson.encode(work(pipeline, "z", t=bson.Timestamp(0, 0))),
        "INVALID_STATUS": bson.encode(work(pipeline, "s") | {"status": "done"}),
        "DUPLICATE_FIELD status": corrupt(work(pipeline, "2", statuz="x"), b"statuz", b"status"),
        "DUPLICATE_FIELD id": corrupt(work(pipeline, "3", ix="3"), b"ix\0", b"id\0"),
        "DUPLICATE_FIELD locked": corrupt(
            work(pipeline, "4", results={"locked": False, "lockeq": True}), b"lockeq", b"locked"
        ),
        "DUPLICATE_FIELD results": corrupt(work(pipeline, "5", results=None, resultz={}), b"resultz", b"results"),
    }
    good = [bson.encode(work(pipeline, f"good-{number}", x=nested(99))) for number in range(len(bad))]
    mixed = [each for pair in zip(good, bad.values(), strict=True) for each in pair]
    answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=b"".join(mixed))))
    assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED, pb.DEPOSIT_OUTCOME_REJECTED] * len(bad)
    assert [reason_of(each) for each in answer.rejections] == [name.partition(" ")[0] for name in bad]
    assert [each.index for each in answer.rejections] == list(range(1, 2 * len(bad), 2))
    assert all(len(each.message) > 10 for each in answer.rejections)
    assert database[pipeline].count_documents({}) == len(good)
    stored = {raw["_id"]: raw for raw in database[pipeline].find()}
    assert all(
        {"_id": id_, **bson.decode(data)} == stored[id_]
        for id_, data in zip(sorted(stored, key=lambda i: int(i[5:])), good, strict=True)
    )


def test_bad_json_works_are_rejected_by_themselves(stub: Stub, pipeline: str) -> None:
    fine = json_util.dumps(work(pipeline, "a"))
    bad = [
        "{",
        "[]",
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": {"$oid": "x"}}',
        '{"a": 99999999999999999999}',
        '{"a": "\\ud800"}',
        '{"a": {"$numberDecimal": "x"}}',
        '{"a": {"$binary": {}}}',
        '{"a": {"$binary": 1, "$type": "00"}}',
        '{"a": {"$regularExpression": {"t": 1}}}',
        '{"a": ' + "9" * 5000 + "}",
    ]
    answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=[fine, *bad])))
    assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED] + [pb.DEPOSIT_OUTCOME_REJECTED] * len(bad)
    twice = bad.index('{"a": 1, "a": 2}') + 1
    assert {each.index for each in answer.rejections if reason_of(each) == "DUPLICATE_FIELD"} == {twice}
    assert {reason_of(each) for each in answer.rejections} == {"CORRUPT_DOCUMENT", "DUPLICATE_FIELD"}
    assert not any("sys." in each.message or "literal" in each.message for each in answer.rejections)


def test_what_is_too_deep_to_be_read_is_told_so(stub: Stub, pipeline: str) -> None:
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    nested = b"\x05\0\0\0\0"
    for _ in range(5000):
        nested = struct.pack("<i", len(nested) + 8) + b"\x03a\0" + nested + b"\0"
    for works in (pb.EncodedDocuments(json=[deep]), pb.EncodedDocuments(bson=nested)):
        (rejection,) = stub.Deposit(pb.DepositRequest(works=works)).rejections
        assert reason_of(rejection) == "TOO_DEEP"
    invalid(
        stub.View,
        pb.ViewRequest(pipeline=pipeline, query=pb.EncodedDocument(json=deep)),
        "query.json",
        reason="MALFORMED_REQUEST",
    )


def test_too_many_works_in_a_request(stub: Stub) -> None:
    message = invalid(
        stub.Deposit, pb.DepositRequest(works=pb.EncodedDocuments(bson=b"\x05\0\0\0\0" * 1_000_000)), "works"
    )
    assert "at most 100,000" in message
    answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(bson=b"\x05\0\0\0\0" * 100_000)))
    assert len(answer.rejections) == 100_000


@pytest.mark.parametrize(
    "more",
    [
        pytest.param(8 * MIB, id="than MongoDB stores"),
        pytest.param(6 * MIB - 8 * KIB, id="than a work, where MongoDB would store it"),
    ],
)
def test_an_update_that_makes_a_result_too_large(results: Results, pipeline: str, more: int) -> None:
    before = [work(pipeline, "b"), work(pipeline, "a", first=bytes(10 * MIB))]
    assert results.deposit(before) == {pipeline: True}
    with pytest.raises(InvalidRequestError) as caught:
        results.update([{"pipeline": pipeline, "id": "b", "n": 1}, {"pipeline": pipeline, "id": "a", "n": bytes(more)}])
    assert (caught.value.reason, caught.value.outcome_unknown) == ("TOO_LARGE", False)
    named = (
        f"works[1] would make result a of {pipeline} larger than the 16,760,832 bytes of a work: nothing was updated"
    )
    assert str(caught.value) == named
    assert results.view(pipeline, {}) == before
    assert results.history(pipeline, "a") == results.history(pipeline, "b") == []
    assert results.update([{"pipeline": pipeline, "id": "a", "n": bytes(5 * MIB)}])


def test_a_result_that_is_too_large_as_json(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", text="\x01" * (8 << 20)), work(pipeline, "b")])
    request = pb.ViewRequest(pipeline=pipeline, format=pb.DOCUMENT_FORMAT_RELAXED_JSON)
    answer = refused(stub.View, request)
    assert (answer.code, answer.info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "TOO_LARGE")
    assert "result a is too large for a message as JSON" in answer.message
    request.projection.json = '{"text": 0}'
    assert read(stub.View(request))[1] == 2


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"\x05\x00\x00\x00",
        b"\xff\xff\xff\xff\x00",
        b"\x05\x00\x00\x00\x01",
        bson.encode({"a": 1})[:-1],
        b"\x04\x00\x00\x00\x00",
    ],
)
def test_works_that_cannot_be_told_apart(stub: Stub, data: bytes, pipeline: str) -> None:
    whole = bson.encode(work(pipeline, "a")) + data
    message = invalid(
        stub.Deposit, pb.DepositRequest(works=pb.EncodedDocuments(bson=whole)), "works.bson", reason="MALFORMED_REQUEST"
    )
    assert "document 1, at byte" in message
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline)))[1] == 0


def test_very_many_rejections_fit_into_an_answer(stub: Stub, pipeline: str) -> None:
    """The first ones tell why; the rest is told so much as clients can receive."""
    bad = bson.encode(work("\U0001f4a5" * 58, "a"))
    request = pb.DepositRequest(works=pb.EncodedDocuments(bson=bad * 70_000 + bson.encode(work(pipeline, "a"))))
    answer = stub.Deposit(request, timeout=120)
    assert answer.outcomes[-1] == pb.DEPOSIT_OUTCOME_DEPOSITED
    assert [rejection.index for rejection in answer.rejections] == list(range(70_000))
    assert {reason_of(rejection) for rejection in answer.rejections} == {"INVALID_WORK"}
    assert answer.rejections[10_000].message.startswith("pipeline must be")
    assert answer.rejections[-1].message == "is rejected like earlier works: deposit it alone to get the reason"


@pytest.mark.parametrize("name", ["-", "0", "a_", "-_", "A_b-9", f"a{'_' * 127}"])
def test_names_of_pipelines(stub: Stub, results: Results, database: Any, name: str) -> None:
    assert results.deposit([work(name, "a")]) == {name: True}
    assert results.status()[name] == 1
    assert read(stub.View(pb.ViewRequest(pipeline=name)))[1] == 1
    database.drop_collection(name)


@pytest.mark.parametrize("name", ["", "_", "_history", "_a", "a.b", "a b", "é", "a\n", "$a", f"a{'_' * 128}"])
def test_what_is_no_name_of_a_pipeline(stub: Stub, name: str) -> None:
    invalid(stub.View, pb.ViewRequest(pipeline=name), "pipeline")
    invalid(stub.DeleteIds, pb.DeleteIdsRequest(pipeline=name, ids=["a"]), "pipeline")
    (rejection,) = stub.Deposit(pb.DepositRequest(works=documents(work(name, "a")))).rejections
    assert (reason_of(rejection), rejection.message.partition(" must be ")[0]) == ("INVALID_WORK", "pipeline")


def test_invalid_fields_are_named(stub: Stub, pipeline: str) -> None:
    invalid(stub.View, pb.ViewRequest(pipeline="a b"), "pipeline")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, skip=-1), "skip")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, limit=-2), "limit")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, resume_token=b"abc"), "resume_token")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, resume_token=bson.encode({"a": 1, "b": 1})), "resume_token")
    too_far = bson.encode({"last": "a", "count": 4})
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, limit=3, resume_token=too_far), "resume_token")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, format=99), "format")  # type: ignore[arg-type]
    invalid(stub.GetByCount, pb.GetByCountRequest(pipeline=pipeline, count=-5), "count")
    invalid(stub.GetLocked, pb.GetLockedRequest(pipeline=pipeline, count=-5), "count")
    invalid(stub.GetById, pb.GetByIdRequest(pipeline=pipeline, ids=["a", ""]), "ids[1]")
    invalid(stub.Lock, pb.LockRequest(pipeline=pipeline, ids=["a" * 129]), "ids[0]")
    invalid(
        stub.DeleteIds, pb.DeleteIdsRequest(pipeline=pipeline, ids=[str(number) for number in range(100_001)]), "ids"
    )
    invalid(
        stub.Update,
        pb.UpdateRequest(works=documents({"pipeline": pipeline, "id": ""})),
        "works[0].id",
        reason="INVALID_WORK",
    )
    locking = documents({"pipeline": pipeline, "id": "a", "results": {"locked": True}})
    invalid(stub.Update, pb.UpdateRequest(works=locking), "works[0].results.locked", reason="LOCK_STATE")
    both = pb.EncodedDocuments(bson=bson.encode({}), json=["{}"])
    invalid(stub.Deposit, pb.DepositRequest(works=both), "works")


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        (pb.EncodedDocument(json="{"), "query.json", "MALFORMED_REQUEST"),
        (pb.EncodedDocument(json="[1]"), "query.json", "MALFORMED_REQUEST"),
        (pb.EncodedDocument(bson=b"\x05\x00\x00"), "query.bson", "MALFORMED_REQUEST"),
        (
            pb.EncodedDocument(bson=bson.encode({"a": "@@"}).replace(b"@@", b"\xff\xff")),
            "query.bson",
            "MALFORMED_REQUEST",
        ),
        (pb.EncodedDocument(bson=bson.encode({}) * 2), "query.bson", "MALFORMED_REQUEST"),
        (pb.EncodedDocument(json='{"a": {"$where": "1"}}'), "query.a.$where", "INVALID_QUERY"),
        (pb.EncodedDocument(json='{"$expr": {"$function": {}}}'), "query.$expr.$function", "INVALID_QUERY"),
    ],
)
def test_bad_queries(stub: Stub, pipeline: str, query: pb.EncodedDocument, field: str, reason: str) -> None:
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, query=query), field, reason=reason)
    invalid(stub.Count, pb.CountRequest(pipeline=pipeline, query=query), field, reason=reason)


def test_an_error_of_a_thousand_fields_stays_small(stub: Stub, pipeline: str) -> None:
    query = pb.EncodedDocument(bson=bson.encode({"$" + "é" * 100_000: 1}))
    answer = refused(stub.View, pb.ViewRequest(pipeline=pipeline, query=query))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.size <= 4096
    assert len(answer.message.encode()) <= 4096


def test_requests_that_cannot_be_parsed(service: Any) -> None:
    with open_channel(service.target) as channel:
        for method in (name.name for name in pb.DESCRIPTOR.services_by_name["ResultsService"].methods):
            answer = refused(channel.unary_stream(f"{SERVICE}/{method}"), b"\xff\xff\xff")
            if method in ("Status", "Info", "DepositStream"):
                assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
            assert (answer.code, answer.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"), method
        assert refused(channel.unary_unary(f"{SERVICE}/Nothing"), b"").code is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_beyond_the_limit(stub: Stub, pipeline: str) -> None:
    request = pb.DepositRequest(works=pb.EncodedDocuments(bson=bytes(33 << 20)))
    assert refused(stub.Deposit, request).code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert stub.GetLockedCount(pb.GetLockedCountRequest(pipeline=pipeline)).count == 0

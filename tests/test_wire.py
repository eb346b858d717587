"""The service on the wire, as clients in other languages see it: formats, defaults, bad input and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bson
import grpc
import pytest
from bson import json_util
from google.rpc import error_details_pb2, status_pb2

from conftest import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

Stub = results_pb2_grpc.ResultsServiceStub
SERVICE = "/workflow_results.v1.ResultsService"


class Answer:
    """An error as it came over the wire."""

    def __init__(self, error: grpc.RpcError) -> None:
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details() or ""
        self.info, self.bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        trailing = {item.key: item.value for item in error.trailing_metadata()}
        self.size = len(trailing.get("grpc-status-details-bin", b""))
        for detail in status_pb2.Status.FromString(trailing.get("grpc-status-details-bin", b"")).details:
            for kind in (self.info, self.bad):
                if detail.Is(kind.DESCRIPTOR):
                    detail.Unpack(kind)


def refused(call: Any, request: Any) -> Answer:
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(request, timeout=30)
        if isinstance(answer, Iterator):
            list(answer)
    return Answer(caught.value)


def invalid(call: Any, request: Any, field: str, *, reason: str = "INVALID_REQUEST") -> str:
    answer = refused(call, request)
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT, answer.message
    assert (answer.info.reason, answer.info.domain) == (reason, "workflow-results")
    assert [violation.field for violation in answer.bad.field_violations] == [field]
    assert answer.message.startswith(field)
    assert answer.size <= 4096
    return answer.message


def documents(*works: dict[str, Any]) -> pb.Documents:
    return pb.Documents(bson=b"".join(map(bson.encode, works)))


def read(parts: Any) -> tuple[list[dict[str, Any]], int]:
    """All documents of a stream, and the count of its summary, which must come last and once."""
    *others, last = parts = list(parts)
    assert last.HasField("summary")
    assert all(part.HasField("batch") and not part.HasField("summary") for part in others)
    data = [document for part in parts for document in bson.decode_all(part.batch.results.bson)]
    texts = [json_util.loads(text) for part in parts for text in part.batch.results.json]
    return data + texts, last.summary.count


def test_defaults_of_unset_fields(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit(
        [work(pipeline, f"{number:04}", results={"locked": True}, plots=[], products=[]) for number in range(150)]
    )
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline)))[1] == 100
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline, limit=0)))[1] == 150
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline, limit=-1)))[1] == 150
    assert read(stub.GetByCount(pb.GetByCountRequest(pipeline=pipeline)))[1] == 10
    assert read(stub.GetByCount(pb.GetByCountRequest(pipeline=pipeline, count=-1)))[1] == 150
    assert read(stub.GetLocked(pb.GetLockedRequest(pipeline=pipeline)))[1] == 10
    assert read(stub.GetLocked(pb.GetLockedRequest(pipeline=pipeline, count=0, skip=145)))[1] == 5


def test_bson_answers_carry_the_id_of_mongodb_first(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", x=1)])
    found, _ = read(stub.View(pb.ViewRequest(pipeline=pipeline)))
    assert list(found[0].items()) == [
        ("_id", "a"),
        ("id", "a"),
        ("pipeline", pipeline),
        ("status", "success"),
        ("x", 1),
    ]
    projected, _ = read(stub.View(pb.ViewRequest(pipeline=pipeline, projection=pb.Document(json='{"_id": 0, "x": 1}'))))
    assert projected == [{"_id": "a", "x": 1}]


def test_extended_json_in_and_out(stub: Stub, pipeline: str) -> None:
    text = (
        f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", "n": {{"$numberLong": "5"}},'
        ' "when": {"$date": "2026-01-02T03:04:05.678Z"}, "ref": {"$ref": "x", "$id": 1, "z": 2}, "f": 1.5, "i": 7}'
    )
    deposited = stub.Deposit(pb.DepositRequest(works=pb.Documents(json=[text])))
    assert list(deposited.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED]
    request = pb.ViewRequest(pipeline=pipeline, query=pb.Document(json='{"n": {"$gte": {"$numberLong": "5"}}}'))
    request.format = pb.DOCUMENT_FORMAT_CANONICAL_JSON
    (part,) = stub.View(request)
    (canonical,) = part.batch.results.json
    assert canonical == (
        f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", "n": {{"$numberLong": "5"}}, '
        '"when": {"$date": {"$numberLong": "1767323045678"}}, '
        '"ref": {"$ref": "x", "$id": {"$numberInt": "1"}, "z": {"$numberInt": "2"}}, '
        '"f": {"$numberDouble": "1.5"}, "i": {"$numberInt": "7"}}'
    )
    request.format = pb.DOCUMENT_FORMAT_RELAXED_JSON
    (part,) = stub.View(request)
    assert '"n": 5, "when": {"$date": "2026-01-02T03:04:05.678Z"}' in part.batch.results.json[0]
    again = stub.Deposit(pb.DepositRequest(works=pb.Documents(json=list(part.batch.results.json))))
    assert list(again.outcomes) == [pb.DEPOSIT_OUTCOME_CONFLICT], "relaxed JSON has lost that n is an int64"


def test_a_stream_goes_on_behind_each_token(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:05}", pad="x" * 5000) for number in range(1000)])
    request = pb.ViewRequest(pipeline=pipeline, skip=7, limit=900)
    parts = list(stub.View(request))
    whole = [document["id"] for document in read(parts)[0]]
    assert whole == [f"{number:05}" for number in range(992, 92, -1)]
    assert len(parts) > 5
    seen = 0
    for part in parts:
        seen += len(bson.decode_all(part.batch.results.bson))
        request.resume_token = part.batch.resume_token
        rest, count = read(stub.View(request))
        assert [document["id"] for document in rest] == whole[seen:]
        assert count == 900 - seen
    sizes = [len(part.batch.results.bson) for part in parts]
    assert max(sizes) <= 1 << 20


def test_a_large_result_comes_alone(stub: Stub, results: Results, pipeline: str) -> None:
    for number in range(3):
        results.deposit([work(pipeline, str(number), pad=bytes(16_000_000))])
    parts = list(stub.View(pb.ViewRequest(pipeline=pipeline)))
    assert [len(part.batch.results.bson) > 16_000_000 for part in parts if part.HasField("batch")] == [True] * 3


def test_deposit_stream_acknowledges_each_request(stub: Stub, pipeline: str) -> None:
    def requests() -> Iterator[pb.DepositStreamRequest]:
        for number in range(5):
            yield pb.DepositStreamRequest(
                sequence=number * 10, works=documents(work(pipeline, str(number % 4), n=number))
            )

    answers = {answer.sequence: list(answer.outcomes) for answer in stub.DepositStream(requests(), timeout=30)}
    assert answers == {
        **{number * 10: [pb.DEPOSIT_OUTCOME_DEPOSITED] for number in range(4)},
        40: [pb.DEPOSIT_OUTCOME_CONFLICT],
    }


def test_deposit_stream_ends_with_the_error_of_an_invalid_request(stub: Stub) -> None:
    bad = pb.DepositStreamRequest(works=pb.Documents(bson=b"\x01"))
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.DepositStream(iter([bad]), timeout=30))
    assert Answer(caught.value).info.reason == "MALFORMED_REQUEST"


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
    answer = stub.Deposit(pb.DepositRequest(works=pb.Documents(bson=b"".join(mixed))))
    assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED, pb.DEPOSIT_OUTCOME_REJECTED] * len(bad)
    assert [each.reason for each in answer.rejections] == [name.partition(" ")[0] for name in bad]
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
        "[" * 100_000,
        '{"a":' * 3000 + "1" + "}" * 3000,
    ]
    answer = stub.Deposit(pb.DepositRequest(works=pb.Documents(json=[fine, *bad])))
    assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED] + [pb.DEPOSIT_OUTCOME_REJECTED] * len(bad)
    assert {each.reason for each in answer.rejections} == {"CORRUPT_DOCUMENT"}


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
        stub.Deposit, pb.DepositRequest(works=pb.Documents(bson=whole)), "works.bson", reason="MALFORMED_REQUEST"
    )
    assert "document 1, at byte" in message
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline)))[1] == 0


def test_invalid_fields_are_named(stub: Stub, pipeline: str) -> None:
    invalid(stub.View, pb.ViewRequest(pipeline="a b"), "pipeline")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, skip=-1), "skip")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, limit=-2), "limit")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, resume_token=b"abc"), "resume_token")
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, resume_token=bson.encode({"a": 1, "b": 1})), "resume_token")
    invalid(stub.GetByCount, pb.GetByCountRequest(pipeline=pipeline, count=-5), "count")
    invalid(stub.GetLocked, pb.GetLockedRequest(pipeline=pipeline, count=-5), "count")
    invalid(stub.GetById, pb.GetByIdRequest(pipeline=pipeline, ids=["a", ""]), "ids[1]")
    invalid(stub.Lock, pb.LockRequest(pipeline=pipeline, ids=["a" * 129]), "ids[0]")
    invalid(stub.DeleteIds, pb.DeleteIdsRequest(pipeline=pipeline, ids=["a"] * 100_001), "ids")
    invalid(
        stub.Update,
        pb.UpdateRequest(works=documents({"pipeline": pipeline, "id": ""})),
        "works[0].id",
        reason="INVALID_WORK",
    )
    locking = documents({"pipeline": pipeline, "id": "a", "results": {"locked": True}})
    invalid(stub.Update, pb.UpdateRequest(works=locking), "works[0].results.locked", reason="LOCK_STATE")
    both = pb.Documents(bson=bson.encode({}), json=["{}"])
    invalid(stub.Deposit, pb.DepositRequest(works=both), "works")


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        (pb.Document(json="{"), "query.json", "MALFORMED_REQUEST"),
        (pb.Document(json="[1]"), "query.json", "MALFORMED_REQUEST"),
        (pb.Document(bson=b"\x05\x00\x00"), "query.bson", "MALFORMED_REQUEST"),
        (pb.Document(bson=bson.encode({"a": "@@"}).replace(b"@@", b"\xff\xff")), "query.bson", "MALFORMED_REQUEST"),
        (pb.Document(bson=bson.encode({}) * 2), "query.bson", "MALFORMED_REQUEST"),
        (pb.Document(json='{"a": {"$where": "1"}}'), "query.a.$where", "INVALID_QUERY"),
        (pb.Document(json='{"$expr": {"$function": {}}}'), "query.$expr.$function", "INVALID_QUERY"),
    ],
)
def test_bad_queries(stub: Stub, pipeline: str, query: pb.Document, field: str, reason: str) -> None:
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, query=query), field, reason=reason)
    invalid(stub.Count, pb.CountRequest(pipeline=pipeline, query=query), field, reason=reason)


def test_an_error_of_a_thousand_fields_stays_small(stub: Stub, pipeline: str) -> None:
    query = pb.Document(bson=bson.encode({"$" + "é" * 100_000: 1}))
    answer = refused(stub.View, pb.ViewRequest(pipeline=pipeline, query=query))
    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.size <= 4096
    assert len(answer.message.encode()) <= 4096


def test_requests_that_cannot_be_parsed(service: Any) -> None:
    with grpc.insecure_channel(service.target) as channel:
        for method in (name.name for name in pb.DESCRIPTOR.services_by_name["ResultsService"].methods):
            answer = refused(channel.unary_stream(f"{SERVICE}/{method}"), b"\xff\xff\xff")
            if method in ("Status", "Info", "DepositStream"):
                assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
            assert (answer.code, answer.info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST"), method
        assert refused(channel.unary_unary(f"{SERVICE}/Nothing"), b"").code is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_beyond_the_limit(stub: Stub, pipeline: str) -> None:
    request = pb.DepositRequest(works=pb.Documents(bson=bytes(33 << 20)))
    assert refused(stub.Deposit, request).code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert stub.GetLockedCount(pb.GetLockedCountRequest(pipeline=pipeline)).count == 0


def test_a_request_id_is_taken_over(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Lock(pb.LockRequest(), metadata=(("x-request-id", "mine-1"),))
    assert Answer(caught.value).info.metadata["request_id"] == "mine-1"


def test_unlock_without_force_counts(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, id_, results={"locked": id_ != "c"}) for id_ in "abc"])
    answer = stub.Unlock(pb.UnlockRequest(pipeline=pipeline, ids=["a", "b", "c", "d"]))
    assert (answer.applied, answer.locked_count) == (False, 2)
    assert [(each.id, each.reason) for each in answer.refusals] == [("d", pb.REFUSAL_REASON_NOT_FOUND)]
    assert results.get_locked_count(pipeline) == 2
    answer = stub.Unlock(pb.UnlockRequest(pipeline=pipeline, ids=["a", "b", "c"], force=True))
    assert (answer.applied, answer.locked_count) == (True, 2)


def test_refusals_are_the_first_thousand_and_the_total(stub: Stub, pipeline: str) -> None:
    answer = stub.Lock(pb.LockRequest(pipeline=pipeline, ids=[str(number) for number in range(2500)]))
    assert [refusal.id for refusal in answer.refusals] == [str(number) for number in range(1000)]
    assert (answer.applied, answer.refusal_count) == (False, 2500)

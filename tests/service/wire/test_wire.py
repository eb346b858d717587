"""The service on the wire, as clients in other languages see it: formats, defaults, streams."""

from __future__ import annotations

import json
from collections.abc import Iterator

import bson
import grpc
import pytest

from tests.support.wire import Answer, Stub, documents, invalid, read
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb


def test_no_limit_unless_one_is_set(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit(
        [work(pipeline, f"{number:04}", results={"locked": True}, plots=[], products=[]) for number in range(150)]
    )
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline)))[1] == 150
    assert read(stub.View(pb.ViewRequest(pipeline=pipeline, limit=7)))[1] == 7
    assert read(stub.GetByCount(pb.GetByCountRequest(pipeline=pipeline)))[1] == 150
    assert read(stub.GetByCount(pb.GetByCountRequest(pipeline=pipeline, count=7)))[1] == 7
    assert read(stub.GetLocked(pb.GetLockedRequest(pipeline=pipeline)))[1] == 150
    assert read(stub.GetLocked(pb.GetLockedRequest(pipeline=pipeline, count=7, skip=145)))[1] == 5
    invalid(stub.View, pb.ViewRequest(pipeline=pipeline, limit=-1), "limit")
    invalid(stub.GetByCount, pb.GetByCountRequest(pipeline=pipeline, count=-1), "count")
    invalid(stub.GetLocked, pb.GetLockedRequest(pipeline=pipeline, count=-1), "count")


def test_an_event_must_be_named(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "a", event=[0])])
    assert read(stub.GetByEvent(pb.GetByEventRequest(pipeline=pipeline, event_number=0)))[1] == 1
    invalid(stub.GetByEvent, pb.GetByEventRequest(pipeline=pipeline), "event_number")


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
    projected, _ = read(
        stub.View(pb.ViewRequest(pipeline=pipeline, projection=pb.EncodedDocument(json='{"_id": 0, "x": 1}')))
    )
    assert projected == [{"_id": "a", "x": 1}]


def test_extended_json_in_and_out(stub: Stub, pipeline: str) -> None:
    text = (
        f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", "n": {{"$numberLong": "5"}},'
        ' "when": {"$date": "2026-01-02T03:04:05.678Z"}, "ref": {"$ref": "x", "$id": 1, "z": 2}, "f": 1.5, "i": 7}'
    )
    deposited = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=[text])))
    assert list(deposited.outcomes) == [pb.DEPOSIT_OUTCOME_DEPOSITED]
    request = pb.ViewRequest(pipeline=pipeline, query=pb.EncodedDocument(json='{"n": {"$gte": {"$numberLong": "5"}}}'))
    request.format = pb.DOCUMENT_FORMAT_CANONICAL_JSON
    (response,) = stub.View(request)
    (canonical,) = response.part.batch.results.json
    assert canonical == (
        f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", "n": {{"$numberLong": "5"}}, '
        '"when": {"$date": {"$numberLong": "1767323045678"}}, '
        '"ref": {"$ref": "x", "$id": {"$numberInt": "1"}, "z": {"$numberInt": "2"}}, '
        '"f": {"$numberDouble": "1.5"}, "i": {"$numberInt": "7"}}'
    )
    request.format = pb.DOCUMENT_FORMAT_RELAXED_JSON
    (response,) = stub.View(request)
    assert '"n": 5, "when": {"$date": "2026-01-02T03:04:05.678Z"}' in response.part.batch.results.json[0]
    again = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=list(response.part.batch.results.json))))
    # Relaxed JSON has lost that n is an int64, but not its value.
    assert list(again.outcomes) == [pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED]


def test_small_and_large_results_come_together_as_json(stub: Stub, results: Results, pipeline: str) -> None:
    sizes = [10, 70_000, 40_000, 100, 200_000, 5]
    results.deposit([work(pipeline, str(number), pad="x" * size) for number, size in enumerate(sizes)])
    request = pb.GetByCountRequest(pipeline=pipeline, format=pb.DOCUMENT_FORMAT_RELAXED_JSON)
    texts = [text for response in stub.GetByCount(request) for text in response.part.batch.results.json]
    assert [len(json.loads(text)["pad"]) for text in texts] == sizes[::-1]


def test_a_stream_goes_on_behind_each_token(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:05}", pad="x" * 5000) for number in range(1000)])
    request = pb.ViewRequest(pipeline=pipeline, skip=7, limit=900)
    responses = list(stub.View(request))
    parts = [response.part for response in responses]
    whole = [document["id"] for document in read(responses)[0]]
    assert whole == [f"{number:05}" for number in range(992, 92, -1)]
    assert len(parts) >= 5
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
    parts = [response.part for response in stub.View(pb.ViewRequest(pipeline=pipeline))]
    assert [len(part.batch.results.bson) > 16_000_000 for part in parts if part.HasField("batch")] == [True] * 3


def test_deposit_stream_acknowledges_each_request(stub: Stub, pipeline: str) -> None:
    def requests() -> Iterator[pb.DepositStreamRequest]:
        for number in range(5):
            yield pb.DepositStreamRequest(
                sequence=number * 10, works=documents(work(pipeline, str(number % 4), n=number))
            )

    answers = {answer.sequence: list(answer.outcomes) for answer in stub.DepositStream(requests())}
    assert answers == {
        **{number * 10: [pb.DEPOSIT_OUTCOME_DEPOSITED] for number in range(4)},
        40: [pb.DEPOSIT_OUTCOME_CONFLICT],
    }


def test_deposit_stream_ends_with_the_error_of_an_invalid_request(stub: Stub) -> None:
    bad = pb.DepositStreamRequest(works=pb.EncodedDocuments(bson=b"\x01"))
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.DepositStream(iter([bad])))
    assert Answer(caught.value).info.reason == "MALFORMED_REQUEST"


def test_the_id_of_a_call_is_taken_over(stub: Stub) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stub.Lock(pb.LockRequest(), metadata=(("x-request-id", "mine-1"),))
    assert Answer(caught.value).info.metadata["call_id"] == "mine-1"


def test_unlock_without_force_counts(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, id_, results={"locked": id_ != "c"}) for id_ in "abc"])
    answer = stub.Unlock(pb.UnlockRequest(pipeline=pipeline, ids=["a", "b", "c", "d"]))
    assert (answer.outcome.applied, answer.locked_count) == (False, 2)
    assert [(each.id, each.reason) for each in answer.outcome.refusals] == [("d", pb.REFUSAL_REASON_NOT_FOUND)]
    assert results.get_locked_count(pipeline) == 2
    answer = stub.Unlock(pb.UnlockRequest(pipeline=pipeline, ids=["a", "b", "c"], force=True))
    assert (answer.outcome.applied, answer.locked_count) == (True, 2)


def test_refusals_are_the_first_thousand_and_the_total(stub: Stub, pipeline: str) -> None:
    answer = stub.Lock(pb.LockRequest(pipeline=pipeline, ids=[str(number) for number in range(2500)]))
    assert [refusal.id for refusal in answer.outcome.refusals] == [str(number) for number in range(1000)]
    assert (answer.outcome.applied, answer.outcome.refusal_count) == (False, 2500)

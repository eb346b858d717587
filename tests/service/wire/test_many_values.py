"""Texts with more values than there is room for are not read."""

from __future__ import annotations

import bson

from tests.support.wire import Stub, invalid, reason_of
from workflow_results.v1 import results_pb2 as pb


def test_texts_with_more_values_than_there_is_room_for_are_not_read(stub: Stub, pipeline: str) -> None:
    array = ",".join(["{}"] * 4_300_000)
    works_ = pb.EncodedDocuments(json=[f'{{"id": "a", "pipeline": "{pipeline}", "status": "success", "x": [{array}]}}'])
    (rejection,) = stub.Deposit(pb.DepositRequest(works=works_)).rejections
    assert reason_of(rejection) == "TOO_LARGE"
    for query in (
        pb.EncodedDocument(json=f'{{"a": [{array}]}}'),
        pb.EncodedDocument(bson=bson.encode({"a": bytes(15_000_000)})),
    ):
        message = invalid(stub.Count, pb.CountRequest(pipeline=pipeline, query=query), "query", reason="INVALID_QUERY")
        assert "at most 14,680,064" in message

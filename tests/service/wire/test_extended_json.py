"""Extended JSON in the requests of the service: what is refused, and what is stored beside it."""

from __future__ import annotations

import json

import grpc
import pytest

from tests.support.paths import VECTORS
from tests.support.wire import Stub, invalid, reason_of
from workflow_results.v1 import results_pb2 as pb

CASES = json.loads((VECTORS / "extended_json.json").read_text())

TAKEN: list[dict[str, str]] = CASES["taken"]

REFUSED: list[dict[str, str]] = CASES["refused"]


def test_refused_works_are_not_stored_and_those_beside_them_are(stub: Stub, pipeline: str) -> None:
    def work(number: int, value: str) -> str:
        return f'{{"id": "{number}", "pipeline": "{pipeline}", "status": "success", "v": {value}}}'

    values = [case["value"] for case in (*REFUSED, *TAKEN)]
    answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=map(work, range(len(values)), values))))
    rejected = [pb.DEPOSIT_OUTCOME_REJECTED] * len(REFUSED)
    assert list(answer.outcomes) == rejected + [pb.DEPOSIT_OUTCOME_DEPOSITED] * len(TAKEN)
    for case, rejection in zip(REFUSED, answer.rejections, strict=True):
        assert reason_of(rejection) == ("DUPLICATE_FIELD" if "occur twice" in case["problem"] else "CORRUPT_DOCUMENT")
        assert case["problem"] in rejection.message
        assert not rejection.message.endswith("…"), "there must be room for all that would be right"
    request = pb.ViewRequest(pipeline=pipeline, format=pb.DOCUMENT_FORMAT_CANONICAL_JSON)
    written = [text for response in stub.View(request) for text in response.part.batch.results.json]
    assert len(written) == len(TAKEN)
    answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=written)))
    assert set(answer.outcomes) == {pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED}


def test_refused_values_are_refused_in_queries_projections_and_updates(stub: Stub, pipeline: str) -> None:
    for case in REFUSED:
        document = pb.EncodedDocument(json=f'{{"v": {{"$in": [1, {case["value"]}]}}}}')
        request = pb.ViewRequest(pipeline=pipeline, query=document)
        assert case["problem"] in invalid(stub.View, request, "query.json", reason="MALFORMED_REQUEST")
    request = pb.ViewRequest(pipeline=pipeline, projection=pb.EncodedDocument(json='{"v": {"$numberInt": "1_0"}}'))
    message = invalid(stub.View, request, "projection.json", reason="MALFORMED_REQUEST")
    assert message.startswith("projection.json at v: $numberInt must be an integer of 32 bits")
    works = pb.EncodedDocuments(json=[f'{{"id": "a", "pipeline": "{pipeline}", "v": {{"$oid": null}}}}'])
    with pytest.raises(grpc.RpcError) as caught:
        stub.Update(pb.UpdateRequest(works=works))
    assert "works[0] at v: $oid must be 24 hexadecimal digits" in str(caught.value)

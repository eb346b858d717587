"""Resume tokens and page tokens: good for the request that they come from, at every server, and for no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import bson
import pytest

from tests.support.launcher import Service
from tests.support.wire import Stub, invalid, open_channel, read
from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

QUERY = {"n": {"$gte": 0}}


def view(pipeline: str, **fields: Any) -> pb.ViewRequest:
    query = fields.pop("query", QUERY)
    return pb.ViewRequest(
        pipeline=pipeline, query=pb.EncodedDocument(bson=bson.encode(query)), **{"limit": 0, **fields}
    )


@pytest.fixture
def stored(results: Results, pipeline: str) -> str:
    """A pipeline with more results than come with the first part of a stream."""
    results.deposit([work(pipeline, f"{number:04}", n=number, event=[7]) for number in range(300)])
    results.lock(pipeline, ["0000", "0001"])
    return pipeline


def first_token(parts: Iterator[Any]) -> bytes:
    token: bytes = next(parts).part.batch.resume_token
    return token


def test_a_token_goes_on_where_its_request_stood(stub: Stub, serve: Callable[..., Service], stored: str) -> None:
    token = first_token(stub.View(view(stored)))
    rest = [each["id"] for each in read(stub.View(view(stored, resume_token=token)))[0]]
    assert rest == [f"{number:04}" for number in reversed(range(300))][-len(rest) :]
    in_json = view(stored, resume_token=token, format=pb.DOCUMENT_FORMAT_RELAXED_JSON)
    in_json.query.json = '{"n": {"$gte": 0}}'
    assert [each["id"] for each in read(stub.View(in_json))[0]] == rest
    with open_channel(serve().target) as channel:
        elsewhere = results_pb2_grpc.ResultsServiceStub(channel).View(view(stored, resume_token=token))
        assert [each["id"] for each in read(elsewhere)[0]] == rest


@pytest.mark.parametrize(
    "other",
    [
        {"query": {"n": {"$gte": 1}}},
        {"query": {}},
        {"skip": 1},
        {"limit": 200},
        {"projection": pb.EncodedDocument(bson=bson.encode({"n": 1}))},
        {"pipeline": "another"},
    ],
    ids=str,
)
def test_a_token_of_another_view_is_refused(stub: Stub, stored: str, other: dict[str, Any]) -> None:
    token = first_token(stub.View(view(stored)))
    request = view(**{"pipeline": stored, "resume_token": token, **other})
    invalid(stub.View, request, "resume_token")


def test_a_token_of_another_method_is_refused(stub: Stub, stored: str) -> None:
    ids = [f"{number:04}" for number in range(300)]
    requests: dict[Callable[..., Any], Any] = {
        stub.View: view(stored, query={}),
        stub.GetByCount: pb.GetByCountRequest(pipeline=stored, count=0),
        stub.GetById: pb.GetByIdRequest(pipeline=stored, ids=ids),
        stub.GetByEvent: pb.GetByEventRequest(pipeline=stored, event_number=7),
    }
    tokens = {call: first_token(call(request)) for call, request in requests.items()}
    for call, request in requests.items():
        for owner, token in tokens.items():
            request.resume_token = token
            if owner is call:
                assert read(call(request))[1] > 0
            else:
                invalid(call, request, "resume_token")
    for request in (
        pb.GetByIdRequest(pipeline=stored, ids=ids[1:], resume_token=tokens[stub.GetById]),
        pb.GetByEventRequest(pipeline=stored, event_number=8, resume_token=tokens[stub.GetByEvent]),
        pb.GetByCountRequest(pipeline=stored, count=250, resume_token=tokens[stub.GetByCount]),
    ):
        name = type(request).__name__.removesuffix("Request")
        invalid(getattr(stub, name), request, "resume_token")


def test_tokens_that_are_forged(stub: Stub, stored: str) -> None:
    token = first_token(stub.View(view(stored)))
    for forged in (
        bson.encode({"last": "z", "count": 2**63 - 1}),
        token[:8] + (2**63 - 1).to_bytes(8, "big") + b"z",
        token[:8] + (0).to_bytes(8, "big") + b"z",
        token[:16],
        token[:16] + b"\xff",
        token[:16] + b"a\0",
        token[:16] + b"a" * 129,
        token[:16] + b"a" * 10_000,
        token[:16] + "🔭".encode() * 128 + b"a",
        token[1:],
        b"\0" * 24,
    ):
        invalid(stub.View, view(stored, resume_token=forged), "resume_token")


def test_a_page_token_belongs_to_its_result(stub: Stub, results: Results, stored: str) -> None:
    for _ in range(3):
        results.lock(stored, ["0000", "0001"])
    request = pb.HistoryRequest(pipeline=stored, id="0000", page_size=1)
    token = request.page_token = stub.History(request).next_page_token
    assert len(stub.History(request).entries) == 1
    for other in (
        pb.HistoryRequest(pipeline=stored, id="0001", page_size=1, page_token=token),
        pb.HistoryRequest(pipeline="another", id="0000", page_size=1, page_token=token),
        pb.HistoryRequest(pipeline=f"{stored}0", id="000", page_size=1, page_token=token),
        pb.HistoryRequest(pipeline=stored, page_size=1, page_token=token),
        pb.HistoryRequest(pipeline=stored, id="0000", page_size=1, page_token="0" * 16),
        pb.HistoryRequest(pipeline=stored, id="0000", page_size=1, page_token=token.upper() + "\n"),
    ):
        invalid(stub.History, other, "page_token")

"""The same content, deposited and asked for: MongoDB and the service agree on what is equal."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import random
import uuid
from collections.abc import Mapping
from typing import Any

import bson
from bson import Decimal128, Int64
from hypothesis import strategies as st

from tests.support.content import same
from tests.support.wire import Stub, invalid
from tests.support.works import work
from workflow_results import Outcome, Results
from workflow_results.v1 import results_pb2 as pb

names = st.sampled_from(["a", "b", "ab", "", "é", "$ref", "0", "1"])


HARD = [
    *(0.0, -0.0, 1, 1.0, 0.1, 5e-324, 1e22, 1e23, 1e300, math.pi, 1.7976931348623157e308, float(2**53), float(2**63)),
    *(math.nan, math.inf, -math.inf, True, None, "1"),
    *map(Int64, (0, 1, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 10**18)),
    *map(Decimal128, ("0", "-0", "0E+6000", "1.00", "0.1", "1E+18", "1E+22", "1E+23")),
    *map(
        Decimal128, ("9.999999999999999161138816E+22", "9007199254740993", "9223372036854775807", "9223372036854775808")
    ),
    *map(
        Decimal128,
        ("9223372036854775807.5", "-9223372036854775809", "1E-6176", "1E+6144", "NaN", "-NaN", "Infinity", "-Infinity"),
    ),
    # Those of more than 34 digits stand for 0.
    *map(Decimal128.from_bid, (b"\xff" * 14 + b"\x01\x00", bytes(14) + b"\x00\x6c")),
    # The first 34 digits of doubles, which have more.
    *map(Decimal128, ("0.1000000000000000055511151231257827", "4.940656458412465441765687928682214E-324")),
    *map(Decimal128, ("1.000000000000000052504760255204420E+300", "3.141592653589793115997963468544185")),
]


def test_numbers_are_equal_where_mongodb_says_so(database: Any, pipeline: str) -> None:
    collection = database[pipeline]
    collection.insert_many([{"_id": index, "a": number} for index, number in enumerate(HARD)])
    for number in HARD:
        equal = collection.find({"$expr": {"$eq": ["$a", {"$literal": number}]}}, {"_id": 1})
        ours = {index for index, each in enumerate(HARD) if same({"": number}, {"": each})}
        assert {each["_id"] for each in equal} == ours, number
    collection.drop()


WHOLE: dict[str, Any] = {
    "status": "success",
    "results": {
        "snr": 1,
        "dm": 2.5,
        "fit": {"cov": [[1.0, 0.5], [0.5, 1.0]], "names": [{"x": 1, "y": None, "z": "w"}]},
    },
    "event": [1, 2, 3],
    "when": dt.datetime(2026, 1, 2, tzinfo=dt.timezone.utc),
    "uuid": uuid.UUID(int=5),
    "config": {"a": 1, "b": 2, "c": 3, "d": {"e": 4, "f": 5}},
}


def orders(document: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    """Return a document as a language would whose maps have no order."""
    choice = random.Random(1)

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(each) for each in value]
        if not isinstance(value, Mapping):
            return value
        return {name: shuffled(value[name]) for name in choice.sample(list(value), len(value))}

    return [shuffled(document) for _ in range(number)]


def test_a_work_whose_fields_have_no_order_is_deposited_once(results: Results, pipeline: str) -> None:
    works = orders({"id": "a", "pipeline": pipeline, **WHOLE}, 20)
    outcomes = [receipt.outcome for work in works for receipt in results.deposit_receipts([work])]
    assert outcomes == [Outcome.DEPOSITED] + [Outcome.ALREADY_DEPOSITED] * 19
    assert [receipt.outcome for receipt in results.deposit_receipts(works)] == [Outcome.ALREADY_DEPOSITED] * 20
    assert results.get_by_id(pipeline, ["a"]) == [works[0]]
    assert list(results.get_by_id(pipeline, ["a"])[0]) == list(works[0]), "it stays as it was deposited first"
    results.lock(pipeline, ["a"])
    for other in ({"event": [1, 3, 2]}, {"config": {**WHOLE["config"], "a": True}}, {"uuid": None}, {"extra": 1}):
        (receipt,) = results.deposit_receipts([{**works[5], **other}])
        assert receipt.outcome is Outcome.CONFLICT
    assert [receipt.outcome for receipt in results.deposit_receipts(works)] == [Outcome.ALREADY_DEPOSITED] * 20


def test_a_request_in_many_orders_is_one_request(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, id_) for id_ in "ab"])
    fields = {"results": WHOLE["results"], "config": WHOLE["config"], "event": [1, 2]}
    named = {"request_id": f"r-{pipeline}", "reason": "because"}
    sent = [orders({"id": id_, "pipeline": pipeline, **fields}, 20) for id_ in "ab"]
    for pair in zip(*sent, strict=True):
        answer = stub.Update(
            pb.UpdateRequest(works=pb.EncodedDocuments(bson=b"".join(map(bson.encode, pair))), **named)
        )
        assert answer.outcome.applied
        answer = stub.Update(pb.UpdateRequest(works=pb.EncodedDocuments(json=list(map(json.dumps, pair))), **named))
        assert answer.outcome.applied
    one, other = sent[0][0], sent[1][0]
    locks = [
        {**each, "event": [1.0, Int64(2)], "results": {**each["results"], "locked": False}} for each in (one, other)
    ]
    request = pb.UpdateRequest(works=pb.EncodedDocuments(bson=b"".join(map(bson.encode, locks))), **named)
    assert stub.Update(request).outcome.applied
    assert [entry.reason for entry in results.history(pipeline, "a")] == ["because"]
    bare = {name: value for name, value in other.items() if name != "results"}
    for works in (
        [other, one],
        [one],
        [one, {**other, "event": [2, 1]}],
        [one, {**other, "config": None}],
        [one, bare],
    ):
        request = pb.UpdateRequest(works=pb.EncodedDocuments(bson=b"".join(map(bson.encode, works))), **named)
        invalid(stub.Update, request, "request_id", reason="REQUEST_ID_REUSED")
    again = pb.UpdateRequest(works=pb.EncodedDocuments(bson=bson.encode(one) + bson.encode(other)), **named)
    again.reason = "another"
    invalid(stub.Update, again, "request_id", reason="REQUEST_ID_REUSED")
    assert len(results.history(pipeline, "b")) == 1


def test_ids_are_a_set_in_any_order(stub: Stub, results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, id_) for id_ in "abc"])
    named = {"pipeline": pipeline, "request_id": f"i-{pipeline}"}
    for ids in itertools.permutations("abb"):
        assert stub.Lock(pb.LockRequest(ids=ids, **named)).outcome.applied
    assert len(results.history(pipeline, "a")) == 1
    for call, request in (
        (stub.Lock, pb.LockRequest(ids=["a"], **named)),
        (stub.Lock, pb.LockRequest(ids=["a", "b", "c"], **named)),
        (stub.Lock, pb.LockRequest(ids=["a", "b"], reason="x", **named)),
        (stub.Unlock, pb.UnlockRequest(ids=["a", "b"], force=True, **named)),
        (stub.DeleteIds, pb.DeleteIdsRequest(ids=["a", "b"], **named)),
    ):
        invalid(call, request, "request_id", reason="REQUEST_ID_REUSED")

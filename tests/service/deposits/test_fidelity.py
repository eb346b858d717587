"""What is deposited comes back equal, in BSON through the facade and in canonical Extended JSON."""

from __future__ import annotations

import datetime as dt
import math
import re
import uuid
from pathlib import PurePosixPath
from typing import Any

import bson
import numpy as np
import pytest
from bson import json_util
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.works import work
from workflow_results import Results
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc

pytestmark = pytest.mark.both_facades

NOW = dt.datetime(2026, 11, 23, 5, 6, 7, 891_000, tzinfo=dt.timezone.utc)

EVERYTHING: dict[str, Any] = {
    "float": 1.5,
    "negative zero": -0.0,
    "smallest": 5e-324,
    "infinity": math.inf,
    "-infinity": -math.inf,
    "text": "plain, ünïcödé 🔭, NUL \0 inside",
    "empty text": "",
    "int": 7,
    "beyond int32": 2**31,
    "beyond 2^53": 2**53 + 1,
    "largest": 2**63 - 1,
    "least": -(2**63),
    "small int64": bson.Int64(5),
    "true": True,
    "false": False,
    "null": None,
    "document": {"a": {"b": {"c": [1, [2, [3, {}]]]}}},
    "empty document": {},
    "list": [1, "a", None, [], {}],
    "empty list": [],
    "bytes": b"\x00\xff",
    "no bytes": b"",
    "binary": bson.Binary(b"abc", 128),
    "old uuid": bson.Binary(bytes(16), 3),
    "uuid": uuid.UUID("12345678-1234-5678-1234-567812345678"),
    "object id": bson.ObjectId("0123456789abcdef01234567"),
    "datetime": NOW,
    "long ago": dt.datetime(1, 1, 1, tzinfo=dt.timezone.utc),
    "far away": bson.DatetimeMS(2**60),
    "regex": bson.Regex("^a.*b$", "im"),
    "code": bson.Code("f()"),
    "code with scope": bson.Code("f(x)", {"x": 1, "y": {"$ref": "a", "$id": 1}}),
    "timestamp": bson.Timestamp(1, 2),
    "decimal": bson.Decimal128("1.10"),
    "decimal nan": bson.Decimal128("Infinity"),
    "least key": bson.MinKey(),
    "greatest key": bson.MaxKey(),
    "like a dbref": {"$id": 1, "$ref": "other", "more": {"$ref": "x", "$id": "y", "$db": "z"}},
    "odd keys": {"": 1, "a.b": 2, "$c": 3, "été": 4},
}


def deposited(results: Results, pipeline: str, fields: dict[str, Any]) -> dict[str, Any]:
    id_ = str(bson.ObjectId())
    assert results.deposit([work(pipeline, id_, results=fields)]) == {pipeline: True}
    (found,) = results.get_by_id(pipeline, [id_])
    value: dict[str, Any] = found["results"]
    return value


def same(one: Any, other: Any) -> bool:
    """Equal in value, kind and order, NaN to NaN."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    if isinstance(one, float):
        return isinstance(other, float) and one == other and math.copysign(1, one) == math.copysign(1, other)
    if type(one) is int:
        return isinstance(other, int) and not isinstance(other, bool) and one == other
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_type_comes_back_equal(results: Results, name: str) -> None:
    assert same({name: EVERYTHING[name]}, deposited(results, "test-fidelity", {name: EVERYTHING[name]}))


def test_nan_comes_back_as_nan(results: Results) -> None:
    assert math.isnan(deposited(results, "test-fidelity", {"nan": math.nan})["nan"])


def test_all_types_in_canonical_extended_json(
    results: Results, stub: results_pb2_grpc.ResultsServiceStub, pipeline: str
) -> None:
    # Extended JSON announces types by keys that start with '$', and so has no way to write such keys themselves.
    fields = {
        name: value for name, value in EVERYTHING.items() if name not in ("odd keys", "like a dbref", "code with scope")
    }
    results.deposit([work(pipeline, "a", results=fields)])
    request = pb.ViewRequest(pipeline=pipeline, format=pb.DOCUMENT_FORMAT_CANONICAL_JSON)
    (response,) = stub.View(request)
    (text,) = response.part.batch.results.json
    options = json_util.JSONOptions(
        json_mode=json_util.JSONMode.CANONICAL,
        datetime_conversion=bson.codec_options.DatetimeConversion.DATETIME_AUTO,
        tz_aware=True,
    )
    expected = {**fields, "uuid": bson.Binary.from_uuid(EVERYTHING["uuid"])}
    assert same(expected, json_util.loads(text, json_options=options)["results"])
    # What came as canonical JSON goes back as the same content.
    answer = stub.Deposit(pb.DepositRequest(works=pb.EncodedDocuments(json=[text])))
    assert list(answer.outcomes) == [pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED]


def test_what_python_has_more_kinds_of(results: Results) -> None:
    zone = dt.timezone(dt.timedelta(hours=-8))
    given_ = {
        "tuple": (1, (2,)),
        "int keys": {1: "a", -2: "b"},
        "path": PurePosixPath("/data/plot.png"),
        "scalars": [np.float32(0.5), np.int64(2**40), np.bool_(True), np.str_("x"), np.uint8(255)],
        "arrays": {"1d": np.arange(3), "2d": np.array([[0.5, np.inf]]), "0d": np.array(5), "none": np.array([])},
        "elsewhere": dt.datetime(2026, 1, 1, 12, 0, 0, 123_999, tzinfo=zone),
        "pattern": re.compile("a", re.IGNORECASE),
    }
    assert deposited(results, "test-fidelity", given_) == {
        "tuple": [1, [2]],
        "int keys": {"1": "a", "-2": "b"},
        "path": "/data/plot.png",
        "scalars": [0.5, 2**40, True, "x", 255],
        "arrays": {"1d": [0, 1, 2], "2d": [[0.5, math.inf]], "0d": 5, "none": []},
        "elsewhere": dt.datetime(2026, 1, 1, 20, 0, 0, 123_000, tzinfo=dt.timezone.utc),
        "pattern": bson.Regex("a", "i"),
    }


def test_unknown_fields_are_kept_in_their_order(results: Results, pipeline: str) -> None:
    given_ = {
        "zz": 1,
        "status": "success",
        "aa": 2,
        "pipeline": pipeline,
        "id": "x",
        "_id": "x",
        "results": {"b": 1, "a": 2},
    }
    results.deposit([given_])
    (found,) = results.view(pipeline, {})
    del given_["_id"]
    assert list(found.items()) == list(given_.items())
    assert list(found["results"]) == ["b", "a"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(st.lists(values, min_size=20, max_size=20))
@hypothesis_settings(max_examples=25)
def test_whatever_is_deposited_comes_back_equal(results: Results, fields: list[Any]) -> None:
    ids = [str(bson.ObjectId()) for _ in fields]
    results.deposit(
        [work("test-fidelity", id_, results={"value": value}) for id_, value in zip(ids, fields, strict=True)]
    )
    found = results.get_by_id("test-fidelity", ids)
    assert all(same(value, each["results"]["value"]) for value, each in zip(fields, reversed(found), strict=True))

"""Extended JSON: every BSON type there and back, and nothing in it that a terminal would obey."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import bson
import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from hypothesis import given
from hypothesis import strategies as st

from workflow_results._encoding.documents import decode, encode
from workflow_results._encoding.extended_json import CANONICAL, RELAXED, dumps, parse

VALUES: dict[str, Any] = {
    "double": 1.5,
    "minus_zero": -0.0,
    "infinity": float("inf"),
    "string": "é\x1b\u202e\x7f\U0001f600",
    "document": {"a": {"$ref": "x", "$id": 1}},
    "array": [1, [2]],
    "binary": Binary(b"\x00\xff", 5),
    "bytes": b"\x00\xff",
    "uuid": uuid.UUID(int=5),
    "object_id": ObjectId("5f0000000000000000000000"),
    "bool": True,
    "date": dt.datetime(2026, 1, 2, 3, 4, 5, 6000, dt.timezone.utc),
    "early": dt.datetime(1960, 1, 2, tzinfo=dt.timezone.utc),
    "far": DatetimeMS(2**62),
    "null": None,
    "regex": Regex("a", "im"),
    "code": Code("f()"),
    "int": 5,
    "long": Int64(5),
    "large": 2**62,
    "timestamp": Timestamp(1, 2),
    "decimal": Decimal128("1.10"),
    "min": MinKey(),
    "max": MaxKey(),
}


@pytest.mark.parametrize("name", VALUES)
def test_canonical_json_keeps_every_type(name: str) -> None:
    data = encode({name: VALUES[name]}, "work")
    (document,) = decode(data)
    assert encode(parse(dumps(document, CANONICAL)), "work") == data


@pytest.mark.parametrize("name", [name for name in VALUES if name != "long"])
def test_relaxed_json_keeps_the_values(name: str) -> None:
    (document,) = decode(encode({name: VALUES[name]}, "work"))
    assert encode(parse(dumps(document, RELAXED)), "work") == encode(document, "work")


@given(st.dictionaries(st.text(), st.text() | st.floats() | st.integers(-(2**63), 2**63 - 1)))
def test_json_is_one_visible_line(values: dict[str, Any]) -> None:
    try:
        data = bson.encode({"v": [{"k": name, "v": value} for name, value in values.items()]})
    except (UnicodeEncodeError, bson.errors.BSONError):
        return
    (document,) = decode(data)
    text = dumps(document)
    assert text.isprintable()
    assert bson.encode(parse(text)) == data or any(value != value for value in values.values())

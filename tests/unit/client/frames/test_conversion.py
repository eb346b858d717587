"""Results as BSON become Arrow with the values that they have, or an error names the one that does not fit."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from typing import Any

import bson
import pyarrow as pa
import pytest
from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId, Regex
from hypothesis import given
from hypothesis import strategies as st

from workflow_results._encoding.documents import encode
from workflow_results.errors import InvalidRequestError, ResultsError
from workflow_results.frames import filling
from workflow_results.frames.sinks import TableSink

UTC = dt.timezone.utc
NOON = dt.datetime(2025, 6, 1, 12, 0, 0, 1000, tzinfo=UTC)


def batch(*values: Any, start: int = 0) -> bytes:
    """Results that each have a value in the field `x`, or none for `...`."""
    documents = [
        {"_id": f"r{number}", "id": f"r{number}"} | ({} if value is ... else {"x": value})
        for number, value in enumerate(values, start)
    ]
    return b"".join(encode(document, "") for document in documents)


def table(*batches: bytes, schema: Any = None, flatten: bool = False) -> Any:
    with filling.Frame(TableSink("arrow"), schema, {}, flatten=flatten, progress=False) as frame:
        for each in batches:
            frame.add(each)
        return frame.finish()


def column(*values: Any, schema: Any = None) -> Any:
    """The column of the field `x`: type and values."""
    found = table(batch(*values), schema=schema).column("x")
    return found.type, found.to_pylist()


@pytest.mark.parametrize(
    ("values", "type_", "expected"),
    [
        ([1, Int64(2**62)], pa.int64(), [1, 2**62]),
        ([1, 2.5, Int64(3)], pa.float64(), [1.0, 2.5, 3.0]),
        ([True, None, ...], pa.bool_(), [True, None, None]),
        (["a\0b", "ü"], pa.string(), ["a\0b", "ü"]),
        ([NOON, None], pa.timestamp("ms", "UTC"), [NOON, None]),
        ([b"x", None], pa.binary(), [b"x", None]),
        ([None, ...], pa.null(), [None, None]),
        ([[], [1]], pa.list_(pa.int64()), [[], [1]]),
        ([[1, None], [2.5], None], pa.list_(pa.float64()), [[1.0, None], [2.5], None]),
        ([[[1]], [[], None]], pa.list_(pa.list_(pa.int64())), [[[1]], [[], None]]),
        ([[]], pa.list_(pa.null()), [[]]),
        ([{}, None], pa.struct([]), [{}, None]),
        (
            [{"a": 1}, {"b.c": {"$d": "e"}}, None],
            pa.struct([("a", pa.int64()), ("b.c", pa.struct([("$d", pa.string())]))]),
            [{"a": 1, "b.c": None}, {"a": None, "b.c": {"$d": "e"}}, None],
        ),
        (
            [[{"a": 1}, None, {"b": 2.5}]],
            pa.list_(pa.struct([("a", pa.int64()), ("b", pa.float64())])),
            [[{"a": 1, "b": None}, None, {"a": None, "b": 2.5}]],
        ),
        ([ObjectId("0" * 24)], pa.string(), ["0" * 24]),
        ([Decimal128("1.50")], pa.string(), ["1.50"]),
        ([[uuid.UUID(int=7)]], pa.list_(pa.string()), [[str(uuid.UUID(int=7))]]),
        ([Binary(b"x", 5)], pa.binary(), [b"x"]),
    ],
)
def test_types_are_inferred_from_all_values(values: list[Any], type_: Any, expected: list[Any]) -> None:
    assert column(*values) == (type_, expected)
    # In batches of their own, the last ones first.
    parts = [batch(value, start=number) for number, value in enumerate(values)]
    found = table(*parts[::-1]).column("x")
    if not pa.types.is_struct(type_):  # whose fields come in the order in which they are met
        assert (found.type, found.to_pylist()) == (type_, expected[::-1])


def test_nan_is_not_null() -> None:
    type_, (nan, null, one) = column(math.nan, None, 1)
    assert (type_, null, one) == (pa.float64(), None, 1.0)
    assert math.isnan(nan)


def test_times_far_from_today_are_kept() -> None:
    found = table(batch(DatetimeMS(10**15), DatetimeMS(-(10**15)))).column("x")
    assert found.cast(pa.int64()).to_pylist() == [10**15, -(10**15)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1, "n/a"], "x is a string in result 'r1' and an integer in result 'r0'|x is an integer in result 'r0' and a"),
        ([{"a": True}, {"a": 1.5}], r"x\.a is a bool in result 'r0' and a float in result 'r1'"),
        ([[1, "a"]], r"x\[\] is a string in result 'r0' and an integer in result 'r0'|x\[\] is a"),
        ([[], [{"a": [1]}, {"a": 2}]], r"x\[\]\.a is a list in result 'r1' and an integer in result 'r1'|x\[\]\.a is"),
        ([1, Regex("a")], "Regex in result 'r1'"),
        ([None, Regex("a")], "x is a Regex in result 'r1', which no type of column holds"),
        ([Binary(b"", 5), Binary(b"", 6)], "subtype 5 in result 'r0' and bytes of subtype 6 in result 'r1'"),
        ([0.5, Int64(2**53 + 1)], r"x is 9007199254740993 in result 'r1', which does not fit"),
        ([{"a": [0.5, Int64(2**53 + 1)]}], r"x\.a\[\] is 9007199254740993 in result 'r0'"),
    ],
)
def test_what_no_column_holds_is_named(values: list[Any], said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        column(*values)


@pytest.mark.parametrize(
    ("type_", "value", "arrow", "expected"),
    [
        (int, 3.0, pa.int64(), 3),
        (int, Int64(2**62), pa.int64(), 2**62),
        (float, 3, pa.float64(), 3.0),
        (str, ObjectId("0" * 24), pa.string(), "0" * 24),
        (dt.datetime, NOON, pa.timestamp("ms", "UTC"), NOON),
        ([float], [1, 2.5], pa.list_(pa.float64()), [1.0, 2.5]),
        ({"a": int}, {"a": 1, "b": "x"}, pa.struct([("a", pa.int64())]), {"a": 1}),
        (pa.int8(), 100, pa.int8(), 100),
        (pa.float32(), 1, pa.float32(), 1.0),
        (pa.date32(), NOON, pa.date32(), NOON.date()),
        (pa.large_string(), "x", pa.large_string(), "x"),
        (pa.list_(pa.int16()), [1], pa.list_(pa.int16()), [1]),
        (None, None, pa.null(), None),
    ],
)
def test_types_of_a_schema(type_: Any, value: Any, arrow: Any, expected: Any) -> None:
    assert column(value, ..., schema={"x": type_}) == (arrow, [expected, None])


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [
        (int, 1.5, "x of result 'r1' does not fit the column's type int64"),
        (int, math.nan, "x of result 'r1'"),
        (int, True, "x is a bool in result 'r1', which does not fit the column's type int64"),
        (int, "1", "x is a string in result 'r1'"),
        (int, uuid.UUID(int=1), "x is a UUID"),
        (float, True, "x is a bool"),
        (float, Int64(2**53 + 1), "x is 9007199254740993 in result 'r1'"),
        (str, b"x", "x is bytes"),
        (bytes, "x", "x is a string"),
        (dt.datetime, 1, "x is an integer"),
        ([int], b"x", "x is bytes"),
        ([int], ["1"], r"x\[\] is a string in result 'r1'"),
        ({"a": int}, [], "x is a list in result 'r1'"),
        ({"a": {"b": int}}, {"a": {"b": "c"}}, r"x\.a\.b is a string in result 'r1'"),
        (None, 1, "x is an integer"),
        (pa.int8(), 1000, "x of result 'r1' does not fit the column's type int8"),
    ],
)
def test_what_does_not_fit_a_schema_is_named(type_: Any, value: Any, said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        column(None, value, schema={"x": type_})


def test_integers_and_floats_fit_a_column_of_integers_in_any_order() -> None:
    large = Int64(2**62 + 1)
    assert table(batch(large), batch(2.0), schema={"x": int}).column("x").to_pylist() == [large, 2]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({}, "at least one column"),
        ([("x", int)], "schema must be a mapping"),
        ({"x": object}, r"schema\['x'\] must be a type"),
        ({"x": [int, str]}, r"schema\['x'\] must be a type"),
        ({"x": {"y": {"z": 1}}}, r"schema\['x'\]\['y'\]\['z'\] must be a type"),
        ({1: int}, "strings as keys"),
        ({"x": int, "x.y": int}, "names 'x' and 'x.y'"),
        ({"x": pa.duration("s")}, r"schema\['x'\]: no column can be of type"),
    ],
)
def test_schemas_that_are_none(schema: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        table(schema=schema)


def test_a_schema_may_be_of_arrow_or_have_paths() -> None:
    data = batch({"a": {"b": 1, "c": [2]}}, None)
    paths = {"id": str, "x.a.c": [int], "x.a.b": float}
    for schema in (paths, pa.schema([("id", pa.string()), ("x.a.c", pa.list_(pa.int64())), ("x.a.b", pa.float64())])):
        found = table(data, schema=schema)
        assert found.to_pydict() == {"id": ["r0", "r1"], "x.a.c": [[2], None], "x.a.b": [1.0, None]}


def test_flatten() -> None:
    data = batch({"a": {"b": 1}, "c": [{"d": 2}], "e": {}}, None, {"a": None})
    assert table(data, flatten=True).to_pydict() == {
        "id": ["r0", "r1", "r2"],
        "x.a.b": [1, None, None],
        "x.c": [[{"d": 2}], None, None],
    }
    assert table(data, schema={"x": {"a": {"b": float}}}, flatten=True).to_pydict() == {"x.a.b": [1.0, None, None]}
    with pytest.raises(ResultsError, match=r"two columns would be called 'x\.a\.b'"):
        table(batch({"a": {"b": 1}, "a.b": 2}), flatten=True)


def test_too_many_fields_are_refused() -> None:
    parts = [batch({f"key {part} {number}": 1 for number in range(1_000)}, start=part) for part in range(6)]
    with pytest.raises(ResultsError, match=r"more than 5,000 different fields, .*leave 'x' out"):
        table(*parts)
    assert table(*parts, schema={"x.key 3 7": int}).column(0).to_pylist() == [None, None, None, 1, None, None]


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=5)
    | st.binary(max_size=5)
    | st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(UTC)).map(
        lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
    ),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "a.b", "", "$c"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(found: Any, stored: Any) -> bool:
    """Whether a value of a table is that of a result, with fields that are missing as null."""
    if isinstance(found, dict) and isinstance(stored, dict):
        return stored.keys() <= found.keys() and all(same(found[name], stored.get(name)) for name in found)
    if isinstance(found, list) and isinstance(stored, list):
        return len(found) == len(stored) and all(map(same, found, stored))
    if isinstance(found, float) and isinstance(stored, float) and math.isnan(stored):
        return math.isnan(found)
    numbers = isinstance(found, (int, float)) and isinstance(stored, int) and not isinstance(stored, bool)
    return (numbers or type(found) is type(stored)) and bool(found == stored)


@given(st.lists(VALUES, max_size=6))
def test_values_come_back_or_are_refused(values: list[Any]) -> None:
    try:
        found = table(*(batch(value, start=number) for number, value in enumerate(values)))
    except ResultsError as error:
        assert "in result 'r" in str(error)
        return
    stored: list[Any] = [
        bson.decode(bson.encode({"x": value}), bson.CodecOptions(tz_aware=True))["x"] for value in values
    ]
    assert not values or all(map(same, found.column("x").to_pylist(), stored))
    assert found.num_rows == len(values)

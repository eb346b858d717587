"""Which types values get, which values fit a type, and how the record batches are cut."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any

import pyarrow as pa
import pytest
from bson import Binary, DatetimeMS, Decimal128, Int64, ObjectId, Timestamp

from workflow_results import ResultsError
from workflow_results.common import bson_codec
from workflow_results.frames import schema
from workflow_results.frames.conversion import Converter
from workflow_results.frames.filling import Frame
from workflow_results.frames.sinks import TableSink


def documents(*values: Any) -> bytes:
    named = ({"_id": str(number), "id": str(number), "x": value} for number, value in enumerate(values))
    return b"".join(map(bson_codec.encode, named))


def converted(given: Any, *values: Any) -> Any:
    converter = Converter(schema.given(given), None, None)
    return pa.Table.from_batches(list(converter.convert(documents(*values))), converter.schema)


def test_record_batches_are_small_and_have_all_results() -> None:
    batches = list(
        Converter(schema.given({"id": str, "x": bytes}), None, None).convert(documents(*[bytes(1_000)] * 1_000))
    )
    assert sum(batch.num_rows for batch in batches) == 1_000
    assert 5 <= len(batches) <= 10
    assert pa.Table.from_batches(batches)["id"].to_pylist() == [*map(str, range(1_000))]


def test_types_may_change_within_a_batch() -> None:
    values = [1] * 5_000 + [0.5] + [2] * 5_000
    assert converted({"x": float}, *values)["x"].to_pylist() == values
    with pytest.raises(ResultsError, match=r"x of result '5000' does not fit the column's type int64"):
        converted({"x": int}, *values)


AT = dt.datetime(2025, 6, 1, 12, 0, 0, 123_000, tzinfo=dt.timezone.utc)
DATE = pa.timestamp("ms", "UTC")
UUID = uuid.UUID(int=1)
ID = ObjectId("1" * 24)


def inferred(*values: Any, has_empty_documents: bool = True) -> Any:
    """Return the column that values become without a schema, with its field."""
    sink = TableSink("arrow")
    sink.has_empty_documents = has_empty_documents
    frame = Frame(sink, None, {}, flatten=False, progress=False)
    with frame:
        frame.add(documents(*values))
        return frame.finish()


@pytest.mark.parametrize(
    ("values", "type_", "read"),
    [
        ([1, None, Int64(2**62)], pa.int64(), [1, None, 2**62]),
        ([0.5], pa.float64(), [0.5]),
        ([AT, DatetimeMS(0)], DATE, [AT, dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)]),
        ([[AT], []], pa.list_(DATE), [[AT], []]),
        ([[[1], []], None, [None, [0.5]]], pa.list_(pa.list_(pa.float64())), [[[1.0], []], None, [None, [0.5]]]),
        ([{"a": 1}, {"b": "x"}], pa.struct([("a", pa.int64()), ("b", pa.string())]), None),
        ([{"a": [{"b": 1}, {"c": 0.5}]}], None, [{"a": [{"b": 1, "c": None}, {"b": None, "c": 0.5}]}]),
        ([{"a": [UUID]}, {"a": None}], pa.struct([("a", pa.list_(pa.string()))]), [{"a": [str(UUID)]}, {"a": None}]),
        ([[{"a": ID}, {}]], None, [[{"a": str(ID)}, {"a": None}]]),
        ([[], None], pa.list_(pa.null()), [[], None]),
        ([[{}]], pa.list_(pa.struct([])), [[{}]]),
    ],
)
def test_types_are_inferred(values: list[Any], type_: Any, read: list[Any] | None) -> None:
    column = inferred(*values)["x"]
    assert column.type == (type_ or column.type)
    assert read is None or column.to_pylist() == read


@pytest.mark.parametrize("value", [{}, [{}], [[{}]], {"a": {}}])
def test_documents_that_are_always_empty_are_left_out_where_there_is_no_type(value: Any) -> None:
    assert inferred(value, value, has_empty_documents=False).column_names == ["id"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (ID, b"objectId"),
        (UUID, b"uuid"),
        (Decimal128("1"), b"decimal"),
        (Binary(b"x", 5), b"binary 5"),
        (b"x", None),
    ],
)
def test_fields_say_what_their_values_were(value: Any, said: bytes | None) -> None:
    assert (inferred(value).field("x").metadata or {}).get(b"bson") == said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([True, 1], r"x is a bool in result '0' and an integer in result '1'"),
        ([1, AT], r"x is a datetime in result '1' and an integer in result '0'"),
        ([b"", Binary(b"x", 5)], r"x is bytes in result '0' and bytes of subtype 5 in result '1'"),
        (
            [Binary(b"x", 5), Binary(b"x", 6)],
            r"x is bytes of subtype 5 in result '0' and bytes of subtype 6 in result '1'",
        ),
        ([[1], ["a"]], r"x\[\] is a string in result '1' and an integer"),
        ([1, [[]], {"a": 1}], r"x is a document in result '2' and a list in result '1'"),
        ([None, {"a": [0, {}]}], r"x\.a\[\] is a document in result '1' and an integer in result '1'"),
        (["a", {"a": 1}, {"a": "b"}], "x is a document in result '1' and a string in result '0'"),
        ([{"a": [None]}, {"a": [Timestamp(1, 1)]}], r"x\.a\[\] is a Timestamp in result '1', which no type"),
        ([{"a": {f"{number}": 1 for number in range(5_001)}}], r"more than 5,000 different fields.* leave 'x\.a' out"),
    ],
)
def test_what_has_no_type_is_an_error(values: list[Any], said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        inferred(*values)


def test_documents_among_other_results_are_named_rightly() -> None:
    with pytest.raises(ResultsError, match=r"x\.a is a string in result '5' and an integer in result '3'"):
        inferred(None, None, None, {"a": 1}, None, {"a": "b"})


@pytest.mark.parametrize(
    ("type_", "values", "read"),
    [
        (float, [1, 0.5, None], [1.0, 0.5, None]),
        (int, [1, 2.0, None], [1, 2, None]),
        (pa.int8(), [1], [1]),
        (pa.float32(), [0.5, 1], [0.5, 1.0]),
        (str, ["a", ID, UUID, Decimal128("1.0")], ["a", str(ID), str(UUID), "1.0"]),
        (pa.dictionary(pa.int32(), pa.string()), ["a", "b", "a", None], ["a", "b", "a", None]),
        (pa.decimal128(10, 2), [Decimal128("1.50")], [decimal.Decimal("1.50")]),
        (dt.datetime, [AT], [AT]),
        (pa.timestamp("us", "UTC"), [AT], [AT]),
        (pa.date64(), [AT.replace(hour=0, microsecond=0)], [AT.date()]),
        (bytes, [b"a", Binary(b"b", 5)], [b"a", b"b"]),
        (pa.large_binary(), [b"a"], [b"a"]),
        (pa.large_list(pa.int64()), [[1]], [[1]]),
        (pa.list_(pa.int64(), 2), [[1, 2]], [[1, 2]]),
        (pa.list_(pa.float32()), [[0.5], [1]], [[0.5], [1.0]]),
        (pa.list_(pa.field("each", pa.float32(), nullable=False)), [[0.5, 1]], [[0.5, 1.0]]),
        ([{"a": [float]}], [[{"a": [1, 0.5], "b": "other"}]], [[{"a": [1.0, 0.5]}]]),
        ({"a": {"b": int}}, [{"a": {"b": 1, "c": "x"}}, {"a": None}, {}], [{"a": {"b": 1}}, {"a": None}, {"a": None}]),
    ],
)
def test_a_schema_takes_what_fits(type_: Any, values: list[Any], read: list[Any]) -> None:
    column = converted({"x": type_}, *values)["x"]
    assert column.to_pylist() == read
    assert column.type == schema.given({"x": type_})[0].field.type


@pytest.mark.parametrize(
    ("type_", "values", "said"),
    [
        (int, [1, 2**63 - 1, True], r"x is a bool in result '2', which does not fit the column's type int64"),
        (int, [1.0, 0.5], r"x of result '1' does not fit the column's type int64"),
        (int, [1.0, 2**53 + 1], r"x is 9007199254740993 in result '1', which does not fit its column"),
        (pa.int8(), [1, 128], r"x of result '1' does not fit the column's type int8"),
        (pa.uint8(), [1, -1], r"x of result '1' does not fit the column's type uint8"),
        (float, [2**53 + 1], r"x is 9007199254740993 in result '0', which does not fit its column"),
        (float, [0.5, True], r"x is a bool in result '1'"),
        (bool, [True, 1], r"x is an integer in result '1'"),
        (str, ["a", 1], r"x is an integer in result '1'"),
        (dt.datetime, [AT, 1], r"x is an integer in result '1'"),
        (pa.timestamp("s", "UTC"), [AT.replace(microsecond=0), AT], r"x of result '1' does not fit the column's type"),
        (pa.decimal128(3, 1), [Decimal128("1.5"), Decimal128("1.55")], r"x of result '1' does not fit"),
        ([float], [[0.5], [0.5, 2**53 + 1]], r"x\[\] is 9007199254740993 in result '1'"),
        ({"a": [{"b": float}]}, [{"a": [{"b": 1}, {"b": 2**60 + 1}]}], r"x\.a\[\]\.b is 1152921504606846977 in"),
        (pa.list_(pa.int64(), 2), [[1, 2], [1]], r"x of result '1' does not fit"),
        ([{"a": int}], [[{"a": 1}], [{"a": 2}, {"a": 0.5}]], r"x of result '1' does not fit"),
        ([{"a": int}], [[{"a": 1}], [{"a": True}]], r"x\[\]\.a is a bool in result '1'"),
        ({"a": int}, [[1]], r"x is a list in result '0'"),
        ([int], [{"a": 1}], r"x is a document in result '0'"),
    ],
)
def test_a_schema_takes_nothing_else(type_: Any, values: list[Any], said: str) -> None:
    with pytest.raises(ResultsError, match=said):
        converted({"x": type_}, *values)


def test_a_schema_may_be_what_becomes_one_of_arrow() -> None:
    class Schema:
        def to_arrow(self) -> Any:
            return pa.schema([("x", pa.int64())])

    assert converted(Schema(), 1, 2)["x"].to_pylist() == [1, 2]


def test_long_projections_name_the_top_level_fields() -> None:
    few, many = ({"id": str} | {f"x.{number}": int for number in range(count)} for count in (100, 300))
    assert len(schema.projection(schema.given(few))) == 101
    assert schema.projection(schema.given(many)) == {"id": True, "x": True}


def test_projections_name_what_they_can() -> None:
    given = {
        "z": int,
        "a.b": int,
        "a.c": {"d": int, "e": {"f": int}},
        "g": {"h": int, "i": {"j.k": int}},
        "l": {"$m": int},
    }
    names = ["z", "a.b", "a.c.d", "a.c.e.f", "g.h", "g.i", "l"]
    assert schema.projection(schema.given(given)) == dict.fromkeys(names, True)
    assert schema.projection(schema.given({"a": {"": int, "b": int}, "c": {}})) == {"a": True, "c": True}


def test_bytes_of_another_subtype_are_noticed_later_too() -> None:
    with Frame(TableSink("arrow"), None, {}, flatten=False, progress=False) as frame:
        frame.add(documents(Binary(b"x", 5)))
        frame.add(documents(Binary(b"x", 6)))
        with pytest.raises(ResultsError, match="bytes of subtype 5 in result '0' and bytes of subtype 6 in result '0'"):
            frame.finish()

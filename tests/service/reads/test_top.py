"""The highest and lowest by a field, and counts by the values of one."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timezone
from typing import Any

import bson
import grpc
import pytest
from bson import Decimal128, Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.wire import Stub
from tests.support.works import work
from workflow_results import InvalidRequestError, Results, ValueCount
from workflow_results.v1 import results_pb2 as pb

pytestmark = pytest.mark.both_facades


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [result["id"] for result in found]


@pytest.fixture
def stored(results: Results, pipeline: str) -> str:
    """Results with all kinds of values."""
    values: dict[str, Any] = {
        "a": 5,
        "b": 7.5,
        "c": Int64(7),
        "d": Decimal128("1E+20"),
        "e": 5.0,
        "f": -math.inf,
        "g": math.inf,
        "h": math.nan,
        "i": "9",
        "j": None,
        "k": [10, 20],
        "l": {"m": 3},
        "n": True,
        "o": datetime(2026, 1, 1, tzinfo=timezone.utc),
    }
    works = [work(pipeline, id_, results={"snr": value}) for id_, value in values.items()]
    results.deposit([*works, work(pipeline, "y", results={}), work(pipeline, "z", results=None)])
    return pipeline


def test_numbers_are_ranked_and_nothing_else(results: Results, stored: str) -> None:
    order = ["g", "d", "b", "c", "e", "a", "f"]
    assert ids(results.top(stored)) == order
    assert ids(results.top(stored, descending=False)) == order[::-1]
    assert ids(results.top(stored, limit=3)) == order[:3]
    assert ids(results.top(stored, {"id": {"$in": ["a", "b", "h"]}})) == ["b", "a"]
    assert results.top(stored, limit=1, projection={"results.snr": True}) == [{"results": {"snr": math.inf}}]
    assert results.top(stored, limit=2, projection={"id": True}) == [{"id": "g"}, {"id": "d"}]
    assert results.top(stored, by="results.l.m") == results.top(stored, by="no.such") == []
    assert results.top(f"{stored}-none") == []


def test_whole_results_of_all_sizes_come_in_their_order(results: Results, pipeline: str) -> None:
    sizes = [10, 3_000_000, 500, 900_000, 300_000, 20, 2_000_000, 700_000, 1_000, 5]
    works = [work(pipeline, f"{n:02}", snr=n % 4, pad=bytes(size)) for n, size in enumerate(sizes)]
    results.deposit(works)
    expected = sorted(works, key=lambda each: (each["snr"], each["id"]), reverse=True)
    assert results.top(pipeline, by="snr") == expected
    assert results.top(pipeline, by="snr", limit=5, descending=False) == expected[:-6:-1]


def test_ten_thousand_and_no_more(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{number:05}", snr=number % 97) for number in range(10_050)])
    found = results.top(pipeline, by="snr", limit=10_000, projection={"id": True, "snr": True})
    expected = sorted(((number % 97, f"{number:05}") for number in range(10_050)), reverse=True)[:10_000]
    assert [(each["snr"], each["id"]) for each in found] == expected
    for limit in (0, -1, 10_001):
        with pytest.raises(InvalidRequestError, match="limit must be from 1 to 10000"):
            results.top(pipeline, limit=limit)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("", "no component is empty"),
        ("a..b", "no component is empty"),
        ("$where", "starts with"),
        ("a.$b", "starts with"),
        (".".join("a" * 101), "at most 100 components"),
        ("a\0b", "must not contain the character NUL"),
        (None, "must be the path of a field"),
        (b"a", "must be the path of a field"),
    ],
)
def test_a_bad_field_is_named(results: Results, stub: Stub, pipeline: str, path: Any, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"^by .*{problem}"):
        results.top(pipeline, by=path)
    with pytest.raises(InvalidRequestError, match=f"^field .*{problem}"):
        results.count_by(pipeline, path)
    if isinstance(path, str):
        for call in (
            lambda: list(stub.Top(pb.TopRequest(pipeline=pipeline, field=path, limit=1))),
            lambda: stub.CountBy(pb.CountByRequest(pipeline=pipeline, field=path)),
        ):
            with pytest.raises(grpc.RpcError, match=f"field .*{problem}") as raised:
                call()
            assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_arguments_of_other_types_are_refused(results: Results, pipeline: str) -> None:
    for arguments, problem in (
        ({"limit": "5"}, "limit must be an int"),
        ({"descending": "no"}, "descending must be True or False"),
        ({"query": []}, "query must be a dict"),
        ({"projection": {"a": "$b"}}, "projection.a"),
        ({"query": {"$where": "1"}}, "query"),
    ):
        with pytest.raises(InvalidRequestError, match=problem):
            results.top(pipeline, **arguments)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_limits_on_the_wire(stub: Stub, pipeline: str, limit: int) -> None:
    with pytest.raises(grpc.RpcError, match="limit must be from 1 to 10,000") as raised:
        list(stub.Top(pb.TopRequest(pipeline=pipeline, field="a", limit=limit)))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_json_has_no_tokens_and_a_summary(stub: Stub, stored: str) -> None:
    request = pb.TopRequest(pipeline=stored, field="results.snr", limit=2, format=pb.DOCUMENT_FORMAT_RELAXED_JSON)
    (response,) = stub.Top(request)
    assert response.part.batch.resume_token == b""
    assert [bson.json_util.loads(text)["id"] for text in response.part.batch.results.json] == ["g", "d"]
    assert response.part.summary.count == 2


def test_counts_by_value(results: Results, pipeline: str) -> None:
    values = ["x"] * 5 + ["y"] * 3 + [1, 1.0, Int64(1), Decimal128("1")] + [True, None, None, b"b"]
    works = [work(pipeline, f"{n:02}", kind=value) for n, value in enumerate(values)]
    results.deposit([*works, work(pipeline, "none")])
    found = results.count_by(pipeline, "kind")
    assert [(count.value, count.number) for count in found.counts[:4]] == [("x", 5), (1, 4), ("y", 3), (None, 2)]
    assert sorted(map(repr, found.counts[4:])) == [
        "ValueCount(value=True, number=1)",
        "ValueCount(value=b'b', number=1)",
    ]
    assert (found.has_more, found.other_count) == (False, 0)
    assert results.count_by(pipeline, "kind", {"kind": "y"}).counts == [ValueCount("y", 3)]
    assert results.count_by(pipeline, "status").counts == [ValueCount("success", len(values) + 1)]
    assert results.count_by(pipeline, "id").counts[:1] == [ValueCount("00", 1)]
    assert results.count_by(f"{pipeline}-none", "id") == ([], False, 0)


def test_the_elements_of_lists_count_once_a_result(results: Results, pipeline: str) -> None:
    tags = [["a", "b", "a"], ["a"], [], "a", [["b"]], ["c", {"d": 1}], [None]]
    results.deposit([work(pipeline, str(n), tags=value) for n, value in enumerate(tags)])
    found = results.count_by(pipeline, "tags")
    assert found.counts == [("a", 3), (None, 1), ("b", 1), ("c", 1)]
    assert found.other_count == 2


def test_no_more_than_a_thousand_values_and_none_that_is_long(results: Results, pipeline: str) -> None:
    works = [work(pipeline, f"{n:04}", n=n % 1_001) for n in range(1_500)]
    long = [work(pipeline, f"long-{n}", n=value) for n, value in enumerate(["x" * 1_025, bytes(2_000_000), {"a": 1}])]
    short = [work(pipeline, f"short-{n}", n="é" * 512) for n in range(3)]
    results.deposit([*works, *long, *short])
    found = results.count_by(pipeline, "n")
    assert len(found.counts) == 1_000
    assert found.counts[0] == ValueCount("é" * 512, 3)
    assert [each.number for each in found.counts[1:500]] == [2] * 499
    assert found.has_more
    assert found.other_count == 3
    assert not results.count_by(pipeline, "n", {"n": {"$lt": 1_000}}).has_more


numbers = st.integers(-3, 3) | st.floats(-3, 3) | st.just(math.nan) | st.sampled_from([math.inf, -math.inf])


@settings(max_examples=15)
@given(st.lists(st.tuples(numbers | st.none() | st.text("ab", max_size=1), st.booleans()), max_size=30))
def test_what_a_simple_model_says(results: Results, database: Any, values: list[tuple[Any, bool]]) -> None:
    pipeline = "test-top-model"
    works = [work(pipeline, f"{n:02}", x=value, even=flag) for n, (value, flag) in enumerate(values)]
    results.deposit(works)
    try:
        ranked = [each for each in works if isinstance(each["x"], (int, float)) and not math.isnan(each["x"])]
        for descending in (True, False):
            expected = sorted(ranked, key=lambda each: (each["x"], each["id"]), reverse=descending)
            assert ids(results.top(pipeline, by="x", descending=descending)) == ids(expected)
            some = [each for each in expected if each["even"]]
            assert ids(results.top(pipeline, {"even": True}, "x", descending=descending)) == ids(some)
        counts = Counter("NaN" if value != value else value for value, _ in values)
        found = {
            ("NaN" if each.value != each.value else each.value): each.number
            for each in results.count_by(pipeline, "x").counts
        }
        assert found == counts
    finally:
        database.drop_collection(pipeline)


def test_what_stands_in_lists_has_no_rank(results: Results, pipeline: str) -> None:
    values = [[{"b": 1}, {"b": 9}], {"b": 5}, [], {"b": [7]}, [{"b": "x"}, {"b": 4}], {"b": 6.5}, [[{"b": 8}]]]
    results.deposit([work(pipeline, str(n), a=value) for n, value in enumerate(values)])
    assert ids(results.top(pipeline, by="a.b")) == ["5", "1"]
    assert ids(results.top(pipeline, {"status": "success"}, "a.b", descending=False)) == ["1", "5"]


def test_a_number_in_a_path_names_a_field(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, "list", a=[5, 6]), work(pipeline, "dict", a={"0": 7})])
    assert ids(results.top(pipeline, by="a.0")) == ["dict"]
    assert results.count_by(pipeline, "a.0").counts == [(7, 1)]

"""Generated filters: only what is on the lists gets through, MongoDB takes it, and its meaning stays."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import mongomock
import pytest
from bson import Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import event, given, settings
from hypothesis import strategies as st
from pymongo.errors import OperationFailure

from workflow_results_server.query.filters import QueryError, checked_filter

if TYPE_CHECKING:
    from collections.abc import Collection

    from pymongo import MongoClient

# What the contract allows, spelled out once more: these tests must not learn it from what they test.
LOGICAL = {"$and", "$or", "$nor"}
OF_FIELDS = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$not", "$exists", "$type", "$all"}
OF_FIELDS |= {"$elemMatch", "$size", "$mod", "$regex", "$options"}
OF_FIELDS |= {"$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"}
COMPUTING = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp", "$and", "$or", "$not", "$add", "$subtract"}
COMPUTING |= {"$multiply", "$divide", "$mod", "$abs", "$ceil", "$floor", "$round", "$trunc", "$pow", "$sqrt"}
COMPUTING |= {"$exp", "$ln", "$log", "$log10", "$literal"}
FORBIDDEN = {"$where", "$function", "$accumulator", "$jsonSchema", "$text", "$search", "$near", "$nearSphere"}
FORBIDDEN |= {"$geoWithin", "$geoIntersects", "$comment", "$rand", "$sampleRate", "$slice", "$meta", "$ref"}
FORBIDDEN |= {
    "$id",
    "$let",
    "$map",
    "$reduce",
    "$getField",
    "$bitsNoneSet",
    "$natural",
    "$lookup",
    "$",
    "$$ROOT",
}

Strategy = st.SearchStrategy[Any]

any_text = st.text(st.characters(exclude_categories=()), max_size=4)
forbidden: Strategy = st.one_of(
    st.sampled_from((Code("1"), Code("$a", {}), DBRef("a", 1), object(), 2**70, re.compile(b"x"), "$$ROOT")),
    st.builds(Regex, st.sampled_from(("x", "(", "\0", "x" * 2000, Code("x"))), st.integers(0, 512)),
    st.sampled_from(sorted(FORBIDDEN)).map(lambda operator: {operator: "1"}),
)
numbers: Strategy = st.integers(-2, 4) | st.sampled_from((1.0, 0.5, 2**62, float("nan"), Decimal128("2")))
numbers |= st.sampled_from(
    [2.0**63, *map(Decimal128, ("0.99999999999999999999", "2.00000000000000000001", "9223372036854775807", "1E+6144"))]
)
masks: Strategy = st.integers(0, 2**63 - 1) | st.binary(max_size=9) | st.lists(st.integers(0, 70), max_size=3) | numbers
simple: Strategy = st.sampled_from((None, True, 0, 1, 2, 3.0, "a", "b"))
values: Strategy = st.one_of(
    simple,
    numbers,
    st.sampled_from((float("inf"), Decimal128("sNaN"), Int64(2), "", "$a", b"x", datetime(2026, 1, 2))),
    st.sampled_from((ObjectId(b"twelve bytes"), Timestamp(1, 2), MinKey(), MaxKey())),
)
names = st.sampled_from(("id", "_id", "a", "b", "a.b", "a.0", "b.id"))
every_operator = st.sampled_from(sorted({"$expr"} | LOGICAL | OF_FIELDS | COMPUTING | FORBIDDEN))


def mappings(keys: Strategy, inner: Strategy, most: int = 3) -> Strategy:
    return st.dictionaries(keys, inner, max_size=most)


def lists(inner: Strategy, least: int = 0, most: int = 3) -> Strategy:
    return st.lists(inner, min_size=least, max_size=most)


def arbitrary() -> Strategy:
    """Documents with any keys anywhere."""
    keys = names | any_text | every_operator
    leaves = values | any_text | forbidden
    return mappings(keys, st.recursive(leaves, lambda inner: lists(inner) | mappings(keys, inner), max_leaves=8))


def literals(leaf: Strategy) -> Strategy:
    return leaf | lists(leaf, most=2) | mappings(st.sampled_from(("a", "b")), leaf, 2)


def computations(leaf: Strategy) -> Strategy:
    def operations(inner: Strategy) -> Strategy:
        return st.builds(
            lambda operator, operand: {operator: operand},
            st.sampled_from(sorted(COMPUTING)),
            inner | lists(inner, 1, 2),
        )

    return st.recursive(st.sampled_from(("$a", "$b", "$a.b", "text")) | leaf, operations, max_leaves=4)


def filters(leaf: Strategy) -> Strategy:
    """Filters that are well-formed as far as the leaves are, or nearly so."""
    value = literals(leaf)
    member = value | st.sampled_from((Regex("a"), re.compile("^b", re.IGNORECASE)))

    def operators(inner: Strategy) -> Strategy:
        operands = {
            **dict.fromkeys(("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"), value),
            **dict.fromkeys(("$in", "$nin"), lists(member)),
            "$all": lists(member, most=2) | lists(st.builds(lambda match: {"$elemMatch": match}, inner), most=2),
            "$exists": st.sampled_from((True, False, 0, 1)),
            "$type": st.sampled_from(("int", "number", ["string", "null"], 4, 2.0)) | leaf,
            "$size": numbers,
            "$mod": lists(numbers, 2, 2),
            **dict.fromkeys(("$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"), masks | lists(numbers)),
            "$not": inner | st.sampled_from((Regex("a"), re.compile("b"))),
            "$elemMatch": inner,
            "$regex": st.sampled_from(("a", "^b", "", Regex("A", "i"))),
        }
        # Few at a time: a document of many operators matches nothing.
        pair = st.sampled_from(sorted(operands)).flatmap(lambda key: st.tuples(st.just(key), operands[key]))
        return st.lists(pair, min_size=1, max_size=2).map(dict)

    condition = st.recursive(
        operators(st.just({"$gt": 1})), lambda inner: operators(inner | mappings(names, inner)), max_leaves=3
    )
    fields = mappings(names, member | condition)

    def logical(inner: Strategy) -> Strategy:
        branches = mappings(st.sampled_from(sorted(LOGICAL)), lists(inner, 1, 2), 2)
        return st.builds(lambda *parts: {**parts[0], **parts[1]}, inner, branches)

    return st.recursive(fields, logical, max_leaves=4)


results = st.lists(
    st.builds(
        lambda id_, a, b: {"_id": id_, "id": id_, "a": a, "b": b},
        st.sampled_from(("", "a", "b", "ab")),
        literals(simple),
        lists(mappings(st.sampled_from(("id", "a")), simple)),
    ),
    max_size=3,
    unique_by=lambda result: result["id"],
)


def assert_filter(query: dict[str, Any], beside_fields: Collection[str] = (*LOGICAL, "$expr")) -> None:
    for key, value in query.items():
        if not key.startswith("$"):
            assert ".$" not in key
            assert_condition(value)
            continue
        assert key in beside_fields
        if key == "$expr":
            assert_expression(value)
        else:
            for inner in value:
                assert_filter(inner, beside_fields)


def assert_condition(value: Any) -> None:
    if not isinstance(value, dict) or not any(key.startswith("$") for key in value):
        assert_literal(value)
        return
    for operator, operand in value.items():
        assert operator in OF_FIELDS
        members = operand if operator == "$all" else [value]
        matches = [member["$elemMatch"] for member in members if "$elemMatch" in dict_or_empty(member)]
        for match in matches:
            (assert_condition if OF_FIELDS & match.keys() else assert_element_filter)(match)
        if operator == "$not":
            assert_condition(operand)
        elif not matches:
            assert_literal(operand)


def dict_or_empty(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def assert_element_filter(query: dict[str, Any]) -> None:
    assert_filter(query, LOGICAL)


def assert_literal(value: Any) -> None:
    assert not isinstance(value, Code)
    for key in value if isinstance(value, dict) else ():
        assert not key.startswith("$")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        assert_literal(inner)


def assert_expression(value: Any) -> None:
    assert not isinstance(value, (list, Code, Regex))
    assert not (isinstance(value, str) and value.startswith("$$"))
    if isinstance(value, dict):
        [(operator, operand)] = value.items()
        assert operator in COMPUTING
        if operator == "$literal":
            assert_literal(operand)
        else:
            for argument in operand if isinstance(operand, list) else [operand]:
                assert_expression(argument)


suspicious = values | forbidden
nearly_supported = filters(suspicious) | computations(suspicious).map(lambda value: {"$expr": value})


@settings(max_examples=500)
@given(arbitrary() | nearly_supported)
def test_whatever_comes_nothing_but_what_is_on_the_lists_gets_through(query: dict[str, Any]) -> None:
    try:
        checked = checked_filter(query)
    except QueryError:
        event("refused")
    else:
        event("supported")
        assert_filter(checked)


@settings(max_examples=200)
@given(filters(simple), results)
def test_the_meaning_stays(query: dict[str, Any], stored: list[dict[str, Any]]) -> None:
    collection: Any = mongomock.MongoClient().db.collection
    for result in stored:
        collection.insert_one(result)
    try:
        checked = checked_filter(query)
        expected, found = list(collection.find(query)), list(collection.find(checked))
    except QueryError:
        event("refused")
    except (mongomock.OperationFailure, NotImplementedError, TypeError, AttributeError) as error:
        # What mongomock can't do.
        event(type(error).__name__)
    else:
        event("compared")
        assert found == expected


@pytest.fixture(scope="module")
def stored(mongo: MongoClient[Any]) -> Any:
    collection = mongo.filters.generated
    collection.drop()
    fields: tuple[dict[str, Any], ...] = (
        {},
        {"a": 1, "b": 2},
        {"a": ["a", 2, {"b": 1}], "b": [{"id": "a"}, {"id": 1}]},
        {"a": {"b": [1, 2]}, "b": None},
        {"a": [[1], []], "b": True},
    )
    for id_, some in zip(("", "a", "ab", "b", "c"), fields, strict=True):
        collection.insert_one({"_id": id_, "id": id_, **some})
    return collection


@settings(max_examples=300)
@given(query=filters(values))
def test_mongodb_takes_what_is_supported_and_the_meaning_stays(query: dict[str, Any], stored: Any) -> None:
    try:
        checked = checked_filter(query)
    except QueryError:
        event("refused")
    else:
        event("supported")
        assert list(stored.find(checked).sort("_id")) == list(stored.find(query).sort("_id"))


@settings(max_examples=300)
@given(expression=computations(values))
def test_mongodb_takes_expressions_unless_a_result_does_not_suit_them(expression: Any, stored: Any) -> None:
    try:
        checked = checked_filter({"$expr": expression})
    except QueryError:
        event("refused")
        return
    problem = ""
    try:
        list(stored.find(checked))
    except OperationFailure as error:
        event(f"code {error.code}")
        problem = str(error)
    # There is one reason to refuse: what is computed from a result, or from constants alone.
    assert re.match("$|Executor error|Failed to optimize expression", problem)

"""Generated filters: only what is on the lists gets through, MongoDB takes it, and its meaning stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import mongomock
import pytest
from bson import Code, DBRef, Regex
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.support.generated_filters import (
    COMPUTING,
    LOGICAL,
    Strategy,
    computations,
    filters,
    lists,
    literals,
    mappings,
    names,
    simple,
    values,
)
from workflow_results_server.query.filters import QueryError, checked_filter

if TYPE_CHECKING:
    from collections.abc import Collection

OF_FIELDS = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$not", "$exists", "$type", "$all"}
OF_FIELDS |= {"$elemMatch", "$size", "$mod", "$regex", "$options"}
OF_FIELDS |= {"$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"}
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

any_text = st.text(st.characters(exclude_categories=()), max_size=4)
forbidden: Strategy = st.one_of(
    st.sampled_from((Code("1"), Code("$a", {}), DBRef("a", 1), object(), 2**70, re.compile(b"x"), "$$ROOT")),
    st.builds(Regex, st.sampled_from(("x", "(", "\0", "x" * 2000, Code("x"))), st.integers(0, 512)),
    st.sampled_from(sorted(FORBIDDEN)).map(lambda operator: {operator: "1"}),
)
every_operator = st.sampled_from(sorted({"$expr"} | LOGICAL | OF_FIELDS | COMPUTING | FORBIDDEN))


def arbitrary() -> Strategy:
    """Documents with any keys anywhere."""
    keys = names | any_text | every_operator
    leaves = values | any_text | forbidden
    return mappings(keys, st.recursive(leaves, lambda inner: lists(inner) | mappings(keys, inner), max_leaves=8))


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


@pytest.mark.slow
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


@pytest.mark.slow
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

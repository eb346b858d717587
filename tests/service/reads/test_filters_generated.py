"""Generated filters: MongoDB takes what is on the lists, and its meaning stays."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, given, settings
from pymongo.errors import OperationFailure

from workflow_results_server.query.filters import QueryError, checked_filter

if TYPE_CHECKING:
    from pymongo import MongoClient
from tests.support.generated_filters import computations, filters, values


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

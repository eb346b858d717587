"""Projections that are supported: which fields they show."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

import pytest
from bson import Code
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_results_server.query.filters import QueryError
from workflow_results_server.query.projections import checked_projection

if TYPE_CHECKING:
    from pymongo import MongoClient
from tests.support.projections import SUPPORTED

RESULT = {
    "_id": "one",
    "id": "one",
    "dm": 2,
    "event": [1, 2, 3],
    "tags": ["a", "b"],
    "results": {"fit": {"dm": [1, 2]}, "locked": True},
    "plots": [{"name": "a", "size": 1}, {"name": "b"}],
}


@pytest.mark.parametrize(("projection", "expected", "fields"), SUPPORTED, ids=reprlib.repr)
def test_supported_projections_show_their_fields_and_the_id(
    projection: dict[str, Any], expected: dict[str, Any], fields: str, mongo: MongoClient[Any]
) -> None:
    checked = checked_projection(projection)
    mongo.filters.projected.replace_one({"_id": "one"}, RESULT, upsert=True)
    [shown] = mongo.filters.projected.find({}, checked)
    assert set(shown) == set(fields.split())
    [unchecked] = mongo.filters.projected.find({}, projection)
    assert shown == {"_id": "one", **unchecked}


numbers = st.one_of(st.integers(-3, 3), st.sampled_from((1.0, 0.0, float("nan"), True, "x", None, 2**40)))

shown_as = st.one_of(
    st.sampled_from((0, 1, True, False)),
    numbers,
    st.builds(lambda operand: {"$slice": operand}, numbers | st.lists(numbers, max_size=3)),
    st.sampled_from(({}, {"$gt": 1}, {"name": "b"}, {"$where": "1"}, {"$or": [{"a": 1}]}, {"a": 1, "$lt": 1})).map(
        lambda operand: {"$elemMatch": operand}
    ),
    st.sampled_from(({}, {"a": 1}, {"$function": "1"}, {"$meta": "textScore"}, Code("1"), "$dm")),
)

fields = st.sampled_from(("_id", "id", "dm", "event", "plots", "results", "results.fit", "plots.name", "a.$", "$a"))


@settings(max_examples=300)
@given(projection=st.dictionaries(fields, shown_as, max_size=3))
def test_mongodb_takes_what_is_supported_and_the_id_is_shown(
    projection: dict[str, Any], mongo: MongoClient[Any]
) -> None:
    try:
        checked = checked_projection(projection)
    except QueryError:
        return
    mongo.filters.projected.replace_one({"_id": "one"}, RESULT, upsert=True)
    [shown] = mongo.filters.projected.find({}, checked)
    [unchecked] = mongo.filters.projected.find({}, projection)
    assert shown == {"_id": "one", **unchecked}

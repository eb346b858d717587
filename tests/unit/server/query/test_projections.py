"""Projections: which are supported, what MongoDB is asked for each, and how others are refused."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

import pytest
from bson import Code, Decimal128, Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_results_server.query.filters import QueryError
from workflow_results_server.query.projections import checked_projection

if TYPE_CHECKING:
    from pymongo import MongoClient

RESULT = {
    "_id": "one",
    "id": "one",
    "dm": 2,
    "event": [1, 2, 3],
    "tags": ["a", "b"],
    "results": {"fit": {"dm": [1, 2]}, "locked": True},
    "plots": [{"name": "a", "size": 1}, {"name": "b"}],
}

ALL_FIELDS = "_id id dm event tags results plots"

# A projection, what MongoDB is asked, and the fields that it answers with.
SUPPORTED: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({}, {}, ALL_FIELDS),
    ({"_id": 0}, {}, ALL_FIELDS),
    ({"_id": 1}, {"_id": True}, "_id"),
    ({"dm": 1}, {"dm": True}, "_id dm"),
    ({"_id": False, "dm": 1}, {"dm": True}, "_id dm"),
    ({"dm": True, "_id": 1.0}, {"dm": True, "_id": True}, "_id dm"),
    ({"id": Int64(1)}, {"id": True}, "_id id"),
    ({"id": 0}, {"id": False}, "_id dm event tags results plots"),
    ({"_id": 0, "dm": 0, "tags": False}, {"dm": False, "tags": False}, "_id id event results plots"),
    ({"_id": 1, "dm": 0}, {"_id": True, "dm": False}, "_id id event tags results plots"),
    ({"results.fit": 1, "results.locked": 1}, {"results.fit": True, "results.locked": True}, "_id results"),
    ({"event": {"$slice": 1}}, {"event": {"$slice": 1}}, ALL_FIELDS),
    ({"_id": 0, "event": {"$slice": -1}}, {"event": {"$slice": -1}}, ALL_FIELDS),
    ({"_id": 1, "event": {"$slice": 1}}, {"_id": True, "event": {"$slice": 1}}, "_id event"),
    ({"event": {"$slice": (1.0, Int64(2))}, "dm": 1}, {"event": {"$slice": [1, 2]}, "dm": True}, "_id event dm"),
    ({"event": {"$slice": 0}, "dm": 0}, {"event": {"$slice": 0}, "dm": False}, "_id id event tags results plots"),
    ({"event": {"$slice": 2**31 - 1}}, {"event": {"$slice": 2**31 - 1}}, ALL_FIELDS),
    (
        {"event": {"$slice": [1 - 2**31, 1]}},
        {"event": {"$slice": [1 - 2**31, 1]}},
        ALL_FIELDS,
    ),
    (
        {"results.fit.dm": {"$slice": Decimal128("1")}, "results.locked": 0},
        {"results.fit.dm": {"$slice": 1}, "results.locked": False},
        ALL_FIELDS,
    ),
    ({"plots": {"$elemMatch": {"name": "b"}}}, {"plots": {"$elemMatch": {"name": "b"}}}, "_id plots"),
    ({"event": {"$elemMatch": {"$gt": 1}}}, {"event": {"$elemMatch": {"$gt": 1}}}, "_id event"),
    (
        {"_id": 0, "plots": {"$elemMatch": {"id": None, "$or": [{"size": 1}]}}, "event": {"$slice": 1}},
        {"plots": {"$elemMatch": {"id": None, "$or": [{"size": 1}]}}, "event": {"$slice": 1}},
        ALL_FIELDS,
    ),
    (
        {"plots": {"$elemMatch": {}}, "dm": 0},
        {"plots": {"$elemMatch": {}}, "dm": False},
        "_id id event tags results plots",
    ),
    ({".".join("a" * 100): 1}, {".".join("a" * 100): True}, "_id"),
    ({f"field{n}": 1 for n in range(1000)}, {f"field{n}": True for n in range(1000)}, "_id"),
)

NOT_SHOWN: tuple[Any, ...] = (2, -1, 0.5, float("nan"), 2**99, Decimal128("1"), None, [], "$dm", "x", b"x", Code("1"))
NOT_NUMBERS: tuple[Any, ...] = (True, "x", 1.5, 2**31, None, {})
NOT_PAIRS: tuple[Any, ...] = ([], [1], [1, 1, 1], [1, 0], [1, -1])
SUPPORTED_FORMS = 'must be true or 1, false or 0, {"$slice": …} or {"$elemMatch": …}'
REFUSED: tuple[tuple[Any, str, str], ...] = (
    (["dm"], "", "must be a document, not array"),
    ({1: 1}, "", "keys must be strings, not int"),
    *(({"dm": value}, ".dm", SUPPORTED_FORMS) for value in NOT_SHOWN),
    ({"dm": {}}, ".dm", 'must not be nested; a field inside another is "dm.name"'),
    ({"results": {"fit": 1}}, ".results", 'a field inside another is "results.name"'),
    ({"dm": 1, "id": 0}, ".id", "either all included or all left out"),
    ({"_id": 1, "dm": 0, "tags": 1}, ".tags", "either all included or all left out"),
    ({"results": 1, "results.fit": 1}, "", "results and results.fit collide"),
    ({"results.fit.dm": 1, "results": 1}, "", "results and results.fit.dm collide"),
    ({"results.fit": {"$slice": 1}, "results": 0}, "", "a field must be given whole or by parts"),
    ({"": 1}, ".", "may be empty"),
    ({"a..b": 1}, ".a..b", "may be empty"),
    ({"$a": 1}, ".$a", "may start with '$'"),
    ({"a.$b": 1}, ".a.$b", "may start with '$'"),
    ({"a\0": 1}, ".a\0", "NUL"),
    ({"plots.$": 1}, ".plots.$", "the positional $ is not supported"),
    ({"_id.x": 0}, "._id.x", "_id is a string and has no fields"),
    ({"_id": {"$elemMatch": {}}}, "._id", "must be true or 1, false or 0"),
    ({"_id": "x"}, "._id", "must be true or 1, false or 0"),
    ({"dm": {"$slice": 1, "$elemMatch": {}}}, ".dm", "exactly one of $slice and $elemMatch"),
    ({"dm": {"$slice": 1, "a": 1}}, ".dm", "exactly one of $slice and $elemMatch"),
    ({"dm": {"$add": [1, 2]}}, ".dm.$add", "the operator $add is not supported; supported are $slice $elemMatch"),
    ({"dm": {"$function": {"body": "1"}}}, ".dm.$function", "is not supported"),
    ({"dm": {"$meta": "textScore"}}, ".dm.$meta", "is not supported"),
    ({"dm": {"$literal": 1}}, ".dm.$literal", "is not supported"),
    *(({"dm": {"$slice": operand}}, ".dm.$slice", "an integer from") for operand in NOT_NUMBERS),
    *(({"dm": {"$slice": operand}}, ".dm.$slice", "at least 1 to show") for operand in NOT_PAIRS),
    ({"dm": {"$slice": ["$tags", 1]}}, ".dm.$slice[0]", "an integer from"),
    ({"results.fit": {"$elemMatch": {}}}, ".results.fit.$elemMatch", "at the top level"),
    ({"plots": {"$elemMatch": 1}}, ".plots.$elemMatch", "must be a document, not int"),
    ({"plots": {"$elemMatch": {"$where": "1"}}}, ".plots.$elemMatch.$where", "is not supported"),
    ({"plots": {"$elemMatch": {"$or": [{"$where": "1"}]}}}, ".plots.$elemMatch.$or[0].$where", "is not supported"),
    ({"plots": {"$elemMatch": {"$expr": True}}}, ".plots.$elemMatch.$expr", "must stand beside fields"),
    ({"plots": {"$elemMatch": {"name": Code("1")}}}, ".plots.$elemMatch.name", "can't be of type JavaScript"),
    ({f"field{number}": 1 for number in range(1001)}, ".field1000", "at most 1,000 fields"),
    ({"k" * 2**20: 1}, "", "at most 1,048,576 are supported"),
    ({"\ud800": 1}, "", "can't be encoded as BSON"),
)


@pytest.mark.parametrize(("projection", "expected", "fields"), SUPPORTED, ids=reprlib.repr)
def test_supported_projections_show_their_fields_and_the_id(
    projection: dict[str, Any], expected: dict[str, Any], fields: str, mongo: MongoClient[Any]
) -> None:
    before = repr(projection)
    checked = checked_projection(projection)
    assert repr(checked) == repr(expected)
    assert repr(projection) == before

    mongo.filters.projected.replace_one({"_id": "one"}, RESULT, upsert=True)
    [shown] = mongo.filters.projected.find({}, checked)
    assert set(shown) == set(fields.split())
    [unchecked] = mongo.filters.projected.find({}, projection)
    assert shown == {"_id": "one", **unchecked}


@pytest.mark.parametrize(("projection", "path", "problem"), REFUSED, ids=reprlib.repr)
def test_other_projections_are_refused_with_the_place_and_what_would_be_right(
    projection: Any, path: str, problem: str
) -> None:
    with pytest.raises(QueryError) as raised:
        checked_projection(projection)
    assert raised.value.path == f"projection{path}"
    assert problem in raised.value.problem


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

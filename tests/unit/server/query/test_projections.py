"""Projections: which are supported, what MongoDB is asked for each, and how others are refused."""

from __future__ import annotations

import reprlib
from typing import Any

import pytest
from bson import Code, Decimal128

from tests.support.projections import SUPPORTED
from workflow_results_server.query.filters import QueryError
from workflow_results_server.query.projections import checked_projection

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
    ({"dm": 1, "id": 0}, ".id", "either all included or all excluded"),
    ({"_id": 1, "dm": 0, "tags": 1}, ".tags", "either all included or all excluded"),
    ({"results": 1, "results.fit": 1}, "", "results and results.fit collide"),
    ({"results.fit.dm": 1, "results": 1}, "", "results and results.fit.dm collide"),
    ({"results.fit": {"$slice": 1}, "results": 0}, "", "name either a field or its parts"),
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
    ({"plots": {"$elemMatch": {"$expr": True}}}, ".plots.$elemMatch.$expr", "must be next to fields"),
    ({"plots": {"$elemMatch": {"name": Code("1")}}}, ".plots.$elemMatch.name", "can't be of type JavaScript"),
    ({f"field{number}": 1 for number in range(1001)}, ".field1000", "at most 1,000 fields"),
    ({"k" * 2**20: 1}, "", "at most 1,048,576 are supported"),
    ({"\ud800": 1}, "", "can't be encoded as BSON"),
)


@pytest.mark.parametrize(("projection", "expected", "fields"), SUPPORTED, ids=reprlib.repr)
def test_supported_projections_are_put_into_the_form_that_mongodb_is_asked(
    projection: dict[str, Any], expected: dict[str, Any], fields: str
) -> None:
    before = repr(projection)
    checked = checked_projection(projection)
    assert repr(checked) == repr(expected)
    assert repr(projection) == before


@pytest.mark.parametrize(("projection", "path", "problem"), REFUSED, ids=reprlib.repr)
def test_other_projections_are_refused_with_the_place_and_what_would_be_right(
    projection: Any, path: str, problem: str
) -> None:
    with pytest.raises(QueryError) as raised:
        checked_projection(projection)
    assert raised.value.path == f"projection{path}"
    assert problem in raised.value.problem

"""The expressions of `$expr`: which are supported, and how others are refused."""

from __future__ import annotations

import re
import reprlib
from typing import Any

import pytest
from bson import Code, Decimal128, Regex

from tests.support.expressions import NAN, NOW, SUPPORTED
from workflow_results_server.query.filters import QueryError, checked_filter

REFUSED: tuple[tuple[Any, str, str], ...] = (
    ("$", "", "no component of a field path may be empty"),
    ("$a..b", "", "may be empty"),
    ("$a.", "", "may be empty"),
    ("$a.$b", "", "may start with '$'"),
    ("$a\0", "", "NUL"),
    ("$" + ".".join("a" * 101), "", "at most 100 components"),
    ("$$ROOT", "", 'variables are not supported; a field is "$name"'),
    ({"$eq": ["$$NOW", 1]}, ".$eq[0]", "variables are not supported"),
    (Code("1"), "", "can't be of type JavaScript"),
    (Code("$a"), "", "can't be of type JavaScript"),
    ({"$literal": Code("1")}, ".$literal", "can't be of type JavaScript"),
    ({"$literal": [{"a": Code("1")}]}, ".$literal[0].a", "can't be of type JavaScript"),
    ({"$literal": {"$where": "1"}}, ".$literal.$where", "must not start with '$'"),
    ({"$eq": ["$a", Regex("x")]}, ".$eq[1]", "can't be of type regular expression"),
    (re.compile("x"), "", "can't be of type regular expression"),
    (2**63, "", "64 bits"),
    ([], "", '{"$literal": […]}'),
    ({"$eq": ["$a", [1, 2]]}, ".$eq[1]", "an array must be the arguments of an operator"),
    ({}, "", "must have exactly one operator"),
    ({"$eq": ["$a", 1], "$gt": ["$a", 1]}, "", "must have exactly one operator"),
    ({"a": 1}, ".a", "the operator a is not supported"),
    ({"$eq": ["$a", {"b": 1}]}, ".$eq[1].b", "the operator b is not supported; supported are $eq $ne"),
    ({"$nor": ["$a"]}, ".$nor", "supported are $eq $ne $gt $gte $lt $lte $cmp $and $or $not $add"),
    *(({operator: 1}, f".{operator}", "is not supported") for operator in ("$rand", "$let", "$map", "$in", "$where")),
    *(({operator: "$a"}, f".{operator}", "must be 2, not 1") for operator in ("$eq", "$cmp", "$pow", "$divide")),
    *(({operator: []}, f".{operator}", "not 0") for operator in ("$add", "$and", "$or", "$not", "$abs", "$round")),
    *(({operator: [1, 1]}, f".{operator}", "must be 1, not 2") for operator in ("$not", "$abs", "$sqrt", "$ln")),
    ({"$round": [1, 1, 1]}, ".$round", "must be 1 to 2, not 3"),
    ({"$subtract": [1, 1, 1]}, ".$subtract", "must be 2, not 3"),
    ({"$add": ["$a", "text"]}, ".$add[1]", "must be a number or a date, null, a field or an operator"),
    ({"$add": ["$a", True]}, ".$add[1]", "must be a number or a date"),
    ({"$abs": {"$eq": ["$a", 1]}}, ".$abs.$eq", "returns true or false, but a number is required"),
    ({"$multiply": [NOW, 1]}, ".$multiply[0]", "must be a number"),
    ({"$multiply": ["$a", "$b", "text"]}, ".$multiply[2]", "must be a number"),
    ({"$ceil": {"$literal": "$a"}}, ".$ceil.$literal", "must be a number"),
    ({"$divide": ["$a", 0]}, ".$divide[1]", "must be a number other than 0"),
    ({"$mod": ["$a", Decimal128("-0")]}, ".$mod[1]", "must be a number other than 0"),
    ({"$sqrt": -1}, ".$sqrt", "at least 0"),
    ({"$ln": 0}, ".$ln", "above 0"),
    ({"$log10": [-1.5]}, ".$log10[0]", "above 0"),
    ({"$log": ["$a", 1]}, ".$log[1]", "above 0 other than 1"),
    ({"$round": ["$a", 101]}, ".$round[1]", "an integer from -20 to 100"),
    ({"$trunc": ["$a", 0.5]}, ".$trunc[1]", "an integer from -20 to 100"),
    ({"$round": ["$a", NAN]}, ".$round[1]", "an integer from -20 to 100"),
)


@pytest.mark.parametrize("expression", SUPPORTED, ids=reprlib.repr)
def test_supported_expressions_pass_unchanged(expression: Any) -> None:
    checked = checked_filter({"$expr": expression})
    assert repr(checked) == repr({"$expr": expression})


@pytest.mark.parametrize(("expression", "path", "problem"), REFUSED, ids=reprlib.repr)
def test_other_expressions_are_refused_with_the_place_and_what_would_be_right(
    expression: Any, path: str, problem: str
) -> None:
    with pytest.raises(QueryError) as raised:
        checked_filter({"$expr": expression})
    assert raised.value.path == f"query.$expr{path}"
    assert problem in raised.value.problem

"""Filters that are supported, what MongoDB is asked for each, and how others are refused."""

from __future__ import annotations

import re
import reprlib
import time
from typing import Any

import pytest
from bson import (
    Binary,
    Code,
    DBRef,
    Decimal128,
    ObjectId,
    Regex,
    Timestamp,
    encode,
)

from tests.support.filters import ACCEPTED, CODEC, NOW, REWRITTEN, nested
from workflow_results_server.query.filters import QueryError, checked_filter


def as_bson(document: dict[str, Any]) -> bytes:
    """Return what tells all types and orders apart and has NaN equal to itself."""
    return encode(document, codec_options=CODEC)


JAVASCRIPT = {"$function": {"body": "function() { return true }", "args": [], "lang": "js"}}

NO_MASKS: tuple[Any, ...] = (-1, 2.0**63, 1.5, float("nan"), float("inf"), True, None, "5", {}, Code("5"), NOW)
NO_MASKS += (
    Decimal128("1.5"),
    Decimal128("9223372036854775808"),
    Timestamp(1, 2),
    ObjectId(b"twelve bytes"),
    Regex("5"),
)
NO_POSITIONS: tuple[Any, ...] = (-1, 2**31, 1.5, True, None, "1", [1], float("nan"), Decimal128("1E+30"))

# A filter, where it is at fault, and a part of what is said about it.
REFUSED: tuple[tuple[Any, str, str], ...] = (
    # CVE-2021-22911: Rocket.Chat took $where and $regex from a query that it merged into its own.
    (
        {"$where": "this.a"},
        "query.$where",
        "the operator $where is not supported; supported are $and $or $nor",
    ),
    # CVE-2024-53900: Mongoose took $where from `match`. CVE-2025-23061: after that, only where it was nested.
    ({"$or": [{"a": 1}, {"$where": "1"}]}, "query.$or[1].$where", "$where is not supported"),
    ({"$and": [{"$nor": [{"$where": "1"}]}]}, "query.$and[0].$nor[0].$where", "$where is not supported"),
    ({"a": {"$elemMatch": {"$where": "1"}}}, "query.a.$elemMatch.$where", "supported are $eq $ne"),
    (
        {"a": {"$elemMatch": {"$and": [{"$where": "1"}]}}},
        "query.a.$elemMatch.$and[0].$where",
        "$and $or $nor",
    ),
    ({"a": {"$not": {"$where": "1"}}}, "query.a.$not.$where", "$where is not supported"),
    ({"a": {"$all": [{"$elemMatch": {"$where": 1}}]}}, "query.a.$all[0].$elemMatch.$where", "not supported"),
    ({"$expr": JAVASCRIPT}, "query.$expr.$function", "the operator $function is not supported"),
    ({"$or": [{"$expr": {"$not": [JAVASCRIPT]}}]}, "query.$or[0].$expr.$not[0].$function", "not supported"),
    # CVE-2026-30938: Parse Server overlooked what stood behind a nested document or list.
    ({"a": {"b": {}, "c": [], "d": {"$where": "1"}}}, "query.a.d.$where", "must not start with '$'"),
    ({"a": [[], {"b": 1}, [{"$where": "1"}]]}, "query.a[2][0].$where", "must not start with '$'"),
    ({"a": {"$in": [{"b": 1}, {"$where": "1"}]}}, "query.a.$in[1].$where", "must not start with '$'"),
    ({"a": {"$eq": {"$where": "1"}}}, "query.a.$eq.$where", "must not start with '$'"),
    ({"a": {"$where": "1"}}, "query.a.$where", "the operator $where is not supported; supported are $eq $ne"),
    ({"a": Code("1")}, "query.a", "can't be of type JavaScript"),
    ({"a": {"$in": [Code("1", {})]}}, "query.a.$in[0]", "can't be of type JavaScript"),
    ({"a": {"$regex": Code("1")}}, "query.a.$regex", "must be a string or a regular expression, not JavaScript"),
    ({"a": {"$type": Code("int")}}, "query.a.$type", "types are"),
    ({"a": {"$regex": Regex(Code("1"))}}, "query.a.$regex", "must be text"),
    ([], "query", "must be a document, not array"),
    ({1: 1}, "query", "keys must be strings, not int"),
    ({"a": {"b": {2: 1}}}, "query.a.b", "keys must be strings, not int"),
    ({"a": DBRef("a", 1)}, "query.a", "can't be of type DBRef"),
    ({"a": {"$ref": "a", "$id": 1}}, "query.a.$ref", "the operator $ref is not supported"),
    ({"a": {"b": {"$ref": "a", "$id": 1}}}, "query.a.b.$ref", "must not start with '$'"),
    ({"a": {1, 2}}, "query.a", "can't be of type set"),
    ({"a": 2**63}, "query.a", "integers must fit into 64 bits"),
    ({"a": "\ud800"}, "query", "can't be encoded as BSON"),
    ({"\ud800": []}, "query", "can't be encoded as BSON"),
    ({"\ud800": {"$where": 1}}, "query.\\ud800.$where", "not supported"),
    ({"a": {"b\0": 1}}, "query", "can't be encoded as BSON"),
    ({"$comment": "x"}, "query.$comment", "supported are $and $or $nor $expr"),
    ({"$jsonSchema": {}}, "query.$jsonSchema", "is not supported"),
    ({"$text": {"$search": "x"}}, "query.$text", "is not supported"),
    ({"$gt": 1}, "query.$gt", 'must be inside the field that it applies to: {"field": {"$gt": …}}'),
    ({"a": {"$and": [{"$gt": 1}]}}, "query.a.$and", "must be next to fields, not inside one"),
    ({"a": {"$expr": True}}, "query.a.$expr", "must be next to fields, not inside one"),
    (
        {"a": {"$elemMatch": {"$and": [{"$expr": 1}]}}},
        "query.a.$elemMatch.$and[0].$expr",
        "inside $elemMatch",
    ),
    ({"a": {"$elemMatch": {"$or": [{"a": 1}], "$gt": 1}}}, "query.a.$elemMatch.$gt", "inside the field"),
    ({"a": {"$elemMatch": {"$gt": 1, "b": 1}}}, "query.a.$elemMatch.b", "must not mix"),
    ({"a": {"$elemMatch": 1}}, "query.a.$elemMatch", "must be a document, not int"),
    ({"a": {"$gt": 1, "b": 1}}, "query.a.b", "must not mix"),
    ({"a": {"b": 1, "$gt": 1}}, "query.a.b", "must not mix"),
    ({"a": {"$near": [1, 2]}}, "query.a.$near", "the operator $near is not supported; supported are $eq"),
    ({"": 1}, "query.", "may be empty"),
    ({"a..b": 1}, "query.a..b", "may be empty"),
    ({"a.": 1}, "query.a.", "may be empty"),
    ({"a.$id": 1}, "query.a.$id", "may start with '$'"),
    ({"a.b\0": 1}, "query.a.b\0", "NUL"),
    ({".".join("a" * 101): 1}, f"query.{'a.' * 29}a…", "at most 100 components"),
    ({"$and": []}, "query.$and", "at least one filter"),
    ({"$or": {"a": 1}}, "query.$or", "must be an array, not document"),
    ({"$nor": [1]}, "query.$nor[0]", "must be a document, not int"),
    ({"a": {"$in": 1}}, "query.a.$in", "must be an array, not int"),
    ({"a": {"$nin": {"b": 1}}}, "query.a.$nin", "must be an array, not document"),
    ({"a": {"$all": "x"}}, "query.a.$all", "must be an array, not string"),
    ({"a": {"$all": [{"$gt": 1}]}}, "query.a.$all[0].$gt", "must not start with '$'"),
    ({"a": {"$all": [{"$elemMatch": {}}, 1]}}, "query.a.$all", "only values or only $elemMatch"),
    ({"a": {"$all": [{"$elemMatch": {}, "b": 1}]}}, "query.a.$all[0]", "must be the only operator"),
    ({"a": {"$not": {}}}, "query.a.$not", "document of operators or a regular expression"),
    ({"a": {"$not": {"b": 1}}}, "query.a.$not", '"other than" is $ne'),
    ({"a": {"$not": "x"}}, "query.a.$not", "document of operators or a regular expression"),
    ({"a": {"$exists": "yes"}}, "query.a.$exists", "must be true or false"),
    ({"a": {"$exists": 2}}, "query.a.$exists", "must be true or false"),
    ({"a": {"$size": -1}}, "query.a.$size", "integer from 0 to 2,147,483,647"),
    ({"a": {"$size": 2**31}}, "query.a.$size", "integer from 0 to 2,147,483,647"),
    ({"a": {"$size": 1.5}}, "query.a.$size", "integer from 0"),
    ({"a": {"$size": True}}, "query.a.$size", "integer from 0"),
    ({"a": {"$size": float("inf")}}, "query.a.$size", "integer from 0"),
    ({"a": {"$mod": 2}}, "query.a.$mod", "must be an array"),
    ({"a": {"$mod": [2]}}, "query.a.$mod", "[divisor, remainder]"),
    ({"a": {"$mod": [2, 1, 0]}}, "query.a.$mod", "[divisor, remainder]"),
    ({"a": {"$mod": [2, "1"]}}, "query.a.$mod", "[divisor, remainder]"),
    ({"a": {"$mod": [float("nan"), 0]}}, "query.a.$mod", "[divisor, remainder]"),
    ({"a": {"$mod": [2.0**63, 0]}}, "query.a.$mod", "fit into 64 bits"),
    ({"a": {"$mod": [2, Decimal128("sNaN")]}}, "query.a.$mod", "fit into 64 bits"),
    ({"a": {"$mod": [2, Decimal128("1E+300")]}}, "query.a.$mod", "fit into 64 bits"),
    ({"a": {"$mod": [0, 0]}}, "query.a.$mod", "divisor must not be 0"),
    ({"a": {"$mod": [-0.9, 0]}}, "query.a.$mod", "divisor must not be 0"),
    ({"a": {"$mod": [Decimal128("0.9999999999999999999999999999999999"), 0]}}, "query.a.$mod", "divisor must not"),
    ({"a": {"$mod": [Decimal128("9223372036854775807.5"), 0]}}, "query.a.$mod", "fit into 64 bits"),
    ({"a": {"$size": Decimal128("2.000000000000000000000000000000001")}}, "query.a.$size", "integer from 0"),
    ({"a": {"$size": Decimal128("1E+6144")}}, "query.a.$size", "integer from 0"),
    *(
        ({"a": {"$bitsAllSet": mask}}, "query.a.$bitsAllSet", "must be a mask (an integer from 0 to 9,223,372,036,85")
        for mask in NO_MASKS
    ),
    *(
        ({"a": {"$bitsAnySet": [0, position]}}, "query.a.$bitsAnySet[1]", "an integer from 0 to 2,147,483,647")
        for position in NO_POSITIONS
    ),
    ({"a": {"$bitsAllClear": Binary(b"\x05", 2)}}, "query.a.$bitsAllClear", "must not have the old binary subtype 2"),
    ({"a": {"$bitsAnySet": [0] * 100_001}}, "query.a.$bitsAnySet", "at most 100,000 array elements and bits of masks"),
    ({"a": {"$bitsAnySet": b"\0" * 12_501}}, "query.a.$bitsAnySet", "at most 100,000 array elements and bits of masks"),
    (
        {"$or": [{"a": {"$bitsAnySet": b"\0" * 6_250}}, {"a": {"$bitsAllSet": b"\0" * 6_251}}]},
        "query.$or[1].a.$bitsAllSet",
        "at most 100,000 array elements and bits of masks",
    ),
    ({"a": {"$not": {"$bitsAllSet": {"$where": "1"}}}}, "query.a.$not.$bitsAllSet", "must be a mask"),
    ({"$bitsAllSet": 1}, "query.$bitsAllSet", 'must be inside the field that it applies to: {"field": {"$bitsAllSet"'),
    ({"a": {"$type": "integer"}}, "query.a.$type", "types are"),
    ({"a": {"$type": 0}}, "query.a.$type", "types are"),
    ({"a": {"$type": True}}, "query.a.$type", "types are"),
    ({"a": {"$type": []}}, "query.a.$type", "at least one"),
    ({"a": {"$type": [2, [3]]}}, "query.a.$type[1]", "types are"),
    ({"a": {"$regex": 1}}, "query.a.$regex", "must be a string or a regular expression, not int"),
    ({"a": {"$regex": "x\0"}}, "query.a.$regex", "NUL"),
    ({"a": {"$regex": "x" * 1001}}, "query.a.$regex", "at most 1,000 characters"),
    ({"a": re.compile(b"x")}, "query.a", "must be text"),
    ({"a": Regex("x", "l")}, "query.a", "no flags other than i, m, s and x"),
    ({"a": re.compile("x", re.ASCII)}, "query.a", "no flags other than i, m, s and x"),
    ({"a": {"$regex": "x", "$options": "g"}}, "query.a.$options", "letters i, m, s and x"),
    ({"a": {"$regex": "x", "$options": 1}}, "query.a.$options", "letters i, m, s and x"),
    ({"a": {"$options": "i"}}, "query.a", "$options must be next to $regex"),
    ({"a": {"$regex": Regex("x", "i"), "$options": ""}}, "query.a", "not in both"),
    ({"a": {"$eq": Regex("x")}}, "query.a.$eq", "can't be compared with a regular expression"),
    ({"a": {"$lt": re.compile("x")}}, "query.a.$lt", "can't be compared with a regular expression"),
    ({"a": [Regex("x")]}, "query.a[0]", "can't be of type regular expression"),
    (
        {f"a{number}": 1 for number in range(1001)},
        "query.a1000",
        "at most 1,000 fields, operators and patterns",
    ),
    ({"a": {"b": {str(key): 1 for key in range(1000)}}}, "query.a.b.998", "at most 1,000 fields"),
    ({"a": {"$in": [Regex("x")] * 1000}}, "query.a.$in[998]", "at most 1,000 fields"),
    ({"a": {"$all": [1] * 1000}}, "query.a.$all[998]", "at most 1,000 fields"),
    ({"a": {"$in": [0] * 100_001}}, "query.a.$in", "at most 100,000 array elements"),
    ({"a": [[0] * 60_000, [0] * 60_000]}, "query.a[1]", "at most 100,000 array elements"),
    ({"a": ["x" * 2**20] * 14}, "query", "at most 14,680,064 are supported"),
    (nested(lambda inner: {"$and": [inner]}, 10_000, {}), f"query{'.$and[0]' * 16}", "nested too deep"),
    ({"a": nested(lambda inner: {"$not": inner}, 32, {"$gt": 1})}, f"query.a{'.$not' * 31}", "at most 32"),
    ({"a": nested(lambda inner: [inner], 10_000, 1)}, f"query.a{'[0]' * 31}", "nested too deep"),
    ({"a": nested(lambda inner: {"$elemMatch": inner}, 99, {})}, f"query.a{'.$elemMatch' * 31}", "too deep"),
    ({"$expr": nested(lambda inner: {"$not": inner}, 10_000, 1)}, f"query.$expr{'.$not' * 31}", "too deep"),
)


@pytest.mark.parametrize("query", ACCEPTED, ids=reprlib.repr)
def test_supported_filters_pass_unchanged(query: dict[str, Any]) -> None:
    checked = checked_filter(query)
    assert as_bson(checked) == as_bson(query)
    assert checked is not query


@pytest.mark.parametrize(("query", "expected"), REWRITTEN, ids=reprlib.repr)
def test_filters_are_put_into_the_form_that_the_store_is_asked(query: dict[str, Any], expected: Any) -> None:
    before = repr(query)
    assert as_bson(checked_filter(query)) == as_bson(expected)
    assert repr(query) == before


@pytest.mark.parametrize(("query", "path", "problem"), REFUSED, ids=reprlib.repr)
def test_other_filters_are_refused_with_the_place_and_what_would_be_right(query: Any, path: str, problem: str) -> None:
    with pytest.raises(QueryError) as raised:
        checked_filter(query)
    assert raised.value.path == path
    assert problem in raised.value.problem
    assert str(raised.value) == f"{path}: {raised.value.problem}"
    str(raised.value).encode()


def test_time_is_linear_in_the_size() -> None:
    key = "k" * 2**20
    started = time.process_time()
    with pytest.raises(QueryError):
        checked_filter({key: {"$not": {"$in": [{key: [number]} for number in range(2000)]}}})
    checked_filter({"id": {"$in": [f"{number:0128}" for number in range(100_000)]}})
    assert time.process_time() - started < 2

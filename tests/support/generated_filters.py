"""Strategies for filters and expressions."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from bson import Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import strategies as st

# What the contract allows, spelled out once more: these tests must not learn it from what they test.
LOGICAL = {"$and", "$or", "$nor"}

COMPUTING = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp", "$and", "$or", "$not", "$add", "$subtract"}
COMPUTING |= {"$multiply", "$divide", "$mod", "$abs", "$ceil", "$floor", "$round", "$trunc", "$pow", "$sqrt"}
COMPUTING |= {"$exp", "$ln", "$log", "$log10", "$literal"}

Strategy = st.SearchStrategy[Any]

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


def mappings(keys: Strategy, inner: Strategy, most: int = 3) -> Strategy:
    return st.dictionaries(keys, inner, max_size=most)


def lists(inner: Strategy, least: int = 0, most: int = 3) -> Strategy:
    return st.lists(inner, min_size=least, max_size=most)


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

"""The same content: fields in any order at any level, numbers by value, and everything else as it is."""

from __future__ import annotations

import decimal
import itertools
import math
import random
from collections.abc import Mapping
from typing import Any

import bson
import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.content import same
from workflow_results.common.bson_codec import to_decimal
from workflow_results_server.documents.content import digest, same_content

DECIMAL = decimal.Context(prec=34, Emin=-6143, Emax=6144, traps=[])
MANY_DIGITS = decimal.Context(prec=1200, traps=[])


def model(value: Any) -> Any:
    """Return something that is equal for equal values, by other means than the service's."""
    match value:
        case bool() | str() if not isinstance(value, Code):
            return type(value).__name__, value
        case int() | float() | Decimal128():
            number = to_decimal(value) if isinstance(value, Decimal128) else decimal.Decimal(value)
            return "number", "NaN" if number.is_nan() else number
        case Mapping():
            return "document", frozenset((name, model(each)) for name, each in value.items())
        case list():
            return "array", tuple(map(model, value))
        case Code() if value.scope is not None:
            return "code", str(value), model(value.scope)
        case _:
            return "other", bson.encode({"": value})


near = st.sampled_from([0, 2**31, 2**53, 2**63, 10**15, 10**18]).flatmap(lambda n: st.integers(n - 3, n + 3))
int64s = (near | near.map(int.__neg__) | st.integers()).filter(lambda n: -(2**63) <= n < 2**63)
decimals = st.one_of(
    st.binary(min_size=16, max_size=16).map(Decimal128.from_bid),
    (int64s | st.floats()).map(lambda n: Decimal128(DECIMAL.create_decimal(n))),
    st.builds("{}E{}".format, st.integers(0, 99), st.integers(-6100, 6100)).map(Decimal128),
)
numbers = st.one_of(
    int64s, int64s.map(Int64), int64s.map(float), st.floats(), st.sampled_from([-0.0, 0.5, 1e300, math.nan]), decimals
)
texts = st.text("ab", max_size=2)
scalars = st.one_of(
    numbers,
    st.none() | st.booleans() | texts | st.binary(max_size=70) | st.text(min_size=60, max_size=80),
    st.builds(Binary, st.binary(max_size=2), st.sampled_from([0, 1, 2, 5, 128])),
    st.builds(Regex, texts, st.sampled_from(["", "i", "im"])),
    st.builds(Code, texts),
    st.datetimes().map(lambda value: value.replace(microsecond=0)),
    st.builds(Timestamp, st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from([MinKey(), MaxKey(), ObjectId(bytes(12)), ObjectId(b"x" * 12)]),
)
names = st.sampled_from(["a", "b", "ab", "", "é", "$ref", "0", "1"])
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(names, inner, max_size=4),
        st.builds(Code, texts, st.dictionaries(names, inner, max_size=3)),
    ),
    max_leaves=10,
)
documents = st.dictionaries(names, values, max_size=5)
rows = st.one_of(
    *(st.lists(each, min_size=12, max_size=150) for each in (int64s, int64s.map(Int64), st.floats(), st.booleans())),
    st.lists(numbers, min_size=12, max_size=40),
)
"""Long enough that their elements are looked at together."""


def forms(number: float | Decimal128) -> list[Any]:
    """Return a number in all types that can hold it."""
    exact = to_decimal(number) if isinstance(number, Decimal128) else decimal.Decimal(number)
    found: list[Any] = [number]
    if exact.is_nan():
        return [math.nan, Decimal128("NaN")]
    if exact.is_infinite() or decimal.Decimal(float(exact)) == exact:
        found.append(float(exact))
    if exact.is_infinite():
        return [*found, Decimal128(exact)]
    if -(2**63) <= exact < 2**63 and exact == int(exact):
        found += [int(exact), Int64(int(exact))]
    if not exact:
        return [*found, -0.0, 0.0, Decimal128("-0"), Decimal128("0E-6000"), Decimal128("0E+6000")]
    if DECIMAL.create_decimal(exact) == exact:
        short = DECIMAL.create_decimal(exact).normalize(DECIMAL)
        found.append(Decimal128(short))
        sign, digits, exponent = short.as_tuple()
        if len(digits) < 34 and isinstance(exponent, int) and exponent > -6000:
            longer = decimal.Decimal((sign, (*digits, 0), exponent - 1))
            found.append(Decimal128(longer))
    return found


def otherwise(value: Any, choice: random.Random) -> Any:
    """Write a value in another way: its fields in another order, its numbers of other types."""
    match value:
        case dict():
            items = list(value.items())
            choice.shuffle(items)
            return {name: otherwise(each, choice) for name, each in items}
        case list():
            return [otherwise(each, choice) for each in value]
        case Code() if value.scope is not None:
            return Code(str(value), otherwise(value.scope, choice))
        case bool():
            return value
        case int() | float() | Decimal128():
            return choice.choice(forms(value))
        case _:
            return value


@pytest.mark.slow
@given(documents, st.randoms(use_true_random=False))
@example({"a": 2**53 + 1, "b": Int64(2**63 - 1)}, random.Random(1))
def test_written_in_another_way_it_is_the_same(document: dict[str, Any], choice: random.Random) -> None:
    assert same(document, otherwise(document, choice))


@given(rows, st.randoms(use_true_random=False), st.data())
def test_long_arrays_are_compared_by_value_too(row: list[Any], choice: random.Random, data: st.DataObject) -> None:
    assert same({"a": row}, {"a": otherwise(row, choice)})
    if all(type(each) is int for each in row):
        alike = list(map(choice.choice([float, Int64]), row))
        assert same({"a": row}, {"a": alike}) is (model(row) == model(alike))
    at = data.draw(st.integers(0, len(row) - 1))
    changed = [*row[:at], data.draw(numbers), *row[at + 1 :]]
    assert same({"a": row}, {"a": changed}) is (model(row) == model(changed))
    assert not same({"a": row}, {"a": row[:-1]})


def test_a_digest_tells_what_results_there_are() -> None:
    others: list[dict[str, Any]] = [{}, {"results": None}, {"results": {}}, {"results": {"x": 1}}]
    digests = [digest(bson.encode({"id": "a", **other})) for other in others]
    assert len(set(digests)) == len(others)
    assert digest(bson.encode({"id": "a", "results": {"locked": False}})) == digests[2]


def test_rows_of_equal_numbers() -> None:
    zeros = [0, Int64(0), 0.0, -0.0, Decimal128("0.00")]
    nans = [math.nan, Decimal128("NaN")]
    large = [Int64(2**53 + 1), Decimal128("9007199254740993")]
    larger = [float(2**53), 2**53, Decimal128("9007199254740992")]
    for size in (1, 9, 100, 5000):
        rows = [[{"a": [1.5] * 20 + [number] * size} for number in kind] for kind in (zeros, nans, large, larger)]
        digests = [{digest(bson.encode(row)) for row in each} for each in rows]
        assert list(map(len, digests)) == [1] * 4
        assert len(set.union(*digests)) == 4


def test_rows_of_another_length_are_another_content() -> None:
    of_a_size = [1, Int64(1), 1.5, True, Decimal128("1"), ObjectId(), Timestamp(1, 2), None, MinKey(), MaxKey()]
    for value in (*of_a_size, "ab", {}):
        digests = {digest(bson.encode({"a": [value] * length})) for length in range(130)}
        assert len(digests) == 130, value


@pytest.mark.slow
@given(documents, documents, st.data())
def test_anything_else_is_another_content(one: dict[str, Any], other: dict[str, Any], data: st.DataObject) -> None:
    assert same(one, other) is (model(one) == model(other))
    if one:
        name = data.draw(st.sampled_from(list(one)))
        changed = {**one, name: data.draw(values)}
        assert same(one, changed) is (model(one) == model(changed))
        assert not same(one, {each: one[each] for each in one if each != name})


FEW = [0, False, None, "", b"", 1, True, "1", 1.5, [], {}, [[]], [0], {"0": 0}, {"a": 0}, Code(""), Code("", {})]


def test_types_that_are_no_numbers_are_not_mixed_up() -> None:
    odd = {
        "undefined": b"\x06a\0",
        "symbol": b"\x0ea\0\x01\0\0\0\0",
        "DBPointer": b"\x0ca\0\x01\0\0\0\0" + bytes(12),
        "options": b"\x0ba\0\0xi\0",
        "options the other way": b"\x0ba\0\0ix\0",
    }
    encoded = [bson.encode({"a": value}) for value in FEW]
    encoded += [len(each).__add__(5).to_bytes(4, "little") + each + b"\0" for each in odd.values()]
    for (index, one), (other_index, other) in itertools.product(enumerate(encoded), repeat=2):
        assert same_content(one, other) is (index == other_index)
        assert (digest(one) == digest(other)) is (index == other_index)


NO_RESULTS: list[dict[str, Any]] = [{}, {"results": None}, {"results": {}}]
LOCKS = [{"results": {"locked": value}} for value in (True, False)]


def test_a_lock_is_no_content() -> None:
    def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return same_content(bson.encode(one), bson.encode(other))

    for one, other in itertools.product(NO_RESULTS, repeat=2):
        assert alike(one, other) is (one is other)
    for one, other in itertools.product(LOCKS, NO_RESULTS + LOCKS):
        assert alike(one, other)
        assert alike(other, one)
    full = {"results": {"a": 1, "b": {"locked": 1}}}
    for locked in (True, False):
        assert alike(full, {"results": {"b": {"locked": 1}, "locked": locked, "a": 1.0}})
        assert not alike(full, {"results": {"b": {"locked": 2}, "locked": locked, "a": 1}})
        assert not alike(full, {"results": {"locked": locked}})
    assert not alike({"results": [{"locked": True}]}, {"results": [{}]})
    assert alike({"_id": 1, "a": 2}, {"a": 2, "_id": 3})
    assert not alike({"a": {"_id": 1}}, {"a": {"_id": 2}})

"""`$bitsAllSet` and its sisters through the service, beside a model: what each position of a bit is in each value."""

from __future__ import annotations

import math
from typing import Any

import pytest
from bson import Binary, Decimal128, Int64
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.works import work
from workflow_results import InvalidRequestError, Results

PIPELINE = "test-filters-bits"
VALUES: tuple[Any, ...] = (
    *(0, 1, 5, 255, -1, -6, Int64(2**40), 2**63 - 1, -(2**63), 5.0, -5.0, 5.5, 2.0**62, 2.0**63, math.nan, math.inf),
    *(
        Decimal128("5"),
        Decimal128("5.0"),
        Decimal128("1E+2"),
        Decimal128("-1"),
    ),  # others MongoDB 6.0 makes int64 somehow
    *(b"\x05", b"", Binary(b"\x05\x01", 5), b"\xff" * 9, "5", True, None, {"x": 5}),
    *([1, 5], [], [[5]], ["5", b"\x05"], [True, 2], [{"x": 5}, -1]),
)
OPERATORS = {"$bitsAllSet": (all, True), "$bitsAnySet": (any, True), "$bitsAllClear": (all, False)}
OPERATORS |= {"$bitsAnyClear": (any, False)}


@pytest.fixture(scope="module")
def bits(results: Results) -> Results:
    ids = (f"{number:02}" for number in range(len(VALUES)))
    results.deposit([work(PIPELINE, id_, v=value) for id_, value in zip(ids, VALUES, strict=True)])
    results.deposit([work(PIPELINE, "without")])
    return results


def bit(value: Any, position: int) -> bool | None:
    """The bit of a value; None of one that has no bits. Integers go on with their sign, binaries with zeros."""
    if isinstance(value, bytes):
        return position < 8 * len(value) and bool(value[position // 8] >> position % 8 & 1)
    if isinstance(value, Decimal128):
        value = int(value.to_decimal())
    elif isinstance(value, float):
        if not value.is_integer():
            return None
    elif not isinstance(value, int) or isinstance(value, bool):
        return None
    return bool(int(value) >> position & 1) if -(2**63) <= value < 2**63 else None


def positions(mask: Any) -> list[int]:
    if isinstance(mask, list):
        return mask
    most = 8 * len(mask) if isinstance(mask, bytes) else 64
    return [position for position in range(most) if bit(mask, position)]


def matches_value(operator: str, mask: Any, value: Any) -> bool:
    quantifier, wanted = OPERATORS[operator]
    return bit(value, 0) is not None and quantifier(bit(value, position) == wanted for position in positions(mask))


def matches(operator: str, mask: Any, value: Any) -> bool:
    return any(matches_value(operator, mask, each) for each in (value if isinstance(value, list) else [value]))


def found(results: Results, condition: dict[str, Any]) -> list[int]:
    view = results.view(PIPELINE, {"v": condition, "id": {"$ne": "without"}}, {"id": True}, limit=-1)
    return sorted(int(each["id"]) for each in view)


masks = st.one_of(
    st.integers(0, 2**63 - 1),
    st.sampled_from((0, 1, 2, 4, 5, 2**62, 2**63 - 1, 250)),
    st.binary(max_size=10),
    st.lists(st.integers(0, 10) | st.sampled_from((62, 63, 64, 71, 72, 2**31 - 1)), max_size=4),
)


@settings(max_examples=150)
@given(operator=st.sampled_from(sorted(OPERATORS)), mask=masks)
def test_bits_are_those_of_the_model(bits: Results, operator: str, mask: Any) -> None:
    condition = {operator: mask}
    expected = [number for number, value in enumerate(VALUES) if matches(operator, mask, value)]
    assert found(bits, condition) == expected
    assert found(bits, {"$not": condition}) == [number for number in range(len(VALUES)) if number not in expected]
    assert found(bits, {"$elemMatch": condition}) == [number for number in expected if isinstance(VALUES[number], list)]


def test_flags_are_found_by_mask_positions_and_binary_data_alike(results: Results, pipeline: str) -> None:
    results.deposit([work(pipeline, f"{flags:03b}", flags=flags) for flags in range(8)])
    for mask in (5, 5.0, Int64(5), Decimal128("5"), [0, 2], [2.0, 0, 0], b"\x05", Binary(b"\x05\x00", 128)):
        for operator, ids in {
            "$bitsAllSet": ["111", "101"],
            "$bitsAnySet": ["111", "110", "101", "100", "011", "001"],
            "$bitsAllClear": ["010", "000"],
            "$bitsAnyClear": ["110", "100", "011", "010", "001", "000"],
        }.items():
            query = {"flags": {operator: mask}}
            assert [each["id"] for each in results.view(pipeline, query)] == ids, query
            assert results.count(pipeline, query) == len(ids)


def test_a_refusal_says_what_would_be_right(results: Results, pipeline: str) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"query\.flags\.\$bitsAllSet must be a mask .* or an array of the posi"
    ):
        results.view(pipeline, {"flags": {"$bitsAllSet": "101"}})
    with pytest.raises(
        InvalidRequestError, match=r"query\.flags\.\$bitsAnySet\[1\] the position of a bit must be an i"
    ):
        results.count(pipeline, {"flags": {"$bitsAnySet": [0, -1]}})

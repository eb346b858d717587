"""Values are encoded natively as they are in Python, or not natively at all."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support.native_part import in_use
from tests.system.native.compare import BATCH, Difference, compare_values
from workflow_results._encoding.documents import encode as encoded
from workflow_results.common import native
from workflow_results.common.native import Encode

NUMBER = 20_000
SEED = 1


@pytest.fixture
def encode() -> Encode:
    return in_use(native.encode)


def compared(encode: Encode, number: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for batch in range(number // BATCH):
        found.update(compare_values(f"{SEED}/{batch}", encode))
    return found


@pytest.mark.slow
def test_values_are_encoded_natively_as_they_are_in_python(encode: Encode) -> None:
    found = compared(encode, NUMBER)
    assert found["values"] == NUMBER
    for what in ("encoded natively", "refused"):
        assert 0.1 * NUMBER < found[f"values {what}"] < 0.9 * NUMBER, what


def test_a_mistake_would_be_noticed(encode: Encode) -> None:
    def mistaken(document: dict[str, Any], levels: int, most_bytes: int) -> bytes | None:
        return encode({key: value for key, value in document.items() if key != "_id"}, levels, most_bytes)

    with pytest.raises(Difference, match="natively: "):
        compared(mistaken, NUMBER)


def test_where_the_native_part_encodes(encode: Encode) -> None:
    plain = {"a": None, "b": [True, 1, 2**40, 1.5, ("é", b"x")], "c": {"_id": 1}}
    expected = encoded(plain, "works[0]")
    assert encode(plain, 2, len(expected)) == expected
    assert encode(plain, 1, len(expected)) is encode(plain, 2, len(expected) - 1) is None
    assert encode({"a": [bytes(1000), "x" * 1000]}, 2, 1000) is None
    odds: list[dict[Any, Any]] = [
        {"_id": 1},
        {"a\0": 1},
        {"\ud800": 1},
        {1: 1},
        {"a": 2**63},
        {"a": {1}},
        {"a": "\ud800"},
    ]
    for odd in odds:
        assert encode(odd, 100, 1000) is None, odd

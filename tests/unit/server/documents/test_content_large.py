"""Large works are compared in little memory, and in turns with what others do."""

from __future__ import annotations

import random
import tracemalloc

import bson
import pytest

from tests.support.raw_bson import deep, element
from workflow_results_server.documents import content
from workflow_results_server.documents.content import digest, same_content


def test_comparing_copies_no_levels() -> None:
    one, other = deep(element("end", 1)), deep(element("end", 2))
    tracemalloc.start()
    try:
        assert not same_content(one, other)
        assert digest(one) != digest(other)
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_millions_of_fields_are_not_sorted_at_once() -> None:
    parts = [number.to_bytes(3, "big") for number in range(300_000)]
    for given_ in (parts, parts[::-1], random.Random(1).sample(parts, len(parts))):
        divided = content._in_order(given_)
        assert max(map(len, divided)) < 150_000
        assert [part for some in divided for part in sorted(some)] == parts


def test_many_fields_have_the_digest_that_they_have_when_they_are_sorted_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = bson.encode({f"f{number}": {"x": number} for number in random.Random(1).sample(range(1_000), 1_000)})
    at_once = digest(data)
    monkeypatch.setattr(content, "_SORTED_AT_ONCE", 7)
    assert digest(data) == at_once

"""Works are judged natively as they are in Python, and stored with the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.native_part import in_use
from tests.support.paths import REPOSITORY
from tests.system.native.compare import BATCH, Difference, compare_request, compare_works
from workflow_results.common import native
from workflow_results.common.native import Accepted, Cut

NUMBER = 20_000
SEED = 1


@pytest.fixture
def cut() -> Cut:
    return in_use(native.cut)


def compared(cut: Cut, number: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for batch in range(number // BATCH):
        found.update(compare_works(f"{SEED}/{batch}", cut))
    return found


@pytest.mark.slow
def test_works_are_judged_natively_as_they_are_in_python(cut: Cut) -> None:
    found = compared(cut, NUMBER)
    assert found["works"] > 0.9 * NUMBER  # less than that only where they are large
    for what in ("accepted natively", "handed back", "rejected"):
        assert found[f"works {what}"] > 0.1 * NUMBER, what
    assert found["works in requests refused as a whole"]


def test_what_fuzzing_starts_from_is_judged_alike(cut: Cut) -> None:
    seeds = sorted((REPOSITORY / "native" / "fuzz" / "seeds").iterdir())
    assert seeds
    for seed in seeds:
        compare_request(seed.read_bytes(), cut)


def with_another_id(each: Accepted) -> Accepted:
    pipeline, id_, status, locked, data = each
    return pipeline, id_, status, locked, data.replace(b"\x02_id\0", b"\x02_Id\0", 1)


def unlocked(each: Accepted) -> Accepted:
    return *each[:3], False, each[4]


@pytest.mark.parametrize("mistake", [with_another_id, unlocked])
def test_a_mistake_would_be_noticed(cut: Cut, mistake: Any) -> None:
    def mistaken(*args: Any, **limits: Any) -> tuple[Sequence[Accepted | bytes], int]:
        found, end = cut(*args, **limits)
        return [each if isinstance(each, bytes) else mistake(each) for each in found], end

    with pytest.raises(Difference, match="natively: "):
        compared(mistaken, NUMBER)

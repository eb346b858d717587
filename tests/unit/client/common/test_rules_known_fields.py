"""Of the names of fields, which callers choose, no more is remembered than takes 4 MB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.works import work
from workflow_results.common import rules


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rules, "_known_fields", set())
    yield
    assert len(rules._known_fields) <= rules._KNOWN_MOST
    assert all(len(name) <= rules._KNOWN_LENGTH for name in rules._known_fields)


def test_names_are_remembered() -> None:
    assert rules.work_problem(work("p", "a", dm=1)) is None
    assert "dm" in rules._known_fields


def test_long_names_are_not() -> None:
    assert rules.work_problem(work("p", "a", **{"n" * 64: 1, "m" * 65: 1})) is None
    assert "n" * 64 in rules._known_fields


def test_new_names_take_the_places_of_others() -> None:
    for number in range(25):
        fields = {f"f{number}-{each}": 1 for each in range(1_000)}
        assert rules.work_problem(work("p", "a", **fields)) is None
        assert rules._known_fields >= fields.keys()


def test_a_work_may_have_more_names_than_are_remembered() -> None:
    assert rules.work_problem(work("p", "a", **{f"f{each}": 1 for each in range(30_000)})) is None
    assert rules._known_fields


@pytest.mark.parametrize("name", ["", "$a", "a.b"])
def test_what_is_wrong_is_never_remembered(name: str) -> None:
    for _ in range(2):
        problem = rules.work_problem(work("p", "a", **{name: 1}))
        assert problem is not None
        assert problem.reason == "INVALID_WORK"
    assert name not in rules._known_fields

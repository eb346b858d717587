"""What callers say is escaped and cut where it is shown."""

from __future__ import annotations

from hypothesis import given

from tests.support.odd_texts import TEXT
from workflow_results import (
    ResultsError,
)
from workflow_results.common import rules


@given(TEXT)
def test_errors_stand_on_one_line(text: str) -> None:
    for shown in (str(ResultsError(text)), rules.quoted(text), rules.shorten(text), rules.visible(text)):
        assert shown.isprintable()
    assert rules.visible(text) == text or not text.isprintable()
    assert len(rules.shorten(text)) <= 60


def test_what_is_long_is_not_written_out_to_be_cut() -> None:
    assert rules.shorten("x" * 10**8) == f"'{'x' * 58}…"
    assert rules.shorten([["x" * 10**8] * 1_000] * 1_000)[:10] == "[['xxxxxxx"
    assert rules.shorten({"b": 1, "a": [1] * 100}).startswith("{'a': [1, 1, ")

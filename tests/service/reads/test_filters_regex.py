"""Regular expressions on long texts, on which MongoDB 6.0 gives up in silence: see docs/reference/queries.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.works import work
from workflow_results import Results

# Each pattern with the parts of a text that it matches: its beginning, what is repeated, and its end.
OF_GROUPS = {
    "^(ab)+c$": ("", "ab", "c"),
    "(ab)+c": ("", "ab", "c"),
    "^(?:ab)+c$": ("", "ab", "c"),
    "(a|b)*c": ("", "ab", "c"),
    "^(?:a|b)*c$": ("", "ab", "c"),
    "^(a(b)?)+c$": ("", "ab", "c"),
    "^((a|b)(c|d))*e$": ("", "acbd", "e"),
    "^(([a-z]+),)+x$": ("", "abc,", "x"),
    r"^(\w+\s?)+$": ("", "word ", ""),
    r"^(.|\n)*c$": ("", "a\n", "c"),
    "^((a))*c$": ("", "a", "c"),
    "(é|è)+c": ("", "éè", "c"),
}
WITHOUT_GROUPS = {
    "^B0": ("B0", "x", ""),
    "needle": ("", "x", "needle"),
    "a.*b": ("a", "x", "b"),
    "^a.*b$": ("a", "x", "b"),
    "^[ab]*c$": ("", "ab", "c"),
    "x+y": ("", "x", "y"),
}


def text(parts: tuple[str, str, str], length: int) -> str:
    first, repeated, last = parts
    return first + repeated * ((length - len(first) - len(last)) // len(repeated)) + last


def found(results: Results, pipeline: str, condition: Any) -> list[str]:
    return [each["id"] for each in results.view(pipeline, {"t": condition}, {"id": True})]


@pytest.mark.parametrize("pattern", OF_GROUPS)
def test_texts_of_a_thousand_characters_are_matched(results: Results, pipeline: str, pattern: str) -> None:
    whole = text(OF_GROUPS[pattern], 1000)
    assert 990 < len(whole) <= 1000
    results.deposit([work(pipeline, "a", t=whole), work(pipeline, "b", t="\n" + whole + "~")])
    anchored = pattern.endswith("$")
    assert found(results, pipeline, {"$regex": pattern}) == (["a"] if anchored else ["b", "a"])
    assert found(results, pipeline, {"$not": {"$regex": pattern}}) == (["b"] if anchored else [])


@pytest.mark.parametrize("pattern", WITHOUT_GROUPS)
def test_texts_of_any_length_are_matched_by_what_repeats_no_group(
    results: Results, pipeline: str, pattern: str
) -> None:
    results.deposit([work(pipeline, "a", t=text(WITHOUT_GROUPS[pattern], 1_000_000)), work(pipeline, "b", t="z")])
    assert found(results, pipeline, {"$regex": pattern}) == ["a"]


def test_the_limit_is_where_the_docs_say(results: Results, pipeline: str) -> None:
    version = results.info()["server"]["mongodb"]
    if not version.startswith("6.0."):
        pytest.skip(f"measured with MongoDB 6.0, this is {version}")
    results.deposit([work(pipeline, f"{times}", t="ab" * times + "c") for times in (999, 1000, 1999, 2000)])
    assert found(results, pipeline, {"$regex": "^(ab)+c$"}) == ["999", "1999", "1000"]
    assert found(results, pipeline, {"$not": {"$regex": "^(ab)+c$"}}) == ["2000"]
    assert found(results, pipeline, {"$regex": "^(a|b)*c$"}) == ["999"]

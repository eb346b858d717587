"""Cells of CSV files: whole, and no formulas."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from workflow_results.common.bson_codec import encode
from workflow_results_server.http.ui.cells import MISSING, csv_header, csv_lines, value_at
from workflow_results_server.store import Batch

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXTS | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def row(document: dict[str, Any], *paths: str) -> list[str]:
    batch = Batch(encode(document), 1, "a", final=True)
    [cells] = csv.reader(io.StringIO(csv_lines(batch, paths).decode(), newline=""), strict=True)
    return cells


@given(VALUES)
def test_no_cell_is_a_formula(value: Any) -> None:
    [cell] = row({"x": value}, "x")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(TEXTS)
def test_text_is_whole(text: str) -> None:
    assert row({"x": text, "y": "end"}, "x", "y") in ([text, "end"], [f"'{text}", "end"])


def test_numbers_keep_their_digits() -> None:
    assert row({"a": 2**60 + 1, "b": -1e-7, "c": 1.0, "d": True, "e": None}, *"abcdef") == [
        *("1152921504606846977", "-1e-07", "1.0", "true", "", "")
    ]


def test_names_of_columns_are_guarded() -> None:
    assert csv_header(["id", "=x"]) == b"id,'=x\r\n"


def test_values_in_lists() -> None:
    document = {"a": [{"b": 1}, {"c": 2}, 3, {"b": 4}], "d": {"e": {}}}
    assert value_at(document, "a.b") == [1, 4]
    assert value_at(document, "a.x") is MISSING
    assert value_at(document, "d.e.f") is MISSING
    assert value_at(document, "d.e") == {}

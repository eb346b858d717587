"""Columns and points of any results."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.server.http.ui.test_cells import TEXTS, VALUES
from workflow_results.common import rules
from workflow_results.common.bson_codec import encode
from workflow_results_server.http.ui.rates import rate
from workflow_results_server.http.ui.sampling import Columns, Points
from workflow_results_server.store import Batch

DOCUMENTS = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=4)


def batch(documents: list[dict[str, Any]]) -> Batch:
    with_ids = [{**document, "id": str(number)} for number, document in enumerate(documents)]
    return Batch(b"".join(map(encode, with_ids)), len(with_ids), "", final=True)


@given(DOCUMENTS)
def test_columns_of_anything_can_be_asked_for(documents: list[dict[str, Any]]) -> None:
    columns = Columns()
    columns.add(batch(documents))
    found = json.loads(json.dumps(columns.found(), allow_nan=False))
    assert found["sampled"] == len(documents)
    for column in found["columns"]:
        assert rules.path_problem(column["path"]) is None
        assert column["empty"] == (column["filled"] == 0)


@given(DOCUMENTS, TEXTS)
def test_points_of_anything_are_finite(documents: list[dict[str, Any]], path: str) -> None:
    points = Points([path or "x"])
    points.add(batch(documents))
    found = json.loads(json.dumps(points.found(10), allow_nan=False))
    assert len(found["ids"]) == len(found["values"][0])
    assert found["passed"] + len(found["ids"]) == len(documents)


def test_many_paths_are_bounded() -> None:
    columns = Columns()
    columns.add(batch([{f"a{number}": 1 for number in range(3_000)}]))
    found = columns.found()
    assert len(found["columns"]) == 2_000
    assert found["has_more"]


def test_rates_of_ids_that_tell_nothing() -> None:
    assert rate([]) == {"newest": None, "per_minute": None}
    assert rate(["burst-1"]) == {"newest": None, "per_minute": None}
    assert rate(["0" * 24]) == {"newest": 0, "per_minute": 0.0}
    assert rate(["0" * 24, "burst-1"]) == {"newest": None, "per_minute": None}

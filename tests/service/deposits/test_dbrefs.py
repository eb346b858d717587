"""Results that look like a DBRef are stored and locked like any others."""

from __future__ import annotations

from tests.support.works import work
from workflow_results import Results


def test_results_like_a_dbref_are_stored_and_locked(results: Results, pipeline: str) -> None:
    fields = {"$ref": "c", "$id": 1, "locked": True}
    assert results.deposit([work(pipeline, "a", results=fields)]) == {pipeline: True}
    assert results.get_by_id(pipeline, ["a"])[0]["results"] == fields
    assert results.get_locked_count(pipeline) == 1

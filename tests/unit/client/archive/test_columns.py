"""Results as rows of a table, and as lines of CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from bson import Binary, Int64

from workflow_results.archive.columns import Columns, leaves, ordered
from workflow_results.archive.csv_lines import csv_lines

RESULT: dict[str, Any] = {
    "pipeline": "p",
    "creation": 1748756172.9,
    "results": {"dm": 512.24400001, "fit": {"cov": [1, 2.5], "empty": {}}, "odd.name": 1},
    "id": "a",
    "event": [1, 2],
    "status": "success",
}

DATE = dt.datetime(2026, 1, 2, 3, 4, 5, 6000, dt.timezone.utc)
BINARY = '{"$binary": {"base64": "YWI=", "subType": "00"}}'


def test_the_telling_columns_come_first() -> None:
    assert ordered(leaves(RESULT)) == ["id", "event", "status", "results", "creation", "pipeline"]
    del RESULT["results"]["odd.name"]
    assert ordered(leaves(RESULT))[3:6] == ["results.dm", "results.fit.cov", "results.fit.empty"]


@pytest.mark.parametrize(
    ("value", "shown", "written"),
    [
        (None, "null", ""),
        (True, "true", "true"),
        (512.24400001, "512.244", "512.24400001"),
        (float("nan"), "nan", "nan"),
        (Int64(2**60), str(2**60), str(2**60)),
        ("a\x1b[31m\n", "a\\x1b[31m\\n", "a\x1b[31m\n"),
        ([1, "b", None], "1, b, null", '[1, "b", null]'),
        ([], "", "[]"),
        ([[1]], "[[1]]", "[[1]]"),
        (DATE, "2026-01-02 03:04:05", "2026-01-02T03:04:05.006000+00:00"),
        (Binary(b"ab"), BINARY, BINARY),
        ("=1+1", "=1+1", "'=1+1"),
        ("-a", "-a", "'-a"),
        ("@x", "@x", "'@x"),
        (-1.5, "-1.5", "-1.5"),
    ],
)  # fmt: skip
def test_a_cell(value: Any, shown: str, written: str) -> None:
    columns = Columns(["x"], chosen=True)
    assert columns.shown({"x": value}) == [shown]
    assert columns.written({"x": value}) == [written]


def test_times_of_works_are_shown_as_such() -> None:
    columns = Columns(["creation", "stop", "start"], chosen=True)
    assert columns.shown({"creation": 1748756172.9, "stop": 12}) == ["2025-06-01 05:36:12", "12", ""]


def test_a_path_goes_into_documents_in_lists() -> None:
    columns = Columns(["products.path", "none.at.all"], chosen=True)
    assert columns.shown({"products": [{"path": "a"}, {"size": 1}, {"path": "b"}]}) == ["a, b", ""]


def test_a_document_is_a_value_only_where_it_is_asked_for() -> None:
    document = {"results": {"dm": 1}}
    assert Columns(["results"], chosen=True).written(document) == ['{"dm": 1}']
    assert Columns(["results", "results.dm"], chosen=False).written(document) == ["", "1"]


def test_csv_has_the_columns_of_all_results() -> None:
    lines = csv_lines([{"id": "a", "results": None}, {"id": "b", "results": {"x": 'c"d,e', "y": [1]}}], None)
    rows = list(csv.reader(io.StringIO("".join(lines))))
    assert rows == [["id", "results.x", "results.y", "results"], ["a", "", "", ""], ["b", 'c"d,e', "[1]", ""]]


def test_csv_of_nothing() -> None:
    assert list(csv_lines([], None)) == []
    assert list(csv_lines([], ["id"])) == ["id\r\n"]

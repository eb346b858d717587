"""Results as tables: of Arrow, pandas and polars, and as Parquet files."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bson import Binary, Decimal128, Int64, ObjectId

from tests.support.launcher import Service
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import AsyncResults, InvalidRequestError, Results, ResultsError
from workflow_results.frames.parquet import ParquetSink, works

pytestmark = pytest.mark.both_facades

NOON = dt.datetime(2025, 6, 1, 12, tzinfo=dt.timezone.utc)
METHODS = ["to_arrow", "to_pandas", "to_polars"]


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


@pytest.fixture
def stored(results: Results, pipeline: str) -> list[dict[str, Any]]:
    """Some results, in the order in which they are read."""
    made = [
        work(
            pipeline,
            "c",
            event=[Int64(2**62)],
            attempt=1,
            results={"dm": 348.8, "snr": 21, "beams": [1, 2], "fit": {"ok": True, "at": NOON}},
        ),
        work(pipeline, "b", event=[7], results={"dm": 87, "snr": math.nan, "fit": None}, config={}),
        work(pipeline, "a", attempt=Int64(2**60 + 1)),
    ]
    assert results.deposit(made) == {pipeline: True}
    return made


def test_arrow(results: Results, pipeline: str, stored: list[dict[str, Any]]) -> None:
    table = results.to_arrow(pipeline)
    assert isinstance(table, pa.Table)
    assert table.column_names[:3] == ["id", "pipeline", "status"]
    assert table.schema.field("event").type == pa.list_(pa.int64())
    assert table.schema.field("results").type.field("fit").type == pa.struct(
        [("ok", pa.bool_()), ("at", pa.timestamp("ms", "UTC"))]
    )
    assert table.column("attempt").to_pylist() == [1, None, 2**60 + 1]
    assert table.column("event").to_pylist() == [[2**62], [7], None]
    first, second, third = table.column("results").to_pylist()
    assert first == {"dm": 348.8, "snr": 21.0, "beams": [1, 2], "fit": {"ok": True, "at": NOON}}
    assert math.isnan(second["snr"])
    assert third is None


def test_pandas(results: Results, pipeline: str, stored: list[dict[str, Any]]) -> None:
    frame = results.to_pandas(pipeline, flatten=True)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["attempt"]) == [1, pd.NA, 2**60 + 1] or frame["attempt"].isna().tolist() == [False, True, False]
    assert frame["attempt"].dtype == pd.Int64Dtype()
    assert frame["attempt"][2] == 2**60 + 1
    assert frame["results.fit.ok"].dtype == pd.BooleanDtype()
    assert frame["results.dm"].tolist()[:2] == [348.8, 87.0]
    assert frame["results.fit.at"][0] == pd.Timestamp(NOON)
    assert str(frame["results.fit.at"].dtype) == "datetime64[ms, UTC]"
    assert list(frame.columns) == results.to_arrow(pipeline, flatten=True).column_names


def test_polars(results: Results, pipeline: str, stored: list[dict[str, Any]]) -> None:
    frame = results.to_polars(pipeline, flatten=True)
    assert isinstance(frame, pl.DataFrame)
    assert frame["attempt"].to_list() == [1, None, 2**60 + 1]
    assert frame.schema["results.fit.at"] == pl.Datetime("ms", "UTC")
    assert results.to_polars(pipeline).height == 3


@pytest.mark.parametrize("method", METHODS)
def test_query_projection_skip_limit_and_schema(
    results: Results, pipeline: str, stored: list[dict[str, Any]], method: str
) -> None:
    read = getattr(results, method)
    assert len(read(pipeline, {"event": 7})) == 1
    assert list(read(pipeline, {}, {"id": True, "event": True}, 1, 1)["id"]) in (["b"], [pa.scalar("b")])
    frame = read(pipeline, {"event": {"$exists": True}}, schema={"results.snr": float, "id": str})
    names = frame.column_names if method == "to_arrow" else list(frame.columns)
    assert names == ["results.snr", "id"]
    assert [str(each) for each in frame["id"]] == ["c", "b"]


@pytest.mark.parametrize("method", METHODS)
def test_no_results_make_a_table_with_columns(results: Results, pipeline: str, method: str) -> None:
    read = getattr(results, method)

    def names(**options: Any) -> list[str]:
        frame = read(pipeline, **options)
        assert len(frame) == 0
        return list(frame.column_names if method == "to_arrow" else frame.columns)

    assert names()[:4] == ["id", "pipeline", "status", "event"]
    assert names(projection={"results.dm": True}) == ["id", "results.dm"]
    assert "status" not in names(projection={"status": False})
    assert names(schema={"results": {"dm": float, "snr": float}}) == ["results"]
    assert names(schema={"results": {"dm": float, "snr": float}}, flatten=True) == ["results.dm", "results.snr"]


def test_parquet(results: Results, pipeline: str, stored: list[dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "results.parquet"
    path.write_text("what was there before")
    assert results.to_parquet(path, pipeline) == 3
    expected = results.to_arrow(pipeline)
    assert "config" not in pq.read_table(path).column_names  # a document that is always empty
    assert str(pq.read_table(path).to_pylist()) == str(expected.drop_columns("config").to_pylist())
    assert results.to_parquet(str(path), pipeline, {"id": "a"}, schema={"id": str}) == 1
    assert pq.read_table(path).to_pylist() == [{"id": "a"}]
    assert results.to_parquet(path, pipeline, {"id": "none"}) == 0
    assert pq.read_table(path).num_rows == 0
    assert names_in(tmp_path) == ["results.parquet"]


@pytest.mark.parametrize("flatten", [False, True])
def test_parquet_becomes_works(results: Results, pipeline: str, tmp_path: Path, flatten: bool) -> None:
    values = {
        "id": ObjectId("1" * 24),
        "decimal": Decimal128("1.50"),
        "bytes": Binary(b"x", 5),
        "plain": b"x",
        "long": Int64(2**62),
        "time": NOON,
        "far": dt.datetime(9999, 12, 31, tzinfo=dt.timezone.utc),
        "list": [[1.5, None], []],
        "dotted.name": {"a": [{"b": 1}]},
        "locked": True,
    }
    made = [work(pipeline, "b", results=values, event=[1]), work(pipeline, "a", results={"other": "é\0"})]
    results.deposit(made)
    path = tmp_path / "results.parquet"
    assert results.to_parquet(path, pipeline, flatten=flatten) == 2
    read = list(works(path))
    assert read == made
    assert type(read[0]["results"]["bytes"]) is Binary
    assert results.deposit(read) == {pipeline: True}  # they are the same


def test_files_that_are_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(ResultsError, match=r"x\.parquet can't be read as a Parquet file"):
        list(works(path))
    with pytest.raises(FileNotFoundError):
        list(works(tmp_path / "none"))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"path": ""}, InvalidRequestError, "path must be"),
        ({"path": 7}, InvalidRequestError, "path must be"),
        ({"path": "."}, OSError, "directory"),
        ({"path": "none/x"}, FileNotFoundError, "none"),
        ({"query": {"$where": "x"}}, InvalidRequestError, "where"),
        ({"flatten": "yes"}, InvalidRequestError, "flatten"),
        ({"progress": 2}, InvalidRequestError, "progress"),
        ({"schema": {"id": int}}, ResultsError, "id is a string in result"),
    ],
)
def test_errors_leave_no_file(
    results: Results,
    pipeline: str,
    stored: list[dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, Any],
    error: type[Exception],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=said):
        results.to_parquet(**{"path": "x.parquet", "pipeline": pipeline, **arguments})
    assert names_in(tmp_path) == []


def test_a_broken_read_keeps_the_file_that_was_there(
    results: Results, pipeline: str, stored: list[dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "x.parquet"
    path.write_text("before")
    results.deposit([work(pipeline, "d", event="seven")])
    with pytest.raises(ResultsError, match="event is a list in result 'c' and a string in result 'd'"):
        results.to_parquet(path, pipeline)
    assert names_in(tmp_path) == ["x.parquet"]
    assert path.read_text() == "before"


def test_interrupts_leave_no_file_and_no_stream(
    service: Service, pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("workflow_results.frames.parquet.ParquetSink.add", interrupted)
    with Results(service.target) as results:
        results.deposit([work(pipeline, "a")])
        stream = results.stream_batches(pipeline, {})
        monkeypatch.setattr(results, "stream_batches", lambda *_, **__: stream)
        with pytest.raises(KeyboardInterrupt):
            results.to_parquet(tmp_path / "x.parquet", pipeline)
        assert "ended after 1 batch" in repr(stream)
    assert names_in(tmp_path) == []


def test_a_cancelled_task_leaves_no_file(
    service: Service, pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    add = ParquetSink.add

    def slow(sink: ParquetSink, batch: Any) -> None:
        begun.set()
        go_on.wait(PATIENCE)
        add(sink, batch)

    monkeypatch.setattr(ParquetSink, "add", slow)

    async def cancelled() -> None:
        async with AsyncResults(service.target) as results:
            await results.deposit([work(pipeline, "a")])
            path = tmp_path / "x.parquet"
            task = asyncio.ensure_future(results.to_parquet(path, pipeline, schema={"id": str}))
            await asyncio.to_thread(begun.wait, PATIENCE)
            task.cancel()
            await asyncio.sleep(0)
            assert names_in(tmp_path) == ["x.parquet.part"]  # the thread still writes it
            go_on.set()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancelled())
    assert names_in(tmp_path) == []


MISSING = """
import sys
sys.modules[{library!r}] = None
from workflow_results import Results, ResultsError
try:
    getattr(Results("localhost:1"), {method!r})(*{arguments!r})
except ResultsError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("method", "library", "extra", "arguments"),
    [
        ("to_arrow", "pyarrow", "arrow", ["p"]),
        ("to_pandas", "pandas", "pandas", ["p"]),
        ("to_polars", "polars", "polars", ["p"]),
        ("to_parquet", "pyarrow", "arrow", ["x", "p"]),
    ],
)
def test_missing_extras_are_named(method: str, library: str, extra: str, arguments: list[str]) -> None:
    code = MISSING.format(library=library, method=method, arguments=arguments)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert f"{method} needs {library}" in done.stdout
    assert f"pip install 'workflow-results[{extra}]'" in done.stdout
    assert done.stdout.count("\n") == 1


def test_progress_is_silent_without_a_terminal(
    results: Results, pipeline: str, stored: list[dict[str, Any]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert results.to_arrow(pipeline, progress=True).num_rows == 3
    assert capfd.readouterr() == ("", "")


def test_progress_on_a_terminal(
    results: Results,
    pipeline: str,
    stored: list[dict[str, Any]],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert results.to_arrow(pipeline, progress=True).num_rows == 3
    assert "3 results" in capfd.readouterr().err

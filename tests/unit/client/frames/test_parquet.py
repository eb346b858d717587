"""Parquet files that are not completed."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workflow_results.frames import parquet


def test_an_unfinished_file_is_given_up_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 1)
    sink = parquet.ParquetSink(tmp_path / "x.parquet")
    sink.open()
    sink.add(pa.record_batch({"a": [1, 2]}))
    sink.close()
    del sink
    gc.collect()
    assert complaints == []
    assert list(tmp_path.iterdir()) == []


def test_files_are_compressed_in_groups_without_dictionaries(tmp_path: Path) -> None:
    batch = pa.record_batch({"a": ["the same"] * 100_000})
    sink = parquet.ParquetSink(tmp_path / "x.parquet")
    sink.open()
    for _ in range(9):
        sink.add(batch)
    assert sink.finish(batch.schema) == 900_000
    sink.close()
    with pq.ParquetFile(tmp_path / "x.parquet") as file:
        metadata = file.metadata
        assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [
            400_000,
            400_000,
            100_000,
        ]
        column = metadata.row_group(0).column(0)
        assert (column.compression, column.has_dictionary_page) == ("ZSTD", False)
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]

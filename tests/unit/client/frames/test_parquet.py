"""Parquet files that are not completed."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
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

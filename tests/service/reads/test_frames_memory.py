"""Parquet files are written in little memory, however much goes into them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.launcher import Service
from tests.support.processes import run_measured
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import Results

WRITE = """
import sys
from workflow_results import Results
target, path, pipeline, limit = sys.argv[1:]
Results(target).to_parquet(path, pipeline, limit=int(limit))
"""
NUMBER = 20_000
SIZE = 8_000
MOST_MIB = 60
"""More than for a few results; all of them have 150 MiB."""


@pytest.mark.slow
def test_large_results_are_written_in_little_memory(
    service: Service, results: Results, pipeline: str, tmp_path: Path
) -> None:
    for start in range(0, NUMBER, 1_000):
        some = range(start, start + 1_000)
        results.deposit([work(pipeline, f"{each:05}", results={"data": os.urandom(SIZE)}) for each in some])
    path, peaks = tmp_path / "results.parquet", []
    for limit in (10, NUMBER):
        command = [sys.executable, "-c", WRITE, service.target, str(path), pipeline, str(limit)]
        status, mib = run_measured(command, PATIENCE)
        assert status == 0
        peaks.append(mib)
    assert peaks[1] - peaks[0] < MOST_MIB
    found = pq.read_metadata(path)
    assert found.num_rows == NUMBER
    assert found.num_row_groups > 10

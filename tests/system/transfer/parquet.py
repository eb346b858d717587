"""Writes all results to a Parquet file in little memory, and reads them back as they are."""

from __future__ import annotations

import datetime as dt
import math
import sys
import time
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq

from tests.support.processes import run_measured
from workflow_results import Results

if TYPE_CHECKING:
    from pathlib import Path

_WRITE: Final = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
from workflow_results import Results
Results(sys.argv[1]).to_parquet(*sys.argv[2:])
"""
"""As with the extra `arrow` alone: where there is pandas, pyarrow loads it, which takes about 45 MiB."""
_MOST_SECONDS: Final = 1_800.0
_READ_ROWS: Final = 1_000


def written(target: str, pipeline: str, path: Path) -> tuple[float, float]:
    """Write all fields of all results in a process of its own.

    Returns:
        How many seconds it took, and the most memory of the process in MiB.
    """
    began = time.monotonic()
    status, mib = run_measured([sys.executable, "-c", _WRITE, target, str(path), pipeline], _MOST_SECONDS)
    if status:
        raise SystemExit(f"to_parquet has ended with status {status}")
    return time.monotonic() - began, mib


def difference(target: str, pipeline: str, path: Path) -> str:
    """Return how a file differs from what a stream gives, in any value of any result; empty if it does not."""
    number = 0
    with pq.ParquetFile(path) as file, Results(target, timeout=60) as results:
        rows = (row for batch in file.iter_batches(_READ_ROWS) for row in batch.to_pylist())
        for row, result in zip_longest(rows, results.stream(pipeline, {})):
            if row is None or result is None:
                return f"{number:,} rows or results, and more of {'results' if row is None else 'rows'}"
            if not _is_same(row, result):
                return f"{row} instead of {result}"
            number += 1
    return ""


def _is_same(read: Any, given: Any) -> bool:
    """Compare values, apart from what a table can't tell: null from missing, and which numbers were integers."""
    if isinstance(given, dict):
        named = {name: each for name, each in (read or {}).items() if each is not None}
        names = named.keys() | {name for name, each in given.items() if each not in (None, {})}
        return all(_is_same(named.get(name), given.get(name)) for name in names)
    if isinstance(given, list):
        return isinstance(read, list) and len(read) == len(given) and all(map(_is_same, read, given))
    if isinstance(given, float) and math.isnan(given):
        return isinstance(read, float) and math.isnan(read)
    if isinstance(given, int) and not isinstance(given, bool):
        return type(read) in (int, float) and read == given
    if isinstance(given, (str, bool, float, bytes, dt.datetime)):
        return type(read) is type(given) and bool(read == given)
    return given is None and read is None

"""`to_pandas` compared with PyMongoArrow, and the memory of `to_parquet`: `python -m bench.frame_cases`."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.measure import Case, Measured, expect, timed
from bench.ways import OURS
from workflow_results import Results

if TYPE_CHECKING:
    from bench.stand import Stand

_DIRECT: Final = "find_pandas_all"
_TIMES: Final = 5
"""How many times as many results are read as in other cases: 100,000."""
_SCHEMA: Final[dict[str, Any]] = {
    "id": str,
    "event": [int],
    "status": str,
    "creation": float,
    "results": {"dm": float, "snr": float},
}
_stored: dict[int, str] = {}
"""The pipelines of all rounds, by how many results they have: to store them takes longer than to read them."""


def _pipeline(stand: Stand, number: int) -> str:
    if number not in _stored:
        pipeline, way = f"bench-frames-{number}", stand.ways[OURS]
        works = stand.works().first(stand.sizes.small).decoded(pipeline)
        for part in range(number // len(works)):
            way.deposit(pipeline, [{**work, "id": f"{part:02}{work['id']}"} for work in works])
        _stored[number] = pipeline
    return _stored[number]


def _pandas(stand: Stand, name: str) -> Measured:
    number = _TIMES * stand.sizes.small
    pipeline, way = _pipeline(stand, number), stand.ways[OURS]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it was built with another patch release of pyarrow
        from pymongoarrow.api import Schema, find_pandas_all
    if name == OURS:
        seconds, frame = timed(lambda: way.results.to_pandas(pipeline, schema=_SCHEMA))  # type: ignore[attr-defined]
    else:
        collection = stand.mongo[way.database][pipeline]
        seconds, frame = timed(lambda: find_pandas_all(collection, {}, schema=Schema(_SCHEMA)))
    expect(len(frame), number)
    return Measured(seconds, number)


CASES: Final = (Case("pandas", "read a few columns into a DataFrame", _pandas, {_DIRECT: 0.9}, reads=True),)


def main(target: str, pipeline: str) -> None:
    """Print how much memory a process takes that writes a pipeline to a Parquet file, with and without a schema."""
    for schema in (_SCHEMA, None):
        code = f"from bench import frame_cases; frame_cases.write({target!r}, {pipeline!r}, {schema is not None})"
        subprocess.run([sys.executable, "-c", code], check=True)


def write(target: str, pipeline: str, has_schema: bool) -> None:
    """Write a Parquet file, and print what it took."""
    with tempfile.TemporaryDirectory() as directory, Results(target) as results:
        path = Path(directory) / "results.parquet"
        seconds, number = timed(lambda: results.to_parquet(path, pipeline, schema=_SCHEMA if has_schema else None))
        size = path.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    how = "with a schema" if has_schema else "all fields"
    print(f"{how}: {number:,} results in {seconds:.1f} s, {size / 2**20:.0f} MiB, at most {peak:.0f} MiB of memory")


if __name__ == "__main__":
    main(*sys.argv[1:])

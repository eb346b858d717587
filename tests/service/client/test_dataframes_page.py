"""What the page on DataFrames shows works."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.launcher import Service
from tests.support.paths import REPOSITORY
from workflow_results import Results
from workflow_results.frames.parquet import works
from workflow_results.samples import sample_works

GUIDE = REPOSITORY / "docs" / "guide"
PNG = b"\x89PNG\r\n"


@pytest.fixture
def bursts(results: Results, pipeline: str, database: Any) -> Iterator[str]:
    """A pipeline of sample works."""
    assert results.deposit([{**work, "pipeline": pipeline} for work in sample_works(500)]) == {pipeline: True}
    yield pipeline
    database[pipeline].drop()


def test_the_script_draws(service: Service, bursts: str, tmp_path: Path) -> None:
    path = tmp_path / "dm_snr.png"
    runpy.run_path(str(GUIDE / "dm_snr.py"))["main"](service.target, bursts, str(path))
    assert path.read_bytes().startswith(PNG)
    assert (GUIDE / "dm_snr.png").read_bytes().startswith(PNG)


def test_sample_works_go_through_parquet(results: Results, bursts: str, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    assert results.to_parquet(path, bursts) == 500
    read = {work["id"]: work for work in works(path)}
    for stored in results.stream(bursts, {}):
        assert read[stored["id"]] == without_nulls(stored)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(each) for name, each in value.items() if each is not None}
    return value

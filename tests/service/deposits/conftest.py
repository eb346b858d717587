"""Outages, and a place for works meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.launcher import Service
from tests.support.spools import Outages


@pytest.fixture
def outages(serve: Callable[..., Service]) -> Outages:
    return Outages(serve())


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"

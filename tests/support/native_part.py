"""The native part, for tests that are about it."""

from __future__ import annotations

from typing import TypeVar

import pytest

from workflow_results.common import native

T = TypeVar("T")


def in_use(part: T | None) -> T:
    """Return a function of the native part; the test is skipped where that is not in use."""
    if part is None:
        pytest.skip(f"workflow-results-native is not in use: {native.NAME}")
    return part

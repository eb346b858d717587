"""What the tests of watches share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.waiting import PATIENCE
from workflow_results import Change, Results
from workflow_results._stream.watching import Watch


@contextmanager
def watching(results: Results, *arguments: Any, **named: Any) -> Iterator[Watch]:
    """Watch while a block is carried out, which fails if a change that it waits for does not come."""
    with results.watch(*arguments, timeout=PATIENCE, **named) as watch:
        yield watch


def following(watch: Watch, number: int) -> list[Change]:
    """Return the next changes."""
    return [next(watch) for _ in range(number)]


def told(changes: list[Change]) -> list[tuple[str, str]]:
    """Return what changes tell: what happened, to which result."""
    return [(change.kind.value, change.id) for change in changes]

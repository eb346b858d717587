"""What watches cost those who deposit."""

from __future__ import annotations

import multiprocessing
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from bench.measure import Case, Measured, expect, timed
from bench.ways import OURS
from workflow_results import Results

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

    from bench.stand import Stand

_NONE: Final = "no watch"
_NUMBERS: Final = {_NONE: 0, "1 watch": 1, "20 watches": 20}
_CATCH_UP_SECONDS: Final = 300.0


def _watch(target: str, pipeline: str, number: int, connection: Connection) -> None:
    """Watch until so many results have been deposited."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Results(target) as results, results.watch(pipeline) as changes:
        connection.send("watching")
        seen: set[str] = set()
        while len(seen) < number:
            seen.add(next(changes).id)
        connection.send("done")


@contextmanager
def _watched(target: str, pipeline: str, works: int, watches: int) -> Iterator[None]:
    """Watch in processes of their own, until all of them have seen all works."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.__main__"])
    pipes = [context.Pipe() for _ in range(watches)]
    processes = [
        context.Process(target=_watch, args=(target, pipeline, works, there), daemon=True) for _, there in pipes
    ]
    try:
        for process in processes:
            process.start()
        for here, _ in pipes:
            expect(_said(here), "watching")
        yield
        for here, _ in pipes:
            expect(_said(here), "done")
    finally:
        for process in processes:
            process.kill()
            process.join()


def _said(connection: Connection) -> Any:
    if not connection.poll(_CATCH_UP_SECONDS):
        raise RuntimeError(f"a watch has not seen all works after {_CATCH_UP_SECONDS:g} s")
    return connection.recv()


def _depositor(stand: Stand, name: str) -> Measured:
    way = stand.ways[OURS]
    pipeline = stand.new_pipeline(way)
    works = stand.works().first(stand.sizes.small).decoded(pipeline)
    with _watched(stand.service.target, pipeline, len(works), _NUMBERS[name]):
        seconds, _ = timed(lambda: way.deposit_each(pipeline, works))
    expect(stand.stored(way, pipeline), len(works))
    return Measured(seconds, len(works))


CASES: Final = (
    Case("watch", "deposit works one at a time with a watch", _depositor, {_NONE: 0.8}, ours=("1 watch",)),
    Case("watches", "deposit works one at a time with 20 watches", _depositor, {_NONE: None}, ours=("20 watches",)),
)
"""Ours against ours."""

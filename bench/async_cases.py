"""`AsyncResults` compared with `Results`."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Any, Final

from bench.measure import Case, Measured, expect, timed
from bench.ways import OURS
from workflow_results import AsyncResults, Outcome

if TYPE_CHECKING:
    from bench.stand import Stand

_ASYNC: Final = "AsyncResults"
_SYNC: Final = "Results"
_TASKS: Final = 10_000


def _by_id(stand: Stand, name: str) -> Measured:
    data = stand.data()
    step = max(1, len(data.ids) // stand.sizes.calls)
    ids = data.ids[::step][: stand.sizes.calls]
    way = stand.ways[OURS]
    seconds: list[float] = []

    def note(began: float, id_: str, found: list[dict[str, Any]]) -> None:
        seconds.append(time.perf_counter() - began)
        expect([each["id"] for each in found], [id_])

    async def call_all() -> None:
        async with AsyncResults(stand.service.target) as client:
            await client.get_by_id(data.pipeline, ids[:1])
            for id_ in ids:
                note(time.perf_counter(), id_, await client.get_by_id(data.pipeline, [id_]))

    if name == _ASYNC:
        asyncio.run(call_all())
    else:
        way.by_ids(data.pipeline, ids[:1])
        for id_ in ids:
            note(time.perf_counter(), id_, way.by_ids(data.pipeline, [id_]))
    return Measured(statistics.median(seconds))


def _depositor(stand: Stand, name: str) -> Measured:
    """Deposit works one at a time: by as many tasks as there are works, or by one thread."""
    way = stand.ways[OURS]
    pipeline = stand.new_pipeline(way)
    works = stand.works().first(min(stand.sizes.small, _TASKS)).decoded(pipeline)

    async def deposit() -> None:
        async with AsyncResults(stand.service.target) as client, client.depositor() as depositor:

            async def one(work: dict[str, Any]) -> Outcome:
                return (await (await depositor.deposit(work))).outcome

            expect(set(await asyncio.gather(*map(one, works))), {Outcome.DEPOSITED})

    seconds, _ = timed(lambda: asyncio.run(deposit()) if name == _ASYNC else way.deposit_each(pipeline, works))
    expect(stand.stored(way, pipeline), len(works))
    return Measured(seconds, len(works))


_SENTENCE: Final = f"deposit {_TASKS:,} works one at a time, each in a task"
CASES: Final = (
    Case("async-by-id", "get one result by its id", _by_id, {_SYNC: 1.0}, ours=(_ASYNC,), reads=True, latency=True),
    Case("async-depositor", _SENTENCE, _depositor, {_SYNC: 1.0}, ours=(_ASYNC,)),
)
"""Those of one facade against the other."""

"""The port of the metrics, where many ask."""

from __future__ import annotations

import asyncio
from typing import Any

from prometheus_client import CollectorRegistry, Counter

from workflow_results_server.http.metrics_door import MetricsDoor
from workflow_results_server.settings import Settings


class Caller:
    """One who may ask."""

    def authorize(self, name: str) -> None:
        assert name == "Info"


def test_those_who_ask_at_a_time_share_an_answer() -> None:
    registry = CollectorRegistry()
    written = Counter("written", "How often it was written.", registry=registry)

    async def refresh() -> None:
        written.inc()
        await asyncio.sleep(0)

    async def ask() -> None:
        door = MetricsDoor(Settings(), None, registry, refresh)
        caller: Any = Caller()
        asking = [asyncio.create_task(door._answer(caller)) for _ in range(50)]
        await asyncio.sleep(0)
        asking.pop(0).cancel()  # the first one leaves, and the others have their answer still
        for answer in await asyncio.gather(*asking):
            assert b"written_total 1.0" in answer.body
        assert b"written_total 2.0" in (await door._answer(caller)).body

    asyncio.run(ask())

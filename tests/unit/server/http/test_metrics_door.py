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
    asked = Counter("asked", "How often the numbers were asked for.", registry=registry)

    async def refresh() -> None:
        asked.inc()
        await asyncio.sleep(0)

    async def ask() -> None:
        door = MetricsDoor(Settings(), None, registry, refresh)
        caller: Any = Caller()
        asking = [asyncio.create_task(door._answer(caller)) for _ in range(50)]
        await asyncio.sleep(0)
        asking.pop(0).cancel()  # the first one leaves, and the others have their answer still
        shared = {answer.body for answer in await asyncio.gather(*asking)}
        later = await door._answer(caller)
        for number, body in enumerate([*shared, later.body], 1):
            assert isinstance(body, bytes)
            assert f"asked_total {number}.0".encode() in body
        assert len(shared) == 1

    asyncio.run(ask())

"""A worker process and what its parent says."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from tests.support.waiting import PATIENCE
from workflow_results_server import __main__ as worker
from workflow_results_server.serving.workers import REPORT


def test_who_asks_while_a_report_is_written_gets_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, allowed = threading.Semaphore(0), threading.Semaphore(0)

    def report() -> None:
        begun.release()
        assert allowed.acquire(timeout=PATIENCE)

    monkeypatch.setattr(worker, "_report", report)

    async def asked(orders: Any, parent: int) -> None:
        for _ in range(3):
            os.write(parent, REPORT)
            orders.listen()
            await asyncio.sleep(0)
        assert await asyncio.to_thread(begun.acquire, timeout=PATIENCE)
        os.write(parent, REPORT)
        orders.listen()
        allowed.release(2)
        await orders.finish()
        assert begun.acquire(blocking=False)
        assert not begun.acquire(blocking=False)

    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as heard:
        try:
            asyncio.run(asked(worker._Orders(heard, asyncio.Event()), writing))
        finally:
            os.close(writing)

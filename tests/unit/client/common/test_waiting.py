"""Waiting for what is not to be left alone."""

from __future__ import annotations

import asyncio

import pytest

from workflow_results.common.waiting import finished


def test_a_cancelled_task_waits_for_the_end() -> None:
    async def cancelled() -> None:
        go_on = asyncio.Event()
        task = asyncio.ensure_future(finished(go_on.wait()))
        await asyncio.sleep(0)
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)
            assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_what_it_returns_and_raises() -> None:
    async def failing() -> None:
        raise ValueError("no")

    assert asyncio.run(finished(asyncio.sleep(0, "done"))) == "done"
    with pytest.raises(ValueError, match="no"):
        asyncio.run(finished(failing()))

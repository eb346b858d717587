"""A change whose time is up leaves no transaction open, which would keep its results from everybody for a minute."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from conftest import work
from workflow_results import Results
from workflow_results_server.errors import DeadlineExceeded
from workflow_results_server.store import Store, changes
from workflow_results_server.store.history import Origin

SECONDS = 0.5
LONG = 30.0


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("late", [0.9, 1.1])
def test_a_change_whose_time_ends_before_its_commit_leaves_nothing_open(
    results: Results,
    mongo_uri: str,
    database: Any,
    pipeline: str,
    monkeypatch: pytest.MonkeyPatch,
    late: float,
    before: bool,
) -> None:
    """The time for writing is over at `late`, with 1.1 also that for the commit, before or after the last write."""
    monkeypatch.setattr(changes, "_COMMIT_SECONDS", 0.0)
    results.deposit([work(pipeline, "a")])

    async def run() -> None:
        store = await Store.open(mongo_uri, database.name, LONG)
        record = store.history.record

        async def late_record(*arguments: Any) -> None:
            if not before:
                await record(*arguments)
            await asyncio.sleep(SECONDS * late)
            if before:
                await record(*arguments)

        try:
            monkeypatch.setattr(store.history, "record", late_record)
            with pytest.raises(DeadlineExceeded) as raised:
                await store.changes.lock(pipeline, ["a"], Origin(), SECONDS)
            assert raised.value.not_applied
            assert await asyncio.to_thread(results.lock, pipeline, ["a"])
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), LONG))
    assert [entry.method for entry in results.history(pipeline, "a")] == ["lock"]


def test_a_change_that_can_not_be_aborted_is_answered_in_time(
    results: Results, mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Aborting has a time of its own, which is needed for the results' sake, but not one that callers wait for."""
    results.deposit([work(pipeline, "a")])
    aborted = changes._aborted

    async def run() -> None:
        store = await Store.open(mongo_uri, database.name, LONG)
        record = store.history.record
        answered = asyncio.Event()

        async def late_record(*arguments: Any) -> None:
            await asyncio.sleep(SECONDS)
            await record(*arguments)

        async def late_aborted(session: Any) -> None:
            await answered.wait()
            await aborted(session)

        try:
            monkeypatch.setattr(store.history, "record", late_record)
            monkeypatch.setattr(changes, "_aborted", late_aborted)
            with pytest.raises(DeadlineExceeded) as raised:
                await store.changes.lock(pipeline, ["a"], Origin(), SECONDS)
            assert raised.value.not_applied
            answered.set()
            assert await asyncio.to_thread(results.lock, pipeline, ["a"])
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), LONG))
    assert [entry.method for entry in results.history(pipeline, "a")] == ["lock"]

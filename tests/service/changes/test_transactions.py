"""Transactions: attempted again, committed once, and never left open, which would keep their results from everybody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure, PyMongoError

from tests.support.works import work
from workflow_results import Results
from workflow_results_server.errors import DeadlineExceeded
from workflow_results_server.store import Store, transaction
from workflow_results_server.store.history import Origin

pytestmark = pytest.mark.both_facades

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
    monkeypatch.setattr(transaction, "_COMMIT_SECONDS", 0.0)
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
    aborted = transaction._abort

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
            monkeypatch.setattr(transaction, "_abort", late_aborted)
            with pytest.raises(DeadlineExceeded) as raised:
                await store.changes.lock(pipeline, ["a"], Origin(), SECONDS)
            assert raised.value.not_applied
            answered.set()
            assert await asyncio.to_thread(results.lock, pipeline, ["a"])
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), LONG))
    assert [entry.method for entry in results.history(pipeline, "a")] == ["lock"]


def failure(label: str) -> PyMongoError:
    return OperationFailure("failed by the test", 1, {"errorLabels": [label]})


@pytest.mark.parametrize(("method", "before"), [("record", True), ("commit", True), ("commit", False)])
def test_what_fails_for_the_moment_is_done_again_and_once(
    results: Results,
    mongo_uri: str,
    database: Any,
    pipeline: str,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    before: bool,
) -> None:
    """A write or a commit that MongoDB aborts, and a commit whose answer is lost."""
    results.deposit([work(pipeline, "a")])
    failures = [failure("TransientTransactionError" if before else "UnknownTransactionCommitResult") for _ in range(3)]

    async def run() -> None:
        store = await Store.open(mongo_uri, database.name, LONG)
        owner, name = (store.history, "record") if method == "record" else (AsyncClientSession, "commit_transaction")
        done = getattr(owner, name)

        async def failing(*arguments: Any) -> None:
            if failures and before:
                if method == "commit":
                    await arguments[0].abort_transaction()
                raise failures.pop()
            await done(*arguments)
            if failures:
                raise failures.pop()

        try:
            monkeypatch.setattr(owner, name, failing)
            assert (await store.changes.lock(pipeline, ["a"], Origin(), LONG)).changed == 1
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), LONG))
    assert failures == []
    assert [entry.method for entry in results.history(pipeline, "a")] == ["lock"]


@pytest.mark.parametrize("label", ["TransientTransactionError", "UnknownTransactionCommitResult"])
def test_a_commit_that_fails_to_the_end_is_told_to_be_unknown_only_where_it_is(
    results: Results, mongo_uri: str, database: Any, pipeline: str, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    results.deposit([work(pipeline, "a")])

    async def run() -> None:
        store = await Store.open(mongo_uri, database.name, LONG)

        async def failing(session: AsyncClientSession) -> None:
            await asyncio.sleep(0.01)
            if label == "TransientTransactionError":
                await session.abort_transaction()
            raise failure(label)

        try:
            monkeypatch.setattr(AsyncClientSession, "commit_transaction", failing)
            with pytest.raises(DeadlineExceeded) as raised:
                await store.changes.lock(pipeline, ["a"], Origin(), SECONDS)
            assert raised.value.not_applied == (label == "TransientTransactionError")
        finally:
            await store.close()

    asyncio.run(asyncio.wait_for(run(), LONG))

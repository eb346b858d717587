"""Failures of MongoDB that are no fault of the request are not told to be one."""

from __future__ import annotations

import asyncio
from typing import Any, cast
from unittest.mock import AsyncMock

import bson
import pytest
from pymongo.errors import (
    BulkWriteError,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)

from workflow_results_server.documents.works import Work
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, InvalidRequest, RequestError, Unavailable
from workflow_results_server.store import Store, deposits
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.primary import Primary

STEPPED_DOWN = WriteConcernError("Primary stepped down while waiting for replication", 189)


@pytest.mark.parametrize(
    "error",
    [
        STEPPED_DOWN,
        NotPrimaryError("not primary"),
        OperationFailure("interrupted at shutdown", 11600),
        OperationFailure("interrupted due to replica set state change", 11602),
        OperationFailure("snapshot unavailable", 246),
    ],
)
def test_a_read_during_an_election_is_not_an_invalid_query(error: PyMongoError) -> None:
    with pytest.raises(Unavailable), mongodb_deadline(1):
        raise error


@pytest.mark.parametrize("hidden", [False, True])
def test_changes_that_never_get_their_turn_are_told_so(hidden: bool) -> None:
    conflict: PyMongoError = OperationFailure("write conflict", 112)
    with (
        pytest.raises(DeadlineExceeded, match="other calls kept changing these results") as raised,
        mongodb_deadline(1),
    ):
        if not hidden:
            raise conflict
        raise ExecutionTimeout("the time is over", 50) from conflict  # as PyMongo does where its own limit is near
    assert raised.value.metadata == NOT_APPLIED


def test_a_deposit_while_its_pipeline_cannot_be_prepared_may_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Primary, "wait_until_ready", AsyncMock())

    class Database(dict[str, Any]):
        def __missing__(self, _name: str) -> Any:
            return self

        async def index_information(self) -> None:
            raise STEPPED_DOWN

    async def run() -> None:
        store = Store(cast("Any", Database()), "any", 1, 10)
        with pytest.raises(RequestError) as raised:
            await store.deposit("p", [], 1)
        assert not isinstance(raised.value, InvalidRequest)
        assert raised.value.code == "UNAVAILABLE"
        assert raised.value.not_applied

    asyncio.run(run())


@pytest.mark.parametrize(("code", "interrupted"), [(11602, True), (10107, True), (262, True), (121, False)])
def test_a_work_is_not_rejected_because_the_primary_steps_down(code: int, interrupted: bool) -> None:
    class Collection:
        async def insert_many(self, *_: Any, **__: Any) -> None:
            failure = {"index": 0, "code": code, "errmsg": ""}
            raise BulkWriteError({"writeErrors": [failure], "writeConcernErrors": []})

    async def run() -> None:
        works = [Work(0, "p", "a", bson.encode({"_id": "a"}))]
        depositing = deposits.deposit(cast("Any", Collection()), works, cast("Any", None), AsyncMock())
        if interrupted:
            with pytest.raises(Unavailable) as raised:
                await depositing
            assert not raised.value.not_applied
        else:
            assert await depositing == [deposits.Outcome.REFUSED]

    asyncio.run(run())

"""Deposits whose outcome MongoDB leaves open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast
from unittest.mock import AsyncMock

import bson
import pytest
from pymongo.errors import BulkWriteError

from workflow_results.common.reasons import Reason
from workflow_results_server.documents.works import Work
from workflow_results_server.errors import Unavailable
from workflow_results_server.store import deposits

DUPLICATE = {"index": 0, "code": 11000, "keyPattern": {"_id": 1}, "errmsg": "duplicate key"}
NOT_YET = {"code": 64, "errmsg": "waiting for replication timed out"}


class Collection:
    """One whose inserts fail, and that has nothing when it is looked at."""

    def __init__(self, *, errors: list[Any], concerns: list[Any]) -> None:
        self._details = {"writeErrors": errors, "writeConcernErrors": concerns}

    async def insert_many(self, *_: Any, **__: Any) -> None:
        raise BulkWriteError(self._details)

    def with_options(self, **_: Any) -> Collection:
        return self

    async def find(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        found: list[Any] = []
        for each in found:
            yield each


@pytest.mark.parametrize(
    ("errors", "concerns", "reason"),
    [
        ([DUPLICATE], [], Reason.CONTENTION),  # somebody deletes it between each insert and the look at it
        ([], [NOT_YET], Reason.NOT_DURABLE),
    ],
)
def test_a_deposit_that_is_not_certain_may_be_sent_again(
    errors: list[Any], concerns: list[Any], reason: Reason
) -> None:
    async def run() -> None:
        collection = cast("Any", Collection(errors=errors, concerns=concerns))
        works = [Work(0, "p", "a", bson.encode({"_id": "a"}))]
        with pytest.raises(Unavailable) as caught:
            await deposits.deposit(collection, works, cast("Any", None), AsyncMock(return_value=None))
        assert (caught.value.reason, caught.value.not_applied) == (reason, False)

    asyncio.run(run())

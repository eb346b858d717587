"""When mongod is started again, and when it is given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import AsyncMongoClient

from workflow_results_server.mongod.embedded import MongodError
from workflow_results_server.mongod.restarts import Restarts

if TYPE_CHECKING:
    Client = AsyncMongoClient[dict[str, Any]]


def test_pauses_grow_and_begin_anew_after_a_calm_life() -> None:
    restarts = Restarts()
    pauses = []
    for _ in range(7):
        restarts.died(1.0)
        pauses.append(restarts.pause)
        restarts.started()
    assert pauses == [0, 1, 2, 4, 8, 16, 30]
    restarts.died(60.0)
    assert restarts.pause == 0


def test_only_failures_in_a_row_that_do_not_pass_count() -> None:
    restarts = Restarts(most_failures=3)
    lasting, passing = MongodError("broken"), MongodError("full", passes=True)
    assert [restarts.failed(each) for each in (lasting, lasting, passing, lasting, lasting)] == [True] * 5
    restarts.died(1.0)  # one that had started
    assert [restarts.failed(lasting) for _ in range(3)] == [True, True, False]

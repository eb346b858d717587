"""How many pipelines a MongoDB may hold."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest
from pymongo.errors import OperationFailure

from workflow_results_server.settings import Settings, SettingsError
from workflow_results_server.store.connection import most_pipelines


@pytest.mark.parametrize(
    ("told", "sharded", "most"),
    [
        ({"extra": {"extra": {"maxOpenFiles": 1500}}}, False, 187),  # as MongoDB 6.0 has it
        ({"extra": {"maxOpenFiles": 64_000}}, False, 8_000),
        ({"extra": {"maxOpenFiles": 1_048_576}}, False, 10_000),
        ({"extra": {"maxOpenFiles": 64}}, False, 16),
        ({"extra": {}}, False, 10_000),
        ({"extra": {"maxOpenFiles": 1500}}, True, 10_000),
        (OperationFailure("not authorized", 13), False, 10_000),
    ],
)
def test_what_is_allowed_by_default(told: Any, sharded: bool, most: int) -> None:
    database = MagicMock()
    database.client.topology_description.topology_type_name = "Sharded" if sharded else "ReplicaSetWithPrimary"
    database.client.admin.command = AsyncMock(side_effect=[told])
    assert asyncio.run(most_pipelines(database)) == most


@pytest.mark.parametrize("number", [-1, 1_000_001, 1.5])
def test_a_limit_that_is_none(number: Any) -> None:
    with pytest.raises(SettingsError, match="--max-pipelines"):
        Settings(max_pipelines=number).check()

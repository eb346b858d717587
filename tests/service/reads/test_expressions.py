"""The expressions of `$expr` that are supported: MongoDB takes them."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

import pytest

from workflow_results_server.query.filters import checked_filter

if TYPE_CHECKING:
    from pymongo import MongoClient
from tests.support.expressions import NOW, SUPPORTED


@pytest.mark.parametrize("expression", SUPPORTED, ids=reprlib.repr)
def test_mongodb_takes_what_is_supported(expression: Any, mongo: MongoClient[Any]) -> None:
    checked = checked_filter({"$expr": expression})
    result = {"_id": "one", "dm": 2, "snr": 3.5, "name": "text", "at": NOW}
    mongo.filters.computed.replace_one({"_id": "one"}, result, upsert=True)
    list(mongo.filters.computed.find(checked))

"""Filters that are supported: MongoDB takes them."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

import pytest

from workflow_results_server.query.filters import checked_filter

if TYPE_CHECKING:
    from pymongo import MongoClient
from tests.support.filters import ACCEPTED, CODEC, REWRITTEN


@pytest.mark.parametrize("query", [*ACCEPTED, *(query for query, _ in REWRITTEN)], ids=reprlib.repr)
def test_mongodb_takes_what_is_supported(query: dict[str, Any], mongo: MongoClient[Any]) -> None:
    collection = mongo.filters.get_collection("results", codec_options=CODEC)
    collection.replace_one({"_id": "one"}, {"_id": "one", "id": "one", "field": [1], "dm": 1}, upsert=True)
    list(collection.find(checked_filter(query)))

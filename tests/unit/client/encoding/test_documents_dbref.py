"""Dicts that look like a DBRef stay dicts, and cost no more than others."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from bson import (
    Code,
)
from bson.binary import Binary

from tests.support.codec_values import same, there_and_back
from tests.support.paths import REPOSITORY
from tests.support.raw_bson import deep, element
from workflow_results._encoding.documents import decode, encode
from workflow_results.errors import ResultsError

LOOKALIKES: list[dict[str, Any]] = [
    {"$ref": "c", "$id": 1},
    {"$id": 1, "$ref": "c"},
    {"$id": 1, "z": 0, "$ref": "c", "$db": "d", "a": 2},
    {"$ref": "c", "$id": {"$ref": "e", "$id": [{"$ref": "f", "$id": None}]}},
    {"$ref": 5, "$id": 1},
    {"$ref": "c", "$id": 1, "$db": 7},
    {"$ref": "c"},
]


@pytest.mark.parametrize("lookalike", LOOKALIKES, ids=repr)
def test_a_dict_like_a_dbref_stays_a_dict(lookalike: dict[str, Any]) -> None:
    for document in (lookalike, {"a": lookalike}, {"a": [1, [lookalike, {"b": lookalike}]]}):
        [back] = decode(encode(document, "works[0]"))
        assert same(back, document)
        assert all_types(back) == all_types(document)
    code = Code("x", {"a": lookalike, "b": [Code("y", lookalike)]})
    again = there_and_back(code)
    assert same(again, code)
    assert all_types(again) == all_types(code)


def all_types(value: object) -> set[type]:
    """All types in a value."""
    match value:
        case dict():
            inner: Iterable[object] = value.values()
        case list():
            inner = value
        case Code(scope=scope):
            inner = [] if scope is None else [scope]
        case _:
            inner = []
    return {type(value)}.union(*map(all_types, inner))


WITHOUT_C = """
import sys
sys.modules["bson._cbson"] = None
import bson
from tests.unit.client.encoding.test_documents_dbref import *
assert not bson.has_c()
for lookalike in LOOKALIKES:
    test_a_dict_like_a_dbref_stays_a_dict(lookalike)
"""


def test_a_dict_like_a_dbref_stays_a_dict_where_bson_is_python() -> None:
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_C]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_decoding_copies_no_levels() -> None:
    for last in (element("$ref", "x"), element("not a UUID", Binary(b"x", 4))):
        data = deep(last)
        tracemalloc.start()
        try:
            with suppress(ResultsError):  # of versions of bson that fail for such a UUID
                [document] = decode(data)
                assert list(document["a"]["a"]) == ["a"]
            assert tracemalloc.get_traced_memory()[1] < 60 << 20
        finally:
            tracemalloc.stop()

"""Binaries of subtype 255, which bson before 4.20 doesn't write: nobody sees the SystemError that it raises."""

from __future__ import annotations

from importlib.metadata import version

import bson
import pytest
from bson import Binary

from workflow_results import InvalidRequestError
from workflow_results._encoding import documents
from workflow_results.common import bson_codec

WRITTEN = tuple(map(int, version("pymongo").split(".")[:2])) >= (4, 20)
VALUE = Binary(b"x", 255)


@pytest.mark.skipif(not WRITTEN, reason="bson of that version doesn't write them")
def test_they_are_written() -> None:
    assert bson.decode(bson_codec.encode({"a": VALUE})) == {"a": VALUE}


def test_older_versions_refuse_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object, **__: object) -> bytes:
        raise SystemError("<built-in function _dict_to_bson> returned NULL without setting an exception")

    if WRITTEN:
        monkeypatch.setattr(bson, "encode", encode)
    with pytest.raises(
        InvalidRequestError, match=r"^works\[0\] can't be encoded as BSON: it holds a binary of subtype 255"
    ):
        documents.encode({"a": VALUE}, "works[0]")

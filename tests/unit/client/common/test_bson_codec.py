"""What versions of bson before 4.20 fail on."""

from __future__ import annotations

import decimal
from importlib.metadata import version
from typing import NoReturn

import bson
import pytest
from bson import Binary, Decimal128

from workflow_results import InvalidRequestError
from workflow_results._encoding import documents
from workflow_results.common import bson_codec

WRITTEN = tuple(map(int, version("pymongo").split(".")[:2])) >= (4, 20)
VALUE = Binary(b"x", 255)


@pytest.mark.skipif(not WRITTEN, reason="bson of that version doesn't write them")
def test_binaries_of_subtype_255_are_written() -> None:
    assert bson.decode(bson_codec.encode({"a": VALUE})) == {"a": VALUE}


def test_older_versions_refuse_binaries_of_subtype_255(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object, **__: object) -> bytes:
        raise SystemError("<built-in function _dict_to_bson> returned NULL without setting an exception")

    if WRITTEN:
        monkeypatch.setattr(bson, "encode", encode)
    with pytest.raises(
        InvalidRequestError, match=r"^works\[0\] can't be encoded as BSON: it holds a binary of subtype 255"
    ):
        documents.encode({"a": VALUE}, "works[0]")


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize(
    ("bid", "expected"),
    [
        (b"\xff" * 14 + b"\x01\x00", "0E-6176"),
        (b"\xff" * 14 + b"\x41\xb0", "-0"),
        (b"\x01" + bytes(13) + b"\x40\x30", "1"),
        (bytes(15) + b"\x78", "Infinity"),
    ],
)
def test_numbers_of_too_many_digits_stand_for_zero(
    monkeypatch: pytest.MonkeyPatch, bid: bytes, expected: str, is_old: bool
) -> None:
    number = Decimal128.from_bid(bid)

    def to_decimal(_: Decimal128) -> NoReturn:
        raise decimal.Inexact

    if is_old and expected.endswith(("0", "0E-6176")):
        monkeypatch.setattr(Decimal128, "to_decimal", to_decimal)
    assert str(bson_codec.to_decimal(number)) == expected

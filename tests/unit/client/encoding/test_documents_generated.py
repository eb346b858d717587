"""The codec on whatever hypothesis comes up with."""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from collections import UserDict
from collections.abc import Mapping
from typing import Any

import bson
import numpy as np
import pytest
from bson import (
    Code,
    DatetimeMS,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    ObjectId,
    Regex,
    Timestamp,
)
from bson.binary import Binary
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.codec_values import UTC, same
from workflow_results._encoding.documents import decode, encode, pieces
from workflow_results._encoding.values import rebuild
from workflow_results.common.bson_codec import OPTIONS
from workflow_results.common.rules import KIB
from workflow_results.errors import InvalidRequestError, ResultsError

RAW: CodecOptions[RawBSONDocument] = CodecOptions(RawBSONDocument)
names = st.one_of(
    st.sampled_from(["$ref", "$id", "$db", "_id", "id", "a"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
patterns = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
int64s = st.integers(-(2**63), 2**63 - 1)
# The ends are left to the examples above: there, an offset leads out of the years that Python knows.
datetimes = st.datetimes(
    dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.timezones() | st.just(UTC)
).filter(lambda value: value.utcoffset() is not None)
plain_scalars = st.one_of(
    st.none(),
    st.booleans(),
    int64s,
    int64s.map(Int64),
    st.floats(),
    texts,
    st.binary(max_size=8),
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.binary(min_size=16, max_size=16).map(Decimal128.from_bid),
    st.uuids(),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.sampled_from([MinKey(), MaxKey()]),
    datetimes,
)
other_scalars = st.one_of(
    st.builds(Binary, st.binary(max_size=8), st.sampled_from([0, 1, 2, 5, 9, 128])),
    st.builds(Binary, st.binary(min_size=16, max_size=16), st.sampled_from([3, 4])),
    st.builds(Regex, patterns, st.text("imsux")),
    st.builds(Code, texts, st.none() | st.dictionaries(names, int64s, max_size=2)),
    int64s.map(DatetimeMS),
    int64s.map(np.int64),
    st.floats().map(np.float64),
    st.lists(st.floats()).map(np.array),
)


def nested(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    values = st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.lists(inner, max_size=4).map(tuple),
            st.dictionaries(names, inner, max_size=4),
        ),
        max_leaves=12,
    )
    return st.dictionaries(names, values, max_size=5)


def expected(value: Any) -> Any:
    """Say what comes back for a value, by other means than the codec's."""
    match value:
        case dict():
            return {key: expected(field) for key, field in value.items()}
        case list() | tuple():
            return [expected(element) for element in value]
        case np.ndarray():
            return [float(element) for element in value]
        case np.generic():
            return value.item()
        case dt.datetime():
            utc = value.astimezone(UTC)
            return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
        case DatetimeMS():
            in_range = -62135596800000 <= int(value) <= 253402300799999
            return dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(milliseconds=int(value)) if in_range else value
        case Binary(subtype=0):
            return bytes(value)
        case Binary(subtype=4):
            return uuid.UUID(bytes=bytes(value))
        case _:
            return value


def without_id(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "_id"}


@pytest.mark.slow
@given(st.lists(nested(plain_scalars | other_scalars), max_size=3))
def test_round_trip(batch: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(batch)
    back = decode(b"".join(encode(document, "works[0]") for document in batch))
    assert same(back, [without_id(expected(document)) for document in batch])
    assert same([expected(document) for document in batch], [expected(document) for document in before])


@pytest.mark.slow
@given(nested(plain_scalars))
def test_both_ways_give_the_same_bytes(document: dict[str, Any]) -> None:
    fast = encode(document, "works[0]")
    for trusting in (True, False):
        rebuilt = rebuild(document, trusting=trusting)
        assert bson.encode(rebuilt, codec_options=OPTIONS) == fast


@pytest.mark.slow
@given(nested(plain_scalars | st.datetimes() | st.sampled_from(["\ud800", 2**63, {1}, {"a\0": 1}, {1: 1}])))
def test_both_ways_refuse_the_same(document: dict[str, Any]) -> None:
    def outcome(given: Mapping[str, Any]) -> bytes | str:
        try:
            return encode(given, "works[0]")
        except InvalidRequestError as error:
            return str(error)

    assert outcome(document) == outcome(UserDict(document))  # UserDict is never plain


def sized(sizes: list[int]) -> list[bytes]:
    """Make documents of some sizes in bytes."""
    empty = len(bson.encode({"a": b""}))
    return [bson.encode({"a": bytes(size - empty)}) for size in sizes]


document_sizes = st.lists(st.integers(20, 200) | st.integers(20, 40 * KIB) | st.sampled_from([8 * KIB, 32 * KIB]))


@given(document_sizes)
@example([])
@example([100, 2**20, 100])
@example([8 * KIB] * 9)
def test_pieces_are_whole_documents_and_together_the_whole(sizes: list[int]) -> None:
    whole = b"".join(sized(sizes))
    cut = list(pieces(whole))
    assert b"".join(cut) == whole
    lengths = [[len(document.raw) for document in bson.decode_all(piece, RAW)] for piece in cut]
    assert [length for each in lengths for length in each] == sizes
    assert all(sum(each[:-1]) < 32 * KIB for each in lengths)
    assert all(sum(each) >= 32 * KIB for each in lengths[:-1])


@given(document_sizes.filter(bool), st.data())
def test_lengths_that_do_not_add_up_are_told(sizes: list[int], data: st.DataObject) -> None:
    documents = sized(sizes)
    at = data.draw(st.integers(0, len(sizes) - 1))
    rest = sum(sizes[at:])
    length = data.draw(st.integers(-(2**31), 4) | st.integers(rest + 1, 2**31 - 1))
    documents[at] = length.to_bytes(4, "little", signed=True) + documents[at][4:]
    cut_off = b"".join(sized(sizes))[: -data.draw(st.integers(1, sizes[-1] - 1))]
    for broken in (b"".join(documents), cut_off, bytes([4, 0, 0, 0])):
        with pytest.raises(ResultsError, match="lengths don't add up"):
            list(pieces(broken))

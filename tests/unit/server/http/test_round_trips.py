"""Works that come back from a client that reads plain JSON."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import bson
import pytest
from bson import Code, Decimal128, Int64, MaxKey, ObjectId, Regex, Timestamp
from bson.codec_options import CodecOptions
from hypothesis import given
from hypothesis import strategies as st

from workflow_results.common.bson_codec import OPTIONS, decode_whole
from workflow_results_server.http import plain_json
from workflow_results_server.http.round_trips import difference, is_same

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(-(2**63), 2**63 - 1).map(Int64)
    | st.floats()
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.binary(max_size=8)
    | st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(dt.timezone.utc))
    | st.uuids()
    | st.sampled_from([Decimal128("1.50"), ObjectId("65f0c0ffee65f0c0ffee0001"), Timestamp(1, 2), Regex("a", 2)])
    | st.sampled_from([Code("f"), Code("f", {"a": 1}), MaxKey(), bson.DatetimeMS(1 << 60), bson.Binary(b"x", 2)])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)
DOCUMENTS = st.dictionaries(NAMES.filter(lambda name: name not in ("", "_id", "id", "pipeline", "results")), VALUES)


def stored(document: dict[str, Any]) -> bytes:
    whole = {"_id": "a", "id": "a", "pipeline": "p", **document}
    return bson.encode(whole, codec_options=CodecOptions(uuid_representation=OPTIONS.uuid_representation))


def sent(document: dict[str, Any]) -> bytes:
    return bson.encode({"_id": "a", **document})


def seen(data: bytes) -> dict[str, Any]:
    """What a client reads."""
    (document,) = decode_whole(data)
    document.pop("_id")
    return dict(json.loads(plain_json.write(document)))


def elements(data: bytes) -> dict[str, bytes]:
    raw = bson.decode(data, CodecOptions(document_class=bson.raw_bson.RawBSONDocument))
    return {name: bson.encode({name: value}) for name, value in raw.items()}


@given(DOCUMENTS)
def test_what_was_read_is_no_difference(document: dict[str, Any]) -> None:
    data = stored(document)
    found = difference(data, sent(seen(data)), None)
    assert (found.locked, found.names, found.lock) == (False, (), None)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), st.data())
def test_what_is_the_same_around_a_change_keeps_its_bytes(values: dict[str, Any], data: st.DataObject) -> None:
    before = stored({"field": {"inner": values, "list": [values, 1]}})
    work = seen(before)
    name = data.draw(st.sampled_from(sorted(values)))
    work["field"]["inner"][name] = {"other": "value"}
    work["field"]["list"][1] = 2
    work["field"]["new"] = "x"
    found = difference(before, sent(work), None)
    assert found.names == ("field",)
    expected = {"inner": {**values, name: {"other": "value"}}, "list": [values, 2], "new": "x"}
    assert found.fields == bson.encode({"field": expected}, codec_options=OPTIONS)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (1, True),
        (True, 1),
        (0, False),
        (0, None),
        (None, 0),
        (None, False),
        (1.5, None),
        (1, "1"),
        ("", None),
        ([], None),
        ([], {}),
        ({}, []),
        ({"a": None}, {}),
        ({}, {"a": None}),
        ([1], [1, 1]),
        ({"a": 1}, {"b": 1}),
        (2**53 + 1, float(2**53)),
        (b"x", "x"),
        ("eA==", b"x"),
        (uuid.UUID(int=1), "1"),
        (dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc), "2024-01-01"),
    ],
)
def test_what_is_not_the_same(mine: object, theirs: object) -> None:
    assert not is_same(mine, theirs)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [(1, 1.0), (1.0, 1), (Int64(2**53 + 1), 2**53 + 1), (float("nan"), float("nan")), (float("inf"), float("inf"))],
)
def test_numbers_are_the_same_by_their_values(mine: object, theirs: object) -> None:
    assert is_same(mine, theirs)


@pytest.mark.parametrize(
    ("before", "results", "locked", "names", "lock"),
    [
        ({"a": 1}, {"a": 1}, True, (), True),
        ({"a": 1, "locked": False}, {"a": 1}, True, (), True),
        ({"a": 1, "locked": True}, {"a": 1}, True, (), None),
        ({"a": 1, "locked": True}, {"a": 1}, False, (), False),
        ({"a": 1, "locked": True}, {"a": 1}, None, (), None),
        ({"a": 1}, {"a": 2}, True, ("results",), True),
        ({"a": 1}, {"a": 2}, None, ("results",), None),
        (None, {}, True, (), True),
        (None, {}, False, (), None),
        (None, {}, None, (), None),
        (None, {"a": 1}, False, ("results",), None),
        ({}, None, None, ("results",), None),
        ({"locked": True}, None, None, ("results",), None),
    ],
)
def test_a_lock_is_no_part_of_what_differs(
    before: Any, results: Any, locked: bool | None, names: tuple[str, ...], lock: bool | None
) -> None:
    found = difference(stored({"results": before}), sent({"results": results}), locked)
    assert (found.names, found.lock) == (names, lock)
    if names and results:
        (now,) = decode_whole(found.fields)
        kept = {"locked": False} if locked is not None else {}
        assert now["results"] == {**results, **kept}


def test_a_lock_keeps_its_place_in_an_update() -> None:
    found = difference(stored({"results": {"locked": False, "a": 1}}), sent({"results": {"a": 2}}), None)
    assert decode_whole(found.fields) == [{"results": {"a": 2, "locked": False}}]

"""The codec: what comes back, what is refused, and where."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import math
import pathlib
import re
import subprocess
import sys
import types
import uuid
from collections import ChainMap, OrderedDict, UserDict, defaultdict, namedtuple
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import bson
import numpy as np
import pytest
from bson import (
    Code,
    DatetimeMS,
    DBRef,
    Decimal128,
    Int64,
    MaxKey,
    MinKey,
    Regex,
    Timestamp,
)
from bson.binary import Binary
from bson.raw_bson import RawBSONDocument

from tests.support.codec_values import OBJECT_ID, UTC, UUID, Config, Fake, Text, same, there_and_back, zero_rank
from tests.support.waiting import PATIENCE
from workflow_results._encoding import documents
from workflow_results._encoding.documents import decode, encode
from workflow_results.common.bson_codec import decode_strictly
from workflow_results.errors import InvalidRequestError, ResultsError

WORK: dict[str, Any] = {
    "id": "65f0c0ffee65f0c0ffee0001",
    "pipeline": "localization",
    "status": "success",
    "event": [123456789],
    "creation": 1710000000.123,
    "attempt": 1,
    "results": {"snr": 12.5, "names": ["a", "b"], "fit": {"cov": [[1.0, 0.5], [0.5, 2.0]]}, "locked": False},
    "products": [],
    "config": {"archive": {"results": True}, "parent": None},
    "stop": dt.datetime(2024, 3, 9, 12, tzinfo=UTC),
}


class Number(int, enum.Enum):
    THREE = 3


class Nanoseconds(dt.datetime):
    """Like a pandas Timestamp: a datetime with more in it, which its methods keep."""

    nanosecond = 999

    def astimezone(self, _zone: dt.tzinfo | None = None) -> Any:
        raise AssertionError("a Timestamp would come of this, which bson's encoder knows nothing of")


Nanoseconds.__module__, Nanoseconds.__name__ = "pandas._libs.tslibs.timestamps", "Timestamp"


class Celsius(float):
    pass


class Blob(bytes):
    pass


class Rows(list[int]):
    pass


Point = namedtuple("Point", "x y")

ACCEPTED: dict[str, tuple[object, object]] = {
    "str": ("naïve ☃ \0", "naïve ☃ \0"),
    "str enum": (Text.A, "a"),
    "int32": (-(2**31), -(2**31)),
    "int64 max": (2**63 - 1, Int64(2**63 - 1)),
    "int64 min": (-(2**63), Int64(-(2**63))),
    "Int64": (Int64(5), Int64(5)),
    "int enum": (Number.THREE, 3),
    "float": (0.1, 0.1),
    "-0.0": (-0.0, -0.0),
    "NaN": (math.nan, math.nan),
    "infinity": (-math.inf, -math.inf),
    "float subclass": (Celsius(1.5), 1.5),
    "bool": (True, True),
    "None": (None, None),
    "bytes": (b"\xff\0", b"\xff\0"),
    "bytes subclass": (Blob(b"a"), b"a"),
    "list subclass": (Rows([1, 2]), [1, 2]),
    "tuple": ((1, ("a",)), [1, ["a"]]),
    "namedtuple": (Point(1, np.int64(2)), [1, 2]),
    "dict subclass": (Config(b=1, a=2), {"b": 1, "a": 2}),
    "OrderedDict": (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    "defaultdict": (defaultdict(list, b=[1], a=[]), {"b": [1], "a": []}),
    "UserDict": (UserDict(a=UserDict(b=1)), {"a": {"b": 1}}),
    "ChainMap": (ChainMap({"a": 1}), {"a": 1}),
    "mappingproxy": (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
    "odd keys": ({"": 1, "a.b": 2, "$c": 3, "ü": 4}, {"": 1, "a.b": 2, "$c": 3, "ü": 4}),
    "int keys": ({1: "a", -2: {3: "b"}}, {"1": "a", "-2": {"3": "b"}}),
    "int keys of floats": ({1: 1.5, 2: None}, {"1": 1.5, "2": None}),
    "numpy int keys": ({np.int64(1): "a"}, {"1": "a"}),
    "enum keys": ({Text.A: 1, Number.THREE: 2}, {"a": 1, "3": 2}),
    "_id below the top": ({"b": 1, "_id": 2}, {"b": 1, "_id": 2}),
    "ObjectId": (OBJECT_ID, OBJECT_ID),
    "Decimal128": (Decimal128("1.10"), Decimal128("1.10")),
    "Binary": (Binary(b"abc", 128), Binary(b"abc", 128)),
    "Binary of subtype 0": (Binary(b"abc"), b"abc"),
    "Timestamp": (Timestamp(1, 2), Timestamp(1, 2)),
    "MinKey": (MinKey(), MinKey()),
    "MaxKey": (MaxKey(), MaxKey()),
    "Code": (Code("x"), Code("x")),
    "Code with a scope": (Code("x", {"a": (1,)}), Code("x", {"a": [1]})),
    "Regex": (Regex("a", "iu"), Regex("a", "iu")),
    "re.Pattern": (re.compile("é.", re.IGNORECASE), Regex("é.", "i")),
    "re.Pattern of bytes": (re.compile(b"a"), Regex("a")),
    "RawBSONDocument": (RawBSONDocument(bson.encode({"b": 1, "a": 2})), {"b": 1, "a": 2}),
    "DBRef": (DBRef("c", OBJECT_ID, "d", z=(1,)), {"$ref": "c", "$id": OBJECT_ID, "$db": "d", "z": [1]}),
    "UUID": (UUID, UUID),
    "path": (pathlib.PurePosixPath("/data/a b"), "/data/a b"),
    "datetime": (dt.datetime(2024, 3, 9, 12, tzinfo=UTC), dt.datetime(2024, 3, 9, 12, tzinfo=UTC)),
    "datetime elsewhere": (
        dt.datetime(2024, 3, 9, 12, tzinfo=dt.timezone(dt.timedelta(hours=-5))),
        dt.datetime(2024, 3, 9, 17, tzinfo=UTC),
    ),
    "microseconds": (
        dt.datetime(2024, 1, 1, 0, 0, 0, 1999, tzinfo=UTC),
        dt.datetime(2024, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
    ),
    "microseconds before 1970": (  # the earlier millisecond, not the one nearer to 1970
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    ),
    "datetime subclass": (Fake(2024, 3, 9, tzinfo=UTC), dt.datetime(2024, 3, 9, tzinfo=UTC)),
    "pandas Timestamp": (
        Nanoseconds(2024, 3, 9, 13, 0, 0, 123_999, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        dt.datetime(2024, 3, 9, 12, 0, 0, 123_000, tzinfo=UTC),
    ),
    "pandas Timestamp before 1970": (
        Nanoseconds(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        dt.datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
    ),
    "array of pandas Timestamps": (
        np.array([Nanoseconds(2024, 3, 9, tzinfo=UTC), None], object),
        [dt.datetime(2024, 3, 9, tzinfo=UTC), None],
    ),
    "DatetimeMS": (DatetimeMS(0), dt.datetime(1970, 1, 1, tzinfo=UTC)),
    "DatetimeMS out of range": (DatetimeMS(2**62), DatetimeMS(2**62)),
    "numpy bool": (np.bool_(True), True),
    "numpy int8": (np.int8(-5), -5),
    "numpy int64": (np.int64(2**63 - 1), Int64(2**63 - 1)),
    "numpy uint32": (np.uint32(2**32 - 1), Int64(2**32 - 1)),
    "numpy uint64": (np.uint64(2**63 - 1), Int64(2**63 - 1)),
    "numpy float16": (np.float16(0.5), 0.5),
    "numpy float32": (np.float32(0.5), 0.5),
    "numpy float64": (np.float64("nan"), math.nan),
    "numpy str": (np.str_("ü"), "ü"),
    "numpy bytes": (np.bytes_(b"a"), b"a"),
    "array": (np.array([1.5, math.nan]), [1.5, math.nan]),
    "array of rank 0": (np.array(1.5), 1.5),
    "array of rank 3": (np.arange(8, dtype=np.int16).reshape(2, 2, 2), [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]),
    "array not in a row": (np.arange(6.0).reshape(2, 3).T, [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]),
    "empty array": (np.zeros((2, 0)), [[], []]),
    "big-endian array": (np.array([1, 2], ">i4"), [1, 2]),
    "array of bools": (np.array([True, False]), [True, False]),
    "array of strings": (np.array(["a", "bc"]), ["a", "bc"]),
    "array of bytes": (np.array([b"a", b"bc"]), [b"a", b"bc"]),
    "array of uint64": (np.array([1, 2], np.uint64), [1, 2]),
    "array of objects": (np.array([{"a": np.int8(1)}, None, (1,)], object), [{"a": 1}, None, [1]]),
    "object of rank 0": (zero_rank({"a": (1,)}), {"a": [1]}),
    "masked array": (np.ma.masked_array([1.0, 2.0], [False, True]), [1.0, None]),
}


@pytest.mark.parametrize(("value", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(value: object, expected: object) -> None:
    assert same(there_and_back(value), expected)
    assert same(there_and_back([{"deep": value}]), [{"deep": expected}])
    # beside what makes the encoder fail, each value is checked once more
    [beside] = decode(encode({"value": value, "n": {1: 1}}, "works[0]"))
    assert same(beside, {"value": expected, "n": {"1": 1}})


@pytest.mark.parametrize("document", [Config(a=1), UserDict(a=1), RawBSONDocument(bson.encode({"a": 1}))])
def test_any_mapping_is_a_document(document: Mapping[str, Any]) -> None:
    assert decode(encode(document, "works[0]")) == [{"a": 1}]


def test_what_was_refused_decides_about_no_other_type() -> None:
    class Base:
        pass

    class Derived(Base):
        def __iter__(self) -> Iterator[str]:
            return iter("a")

        def __getitem__(self, key: str) -> int:
            return 1

        def __len__(self) -> int:
            return 1

        def values(self) -> list[int]:
            return [1]

        def items(self) -> list[tuple[str, int]]:
            return [("a", 1)]

    Mapping.register(Derived)
    for refused in (object(), Base()):
        with pytest.raises(InvalidRequestError, match="not "):
            encode({"value": refused}, "works[0]")
    assert same(there_and_back(Derived()), {"a": 1})


def test_id_of_mongodb_comes_first_and_is_left_out() -> None:
    data = encode({"b": 1, "_id": "x"}, "works[0]")
    assert data == bson.encode({"_id": "x", "b": 1})
    assert decode(data) == [{"b": 1}]


def test_int64_keeps_its_type_when_sent_again() -> None:
    data = encode({"value": Int64(5)}, "works[0]")
    assert encode(decode(data)[0], "works[0]") == data


# -- the fast path ---------------------------------------------------------------------------------------------------


def test_a_usual_work_is_left_to_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(documents, "rebuild")
    assert encode(WORK, "works[0]") == bson.encode(WORK)


@pytest.mark.parametrize("value", [np.float64(1.5), {1: 2}, {"a": (Text.A,)}])
def test_arguments_are_not_changed(value: object) -> None:
    inner = Code("x", {"a": 1})
    document = {**copy.deepcopy(WORK), "_id": 1, "value": value, "code": inner, "ref": DBRef("c", {"a": 1})}
    before, kinds = copy.deepcopy(document), {key: type(field) for key, field in document.items()}
    encode(document, "works[0]")
    assert document == before
    assert list(document) == list(before)
    assert {key: type(field) for key, field in document.items()} == kinds
    assert inner.scope == {"a": 1}


# -- decoding --------------------------------------------------------------------------------------------------------


def test_the_exact_way_gives_the_same_types() -> None:
    document = {name: value for name, (_, value) in ACCEPTED.items()} | {"text": "$ref"}
    [back] = decode(encode(document, "works[0]"))
    assert same(back, document)
    assert type(back["UUID"]) is uuid.UUID


def test_a_batch() -> None:
    assert decode(b"") == []
    batch = [{"_id": i, "a": i} for i in range(3)]
    data = b"".join(map(bson.encode, batch))
    assert decode(data) == [{"a": 0}, {"a": 1}, {"a": 2}]
    assert decode_strictly(data) == batch


@pytest.mark.skipif(
    tuple(map(int, version("pymongo").split(".")[:2])) < (4, 20),
    reason="bson of that version fails for it, whatever it is asked for",
)
def test_a_uuid_of_another_length_does_not_fail_its_batch() -> None:
    # another client may have stored it
    data = bson.encode({"a": Binary(b"abc", 4)}) + bson.encode({"b": Binary(UUID.bytes, 4)})
    assert decode(data) == [{"a": Binary(b"abc", 4)}, {"b": UUID}]


@pytest.mark.parametrize("data", [b"\x05", b"\x10\0\0\0\0", bson.encode({"a": 1})[:-1] + b"x", b"\5\0\0\0\0x"])
def test_what_is_not_bson(data: bytes) -> None:
    with pytest.raises(ResultsError, match="the documents received are not valid BSON: ") as caught:
        decode(data)
    assert type(caught.value) is ResultsError


def test_numpy_is_not_imported() -> None:
    program = "import sys, workflow_results._encoding.documents; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=PATIENCE).returncode == 0

"""The codec: what is refused, and where it stands."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
import re
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pydantic
import pytest
from bson import (
    Code,
    DBRef,
    Int64,
    Regex,
)
from bson.binary import Binary

from tests.support.codec_values import UTC, Config, Fake, Text, there_and_back, zero_rank
from workflow_results._encoding.documents import encode
from workflow_results.errors import InvalidRequestError


@dataclasses.dataclass
class Fit:
    chi2: float


class Model(pydantic.BaseModel):
    chi2: float


class Colour(enum.Enum):
    RED = 1


class Quantity(np.ndarray[Any, Any]):
    """An array with a unit, as astropy has it."""


def of_pandas(*bases: type, name: str = "Thing", **attributes: object) -> type:
    return type(name, bases, {"__module__": "pandas.core", **attributes})


def of_astropy(name: str, *bases: type) -> type:
    """A type like those of astropy, and one that is derived from it: as Angle from Quantity."""
    base = type(name, bases, {"__module__": "astropy.some.where", "__iter__": method, "tolist": method})
    return type("Derived", (base,), {"__module__": "elsewhere"})


class WithoutOffset(dt.tzinfo):
    def utcoffset(self, _: dt.datetime | None) -> None:
        return None

    dst = tzname = utcoffset


def method(self: object) -> None: ...


NAIVE = r"must be a timezone-aware datetime, as datetime.now\(timezone.utc\) is, not a naive one"

REFUSED: dict[str, tuple[object, str]] = {
    "naive datetime": (dt.datetime(2024, 3, 9), NAIVE),
    "datetime without an offset": (dt.datetime(2024, 3, 9, tzinfo=WithoutOffset()), NAIVE),
    "like NaT": (Fake(1, 1, 1), NAIVE),
    "pandas NaT": (
        of_pandas(dt.datetime, name="NaTType", to_pydatetime=method)(1, 1, 1),
        "must be None or a timezone-aware datetime, not pandas.core.NaTType",
    ),
    "naive pandas Timestamp": (
        of_pandas(dt.datetime, name="Timestamp", to_pydatetime=method)(2024, 1, 1),
        r"must be a timezone-aware Timestamp, as .tz_localize\('UTC'\) gives, not a naive one",
    ),
    "pandas Timestamp of a year beyond Python's": (
        of_pandas(dt.datetime, name="Timestamp", year=20_000)(1, 1, 1, tzinfo=UTC),
        "must be within the years 1 to 9999, not in the year 20000",
    ),
    "pandas Timestamp at the end": (
        of_pandas(dt.datetime, name="Timestamp")(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        "must be within the years 1 to 9999 in UTC",
    ),
    "pandas Timedelta": (
        of_pandas(dt.timedelta, name="Timedelta")(1),
        r"must be a number, as .total_seconds\(\) gives, not pandas.core.Timedelta",
    ),
    "astropy Quantity": (
        np.zeros(2).view(of_astropy("Quantity", np.ndarray)),
        r"must be its .value, with its unit beside it, as str\(.unit\) gives, not elsewhere.Derived",
    ),
    "astropy Time": (
        of_astropy("Time")(),
        r"must be a timezone-aware datetime, as .to_datetime\(datetime.timezone.utc\) gives",
    ),
    "astropy TimeDelta": (of_astropy("TimeDelta")(), r"must be a number, as .to_value\('s'\) gives"),
    "astropy unit": (of_astropy("UnitBase")(), r"must be a string, as str\(\) gives"),
    "astropy SkyCoord": (of_astropy("SkyCoord")(), "must be numbers, as .ra.deg and .dec.deg are"),
    "pandas Series": (of_pandas(tolist=method, to_dict=method)(), r"must be a list, as .tolist\(\) gives"),
    "pandas DataFrame": (of_pandas(to_dict=method, __iter__=method)(), "must be a dict, as .to_dict"),
    "pandas NA": (of_pandas()(), "must be a dict, list, string, number, .* not pandas.core.Thing"),
    "early datetime": (
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        "must be within the years 1 to 9999 in UTC",
    ),
    "late datetime": (
        dt.datetime(9999, 12, 31, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-1))),
        "must be within the years 1 to 9999 in UTC",
    ),
    "date": (dt.date(2024, 3, 9), "must be a timezone-aware datetime, not datetime.date"),
    "time": (dt.time(12), r"must be a string, as .isoformat\(\) gives, not datetime.time"),
    "timedelta": (dt.timedelta(1), r"must be a number, as .total_seconds\(\) gives, not datetime.timedelta"),
    "set": ({1}, "must be a list, not set"),
    "frozenset": (frozenset({1}), "must be a list, not frozenset"),
    "keys": ({"a": 1}.keys(), "must be a list, not dict_keys"),
    "range": (range(3), "must be a list, not range"),
    "generator": ((i for i in "a"), "must be a list, not generator"),
    "deque": (deque([1]), "must be a list, not collections.deque"),
    "complex": (1j, "must be two numbers, .real and .imag, not complex"),
    "Decimal": (decimal.Decimal(1), "must be a bson.Decimal128, not decimal.Decimal"),
    "bytearray": (bytearray(b"a"), "must be bytes, not bytearray"),
    "memoryview": (memoryview(b"a"), "must be bytes, not memoryview"),
    "int beyond 64 bits": (2**63, "must be within 64 bits, or else a float or a string, not 9223372036854775808"),
    "int far below": (-(2**63) - 1, "must be within 64 bits"),
    "Int64 beyond 64 bits": (Int64(2**63), "must be within 64 bits"),
    "surrogate": ("ab\ud800", r"must be valid Unicode: '\\ud800' at 2 is a lone surrogate"),
    "surrogate in a path": (pathlib.PurePosixPath("a\udcff"), "must be valid Unicode"),
    "surrogate in code": (Code("\ud800"), "must be valid Unicode"),
    "surrogate in a regex": (re.compile("\ud800"), "must be valid Unicode"),
    "regex not in UTF-8": (re.compile(b"\xff"), "must be a regular expression in UTF-8"),
    "regex with a flag that BSON lacks": (
        re.compile("a", re.ASCII | re.IGNORECASE),
        "must not have the flag re.ASCII, which BSON doesn't have",
    ),
    "Regex with a flag that BSON lacks": (Regex("a", re.DEBUG), "must not have the flag re.DEBUG"),
    "regex with NUL": (re.compile("\0"), "must not have the character NUL in its pattern"),
    "Regex with NUL": (Regex("\0"), "must not have the character NUL in its pattern"),
    "UUID of another length": (Binary(b"abc", 4), "must have 16 bytes, .* not 3"),
    "old UUID of another length": (Binary(b"abc", 3), "must have 16 bytes, .* not 3"),
    "enum": (Colour.RED, "must be its .value, not .*Colour"),
    "dataclass": (Fit(1.0), "must be a dict, as dataclasses.asdict gives, not .*Fit"),
    "pydantic model": (Model(chi2=1.0), r"must be a dict, as .model_dump\(\) gives, not .*Model"),
    "object": (object(), "must be a dict, list, string, number, bool, None, bytes or timezone-aware datetime, not"),
    "class": (int, "must be a dict, list, .* not type"),
    "Ellipsis": (..., "must be a dict, list, .* not ellipsis"),
    "datetime64": (np.datetime64("2024-03-09"), "must be timezone-aware datetimes, not datetime64"),
    "numpy NaT": (np.datetime64("NaT", "s"), "must be timezone-aware datetimes, not datetime64"),
    "timedelta64": (np.timedelta64(1, "s"), r"must be numbers, as .astype\(float\) gives, not timedelta64"),
    "complex64": (np.complex64(1j), "must be real numbers"),
    "complex128": (np.complex128(1j), "must be real numbers"),
    "longdouble": (np.longdouble(1), "must be float64, not longdouble"),
    "void": (np.void(b"a"), "must be a dict of arrays, not a structured one"),
    "array of datetime64": (np.array(["2024-03-09"], "M8[ns]"), "must be timezone-aware datetimes"),
    "array of complex": (np.array([1j]), "must be real numbers"),
    "array of longdouble": (np.array([1], np.longdouble), "must be float64, not longdouble"),
    "structured array": (np.zeros(2, [("a", "i4")]), "must be a dict of arrays, not a structured one"),
    "array with a unit": (np.zeros(2).view(Quantity), "must be a plain array, as numpy.asarray gives, not .*Quantity"),
    "numpy uint64": (np.uint64(2**63), "must be within 64 bits"),
}


@pytest.mark.parametrize(("value", "problem"), REFUSED.values(), ids=REFUSED)
def test_refused(value: object, problem: str) -> None:
    for document, place in (
        ({"value": value}, r"works\[3\]\.value"),
        ({"a": [1, {"b": (None, value)}]}, r"works\[3\]\.a\[1\]\.b\[1\]"),
        ({"a": {1: 1}, "b": np.int64(1), "c": Config(d=value)}, r"works\[3\]\.c\.d"),
        ({"array": np.array([None, {"d": value}], object)}, r"works\[3\]\.array\[1\]\.d"),
    ):
        with pytest.raises(InvalidRequestError, match=f"^{place} {problem}"):
            encode(document, "works[3]")


SELF_LIST: list[Any] = []
SELF_LIST += [SELF_LIST, SELF_LIST]
SELF_DICT: dict[str, Any] = {"a": [1.5]}
SELF_DICT["a"].append({"b": SELF_DICT})
SELF_ARRAY = zero_rank(None)
SELF_ARRAY[()] = SELF_ARRAY

PLACES: dict[str, tuple[object, str]] = {
    "an attribute": ({"results": {"fit": {"cov": {1}}}}, ".results.fit.cov must be a list"),
    "an odd key": ({"a b": {"c.d": {1}}}, "['a b']['c.d'] must be a list"),
    "a long key": ({"k" * 100: {1}}, f"['{'k' * 58}…] must be a list"),
    "an int key": ({"a": {7: {1}}}, ".a[7] must be a list"),
    "an array's element": ({"a": np.array([[1, {1}]], object)}, ".a[0][1] must be a list"),
    "an array's number": ({"a": np.array([0, 2**64 - 1], np.uint64)}, ".a[1] must be within 64 bits"),
    "a DBRef's id": ({"a": DBRef("c", {1})}, ".a['$id'] must be a list"),
    "a scope": ({"a": Code("x", {"b": {1}})}, ".a.b must be a list"),
    "a key with NUL": ({"a": {"b\0": 1}}, r".a['b\x00'] must not have the character NUL in its key"),
    "a key with a surrogate": ({"\ud800": 1}, r"['\ud800'] must be valid Unicode"),
    "a bool as key": ({"a": {True: 1}}, ".a[True] must have a string or an int as its key, not bool"),
    "a float as key": ({1.5: 1}, "[1.5] must have a string or an int as its key, not float"),
    "None as key": ({None: 1}, "[None] must have a string or an int as its key, not NoneType"),
    "a tuple as key": ({(1, 2): 1}, "[(1, 2)] must have a string or an int as its key, not tuple"),
    "bytes as key": ({b"a": 1}, "[b'a'] must have a string or an int as its key, not bytes"),
    "a twin": ({"a": {1: "x", "1": "y"}}, ".a must not have a key twice, once as a string and once as an int"),
    "a twin of a twin": ({"a": {"1": {1}, 1: "y"}}, ".a['1'] must be a list"),
    "a list in itself": ({"a": SELF_LIST}, ".a[0] must not contain itself"),
    "a dict in itself": (SELF_DICT, ".a[1].b must not contain itself"),
    "a list": ([{"a": 1}], " must be a dict, not list"),
    "nothing": (None, " must be a dict, not NoneType"),
}


@pytest.mark.parametrize(("document", "message"), PLACES.values(), ids=PLACES)
def test_places(document: Any, message: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        encode(document, "works[3]")
    assert str(caught.value).startswith(f"works[3]{message}")
    assert caught.value.__cause__ is None
    assert len(str(caught.value)) < 200


def test_the_first_wrong_value_is_named() -> None:
    with pytest.raises(InvalidRequestError, match=r"^query\.b "):
        encode({"a": 1, "b": {1}, "c": {2}}, "query")


def test_a_frozenset_is_refused_however_often() -> None:
    for _ in range(200):
        with pytest.raises(InvalidRequestError, match=r"^works\[0\]\.a\[0\] must be a list, not frozenset$"):
            encode({"a": [frozenset((1, 2))]}, "works[0]")


# -- depth -----------------------------------------------------------------------------------------------------------


def in_dicts(levels: int, value: object) -> Any:
    for _ in range(levels):
        value = {"a": value}
    return value


def in_lists(levels: int, value: object) -> Any:
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


@pytest.mark.parametrize("nest", [in_dicts, in_lists])
@pytest.mark.parametrize("value", [1, "a", None, np.int64(1), Text.A], ids=repr)
def test_500_levels_and_no_more(nest: Callable[[int, object], Any], value: object) -> None:
    assert len(encode(nest(500, value), "works[0]")) > 500
    for levels in (501, 600, 100_000):
        with pytest.raises(
            InvalidRequestError, match=r"^works\[0\][.a\[0\]]+… must not be nested deeper than 500 levels$"
        ):
            encode(nest(levels, value), "works[0]")


def test_a_stack_that_is_nearly_full() -> None:
    def descend(frames: int) -> bytes:
        return descend(frames - 1) if frames else encode(in_dicts(400, np.int64(1)), "works[0]")  # no C code goes down

    with pytest.raises(InvalidRequestError, match="is nested too deeply"):
        descend(sys.getrecursionlimit() - 250)


def test_an_array_that_holds_itself() -> None:
    with pytest.raises(InvalidRequestError, match=r"^works\[0\]"):
        encode({"a": SELF_ARRAY}, "works[0]")


def test_what_stands_twice_is_not_circular() -> None:
    part = [1, {"a": np.int64(2)}]
    assert there_and_back([part, part, {"b": part}]) == [[1, {"a": 2}], [1, {"a": 2}], {"b": [1, {"a": 2}]}]

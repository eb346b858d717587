"""Values and comparisons that the tests of the codec share."""

from __future__ import annotations

import datetime as dt
import enum
import math
import uuid
from typing import Any

import numpy as np
from bson import (
    Decimal128,
    Int64,
    ObjectId,
)

from workflow_results._encoding.documents import decode, encode

UTC = dt.timezone.utc
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
OBJECT_ID = ObjectId("65f0c0ffee65f0c0ffee0001")


def there_and_back(value: object) -> object:
    [document] = decode(encode({"value": value}, "works[0]"))
    return document["value"]


def same(one: object, other: object) -> bool:
    """Compare as a reader of results would: with types (int64 being an int), order of keys, and NaN equal to NaN."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, Decimal128) and isinstance(other, Decimal128):
        return one.bid == other.bid
    if isinstance(one, dt.datetime) and isinstance(other, dt.datetime):
        return one == other and one.tzinfo is other.tzinfo is UTC
    types_match = type(one) is type(other) or {type(one), type(other)} == {int, Int64}
    return types_match and one == other


class Text(str, enum.Enum):
    A = "a"


def zero_rank(value: object) -> Any:
    array = np.empty((), object)
    array[()] = value
    return array


class Config(dict[str, Any]):
    pass


class Fake(dt.datetime):
    """A subclass of datetime, such as those of freezegun and pendulum."""

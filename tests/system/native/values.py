"""Documents as Python programs have them, from the plainest to what has no place in BSON."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import enum
import pathlib
import re
import uuid
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from bson import Binary, Code, DatetimeMS, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

T = TypeVar("T")


class _Text(str):
    __slots__ = ()


class _TextEnum(str, enum.Enum):
    A = "a"


class _Number(int):
    __slots__ = ()


class _NumberEnum(enum.IntEnum):
    A = 1


class _Float(float):
    __slots__ = ()


class _Bytes(bytes):
    __slots__ = ()


class _Dict(dict[Any, Any]):
    pass


class _List(list[Any]):
    pass


_Pair: Final = collections.namedtuple("_Pair", "a b")

_DEPTH: Final = 4
_SOME: Final = 40
"""Of how many values documents are made, which takes less time than to make each anew."""
_UTC: Final = dt.timezone.utc
_NAMES: Final = ("a", "b", "dm", "id", "results", "locked", "größe", "数据", "", "$ref", "a.b", "x" * 300, "0", "🙂")
_ODD_NAMES: Final = ("_id", "a\0b", "\0", "\ud800", "x\udfff", 1, -5, 2**70, True, 1.5, None, b"a", (1,), _Text("a"))
_PLAIN: Final = (
    *(None, True, False, 0, 1, -1, 255, 256, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 2**63 - 1, -(2**63), 2**53 + 1),
    *(0.0, -0.0, 0.5, 348.8, 1e300, 5e-324, float("inf"), float("-inf"), float("nan")),
    *("", "a", "é", "数据", "🙂", "a\0b", "\x7f", "x" * 300, "\U0010ffff", b"", b"abc", bytes(300)),
)
_RARE: Final = (
    *(2**63, -(2**63) - 1, 2**200, "\ud800", "a\udc80", 1j, {1}, frozenset((1, 2)), range(3), object(), Ellipsis, int),
    *(bytearray(b"a"), memoryview(b"a"), decimal.Decimal("1.5"), dt.date(2026, 1, 1), dt.time(1), dt.timedelta(1)),
    *(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=_UTC), dt.datetime(1, 1, 1, tzinfo=_UTC)),
    *(_Text("a"), _TextEnum.A, _Number(5), _NumberEnum.A, _Float(1.5), _Bytes(b"a"), _Pair(1, "b"), _List([1, 2])),
    *(np.float64(1.5), np.float32(0.1), np.int64(5), np.uint64(2**64 - 1), np.bool_(True), np.str_("a")),
    *(np.bytes_(b"a"), np.datetime64("2026-01-01"), np.array(1), np.array(["a", None], dtype=object)),
    *(np.arange(3), np.zeros((2, 2)), collections.deque([1]), _Dict(a=1), {1: "a", "1": "b"}),
    *(Int64(5), Binary(b"a", 0), Binary(b"b" * 16, 4), Binary(b"b", 4), Code("f()"), Code("f()", {"a": 1}), MinKey()),
    *(Decimal128("1.5"), ObjectId(b"twelve bytes"), Regex("a", "i"), re.compile("a"), Timestamp(0, 0), MaxKey()),
    *(DatetimeMS(0), DBRef("a", 1), uuid.UUID(int=5), pathlib.PurePosixPath("/a")),
    *(collections.UserDict(a=1), collections.OrderedDict(a=1), iter([1])),
)


class Values:
    """Makes documents.

    Args:
        random: Where it takes its choices from.
        oddity: How often a place holds what is not of the plainest types.
    """

    def __init__(self, random: Random, oddity: float) -> None:
        self._next = random.random
        self._oddity = oddity
        self._some = [self._value(1) for _ in range(_SOME)]

    def document(self) -> Any:
        """Make a document."""
        made = {self._name(): self._choice(self._some) for _ in range(self._below(6))}
        if self._next() < 0.1:
            items = [*made.items(), ("_id", self._choice(self._some))]
            items.insert(self._below(len(items)), items.pop())
            made = dict(items)
        if self._next() < self._oddity / 4:
            made[self._name()] = self._chain()
        return self._choice((_Dict(made), collections.OrderedDict(made), [made], made)) if self._odd() else made

    def _dict(self, depth: int) -> dict[Any, Any]:
        number = self._below(4) if self._next() < 0.97 else self._below(40)
        return {self._name(): self._value(depth + 1) for _ in range(number)}

    def _value(self, depth: int) -> Any:
        kind = self._next()
        if kind < 0.6 or depth > _DEPTH:
            return self._choice(_RARE if self._odd() else _PLAIN)
        if kind < 0.8:
            return self._dict(depth)
        made: Any = [self._value(depth + 1) for _ in range(self._below(5))]
        if kind > 0.99:
            made *= 30
        return tuple(made) if self._next() < 0.3 else made

    def _name(self) -> Any:
        if self._odd():
            return self._choice(_ODD_NAMES)
        return self._choice(_NAMES) if self._next() < 0.5 else f"n{self._below(10**6)}"

    def _chain(self) -> Any:
        """Containers within each other, about as many as there may be, or one in itself."""
        made: Any = self._value(9)
        for _ in range(self._choice((20, 98, 99, 100, 101, 498, 499, 500, 501))):
            made = self._choice(({"a": made}, [made], (made,)))
        if self._odd():
            made = [made]
            made.append(made)
        return made

    def _odd(self) -> bool:
        return self._next() < self._oddity

    def _below(self, limit: int) -> int:
        return int(self._next() * limit)

    def _choice(self, some: Sequence[T]) -> T:
        return some[int(self._next() * len(some))]

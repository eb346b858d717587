"""Works as BSON, from good ones to what is none at all."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, TypeVar

from tests.support.raw_bson import document, sized

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

T = TypeVar("T")

_DEPTH: Final = 4
"""Beyond which nothing is nested but chains."""
_NAMES: Final = b"a b dm snr event results locked locked_by plots user-name N_1".split()
_LONG_NAMES: Final = (b"burst_width", b"burst_width_error", b"burst_width_errors", b"burst_wi", b"burst_w")
"""Some that are alike in their first eight bytes, as a number of which names are compared first."""
_ODD_NAMES: Final = (
    *(b"", b" ", b"a b", *b"$set $ref a.b . __proto__ _id id pipeline status 0 1".split()),
    *("é".encode(), "größe".encode(), "数据数据数据".encode(), b"\x7f", b"\x01", b"x" * 300),
    *(b"\xff", b"\xc3", b"longer than \xe9 word", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"),
)
_TEXTS: Final = (
    *(b"", b"a", b"success", b"failure", b"frb-dm", b"x" * 40, b"a\0b", "é".encode(), "数据".encode(), "🙂".encode()),
    *(b"\xff", b"\xed\xa0\x80", b"\xc3", b"locked", b"\x11", bytes(9)),
)
_PIPELINES: Final = (
    *(b"frb-dm",) * 12,
    *(b"p", b"A_9", b"_hidden", b"", b"a.b", b"x" * 128, b"x" * 129, "é".encode(), b"a\0"),
)
_STATUSES: Final = (b"success", b"failure") * 8 + (b"", b"running", b"Success", b"success\0")
_IDS: Final = (b"burst-1", b"65f0c0ff-ee65-f0c0", "burst-é".encode(), "数据".encode(), b"x" * 128) * 4 + (
    *(b"", b"x" * 129, "é".encode() * 128, "é".encode() * 129, b"a\0b", b"\xff", b"a\nb"),
)
_NUMBERS: Final = (0, 1, -1, 2**31 - 1, -(2**31), 255, 0x11000000)


class Grammar:
    """Makes works, element by element.

    Args:
        random: Where it takes its choices from.
        oddity: How often a place holds what is unusual or wrong.
    """

    def __init__(self, random: Random, oddity: float) -> None:
        self._next = random.random
        self._bytes = random.randbytes
        self._oddity = oddity
        self._values: tuple[tuple[int, Callable[[int], bytes]], ...] = (
            *((0x01, self._double), (0x02, self._text), (0x10, self._int32), (0x12, self._eight)) * 3,
            *((0x08, self._bool), (0x0A, self._nothing), (0x09, self._eight), (0x05, self._binary)) * 2,
            *((0x03, self._document), (0x04, self._array)) * 3,
            *((0x07, self._object_id), (0x11, self._timestamp), (0x13, self._decimal)),
        )
        self._rare: tuple[tuple[int, Callable[[int], bytes]], ...] = (
            *((0x06, self._nothing), (0x0B, self._regex), (0x0C, self._pointer)),
            *((0x0D, self._text), (0x0E, self._text)),
            *((0x0F, self._code), (0xFF, self._nothing), (0x7F, self._nothing), (0x05, self._odd_binary)),
            *((0x03, self._chain), (0x08, lambda _: b"\x02"), (0x02, lambda _: sized(b"abc")), (0x14, self._nothing)),
        )

    def work(self) -> list[bytes]:
        """Make the elements of a work, or of what is nearly one."""
        made = [self._named(name, texts) for name, texts in self._naming() if not self._odd(0.3)]
        for _ in range(self._below(5) if self._next() < 0.95 else self._below(60)):
            made.insert(self._below(len(made) + 1), self.element(self._name(), 1))
        if self._next() < 0.6:
            made.insert(self._below(len(made) + 1), self._results())
        if self._next() < 0.15:
            same = next((each[3:] for each in made if each.startswith(b"\x02id\0")), b"\0")
            id_ = b"\x02_id" + same if not self._odd() else self.element(b"_id", 1)
            made.insert(0 if self._next() < 0.7 else self._below(len(made) + 1), id_)
        if self._odd(0.5):
            made.append(b"\x11time\0" + bytes(8))
        return made

    def element(self, name: bytes, depth: int) -> bytes:
        """Make an element with any value."""
        kind, value = self._choice(self._rare if self._odd(0.5) else self._values)
        return bytes((kind,)) + name + b"\0" + value(depth)

    def _naming(self) -> Sequence[tuple[bytes, Sequence[bytes]]]:
        naming = [(b"id", _IDS), (b"pipeline", _PIPELINES), (b"status", _STATUSES)]
        return naming if self._next() < 0.8 else naming[::-1]

    def _named(self, name: bytes, texts: Sequence[bytes]) -> bytes:
        if self._odd(0.3):
            return self.element(name, 1)
        return b"\x02" + name + b"\0" + sized((self._choice(texts if self._odd() else texts[:3])) + b"\0")

    def _results(self) -> bytes:
        if self._odd():
            return self.element(b"results", 1)
        inner = self._elements(2)
        if self._next() < 0.4:
            lock = b"\x08locked\0" + self._choice((b"\0", b"\1"))
            inner.insert(self._below(len(inner) + 1), self.element(b"locked", 2) if self._odd() else lock)
        return b"\x03results\0" + document(*inner)

    def _elements(self, depth: int) -> list[bytes]:
        number = 0 if depth > _DEPTH else self._below(4) if self._next() < 0.97 else self._below(40)
        return [self.element(self._name(), depth + 1) for _ in range(number)]

    def _name(self) -> bytes:
        if self._odd(0.5):
            return self._choice(_ODD_NAMES)
        if self._next() < 0.3:
            return self._choice(_NAMES)
        return (
            self._choice(_LONG_NAMES) + b"%d" % self._below(1000) if self._next() < 0.3 else b"n%d" % self._below(10**6)
        )

    def _document(self, depth: int) -> bytes:
        return document(*self._elements(depth))

    def _array(self, depth: int) -> bytes:
        if self._next() < 0.2:  # of values of one type
            kind, value = self._choice(self._values)
            length = 1 if depth > _DEPTH or kind in (0x03, 0x04) else self._below(30)
            return document(*(b"%c%d\0" % (kind, index) + value(depth + 1) for index in range(length)))
        number = 0 if depth > _DEPTH else self._below(5)
        return document(
            *(self.element(self._name() if self._odd(0.2) else b"%d" % index, depth + 1) for index in range(number))
        )

    def _chain(self, depth: int) -> bytes:
        """Documents and arrays within each other, about as many as there may be."""
        made = document(*self._elements(_DEPTH))
        for _ in range(self._choice((50, 97, 98, 99, 100, 101, 130)) - depth):
            made = document(self._choice((b"\x03a\0", b"\x040\0")) + made)
        return made

    def _text(self, _: int) -> bytes:
        return sized((self._choice(_TEXTS[:10] if not self._odd() else _TEXTS)) + b"\0")

    def _binary(self, _: int) -> bytes:
        size, subtype = self._choice(((0, 0), (3, 0), (16, 4), (16, 3), (5, 128), (9, 5), (1, 255)))
        return struct.pack("<iB", size, subtype) + self._bytes(size)

    def _odd_binary(self, _: int) -> bytes:
        inner = sized(self._bytes(self._below(4)))
        return self._choice(
            (struct.pack("<iB", len(inner), 2) + inner, b"\3\0\0\0\2abc", b"\3\0\0\0\4abc", b"\x0f\0\0\0\4" + bytes(15))
        )

    def _regex(self, _: int) -> bytes:
        return self._choice((b"a\0i\0", b"\0\0", b"(\0xi\0", b"a\0g\0", b"\xff\0\0", b"a\0"))

    def _pointer(self, _: int) -> bytes:
        return sized(self._choice(_TEXTS) + b"\0") + bytes(12)

    def _code(self, depth: int) -> bytes:
        inner = sized(b"f()\0") + document(*self._elements(depth + 1))
        return struct.pack("<i", len(inner) + 4) + inner

    def _double(self, _: int) -> bytes:
        return struct.pack("<d", self._choice((0.0, -0.0, 348.8, float("nan"), float("-inf"), 5e-324)))

    def _int32(self, _: int) -> bytes:
        return struct.pack("<i", self._choice(_NUMBERS))

    def _eight(self, _: int) -> bytes:
        return self._bytes(8) if self._next() < 0.5 else bytes(8)

    def _object_id(self, _: int) -> bytes:
        return self._bytes(12)

    def _timestamp(self, depth: int) -> bytes:
        return self._bytes(8) if depth == 1 and not self._odd() else bytes(8)

    def _decimal(self, _: int) -> bytes:
        return self._bytes(16)

    def _bool(self, _: int) -> bytes:
        return b"\1" if self._next() < 0.5 else b"\0"

    def _nothing(self, _: int) -> bytes:
        return b""

    def _odd(self, share: float = 1.0) -> bool:
        return self._next() < self._oddity * share

    def _below(self, limit: int) -> int:
        return int(self._next() * limit)

    def _choice(self, some: Sequence[T]) -> T:
        return some[int(self._next() * len(some))]

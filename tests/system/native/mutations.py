"""Small changes to works as BSON, most of which break them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, TypeVar

from tests.support.raw_bson import document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from tests.system.native.documents import Grammar

T = TypeVar("T")
Elements = list[bytes]

_TYPES: Final = bytes((*range(0x15), 0x7F, 0xFF))
_LENGTHS: Final = (1, -1, 2, -2, 4, -4, 5, 16, 127, -128)
_FRAMED: Final = 0.97
"""How often the length of a document is right in the end: where it is wrong, the request is refused as a whole."""


class Mutator:
    """Changes some works, each now like one of them.

    Args:
        random: Where it takes its choices from.
        grammar: What makes elements.
        number: How many works to make.
        more: Elements that the first of them has, too.
    """

    def __init__(self, random: Random, grammar: Grammar, number: int, *more: bytes) -> None:
        self._next = random.random
        self._element = grammar.element
        self._works = works = [grammar.work() for _ in range(number)]
        works[0] += more
        self._documents = [document(*each) for each in works]

    def whole(self, index: int) -> bytes:
        """Return one of the works as it was made."""
        return self._documents[index]

    def document(self, *, framed: bool) -> bytes:
        """Return a work that was changed.

        Args:
            framed: Whether to mend its length and its end, which decide where the next one begins.
        """
        if self._next() < 0.5:
            return self._rearranged()
        data = bytearray(self._choice(self._documents))
        for _ in range(1 if self._next() < 0.7 else 2):
            self._mutate(data)
        if framed or self._next() < _FRAMED:
            del data[:4], data[-1:]
            return document(bytes(data))
        return bytes(data)

    def _rearranged(self) -> bytes:
        """Change what stands at the top of a work, which stays BSON."""
        elements = list(self._choice(self._works)) or [b""]
        at, other = self._below(len(elements)), self._below(len(elements))
        change = self._below(12)
        if change == 0:
            elements.insert(at, elements[other])  # twice
        elif change == 1:
            elements[at], elements[other] = elements[other], elements[at]
        elif change == 2:
            del elements[at]
        elif change == 3:
            elements.insert(at, self._choice(self._choice(self._works) or [b""]))
        elif change == 4:
            elements[at] = self._choice((b"\x03", b"\x04")) + b"results\0" + document(*elements[other:])
        elif change == 5:  # a name becomes that of another one
            _, _, value = elements[at][1:].partition(b"\0")
            name = elements[other][1:].partition(b"\0")[0]
            elements[at] = elements[at][:1] + name + b"\0" + value
        elif change == 6:
            elements += self._choice(self._works)
        else:
            elements.insert(at, self._element(b"new", 1))
        return document(*elements)

    def _mutate(self, data: bytearray) -> None:
        at, change = self._below(len(data)), self._below(9)
        if change == 0:
            data[at] ^= 1 << self._below(8)
        elif change == 1:
            data[at] = self._below(256)
        elif change == 2:
            data.insert(at, self._below(256))
        elif change == 3:
            del data[at : at + 1 + self._below(3)]
        elif change == 4:
            self._change_length(data, at)
        elif change == 5:
            self._change_type(data, at)
        elif change == 6:  # a part is written over another one
            size = 1 + self._below(12)
            data[at : at + size] = data[(start := self._below(len(data))) : start + size]
        elif change == 7:  # two documents are spliced
            other = self._choice(self._documents)
            data[at:] = other[min(at, len(other)) if self._next() < 0.5 else self._below(len(other)) :]
        else:
            del data[at:]
        if len(data) < 5:
            data += bytes(5)

    def _change_length(self, data: bytearray, at: int) -> None:
        """Change an int32 that may be a length, which is one of few bytes."""
        zeros = data.find(b"\0\0\0", at)
        if zeros > 0:
            (value,) = struct.unpack_from("<i", data, zeros - 1)
            changed = -value if self._next() < 0.1 else value + self._choice(_LENGTHS)
            struct.pack_into("<i", data, zeros - 1, changed)

    def _change_type(self, data: bytearray, at: int) -> None:
        """Change the type of an element, which stands behind the end of another one."""
        zero = data.find(b"\0", at)
        if 0 <= zero < len(data) - 1:
            data[zero + 1] = self._choice(_TYPES)

    def _below(self, limit: int) -> int:
        return int(self._next() * limit)

    def _choice(self, some: Sequence[T]) -> T:
        return some[int(self._next() * len(some))]

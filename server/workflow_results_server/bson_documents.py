"""BSON documents as bytes: cut apart, looked into and compared without being decoded.

The layout is that of https://bsonspec.org: a document is an int32 with its length, elements, and a NUL; an element is
its type, its name ended by NUL, and its value.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_INT32 = struct.Struct("<i")
_SMALLEST = 5
"""The length of the empty document."""
_EMPTY = b"\x05\x00\x00\x00\x00"
_ID_FIRST = b"\x02_id\x00"

_DOUBLE, DOCUMENT, _ARRAY = 0x01, 0x03, 0x04


class MalformedDocuments(ValueError):
    """The lengths of documents back to back, or of the elements in one, don't add up."""


class Element(NamedTuple):
    """One element of a document."""

    type: int
    name: bytes
    value: bytes
    start: int
    """Where the element begins in its document."""
    end: int
    """Where the next one begins."""


_FIXED_SIZES: Final = {
    _DOUBLE: 8,
    0x06: 0,  # undefined
    0x07: 12,  # ObjectId
    0x08: 1,  # bool
    0x09: 8,  # datetime
    0x0A: 0,  # null
    0x10: 4,  # int32
    0x11: 8,  # timestamp
    0x12: 8,  # int64
    0x13: 16,  # decimal128
    0x7F: 0,  # max key
    0xFF: 0,  # min key
}
"""The size of a value, by its type."""
_MEASURED_SIZES: Final = {
    0x02: 4,  # string
    DOCUMENT: 0,
    _ARRAY: 0,
    0x05: 5,  # binary
    0x0C: 16,  # DBPointer
    0x0D: 4,  # code
    0x0E: 4,  # symbol
    0x0F: 0,  # code with scope
}
"""What is added to the length that a value begins with to give its size, by its type."""
_REGEX: Final = 0x0B


def split(data: bytes, most: int) -> list[bytes]:
    """Cut documents that stand back to back apart.

    Args:
        data: The documents.
        most: How many to cut off; one more is cut off, if there is one, and the rest is left alone.

    Raises:
        MalformedDocuments: The lengths don't add up; the message says where.
    """
    documents: list[bytes] = []
    start, end = 0, len(data)
    while start < end and len(documents) <= most:
        size = _INT32.unpack_from(data, start)[0] if end - start >= _SMALLEST else 0
        stop = start + size
        if size < _SMALLEST or stop > end or data[stop - 1] != 0:
            raise MalformedDocuments(
                f"document {len(documents)}, at byte {start} of {end}, is not BSON: its length does not add up"
            )
        documents.append(data[start:stop])
        start = stop
    return documents


def batches(data: bytes, size: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Cut documents back to back into batches of at most `size` bytes, a larger document alone.

    Yields:
        The batch, its last document and the number of its documents.
    """
    first = start = 0
    count = 0
    end = len(data)
    last = 0
    while start < end:
        stop = start + _INT32.unpack_from(data, start)[0]
        if count and stop - first > size:
            yield data[first:start], data[last:start], count
            first, count = start, 0
        last, start = start, stop
        count += 1
    if count:
        yield data[first:end], data[last:end], count


def elements(document: bytes) -> Iterator[Element]:
    """Walk over the top-level elements of a document.

    Raises:
        MalformedDocuments: The document is not BSON.
    """
    for type_, start, value, stop in _walk(document):
        yield Element(type_, document[start + 1 : value - 1], document[value:stop], start, stop)


def names(document: bytes) -> list[bytes]:
    """Give the names of the top-level elements of a document.

    Raises:
        MalformedDocuments: The document is not BSON.
    """
    return [document[start + 1 : value - 1] for _, start, value, _ in _walk(document)]


def _walk(document: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Give the type of each top-level element, and where it, its value and the next one begin."""
    start, end = 4, len(document) - 1
    try:
        while start < end:
            type_ = document[start]
            value = document.index(0, start + 1) + 1
            if type_ in _FIXED_SIZES:
                stop = value + _FIXED_SIZES[type_]
            elif type_ == _REGEX:
                stop = document.index(0, document.index(0, value) + 1) + 1
            else:
                stop = value + _MEASURED_SIZES[type_] + _INT32.unpack_from(document, value)[0]
            if not value <= stop <= end:
                raise MalformedDocuments(f"the element at byte {start} is longer than its document")
            yield type_, start, value, stop
            start = stop
    except (KeyError, ValueError, struct.error) as error:
        raise MalformedDocuments(f"the element at byte {start} is not BSON") from error


def repeated(document: bytes) -> list[str | int] | None:
    """Find a name that stands twice in a document or in one within it, which most readers make one of.

    Returns:
        The steps that lead to it, or None.

    Raises:
        MalformedDocuments: The document is not BSON.
    """
    waiting: list[tuple[list[str | int], int, bytes]] = [([], DOCUMENT, document)]
    while waiting:
        path, type_, data = waiting.pop()
        seen: set[bytes] = set()
        for index, element in enumerate(elements(data)):
            if type_ == DOCUMENT and element.name in seen:
                return [*path, element.name.decode(errors="backslashreplace")]
            seen.add(element.name)
            if element.type in (DOCUMENT, _ARRAY):
                step = element.name.decode(errors="backslashreplace") if type_ == DOCUMENT else index
                waiting.append(([*path, step], element.type, element.value))
    return None


def deeper_than(limit: int, document: bytes) -> bool:
    """Tell whether a document, which may be broken, holds more levels of documents and arrays."""
    level = [document]
    try:
        for _ in range(limit + 1):
            level = [
                element.value for each in level for element in elements(each) if element.type in (DOCUMENT, _ARRAY)
            ]
    except MalformedDocuments:
        return False
    return bool(level)


def with_id_first(document: bytes, id_: str) -> bytes:
    """Give a document that has no `_id` as MongoDB stores it: with that as its first element."""
    encoded = id_.encode()
    size = len(encoded) + 1
    return b"".join(
        (
            _INT32.pack(len(document) + len(_ID_FIRST) + 4 + size),
            _ID_FIRST,
            _INT32.pack(size),
            encoded,
            b"\x00",
            document[4:],
        )
    )


def without(document: bytes, *names: bytes) -> bytes:
    """Give a document without some of its top-level elements."""
    return _document(*(document[each.start : each.end] for each in elements(document) if each.name not in names))


def _document(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return b"".join((_INT32.pack(len(body) + 5), body, b"\x00"))


def stored_id(document: bytes) -> str:
    """Give the `_id` of a stored document, which MongoDB keeps as its first element."""
    size = _INT32.unpack_from(document, 9)[0]
    return document[13 : 13 + size - 1].decode()


def same_content(one: bytes, other: bytes) -> bool:
    """Tell whether two works have the same content.

    That is: the same names in the same order with values of the same types that are equal, `_id` and `results.locked`
    aside. Locking makes a document of a `results` that is null or missing; that difference is left aside, too.
    """
    if one == other:
        return True
    (ones, ones_bare), (others, others_bare) = _content(one), _content(other)
    if ones_bare or others_bare:
        ones, others = ([each for each in side if not _empty_results(each)] for side in (ones, others))
    return _same(ones, others)


def _content(document: bytes) -> tuple[list[Element], bool]:
    """Give the elements without `_id` and `results.locked`, and whether `results` held nothing but `locked`."""
    kept, bare = [], False
    for element in elements(document):
        if element.name == b"results" and element.type == DOCUMENT:
            inner = [each for each in elements(element.value) if each.name != b"locked"]
            without_lock = _document(*(element.value[each.start : each.end] for each in inner))
            bare = not inner and without_lock != element.value
            kept.append(element._replace(value=without_lock))
        elif element.name != b"_id":
            kept.append(element)
    return kept, bare


def _empty_results(element: Element) -> bool:
    return element.name == b"results" and element.value in (b"", _EMPTY)


def _same(ones: list[Element], others: list[Element]) -> bool:
    return len(ones) == len(others) and all(map(_same_element, ones, others))


def _same_element(one: Element, other: Element) -> bool:
    if one.type != other.type or one.name != other.name:
        return False
    if one.value == other.value:
        return True
    if one.type in (DOCUMENT, _ARRAY):
        return _same(list(elements(one.value)), list(elements(other.value)))
    if one.type == _DOUBLE:
        (left,), (right,) = struct.unpack("<d", one.value), struct.unpack("<d", other.value)
        return left == right or (math.isnan(left) and math.isnan(right))
    return False

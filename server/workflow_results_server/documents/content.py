"""Whether works have the same content: what MongoDB would call equal, the order of fields at every level aside.

That numbers are equal by value, whatever their types, and fields in any order, is what makes a deposit repeatable in
every language: the maps of some have no order, and JSON has one kind of number.

Two values are equal when their keys are, which are made from the bytes as they stand: a number's is its value, any
other scalar's its bytes, and those of documents and arrays are hashes of the keys in them.
"""

from __future__ import annotations

import decimal
import hashlib
import itertools
import math
import random
import struct
from bisect import bisect_left
from enum import Enum
from typing import TYPE_CHECKING, Final

from bson.decimal128 import Decimal128

from workflow_results.common.bson_codec import to_decimal
from workflow_results_server.documents.bson_bytes import (
    ADDED_SIZES,
    ARRAY,
    CODE_WITH_SCOPE,
    DECIMAL128,
    DOCUMENT,
    DOUBLE,
    FIXED_SIZES,
    INT32,
    INT64,
    LENGTH,
    NULL,
    REGEX,
    SMALLEST,
    Element,
    elements,
    scope_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOUBLE: Final = struct.Struct("<d")
_INT64: Final = struct.Struct("<q")
_INTEGERS: Final = {INT32: LENGTH, INT64: _INT64}
_AS_DOUBLE: Final = bytes([DOUBLE])
_NUMBERS: Final = {DOUBLE: "d", INT32: "i", INT64: "q"}
"""The types of which a run of array elements is read at once."""
_PLAIN: Final = {*FIXED_SIZES, *ADDED_SIZES, REGEX} - {*_NUMBERS, DECIMAL128, DOCUMENT, ARRAY, CODE_WITH_SCOPE}
"""The types whose values are equal when their bytes are."""
_ODD_ENDS: Final = b"\x7f\xff\x80"
"""The last byte of NaN, of -0.0, and of few other doubles."""
_EXACT: Final = 2**53
"""Up to here, every integer is a double."""
_INT64_RANGE: Final = 2**63
_DECIMAL: Final = decimal.Context(prec=34, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX, traps=[])
"""With as many digits as decimal128 has."""
_NAN: Final = _DOUBLE.pack(math.nan)
_NO_DOUBLE: Final = b"\xff" * 8
"""Begins the key of everything that is not equal to a double. It is a NaN, but another one than `_NAN`."""
_HASHED: Final = b"\0"
"""Stands before the type of a value that is hashed for its length; it is no type."""
_LONG: Final = 64
_SORTED_AT_ONCE: Final = 20_000
"""About how many parts are sorted at once, which takes some 0.01 s."""


class _Results(Enum):
    """What the `results` of a work hold."""

    NOTHING = b"nothing"
    """There are none."""
    NULL = b"null"
    EMPTY = b"empty"
    LOCK = b"lock"
    """`locked`, and nothing else."""
    CONTENT = b"content"


def same_content(one: bytes, other: bytes) -> bool:
    """Return whether two works have the same content.

    `_id` and `results.locked` don't count; nor, since locking makes a document of a `results` that is null or missing,
    does the difference between those and a `results` that holds nothing but `locked`.

    Args:
        one: A work, known to be BSON.
        other: Another one.
    """
    if one == other:
        return True
    for field, other_field in itertools.zip_longest(_fields(one), _fields(other)):
        if field is None or other_field is None or field.name != other_field.name:
            break
        if field.name == b"results" and DOCUMENT in (field.type, other_field.type):
            continue
        if not _same(one, field, other, other_field):
            return False  # which is found without looking at what follows it
    rest, results = _content(one)
    other_rest, other_results = _content(other)
    return rest == other_rest and (results is other_results or _Results.LOCK in (results, other_results))


def digest(work: bytes) -> bytes:
    """Return a hash that two works share when they have the same content, and both the same kind of `results`, or none.

    Args:
        work: A work, known to be BSON.
    """
    rest, results = _content(work)
    kind = _Results.EMPTY if results is _Results.LOCK else results
    return hashlib.sha256(rest + kind.value).digest()


def _fields(work: bytes) -> Iterator[Element]:
    return (each for each in elements(work) if each.name != b"_id")


def _same(one: bytes, field: Element, other: bytes, other_field: Element) -> bool:
    if field.type == other_field.type and one[field.value : field.end] == other[other_field.value : other_field.end]:
        return True
    keys = (_key(work, each.type, each.value, each.end) for work, each in ((one, field), (other, other_field)))
    return next(keys) == next(keys)


def _content(work: bytes) -> tuple[bytes, _Results]:
    """Return a hash of a work without its `results`, where those hold nothing that counts, and what they hold."""
    parts = []
    results = _Results.NOTHING
    for type_, start, value, end in walk(work, 4, len(work) - 1):
        name = work[start + 1 : value]
        if name == b"_id\0":
            continue
        if name == b"results\0":
            results = _held(work, type_, value, end)
            if results is not _Results.CONTENT:
                continue
            if type_ == DOCUMENT:
                parts.append(name + _hash_of_document(work, value + 4, end - 1, leave_out=b"locked\0"))
                continue
        parts.append(_part(work, type_, start, value, end))
    return _hash_of(parts), results


def _held(work: bytes, type_: int, value: int, end: int) -> _Results:
    if type_ == NULL:
        return _Results.NULL
    if type_ != DOCUMENT:
        return _Results.CONTENT
    if end - value == SMALLEST:
        return _Results.EMPTY
    first, *more = itertools.islice(walk(work, value + 4, end - 1), 2)
    return _Results.LOCK if not more and work[first[1] + 1 : first[2]] == b"locked\0" else _Results.CONTENT


def _part(data: bytes, type_: int, start: int, value: int, end: int) -> bytes:
    """Return what represents an element in the hash of its document: its type, its name and its key, or itself."""
    if type_ == INT32:  # of which there are most, wherever there are very many
        return _AS_DOUBLE + data[start + 1 : value] + _DOUBLE.pack(*LENGTH.unpack_from(data, value))
    if (type_ == DOUBLE and data[end - 1] not in _ODD_ENDS) or (type_ in _PLAIN and end - start <= _LONG):
        return data[start:end]
    return _AS_DOUBLE + data[start + 1 : value] + _key(data, type_, value, end)


def _key(data: bytes, type_: int, value: int, end: int) -> bytes:
    """Return the key of a value; the key shows where it ends."""
    if type_ == DOUBLE:
        return _key_of_double(_DOUBLE.unpack_from(data, value)[0])
    if type_ in _INTEGERS:
        return _key_of_integer(_INTEGERS[type_].unpack_from(data, value)[0])
    if type_ == DECIMAL128:
        return _key_of_decimal(data[value:end])
    kind = _NO_DOUBLE + bytes([type_])
    if type_ == DOCUMENT:
        return kind + _hash_of_document(data, value + 4, end - 1)
    if type_ == ARRAY:
        return kind + _hash_of_array(data, value + 4, end - 1)
    if type_ == CODE_WITH_SCOPE:
        scope = scope_of(data, value)
        return kind + hashlib.sha256(data[value + 4 : scope]).digest() + _hash_of_document(data, scope + 4, end - 1)
    if end - value > _LONG:
        return _NO_DOUBLE + _HASHED + bytes([type_]) + hashlib.sha256(data[value:end]).digest()
    return kind + data[value:end]


def _hash_of_document(data: bytes, start: int, end: int, leave_out: bytes | None = None) -> bytes:
    parts = []
    for type_, at, value, stop in walk(data, start, end):
        if leave_out is None or data[at + 1 : value] != leave_out:
            parts.append(_part(data, type_, at, value, stop))
    return _hash_of(parts)


def _hash_of(parts: list[bytes]) -> bytes:
    hashed = hashlib.sha256()
    for some in _in_order(parts):
        some.sort()
        hashed.update(b"".join(some))
    return hashed.digest()


def _in_order(parts: list[bytes]) -> list[list[bytes]]:
    """Divide parts into lists, of which each is to be sorted: to sort millions at once would let no other thread go on.

    What divides them is chosen by chance, so that nobody can send parts of which most come into the same list.
    """
    if len(parts) <= _SORTED_AT_ONCE:
        return [parts]
    limits = sorted(random.sample(parts, len(parts) // _SORTED_AT_ONCE))
    divided: list[list[bytes]] = [[] for _ in range(len(limits) + 1)]
    for part in parts:
        divided[bisect_left(limits, part)].append(part)
    return divided


def _hash_of_array(data: bytes, start: int, end: int) -> bytes:
    hashed = hashlib.sha256()
    for type_, at, value, stop in walk(data, start, end, together=True):
        size = FIXED_SIZES.get(type_, stop - value)
        if stop == value + size:
            hashed.update(_key(data, type_, value, stop))
        elif type_ in _NUMBERS:
            hashed.update(_keys_of_numbers(data[at:stop], value - at, _NUMBERS[type_]))
        else:
            for each in range(value, stop - size + 1, value - at + size):
                hashed.update(_key(data, type_, each, each + size))
    return hashed.digest()


def _keys_of_numbers(run: bytes, before: int, format_: str) -> bytes:
    """Make the keys of numbers that stand in a run, each behind so many bytes."""
    numbers = [number for (number,) in struct.iter_unpack(f"<{before}x{format_}", run)]
    if format_ == "d" and not math.isnan(sum(numbers)):
        return struct.pack(f"<{len(numbers)}d", *[number + 0.0 for number in numbers])
    if format_ != "d" and min(numbers) >= -_EXACT and max(numbers) <= _EXACT:
        return struct.pack(f"<{len(numbers)}d", *numbers)
    return b"".join(map(_key_of_double if format_ == "d" else _key_of_integer, numbers))


def _key_of_double(number: float) -> bytes:
    return _NAN if math.isnan(number) else _DOUBLE.pack(number + 0.0)  # which makes 0.0 of -0.0


def _key_of_integer(number: int) -> bytes:
    if -_EXACT <= number <= _EXACT or int(float(number)) == number:
        return _DOUBLE.pack(number)
    return _NO_DOUBLE + bytes([INT64]) + _INT64.pack(number)


def _key_of_decimal(bid: bytes) -> bytes:
    number = to_decimal(Decimal128.from_bid(bid))
    if number.is_nan():
        return _NAN
    double = float(number)
    if decimal.Decimal(double) == number:
        return _key_of_double(double)
    if abs(number) <= _INT64_RANGE and -_INT64_RANGE <= (integer := int(number)) < _INT64_RANGE and integer == number:
        return _key_of_integer(integer)
    text = str(number.normalize(_DECIMAL)).encode()
    return _NO_DOUBLE + bytes([DECIMAL128, len(text)]) + text

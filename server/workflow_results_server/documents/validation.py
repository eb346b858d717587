"""The check of BSON that callers send, without anything being made of it.

bson's decoder is no check for what may be hostile. It trusts the lengths that stand in arrays: made for it, they let it
read behind the end of a document, where the process may end, and let it keep forever what it has made of a broken
array. And what it makes of 16 MiB can have 800.
"""

from __future__ import annotations

from typing import Final

from workflow_results_server.documents.bson_bytes import (
    ADDED_SIZES,
    ARRAY,
    BINARY,
    BOOL,
    CODE,
    CODE_WITH_SCOPE,
    DB_POINTER,
    DOCUMENT,
    FIXED_SIZES,
    LENGTH,
    REGEX,
    SMALLEST,
    STRING,
    SYMBOL,
    MalformedDocuments,
    run,
    scope_of,
    walk,
)

_STRINGS: Final = (STRING, CODE, SYMBOL)
_DOCUMENTS: Final = (DOCUMENT, ARRAY)
_ALIKE: Final = {*FIXED_SIZES, *_STRINGS}
"""Types of which elements that are alike are looked at together."""
_UUID: Final = 4
_OLD_BINARY: Final = 2
"""Subtypes of binaries: a UUID has 16 bytes, and the old binary begins with its length once more."""
_REGEX_OPTIONS: Final = b"ilmsux"
_NAMES_AT_ONCE: Final = 20_000
"""How many names are looked at at once, which takes some 0.01 s."""
_PAUSE: Final = 64
"""How many elements are looked at one by one after some that could have been alike and are not."""


class TooDeep(ValueError):
    """A document has too many levels."""


class TooManyElements(ValueError):
    """A document and those within it have too many elements."""


class RepeatedName(ValueError):
    """A name stands twice in a document, or in one within it; most readers make one of the two.

    Attributes:
        path: The steps that lead to it.
    """

    def __init__(self, path: list[str | int]) -> None:
        super().__init__(path)
        self.path = path


def validate(document: bytes, levels: int, elements: int | None = None) -> None:
    """Check that a document is BSON, with strings in UTF-8, and that no name stands twice in it, at any depth.

    Args:
        document: Any bytes.
        levels: How many levels of documents and arrays may be in it.
        elements: How many elements may be in it and in those levels; None for any number.

    Raises:
        MalformedDocuments: It is not BSON, or holds a UUID of another length than 16.
        TooDeep: It has more levels.
        TooManyElements: It has more elements.
        RepeatedName: A name stands twice.
    """
    if len(document) < SMALLEST or LENGTH.unpack_from(document)[0] != len(document) or document[-1]:
        raise MalformedDocuments("the length of the document is wrong")
    try:
        _validate(document, 4, len(document) - 1, DOCUMENT, levels, len(document) if elements is None else elements)
    except UnicodeDecodeError as error:
        raise MalformedDocuments("a name or string is not UTF-8") from error


def _validate(data: bytes, start: int, end: int, kind: int, levels: int, left: int) -> int:
    """Check the elements of a document or an array, and return how many more there may be after it."""
    if levels < 0:
        raise TooDeep
    find, fixed_size, length_at, names = data.find, FIXED_SIZES.get, LENGTH.unpack_from, list[bytes]()
    first, alone = start, start
    while start < end:
        type_ = data[start]
        value = find(0, start + 1, end) + 1
        if not value:
            raise _malformed(type_, start)
        name = data[start + 1 : value - 1]
        left -= 1
        if (size := fixed_size(type_)) is not None:
            stop = value + size
        elif type_ in _STRINGS and end - value > 4:
            stop = value + 4 + length_at(data, value)[0]
            if not value + 4 < stop <= end or data[stop - 1]:
                raise _malformed(type_, start)
            data[value + 4 : stop - 1].decode()
        elif type_ in _DOCUMENTS and end - value > 4:
            stop = value + length_at(data, value)[0]
            if not value + 4 < stop <= end or data[stop - 1]:
                raise _malformed(type_, start)
            if stop - value > SMALLEST or not levels:  # which an empty one needs no look to be
                left = _validate(data, value + 4, stop - 1, type_, levels - 1, left)
        else:
            stop = _end(data, type_, value, end)
            if type_ == CODE_WITH_SCOPE:
                left = _validate(data, scope_of(data, value) + 4, stop - 1, DOCUMENT, levels - 1, left)
        if kind == ARRAY and start >= alone and type_ in _ALIKE and stop < end and data[stop] == type_:
            size, number = stop - start, run(data, start, value, stop, end)
            if type_ in _STRINGS and not _are_strings(data, value, stop, size, number):
                number = 0
            alone = stop + (0 if number else _PAUSE * size)
            stop += number * size
            left -= number
        if type_ == BOOL and data[value : min(stop, end) : value - start + 1].translate(None, b"\0\1"):
            raise _malformed(type_, start)
        if stop > end:
            raise _malformed(type_, start)
        if left < 0:
            raise TooManyElements
        if kind == ARRAY:
            name.decode()
        else:
            names.append(name)
        start = stop
    if names and not _are_distinct(names):
        raise RepeatedName([*_steps(data, first), _repeated(names)])
    return left


def _are_distinct(names: list[bytes]) -> bool:
    """Return whether no name stands twice among some, which are looked at piece by piece so that other threads go on.

    Raises:
        UnicodeDecodeError: One is not UTF-8.
    """
    seen: set[bytes] = set()
    for at in range(0, len(names), _NAMES_AT_ONCE):
        some = names[at : at + _NAMES_AT_ONCE]
        b"\0".join(some).decode()  # a NUL is no part of a longer character
        seen.update(some)
    return len(seen) == len(names)


def _are_strings(data: bytes, value: int, stop: int, size: int, number: int) -> bool:
    """Return whether so many elements behind a string of ASCII are such strings, too, and of the same length."""
    after = stop + number * size
    return (
        all(data[at + size : after : size] == data[at : at + 1] * number for at in range(value, value + 4))
        and not any(data[stop + size - 1 : after : size])
        and data[value + 4 : after].isascii()
    )


def _end(data: bytes, type_: int, value: int, end: int) -> int:
    """Return where a value of one of the rarer types ends, and check what is in it, the scope of a code aside."""
    if type_ == REGEX:
        options = data.find(0, value, end) + 1
        stop = data.find(0, options, end) + 1
        if not options or not stop:
            raise _malformed(type_, value)
        data[value:stop].decode()
        if data[options : stop - 1].translate(None, _REGEX_OPTIONS):  # which readers drop without a word
            raise MalformedDocuments(f"a regular expression has no options other than {_REGEX_OPTIONS.decode()}")
        return stop
    check, least = _RARE.get(type_, (None, 0))
    if check is None or end - value < least:
        raise _malformed(type_, value)
    length = int(LENGTH.unpack_from(data, value)[0])
    stop = value + ADDED_SIZES[type_] + length
    if not value + least <= stop <= end or not check(data, value, stop):
        raise _malformed(type_, value)
    return stop


def _is_binary(data: bytes, value: int, stop: int) -> bool:
    subtype, size = data[value + 4], stop - value - 5
    if subtype == _OLD_BINARY:
        return size >= 4 and bool(LENGTH.unpack_from(data, value + 5)[0] == size - 4)
    return subtype != _UUID or size == 16


def _is_db_pointer(data: bytes, value: int, stop: int) -> bool:
    data[value + 4 : stop - 13].decode()
    return not data[stop - 13]


def _is_code(data: bytes, value: int, stop: int) -> bool:
    scope = scope_of(data, value)
    if not value + 8 < scope <= stop - SMALLEST:
        return False
    data[value + 8 : scope - 1].decode()
    return not data[scope - 1] and not data[stop - 1] and bool(LENGTH.unpack_from(data, scope)[0] == stop - scope)


_RARE: Final = {BINARY: (_is_binary, 5), DB_POINTER: (_is_db_pointer, 17), CODE_WITH_SCOPE: (_is_code, 14)}
"""How the rarer types are checked, and their least sizes."""


def _malformed(type_: int, at: int) -> MalformedDocuments:
    return MalformedDocuments(f"the value of type {type_:#04x} at byte {at} is malformed or too long")


def _repeated(names: list[bytes]) -> str:
    seen: set[bytes] = set()
    for name in names:
        if name in seen:
            break
        seen.add(name)
    return name.decode()


def _steps(data: bytes, first: int) -> list[str | int]:
    """Find the way from the root to the document whose first element begins at `first`."""
    steps: list[str | int] = []
    kind, start, end = DOCUMENT, 4, len(data) - 1
    while start != first:
        position, (type_, at, value, stop) = next(
            (position, element) for position, element in enumerate(walk(data, start, end)) if element[3] > first
        )
        steps.append(position if kind == ARRAY else data[at + 1 : value - 1].decode())
        kind, start, end = type_, (scope_of(data, value) if type_ == CODE_WITH_SCOPE else value) + 4, stop - 1
    return steps

"""How documents are read and written, by clients and servers alike."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any, Final

import bson
from bson.binary import UUID_SUBTYPE, Binary, UuidRepresentation
from bson.code import Code
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.decimal128 import Decimal128
from bson.errors import InvalidBSON, InvalidDocument

from workflow_results.common.framing import NotBSONError

OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(
    tz_aware=True,
    tzinfo=dt.timezone.utc,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
_NESTED: Final = b"\x03\x04"
"""The types of documents and arrays."""
_LEAST_LEVEL: Final = 7
"""The bytes that a level of nesting takes at least: its type, the end of its name, its length and its own end."""
_CONTAINERS: Final = {dict, list, tuple}
_REF: Final = b"$ref\0"
"""The name without which no document is taken for a DBRef."""
_SIGN_BIT: Final = 63
_EXPONENT_BIT: Final = 49
_EXPONENT_MASK: Final = 0x3FFF
_EXPONENT_BIAS: Final = 6176
"""Where the parts of a decimal stand in its upper half: https://github.com/mongodb/specifications, bson-decimal128."""


class _Document(dict[str, Any]):
    """A dict that bson takes for no DBRef, which it knows by the names in it: it doesn't find any."""

    __slots__ = ()
    __getitem__: Any = {}.__getitem__
    get: Any = {}.get


# A binary of the subtype for UUIDs may have another length than 16, and none of that is made a UUID then.
_EXACT_OPTIONS: Final = OPTIONS.with_options(
    document_class=_Document, uuid_representation=UuidRepresentation.UNSPECIFIED
)


def encode(document: Mapping[str, Any], options: CodecOptions[Any] = OPTIONS) -> bytes:
    """Encode a document as `bson.encode` does, and refuse what older ones fail on.

    Args:
        document: What to encode.
        options: How.

    Raises:
        InvalidDocument: BSON can't hold it, or this version of bson can't write it.
        OverflowError: It holds an integer of more than 64 bits.
        ValueError: It holds a value that its BSON type has no place for.
    """
    try:
        return bson.encode(document, codec_options=options)
    except SystemError as error:
        # The C code takes subtype 255, a char, for the -1 that says that it failed.
        raise InvalidDocument("it holds a binary of subtype 255, which needs pymongo 4.20 or newer") from error


def to_decimal(number: Decimal128) -> decimal.Decimal:
    """Return a number as `Decimal128.to_decimal` does, also one of more than 34 digits, which older ones fail on.

    Such a number stands for 0 (IEEE 754-2008, section 3.5.2).
    """
    try:
        return number.to_decimal()
    except decimal.Inexact:  # before pymongo 4.20
        high = int.from_bytes(number.bid[8:], "little")
        return decimal.Decimal((high >> _SIGN_BIT, (0,), (high >> _EXPONENT_BIT & _EXPONENT_MASK) - _EXPONENT_BIAS))


def deeper_than(limit: int, data: bytes, document: Mapping[str, Any]) -> bool:
    """Return whether a document has more levels of documents and arrays in it than a limit.

    Args:
        limit: The most levels, the document itself aside.
        data: The document as BSON.
        document: The same as plain dicts, lists and tuples.
    """
    # Each level needs some bytes, and one of two types, so that a short document or one with few of them is not deep.
    if len(data) <= limit * _LEAST_LEVEL or len(data) - len(data.translate(None, _NESTED)) <= limit:
        return False
    level: list[Any] = [document]
    for _ in range(limit + 1):
        groups = (node.values() if type(node) is dict else node for node in level)
        level = [
            value
            for group in groups
            if not _CONTAINERS.isdisjoint(map(type, group))
            for value in group
            if type(value) in _CONTAINERS
        ]
    return bool(level)


def decode(data: bytes) -> list[dict[str, Any]]:
    """Decode documents that stand back to back, as a batch of results holds them.

    Args:
        data: Any number of BSON documents.

    Returns:
        The documents in their order, each without MongoDB's `_id`. An int64 comes as `bson.Int64`, which is
        an int; a datetime outside the years 1 to 9999 as `bson.DatetimeMS`; a dict like a DBRef stays a dict.

    Raises:
        NotBSONError: The bytes are not BSON.
    """
    documents = decode_whole(data)
    for document in documents:
        document.pop("_id", None)
    return documents


def decode_whole(data: bytes) -> list[dict[str, Any]]:
    """Decode documents as `decode` does, but with MongoDB's `_id`.

    Args:
        data: Any number of BSON documents.

    Returns:
        The documents in their order.

    Raises:
        NotBSONError: The bytes are not BSON.
    """
    try:
        return decode_strictly(data)
    except InvalidBSON:
        # A binary of the subtype for UUIDs may have any length. What is really broken fails again.
        try:
            return _decode_exactly(data)
        except InvalidBSON as error:
            raise NotBSONError(str(error)) from error


def decode_strictly(data: bytes) -> list[dict[str, Any]]:
    """Decode documents as `decode` does, but leave them whole and let nothing pass that some readers fail on.

    Args:
        data: Any number of BSON documents.

    Returns:
        The documents in their order.

    Raises:
        InvalidBSON: The bytes are not BSON, or hold a UUID of another length than 16.
    """
    # bson makes a DBRef, which has no order of keys, of each dict that looks like one.
    return _decode_exactly(data) if _REF in data else bson.decode_all(data, OPTIONS)


def _decode_exactly(data: bytes) -> list[dict[str, Any]]:
    """Decode documents to what the plain options would give, except for DBRefs and UUIDs of another length than 16."""
    documents: list[Any] = bson.decode_all(data, _EXACT_OPTIONS)
    waiting: list[Any] = [documents]
    while waiting:
        container = waiting.pop()
        for key, value in enumerate(container) if type(container) is list else container.items():
            if type(value) is list:
                waiting.append(value)
            elif type(value) is _Document:
                container[key] = plain = dict(value)
                waiting.append(plain)
            elif type(value) is Code and value.scope is not None:
                scope = dict(value.scope)
                container[key] = Code(str.__str__(value), scope)
                waiting.append(scope)
            elif type(value) is Binary and value.subtype == UUID_SUBTYPE and len(value) == 16:
                container[key] = value.as_uuid()
    return documents

"""BSON made by hand, as no encoder makes it."""

from __future__ import annotations

import struct
from typing import Any

import bson


def element(name: str, value: object) -> bytes:
    """An element that a document may hold more than once."""
    return bson.encode({name: value})[4:-1]


def document(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def sized(data: bytes) -> bytes:
    """Data behind their length, as strings are written."""
    return struct.pack("<i", len(data)) + data


def nested(inner: bytes, levels: int) -> bytes:
    """A document in so many others, whose fields are called `a`."""
    length = len(inner)
    heads = []
    for _ in range(levels):
        length += len(b"\x03a\0") + 5
        heads.append(struct.pack("<i", length) + b"\x03a\0")
    return b"".join([*reversed(heads), inner, bytes(levels)])


def deep(*last: bytes) -> bytes:
    """A document of 15 MB and 90 levels, with some elements at its end."""
    return nested(document(b"\x05bytes\0" + struct.pack("<i", 15_000_000) + b"\0" + b"x" * 15_000_000, *last), 90)


def raw(*fields: tuple[str, Any]) -> bytes:
    """A document that may hold names twice; a value of bytes is a document that was made so."""
    body = b""
    for name, value in fields:
        if isinstance(value, bytes):
            body += b"\x03" + name.encode() + b"\0" + value
        elif isinstance(value, list):
            body += b"\x04" + name.encode() + b"\0" + raw(*((str(index), each) for index, each in enumerate(value)))
        else:
            body += bson.encode({name: value})[4:-1]
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def broken_array(size: int) -> bytes:
    """A document with an array whose last element ends behind it, after as many elements as fit."""
    many = b"\x03\0\x05\0\0\0\0" * (size // 7)
    return document(b"\x04a\0" + struct.pack("<i", 4 + len(many) + 10 + 1) + many + b"\x05\0\x14\0\0\0\0" + bytes(20))


def array_beyond_its_end(size: int) -> bytes:
    """A document with an array whose last element ends far behind all that was sent."""
    first, last = (b"\x05\0" + struct.pack("<i", length) + b"\0" for length in (size, size - 100))
    return document(b"\x04a\0" + document(first, b"x" * size, last))

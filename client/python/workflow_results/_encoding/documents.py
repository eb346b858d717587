"""The codec: Python values to BSON, and BSON to Python values.

What is sent comes back equal, except where BSON has one type for several of Python's: tuples and numpy arrays
come back as lists, every mapping as a dict, numpy scalars and enums as their value, paths as strings,
`re.Pattern` as `bson.Regex`, and datetimes and timezone-aware pandas Timestamps as datetimes in UTC, cut to the
millisecond (the earlier one, before 1970 too), without microseconds and nanoseconds.
A value that would change without anyone noticing is refused, with its path and what would be right.
"""

from __future__ import annotations

import datetime as dt
import pickle
import struct
from collections.abc import Iterator, Mapping
from typing import Any, Final

import bson
from bson.binary import UUID_SUBTYPE, Binary, UuidRepresentation
from bson.code import Code
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError, InvalidBSON

from workflow_results._encoding.scalars import SCALARS, RefusedError
from workflow_results._encoding.values import rebuild
from workflow_results.common.rules import KIB
from workflow_results.errors import InvalidRequestError, ResultsError

OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(
    tz_aware=True,
    tzinfo=dt.timezone.utc,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
_REF: Final = b"$ref\0"
"""The name without which no document is taken for a DBRef."""


class _Document(dict[str, Any]):
    """A dict that bson takes for no DBRef, which it knows by the names in it: it doesn't find any."""

    __slots__ = ()
    __getitem__: Any = {}.__getitem__
    get: Any = {}.get


# A binary of the subtype for UUIDs may have another length than 16, and none of that is made a UUID then.
_EXACT_OPTIONS: Final = OPTIONS.with_options(
    document_class=_Document, uuid_representation=UuidRepresentation.UNSPECIFIED
)
_PIECE_BYTES: Final = 32 * KIB
_LENGTH: Final = struct.Struct("<i")
_ENCODER_ERRORS: Final = (BSONError, OverflowError, ValueError)


def encode(document: Mapping[str, Any], path: str) -> bytes:
    """Encode a work, a query or a projection as BSON.

    Args:
        document: What to encode; it is not changed.
        path: What the document is called in errors, such as ``works[3]``.

    Returns:
        One BSON document. As in MongoDB, `_id` is first if there is one.

    Raises:
        InvalidRequestError: A key or value can't be encoded; the message starts with its path, such as
            ``works[3].results.fit.cov``, and says what would be right.
    """
    try:
        try:
            trusted = document if _is_plain(document) else rebuild(document, trusting=True)
            return bson.encode(trusted, codec_options=OPTIONS)
        except (RefusedError, *_ENCODER_ERRORS):
            # Looking at every key and value finds the first that is wrong, or makes int keys strings.
            return bson.encode(rebuild(document, trusting=False), codec_options=OPTIONS)
    except RefusedError as refused:
        raise InvalidRequestError(f"{path}{refused.place()} {refused}") from None
    except RecursionError:
        raise InvalidRequestError(f"{path} must be nested less deeply: it overflows Python's stack") from None
    except _ENCODER_ERRORS as error:
        raise InvalidRequestError(f"{path} can't be encoded as BSON: {error}") from error


def decode(data: bytes) -> list[dict[str, Any]]:
    """Decode documents that stand back to back, as a batch of results holds them.

    Args:
        data: Any number of BSON documents.

    Returns:
        The documents in their order, each without MongoDB's `_id`. An int64 comes as `bson.Int64`, which is
        an int; a datetime outside the years 1 to 9999 as `bson.DatetimeMS`; a dict like a DBRef stays a dict.

    Raises:
        ResultsError: The bytes are not BSON.
    """
    try:
        documents = decode_strictly(data)
    except InvalidBSON:
        # A binary of the subtype for UUIDs may have any length. What is really broken fails again.
        try:
            documents = _decode_exactly(data)
        except InvalidBSON as error:
            raise ResultsError(f"the documents received are not valid BSON: {error}") from error
    for document in documents:
        document.pop("_id", None)
    return documents


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut documents that stand back to back into pieces that are fast to decode.

    The memory that decoding one takes then serves the next and is still in the processor's cache; to decode a batch
    of 1 MiB at once takes more than twice the time.

    Args:
        data: Any number of BSON documents.

    Yields:
        Whole documents, back to back: about 32 KiB, or a single larger one.

    Raises:
        ResultsError: The lengths of the documents don't add up.
    """
    start = stop = 0
    while stop < len(data):
        start = stop
        while stop < len(data) and stop - start < _PIECE_BYTES:
            stop += document_length(data, stop)
        yield data[start:stop]


def number_of(data: bytes) -> int:
    """Count documents that stand back to back by their lengths, which takes a hundredth of the time of decoding them.

    Raises:
        ResultsError: Their lengths don't add up.
    """
    number = start = 0
    while start < len(data):
        start += document_length(data, start)
        number += 1
    return number


def document_length(data: bytes, start: int) -> int:
    """Return the length of the document that begins at `start`.

    Raises:
        ResultsError: No document can begin there.
    """
    length: int = _LENGTH.unpack_from(data, start)[0] if start + _LENGTH.size <= len(data) else 0
    if not _LENGTH.size < length <= len(data) - start:
        raise ResultsError("the documents received are not valid BSON: their lengths don't add up")
    return length


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


class _NotPlainError(Exception):
    """A value is of a type that bson's encoder can't be trusted with."""


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, _data: bytes) -> None:
        """Drop what was pickled."""


class _Screen(pickle.Pickler):
    """Looks at the type of every value in a document, at C speed: what it pickles is thrown away.

    bson's encoder works at C speed and fails for most of what must be refused, but takes naive datetimes and a few
    more in silence. A pickler passes the types it knows by itself, all of which that encoder takes rightly or fails
    for, and asks about every other.
    """

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=4)
        self.fast = True  # without looking for values that stand there twice

    def reducer_override(self, value: object) -> Any:
        if type(value) in SCALARS or (type(value) is dt.datetime and value.utcoffset() is not None):
            return bool, ()  # as good as anything that pickles fast
        if value is bool:
            return NotImplemented
        raise _NotPlainError


def _is_plain(document: Mapping[str, Any]) -> bool:
    """Return whether bson's encoder can be trusted with a document as it is."""
    try:
        _Screen().dump(document)
    except (_NotPlainError, ValueError, RecursionError):
        return False
    return type(document) is dict


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

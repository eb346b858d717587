"""The codec: Python values to BSON, and BSON to Python values.

What is sent comes back equal, except where BSON has one type for several of Python's: tuples and numpy arrays
come back as lists, every mapping as a dict, numpy scalars and enums as their value, paths as strings,
`re.Pattern` as `bson.Regex`, and datetimes in UTC, cut to the millisecond (the earlier one, before 1970 too).
A value that would change without anyone noticing is refused, with its path and what would be right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

import bson
from bson.binary import UUID_SUBTYPE, Binary, UuidRepresentation
from bson.code import Code
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError, InvalidBSON
from bson.raw_bson import RawBSONDocument

from workflow_results.encoding import DEPTH, rebuild
from workflow_results.errors import InvalidRequestError, ResultsError
from workflow_results.scalars import SCALARS, RefusedError

OPTIONS: Final[CodecOptions[dict[str, Any]]] = CodecOptions(
    tz_aware=True,
    tzinfo=dt.timezone.utc,
    uuid_representation=UuidRepresentation.STANDARD,
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)
# In raw documents nothing becomes a DBRef, nor (which fails for other lengths than 16) a UUID.
_RAW_OPTIONS: Final = OPTIONS.with_options(
    document_class=RawBSONDocument, uuid_representation=UuidRepresentation.UNSPECIFIED
)
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
    return _decode_exactly(data) if b"$ref\0" in data else bson.decode_all(data, OPTIONS)


def _is_plain(document: Mapping[str, Any]) -> bool:
    # The scan doesn't count a list of scalars as a level, hence one less.
    return type(document) is dict and _are_plain(document.values(), DEPTH - 1)


def _are_plain(values: Iterable[Any], depth: int) -> bool:
    """Tell whether bson's encoder can be trusted with the values as they are.

    That encoder works at C speed and fails for most of what must be refused, but takes naive datetimes in
    silence. This scan is all that a usual work costs beyond it, hence exact types and the order of the tests.
    """
    if not depth:
        return False
    for value in values:
        kind = type(value)
        if kind in SCALARS:
            continue
        if kind is dict:
            if not _are_plain(value.values(), depth - 1):
                return False
        elif kind is list or kind is tuple:
            if not SCALARS.issuperset(map(type, value)) and not _are_plain(value, depth - 1):
                return False
        elif kind is not dt.datetime or value.utcoffset() is None:
            return False
    return True


def _decode_exactly(data: bytes) -> list[dict[str, Any]]:
    return [_fields(raw) for raw in bson.decode_all(data, _RAW_OPTIONS)]


def _fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _inflate(value) for key, value in raw.items()}


def _inflate(value: object) -> object:
    """Make of a value decoded with the raw options what the plain ones would, except for DBRefs."""
    if isinstance(value, RawBSONDocument):
        return _fields(value)
    if isinstance(value, list):
        return [_inflate(element) for element in value]
    if isinstance(value, Code) and value.scope is not None:
        return Code(str.__str__(value), _fields(value.scope))
    if isinstance(value, Binary) and value.subtype == UUID_SUBTYPE and len(value) == 16:
        return value.as_uuid()
    return value

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
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bson.errors import BSONError

from workflow_results._encoding.scalars import SCALARS, RefusedError
from workflow_results._encoding.values import DEPTH, rebuild
from workflow_results.common import bson_codec, framing, native
from workflow_results.common.framing import NotBSONError
from workflow_results.common.rules import WORK_BYTES, WORK_DEPTH
from workflow_results.errors import InvalidRequestError, ResultsError

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
    if native.encode and type(document) is dict:
        data = native.encode(document, WORK_DEPTH, WORK_BYTES)
        if data is not None:
            return data
    try:
        try:
            is_plain = type(document) is dict and _Screen.passes(document)
            trusted = document if is_plain else rebuild(document, trusting=True)
            data = bson_codec.encode(trusted)
            if trusted is document and bson_codec.deeper_than(DEPTH - 1, data, document):
                # From Python 3.12 on, C code goes deeper than that.
                rebuild(document, trusting=True)  # which says where
            return data
        except (RefusedError, *_ENCODER_ERRORS):
            # Looking at every key and value finds the first that is wrong, or makes int keys strings.
            return bson_codec.encode(rebuild(document, trusting=False))
    except RefusedError as refused:
        raise InvalidRequestError(f"{path}{refused.place()} {refused}") from None
    except RecursionError:
        raise InvalidRequestError(f"{path} is nested too deeply for Python's stack") from None
    except _ENCODER_ERRORS as error:
        raise InvalidRequestError(f"{path} can't be encoded as BSON: {error}") from error


def decode(data: bytes) -> list[dict[str, Any]]:
    """Decode documents that stand back to back, as a batch of results holds them.

    Args:
        data: Any number of BSON documents.

    Returns:
        The documents in their order, as `bson_codec.decode` returns them.

    Raises:
        ResultsError: The bytes are not BSON.
    """
    try:
        return bson_codec.decode(data)
    except NotBSONError as error:
        raise _not_bson(error) from error


def decode_with_ids(data: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    """Decode documents as `decode` does, and return their ids as well, which a projection may have left out.

    Args:
        data: Any number of BSON documents.

    Returns:
        The documents in their order, and the id of each.

    Raises:
        ResultsError: The bytes are not BSON.
    """
    try:
        documents = bson_codec.decode_whole(data)
    except NotBSONError as error:
        raise _not_bson(error) from error
    return documents, [str(document.pop("_id", "")) for document in documents]


def pieces(data: bytes) -> Iterator[bytes]:
    """Cut documents that stand back to back as `framing.pieces` does.

    Args:
        data: Any number of BSON documents.

    Yields:
        Whole documents, back to back.

    Raises:
        ResultsError: The lengths of the documents don't add up.
    """
    try:
        yield from framing.pieces(data)
    except NotBSONError as error:
        raise _not_bson(error) from error


def split(data: bytes) -> list[bytes]:
    """Cut documents that stand back to back apart as `framing.split` does.

    Raises:
        ResultsError: Their lengths don't add up.
    """
    try:
        return framing.split(data)
    except NotBSONError as error:
        raise _not_bson(error) from error


def number_of(data: bytes) -> int:
    """Count documents that stand back to back as `framing.number_of` does.

    Raises:
        ResultsError: Their lengths don't add up.
    """
    try:
        return framing.number_of(data)
    except NotBSONError as error:
        raise _not_bson(error) from error


def _not_bson(error: NotBSONError) -> ResultsError:
    return ResultsError(f"the documents received are not valid BSON: {error}")


class _NotPlainError(Exception):
    """A value is of a type that bson's encoder can't be trusted with."""


class _Nowhere:
    """A file that keeps nothing."""

    def write(self, _data: bytes) -> None:
        """Drop what was pickled."""


class _Screen(pickle.Pickler):
    """Looks at the type of every value in a document, at C speed: what it pickles is thrown away.

    bson's encoder works at C speed and fails for most of what must be refused, but takes naive datetimes and a few
    more in silence. A pickler passes the types that it knows, all of which that encoder takes rightly or fails for, and
    asks about every other. To encode a work of 1.4 kB takes 10 µs with it, of which it takes 3, and 38 µs with a walk
    in Python.
    """

    _idle: Final[list[_Screen]] = []
    """Those that nobody uses now. To make one takes as long as to look at a small work."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=4)
        self.fast = True  # without looking for values that stand there twice

    @classmethod
    def passes(cls, document: Mapping[str, Any]) -> bool:
        """Return whether it knows the type of every value in a document."""
        try:
            screen = cls._idle.pop()
        except IndexError:
            screen = cls()
        try:
            screen.dump(document)
        except (_NotPlainError, ValueError, RecursionError, KeyError):
            # And without this one, which may be in the middle of something. It counts levels, and does not notice
            # that it leaves a frozenset: after some fifty of them, it looks for what it never entered.
            return False
        cls._idle.append(screen)
        return True

    def reducer_override(self, value: object) -> Any:
        if type(value) in SCALARS or (type(value) is dt.datetime and value.utcoffset() is not None):
            return bool, ()  # as good as anything that pickles fast
        if value is bool:
            return NotImplemented
        raise _NotPlainError

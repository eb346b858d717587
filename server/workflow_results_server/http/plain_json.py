"""Plain JSON, as old clients write and read it: there is nothing in it but numbers, strings, lists and objects.

What JSON has no words for is told as well as it can be: dates as texts of ISO 8601, binary data as base64, other types
as their text, and NaN and infinities as null. In requests nothing is announced by names that begin with `$`.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import bson

from workflow_results.common.bson_codec import decode, encode
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields

if TYPE_CHECKING:
    from workflow_results_server.store import Batch

_DUMPS: Final = partial(json.dumps, separators=(",", ":"))


async def query(document: dict[str, Any]) -> dict[str, Any]:
    """Check a filter.

    Raises:
        InvalidRequest: It holds what is not supported.
    """
    return await fields.query(_encoded("query", document))


async def projection(document: Any) -> dict[str, Any]:
    """Check a projection.

    Raises:
        InvalidRequest: It is no document, or holds what is not supported.
    """
    if not isinstance(document, dict):
        raise InvalidRequest("projection", "must be a JSON object")
    return await fields.projection(_encoded("projection", {**document}))


def _encoded(field: str, document: dict[str, Any]) -> pb.EncodedDocument:
    try:
        return pb.EncodedDocument(bson=encode(document))
    except (bson.errors.InvalidDocument, OverflowError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest(field, f"can't be a query of MongoDB: {error}") from None


async def results(batch: Batch) -> bytes:
    """Write the results of a batch, one after the other with commas between them.

    They hold what a projection has asked for: MongoDB's `_id` is none of it, and the `id` where it is. A `results` that
    is null comes as an empty object, for old clients set `locked` in it.
    """
    return await offload(len(batch.data), partial(_written, batch.data))


def _written(data: bytes) -> bytes:
    found = decode(data)
    for each in found:
        if each.get("results", each) is None:
            each["results"] = {}
    return write(found)[1:-1]


def write(value: Any) -> bytes:
    """Write a value of BSON as plain JSON."""
    try:
        return _DUMPS(value, default=text_of, allow_nan=False).encode()
    except ValueError:  # there is a NaN or an infinity in it
        return _DUMPS(_finite(value), default=text_of).encode()


def text_of(value: Any) -> str:
    """Word a value for which JSON has no type."""
    if isinstance(value, datetime.datetime):
        return f"{value.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [*map(_finite, value)] if isinstance(value, list) else value

"""The fields of requests, checked and put into the terms of the store."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import bson

from workflow_results.common import rules
from workflow_results.common.bson_codec import decode_strictly, encode
from workflow_results.common.reasons import Reason
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.access.callers import current_caller
from workflow_results_server.documents import bson_bytes, extended_json
from workflow_results_server.documents.content import digest
from workflow_results_server.documents.validation import RepeatedName, TooDeep, TooManyElements, validate
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.offload import offload
from workflow_results_server.query.expressions import (
    QUERY_BYTES,
    QUERY_DEPTH,
    QUERY_ELEMENTS,
    QUERY_KEYS,
    Place,
    QueryError,
)
from workflow_results_server.query.filters import checked_filter
from workflow_results_server.query.projections import checked_projection
from workflow_results_server.store import Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bson.json_util import JSONOptions

    Check = Callable[[dict[str, Any]], dict[str, Any]]
    ChangeRequest = pb.UpdateRequest | pb.DeleteIdsRequest | pb.LockRequest | pb.UnlockRequest | pb.DropPipelineRequest

_PAGE_SIZE: Final = 100
"""Entries, each of which has some 70 KiB at most: what is set in it by callers is bounded."""
_PIPELINES: Final = 1_000
_ID_BYTES: Final = 26
"""What an ObjectId string takes in a request."""
_FORMATS: Final = {
    pb.DOCUMENT_FORMAT_UNSPECIFIED: None,
    pb.DOCUMENT_FORMAT_BSON: None,
    pb.DOCUMENT_FORMAT_RELAXED_JSON: extended_json.RELAXED,
    pb.DOCUMENT_FORMAT_CANONICAL_JSON: extended_json.CANONICAL,
}
_INDEXED: Final = frozenset({"_id", "event", "results.locked"})
JSON_VALUES: Final = 500_000
"""The most values of a query as JSON, which are looked for before it is read: five for each list element in it."""


def pipeline(name: str) -> str:
    """Check the name of a pipeline.

    Raises:
        InvalidRequest: It breaks the rules.
    """
    if problem := rules.pipeline_problem(name):
        raise InvalidRequest("pipeline", problem)
    return name


def pipelines(names: Sequence[str]) -> frozenset[str]:
    """Check the names of pipelines.

    Raises:
        InvalidRequest: One breaks the rules, or there are too many.
    """
    if len(names) > _PIPELINES:
        raise InvalidRequest("pipelines", f"must be at most {_PIPELINES:,}, or none for all, not {len(names):,}")
    for index, name in enumerate(names):
        if problem := rules.pipeline_problem(name):
            raise InvalidRequest(f"pipelines[{index}]", problem)
    return frozenset(names)


async def ids(values: Sequence[str]) -> list[str]:
    """Check ids, and leave out repetitions.

    Raises:
        InvalidRequest: One breaks the rules, or there are too many as sent.
    """
    if len(values) > rules.TRANSACTION_RESULTS:
        raise InvalidRequest(
            "ids", f"must be at most {rules.TRANSACTION_RESULTS:,}, repetitions included, not {len(values):,}"
        )
    return await offload(len(values) * _ID_BYTES, partial(_distinct, values))


def _distinct(values: Sequence[str]) -> list[str]:
    for index, value in enumerate(values):
        if problem := rules.id_problem(value):
            raise InvalidRequest(f"ids[{index}]", problem)
    return list(dict.fromkeys(values))


def id_(value: str) -> str:
    """Check an id.

    Raises:
        InvalidRequest: It breaks the rules.
    """
    if problem := rules.id_problem(value):
        raise InvalidRequest("id", problem)
    return value


async def origin(request: ChangeRequest, *, works: Sequence[bytes] = (), ids: Sequence[str] = ()) -> Origin:
    """Return where a change comes from.

    Args:
        request: The request.
        works: The works in it, as they are to be stored.
        ids: The ids in it.

    Raises:
        InvalidRequest: Its reason or its request id breaks the rules.
    """
    if problem := rules.reason_problem(request.reason):
        raise InvalidRequest("reason", problem)
    caller = current_caller.get().name
    if isinstance(request, pb.DropPipelineRequest) or not request.request_id:
        return Origin(caller, request.reason)
    if problem := rules.request_id_problem(request.request_id):
        raise InvalidRequest("request_id", problem)
    # Texts that hold no NUL, with one between them. The order of works counts, that of ids means nothing.
    pipeline = "" if isinstance(request, pb.UpdateRequest) else request.pipeline
    asked = [request.DESCRIPTOR.full_name, request.reason, pipeline]
    size = sum(map(len, works)) + sum(map(len, ids))
    hashed = await offload(size, lambda: _digest("\0".join([*asked, *sorted(ids)]), works))
    return Origin(caller, request.reason, request.request_id, hashed)


def _digest(asked: str, works: Sequence[bytes]) -> bytes:
    whole = hashlib.sha256(hashlib.sha256(asked.encode()).digest())
    for work in works:
        whole.update(digest(work))
    return whole.digest()


def page_size(value: int) -> int:
    """Check how many entries of a history to return at most.

    Raises:
        InvalidRequest: It is negative.
    """
    if value < 0:
        raise InvalidRequest("page_size", f"must be positive, or 0 for {_PAGE_SIZE:,}, not {value}")
    return min(value or _PAGE_SIZE, _PAGE_SIZE)


def skip(value: int) -> int:
    """Check how many results to pass over.

    Raises:
        InvalidRequest: It is negative.
    """
    if value < 0:
        raise InvalidRequest("skip", f"must not be negative, not {value}")
    return value


def limit(field: str, value: int) -> int | None:
    """Check how many results to read at most; None means no limit.

    Raises:
        InvalidRequest: It is negative.
    """
    if value < 0:
        raise InvalidRequest(field, f"must be positive, or 0 for no limit, not {value}")
    return value or None


def ranked(value: int) -> int:
    """Check how many results to rank at most.

    Raises:
        InvalidRequest: It is not from 1 to `rules.RANKED_RESULTS`.
    """
    if not 1 <= value <= rules.RANKED_RESULTS:
        raise InvalidRequest("limit", f"must be from 1 to {rules.RANKED_RESULTS:,}, not {value}")
    return value


def path(value: str) -> str:
    """Check the path of a field, and return it as stored: the id is `_id`, which has an index.

    Raises:
        InvalidRequest: It breaks the rules.
    """
    if problem := rules.path_problem(value):
        raise InvalidRequest("field", problem)
    return "_id" if value == "id" else value


def indexed(value: str) -> str:
    """Check the path of a field that an index is made on, or has.

    Raises:
        InvalidRequest: It breaks the rules, or has an index in every pipeline.
    """
    field = path(value)
    if field in _INDEXED:
        raise InvalidRequest("field", f"must be another one: {value} has an index in every pipeline")
    if field.split(".")[0] in ("_id", "id"):
        raise InvalidRequest("field", "must be another one: an id is a string, and holds no fields")
    if rules.has_number(field):  # an index would refuse works that have both
        raise InvalidRequest("field", "must be a path without numbers: there is no index on elements of lists")
    return field


def encoded(document: dict[str, Any], options: JSONOptions | None) -> pb.EncodedDocument:
    """Encode a small document of an answer as BSON, or as Extended JSON."""
    data = encode(document)
    if options is None:
        return pb.EncodedDocument(bson=data)
    [text] = extended_json.from_bson(data, options)
    return pb.EncodedDocument(json=text)


def event_number(request: pb.GetByEventRequest) -> int:
    """Return the number of the event.

    Raises:
        InvalidRequest: It is not set.
    """
    if not request.HasField("event_number"):
        raise InvalidRequest("event_number", "must be set")
    return request.event_number


async def query(document: pb.EncodedDocument) -> dict[str, Any]:
    """Check a filter.

    Raises:
        InvalidRequest: It is not a document, or holds what is not supported.
    """
    return await _offloaded(checked_filter, Place("query"), document, Reason.INVALID_QUERY)


async def projection(document: pb.EncodedDocument) -> dict[str, Any]:
    """Check a projection.

    Raises:
        InvalidRequest: It is not a document, or holds what is not supported.
    """
    return await _offloaded(checked_projection, Place("projection"), document, Reason.INVALID_PROJECTION)


def json_options(format_: pb.DocumentFormat.ValueType) -> JSONOptions | None:
    """Return how to write results as Extended JSON; None means BSON.

    Raises:
        InvalidRequest: There is no such format.
    """
    if format_ not in _FORMATS:
        raise InvalidRequest("format", f"must be a value of DocumentFormat, not {format_}")
    return _FORMATS[format_]


async def _offloaded(check: Check, place: Place, document: pb.EncodedDocument, reason: Reason) -> dict[str, Any]:
    try:
        return await offload(document.ByteSize(), partial(_checked, check, place, document))
    except QueryError as error:
        raise InvalidRequest(error.path, error.problem, reason) from error


def _checked(check: Check, place: Place, document: pb.EncodedDocument) -> dict[str, Any]:
    data = document.bson
    if document.WhichOneof("form") == "json":
        data = _from_json(place, document.json)
    if not data:
        return {}
    if len(data) > QUERY_BYTES:  # before much is made of it
        raise place.error(f"takes {len(data):,} bytes of BSON; at most {QUERY_BYTES:,} are supported")
    try:
        (whole,) = bson_bytes.split(data, 1)
        validate(whole, rules.WORK_DEPTH, QUERY_ELEMENTS + QUERY_KEYS)
        (fields,) = decode_strictly(whole)
    except RepeatedName as error:  # MongoDB heeds both fields, where a dict holds one
        raise place.at(error.path).error("occurs more than once") from error
    except TooDeep as error:
        raise place.error(f"nested too deep; at most {QUERY_DEPTH} levels are supported") from error
    except TooManyElements as error:
        limits = f"{QUERY_ELEMENTS:,} array elements and {QUERY_KEYS:,} fields, operators and patterns"
        raise place.error(f"the query is too large; it may contain at most {limits}") from error
    except bson_bytes.MalformedDocuments as error:
        raise InvalidRequest(
            f"{place.step}.bson", f"must be one BSON document: {error}", Reason.MALFORMED_REQUEST
        ) from error
    except (bson.errors.BSONError, ValueError) as error:
        raise InvalidRequest(f"{place.step}.bson", "must be one BSON document", Reason.MALFORMED_REQUEST) from error
    return check(fields)


def _from_json(place: Place, text: str) -> bytes:
    if len(text) > QUERY_BYTES or extended_json.has_more_values(text, JSON_VALUES):
        limits = f"{QUERY_BYTES:,} characters and {JSON_VALUES:,} values"
        raise place.error(f"is too large as JSON; at most {limits} are supported")
    try:
        return extended_json.to_bson(text)
    except extended_json.NotExtendedJson as error:
        raise InvalidRequest(f"{place.step}.json", str(error), Reason.MALFORMED_REQUEST) from error

"""The fields of requests, checked and put into the terms of the store."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.timestamp import Timestamp

from workflow_results import rules
from workflow_results.documents import decode_strictly
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server import bson_documents, extended_json
from workflow_results_server.callers import current
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.filters import QueryError, checked_filter
from workflow_results_server.projections import checked_projection
from workflow_results_server.store import Origin, Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson.json_util import JSONOptions

    ChangeRequest = pb.UpdateRequest | pb.DeleteIdsRequest | pb.LockRequest | pb.UnlockRequest

_PAGE_SIZE: Final = 100
"""Entries, each of which has some ten KiB at most: what is set in it by callers is bounded."""
_PAGE_TOKEN: Final = re.compile("([0-9a-f]{8})([0-9a-f]{8})")
_FORMATS: Final = {
    pb.DOCUMENT_FORMAT_UNSPECIFIED: None,
    pb.DOCUMENT_FORMAT_BSON: None,
    pb.DOCUMENT_FORMAT_RELAXED_JSON: extended_json.RELAXED,
    pb.DOCUMENT_FORMAT_CANONICAL_JSON: extended_json.CANONICAL,
}


def pipeline(name: str) -> str:
    """Check the name of a pipeline.

    Raises:
        InvalidRequest: It breaks the rules.
    """
    if problem := rules.pipeline_problem(name):
        raise InvalidRequest("pipeline", problem)
    return name


def ids(values: Sequence[str]) -> list[str]:
    """Check ids, and leave out repetitions.

    Raises:
        InvalidRequest: One breaks the rules, or there are too many.
    """
    for index, value in enumerate(values):
        if problem := rules.id_problem(value):
            raise InvalidRequest(f"ids[{index}]", problem)
    distinct = list(dict.fromkeys(values))
    if len(distinct) > rules.TRANSACTION_RESULTS:
        raise InvalidRequest("ids", f"must be at most {rules.TRANSACTION_RESULTS:,}, not {len(distinct):,}")
    return distinct


def id_(value: str) -> str:
    """Check an id.

    Raises:
        InvalidRequest: It breaks the rules.
    """
    if problem := rules.id_problem(value):
        raise InvalidRequest("id", problem)
    return value


def origin(request: ChangeRequest) -> Origin:
    """Tell where a change comes from.

    Raises:
        InvalidRequest: Its reason or its request id breaks the rules.
    """
    if problem := rules.reason_problem(request.reason):
        raise InvalidRequest("reason", problem)
    caller = current.get().name
    if not request.request_id:
        return Origin(caller, request.reason)
    if problem := rules.request_id_problem(request.request_id):
        raise InvalidRequest("request_id", problem)
    asked = request.DESCRIPTOR.full_name.encode() + request.SerializeToString(deterministic=True)
    return Origin(caller, request.reason, request.request_id, hashlib.sha256(asked).digest())


def page_size(value: int) -> int:
    """Check how many entries of a history to tell at most.

    Raises:
        InvalidRequest: It is negative.
    """
    if value < 0:
        raise InvalidRequest("page_size", f"must be positive, or 0 for {_PAGE_SIZE:,}, not {value}")
    return min(value or _PAGE_SIZE, _PAGE_SIZE)


def page(token: str) -> Timestamp | None:
    """Give the place where a page of a history begins; None stands for its beginning.

    Raises:
        InvalidRequest: The token is none of ours.
    """
    if not token:
        return None
    if not (match := _PAGE_TOKEN.fullmatch(token)):
        raise InvalidRequest("page_token", "must be one that this service gave for the same request")
    return Timestamp(*(int(number, 16) for number in match.groups()))


def page_token(last: Timestamp) -> str:
    """Tell where a page of a history ends."""
    return f"{last.time:08x}{last.inc:08x}"


def skip(value: int) -> int:
    """Check how many results to pass over.

    Raises:
        InvalidRequest: It is negative.
    """
    if value < 0:
        raise InvalidRequest("skip", f"must not be negative, not {value}")
    return value


def limit(field: str, value: int) -> int | None:
    """Check how many results to read at most; None stands for no limit.

    Raises:
        InvalidRequest: It is below -1.
    """
    if value < -1:
        raise InvalidRequest(field, f"must be -1 or 0 for no limit, or a positive number, not {value}")
    return value if value > 0 else None


def query(document: pb.Document) -> dict[str, Any]:
    """Check a filter.

    Raises:
        InvalidRequest: It is not a document, or holds what is not supported.
    """
    try:
        return checked_filter(_decoded("query", document))
    except QueryError as error:
        raise InvalidRequest(error.path, error.problem, "INVALID_QUERY") from error


def projection(document: pb.Document) -> dict[str, Any]:
    """Check a projection.

    Raises:
        InvalidRequest: It is not a document, or holds what is not supported.
    """
    try:
        return checked_projection(_decoded("projection", document))
    except QueryError as error:
        raise InvalidRequest(error.path, error.problem, "INVALID_PROJECTION") from error


def json_options(format_: pb.DocumentFormat.ValueType) -> JSONOptions | None:
    """Give how to write results as Extended JSON; None stands for BSON.

    Raises:
        InvalidRequest: There is no such format.
    """
    if format_ not in _FORMATS:
        raise InvalidRequest("format", f"must be a value of DocumentFormat, not {format_}")
    return _FORMATS[format_]


def resumed(selection: Selection, token: bytes) -> tuple[Selection, int]:
    """Go on where a stream broke.

    Args:
        selection: What the stream was to read from its beginning.
        token: From `resume_token`; empty for a new stream.

    Returns:
        What is left to read, and how many results were read before.

    Raises:
        InvalidRequest: The token is none of ours.
    """
    if not token:
        return selection, 0
    try:
        last, count = bson.decode(token).values()
    except (bson.errors.BSONError, ValueError):
        last = count = None
    most = rules.INT64_MAX if selection.limit is None else selection.limit
    if rules.id_problem(last) or not isinstance(count, int) or not 1 <= count <= most:
        raise InvalidRequest("resume_token", "must be one that this service gave for the same request")
    return selection.rest(last, count), count


def resume_token(last: str, count: int) -> bytes:
    """Tell where a stream stands: behind the id `last`, after `count` results."""
    return bson.encode({"last": last, "count": count})


def _decoded(field: str, document: pb.Document) -> dict[str, Any]:
    data = document.bson
    if document.WhichOneof("form") == "json":
        try:
            data = extended_json.to_bson(document.json)
        except extended_json.NotExtendedJson as error:
            raise InvalidRequest(f"{field}.json", str(error), "MALFORMED_REQUEST") from error
    if not data:
        return {}
    try:
        (whole,) = bson_documents.split(data, 1)
        return decode_strictly(whole)[0]
    except (bson.errors.BSONError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{field}.bson", "must be one BSON document", "MALFORMED_REQUEST") from error

"""The fields of requests, checked and put into the terms of the store."""

from __future__ import annotations

import hashlib
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.timestamp import Timestamp

from workflow_results import rules
from workflow_results.documents import OPTIONS, decode_strictly
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server import bson_documents, extended_json
from workflow_results_server.callers import current
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.expressions import QUERY_BYTES, Place, QueryError
from workflow_results_server.filters import checked_filter
from workflow_results_server.projections import checked_projection
from workflow_results_server.store import Origin, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bson.json_util import JSONOptions

    ChangeRequest = pb.UpdateRequest | pb.DeleteIdsRequest | pb.LockRequest | pb.UnlockRequest | pb.DropPipelineRequest

_PAGE_SIZE: Final = 100
"""Entries, each of which has some 70 KiB at most: what is set in it by callers is bounded."""
_PAGE_TOKEN: Final = re.compile("([0-9a-f]{8})([0-9a-f]{8})")
_FORMATS: Final = {
    pb.DOCUMENT_FORMAT_UNSPECIFIED: None,
    pb.DOCUMENT_FORMAT_BSON: None,
    pb.DOCUMENT_FORMAT_RELAXED_JSON: extended_json.RELAXED,
    pb.DOCUMENT_FORMAT_CANONICAL_JSON: extended_json.CANONICAL,
}
_JSON_VALUES: Final = 500_000
"""The most values of a query as JSON, which are looked for before it is read: five for each list element in it."""


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
    if isinstance(request, pb.DropPipelineRequest) or not request.request_id:
        return Origin(caller, request.reason)
    if problem := rules.request_id_problem(request.request_id):
        raise InvalidRequest("request_id", problem)
    same = deepcopy(request)
    if not isinstance(same, pb.UpdateRequest):
        same.ids[:] = sorted(set(same.ids))  # whose order means nothing
    asked = same.DESCRIPTOR.full_name.encode() + same.SerializeToString(deterministic=True)
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
        return _checked(checked_filter, Place("query"), document)
    except QueryError as error:
        raise InvalidRequest(error.path, error.problem, "INVALID_QUERY") from error


def projection(document: pb.Document) -> dict[str, Any]:
    """Check a projection.

    Raises:
        InvalidRequest: It is not a document, or holds what is not supported.
    """
    try:
        return _checked(checked_projection, Place("projection"), document)
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


def _checked(check: Callable[[dict[str, Any]], dict[str, Any]], place: Place, document: pb.Document) -> dict[str, Any]:
    data = document.bson
    if document.WhichOneof("form") == "json":
        data = _from_json(place, document.json)
    if not data:
        return {}
    if len(data) > QUERY_BYTES:  # before much is made of it
        raise place.error(f"takes {len(data):,} bytes of BSON; at most {QUERY_BYTES:,} are supported")
    try:
        (whole,) = bson_documents.split(data, 1)
        fields = decode_strictly(whole)[0]
    except (bson.errors.BSONError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{place.step}.bson", "must be one BSON document", "MALFORMED_REQUEST") from error
    checked = check(fields)
    # MongoDB heeds both of two fields with one name, where a dict holds one. Looking for them takes a while, and
    # whatever has none is nearly always the same once it is encoded again.
    if not _same_again(fields, whole) and (repeated := bson_documents.repeated(whole)):
        raise place.at(repeated).error("stands in the document more than once")
    return checked


def _from_json(place: Place, text: str) -> bytes:
    if len(text) > QUERY_BYTES or extended_json.has_more_values(text, _JSON_VALUES):
        limits = f"{QUERY_BYTES:,} characters and {_JSON_VALUES:,} values"
        raise place.error(f"is too large as JSON; at most {limits} are supported")
    try:
        return extended_json.to_bson(text)
    except extended_json.NotExtendedJson as error:
        raise InvalidRequest(f"{place.step}.json", str(error), "MALFORMED_REQUEST") from error


def _same_again(fields: dict[str, Any], data: bytes) -> bool:
    try:
        return bson.encode(fields, codec_options=OPTIONS) == data
    except (bson.errors.BSONError, ValueError, RecursionError, OverflowError):
        return False

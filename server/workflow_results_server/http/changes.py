"""`PUT /results` and `DELETE /results`: all that is asked for is done, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.access.callers import current_caller
from workflow_results_server.access.policy import allow_works
from workflow_results_server.documents import works
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.json_works import Element, Problem, encoded, works_of
from workflow_results_server.http.round_trips import difference
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields
from workflow_results_server.store import Origin

if TYPE_CHECKING:
    from workflow_results_server.http.requests import Call
    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.store import Change, Difference, Store

_MOST_REFUSALS: Final = 1_000
"""How many results an answer names for which a change is refused."""
_SAID: Final = 10
"""How many of them its message names, which is all that some clients show."""
_RESULTS: Final = "results"
_LOCKED: Final = "locked"
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class _Sent(NamedTuple):
    """A work as it was sent."""

    data: bytes | Problem
    """Its BSON without `results.locked`, or why it has none."""
    locked: bool | None
    """What that was; None where it was not sent."""


async def put(call: Call, intake: Intake, store: Store) -> Answer:
    """Put works in the places of stored results, and answer how many of each pipeline.

    Raises:
        HttpError: Some are locked, or missing; or there is too much.
        RequestError: A work breaks a rule, the caller may not update it, or MongoDB failed.
    """
    call.authorize("Update")
    data: list[bytes] = []
    locks: list[bool | None] = []
    size = 0
    async with aclosing(works_of(call, rules.MESSAGE_BYTES, _sent)) as parts:
        async for some in parts:
            for each in some:
                if isinstance(each.data, Problem):
                    raise InvalidRequest(f"works[{len(data)}]", each.data.message, each.data.reason)
                data.append(each.data)
                locks.append(each.locked)
                size += len(each.data)
                _check(len(data), size)
            call.held.set("works", size)
    if not data:
        return Answer.of({})
    with intake.reserve(size):
        documents = pb.EncodedDocuments(bson=b"".join(data))
        data.clear()
        by_pipeline = await _by_pipeline(documents)

        def compare(stored: bytes, work: works.Work) -> Difference:
            return difference(stored, work.data, locks[work.position])

        change = await store.exchange.put(by_pipeline, compare, _origin(), call.left())
    _check_refusals(change, "changed")
    return Answer.of({pipeline: len(each) for pipeline, each in by_pipeline.items()})


async def delete(call: Call, store: Store) -> Answer:
    """Delete the results that the URL names, and answer how many of each pipeline there were.

    Raises:
        HttpError: Some are locked.
        RequestError: The URL can't be read, the caller may not delete them, or MongoDB failed.
    """
    authorize = call.authorize("DeleteIds")
    named: dict[str, list[str]] = {}
    for pipeline, id_ in await offload(len(call.query), partial(_pairs, call.query)):
        named.setdefault(pipeline, []).append(id_)
    authorize([*map(fields.pipeline, named)])
    ids = {pipeline: await fields.ids(each) for pipeline, each in named.items()}
    if not ids:
        return Answer.of({})
    change = await store.changes.delete_found(ids, _origin(), call.left())
    _check_refusals(change, "deleted")
    return Answer.of(change.found)


def _sent(element: Element) -> _Sent:
    """Take the lock out of a work, and encode the rest."""
    locked: Any = None
    results = element.value.get(_RESULTS) if isinstance(element.value, dict) else None
    if isinstance(results, dict) and _LOCKED in results:
        locked = results.pop(_LOCKED)
        if not isinstance(locked, bool):
            message = f"results.locked must be a bool, not {rules.type_name(locked)}"
            element = element._replace(problem=Problem(Reason.INVALID_WORK, message))
    return _Sent(encoded(element), locked)


def _check(number: int, size: int) -> None:
    if number > rules.TRANSACTION_RESULTS:
        raise HttpError(413, Reason.INVALID_REQUEST, f"body must hold at most {rules.TRANSACTION_RESULTS:,} works")
    if size > rules.MESSAGE_BYTES:
        message = f"body must hold works of at most {rules.MESSAGE_BYTES:,} bytes as BSON together"
        raise HttpError(413, Reason.INVALID_REQUEST, message)


async def _by_pipeline(documents: pb.EncodedDocuments) -> dict[str, dict[str, works.Work]]:
    parsed = await works.parse(documents, partial_works=True)
    allow_works(parsed)
    by_pipeline: dict[str, dict[str, works.Work]] = {}
    for work in parsed:
        if isinstance(work, works.Rejected):
            raise InvalidRequest(work.where, work.message, work.reason)
        if by_pipeline.setdefault(work.pipeline, {}).setdefault(work.id, work) is not work:
            where = f"works[{work.position}].id"
            raise InvalidRequest(where, "must not be the id of another work in the same request")
    return by_pipeline


def _pairs(query: bytes) -> list[tuple[str, str]]:
    """Read pipelines and ids out of a URL: of a character that is none, nothing may be made that is another id.

    Raises:
        InvalidRequest: It can't be read.
    """
    if not query:
        return []
    if _BROKEN_ESCAPE.search(query):
        raise InvalidRequest("URL", "must have two hexadecimal digits behind each '%'", Reason.MALFORMED_REQUEST)
    try:
        text = query.decode("ascii")
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=rules.TRANSACTION_RESULTS
        )
    except ValueError:
        problem = f"must name results as PIPELINE=ID&PIPELINE=ID in UTF-8, {rules.TRANSACTION_RESULTS:,} at most"
        raise InvalidRequest("URL", problem, Reason.MALFORMED_REQUEST) from None


def _origin() -> Origin:
    return Origin(current_caller.get().name)


def _check_refusals(change: Change, what: str) -> None:
    if not change.refusals:
        return
    counts = Counter(refusal.locked for refusal in change.refusals)
    refusals = [
        {"pipeline": each.pipeline, "id": each.id, "reason": "LOCKED" if each.locked else "NOT_FOUND"}
        for each in change.refusals[:_MOST_REFUSALS]
    ]
    named = ", ".join(f"{each['pipeline']}/{each['id']} ({each['reason']})" for each in refusals[:_SAID])
    message = f"nothing was {what}; locked: {counts[True]:,}, not found: {counts[False]:,}; {named}"
    reason = "LOCKED" if counts[True] else "NOT_FOUND"
    raise HttpError(409, reason, message, refusals=refusals, refusal_count=len(change.refusals))

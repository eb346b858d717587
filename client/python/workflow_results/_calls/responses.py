"""Responses, in Python's terms."""

from __future__ import annotations

import logging
from datetime import timezone
from typing import TYPE_CHECKING, Any, Final

from workflow_results._encoding.documents import decode
from workflow_results.common.rules import quoted
from workflow_results.errors import LockedError, NotFoundError, ResultsError
from workflow_results.outcomes import FieldIndex, HistoryEntry, Outcome, Refusal, ValueCount, ValueCounts
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1.errors_pb2 import RejectionReason

if TYPE_CHECKING:
    from collections.abc import Sequence

_logger = logging.getLogger(__name__)

_OUTCOMES: Final = {
    pb.DEPOSIT_OUTCOME_DEPOSITED: Outcome.DEPOSITED,
    pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED: Outcome.ALREADY_DEPOSITED,
    pb.DEPOSIT_OUTCOME_CONFLICT: Outcome.CONFLICT,
    pb.DEPOSIT_OUTCOME_REJECTED: Outcome.REJECTED,
}
_METHODS: Final = {
    pb.CHANGE_METHOD_UPDATE: "update",
    pb.CHANGE_METHOD_DELETE_IDS: "delete_ids",
    pb.CHANGE_METHOD_LOCK: "lock",
    pb.CHANGE_METHOD_UNLOCK: "unlock",
    pb.CHANGE_METHOD_DROP_PIPELINE: "drop_pipeline",
}
_CONFLICT: Final = "a result with this id is stored with other content"
_NAMED_IN_ERRORS: Final = 5


def outcomes_of(
    response: pb.DepositResponse | pb.DepositStreamResponse, number: int
) -> tuple[list[Outcome], dict[int, str]]:
    """Read the answer to a request.

    Args:
        response: The answer.
        number: How many works there were in the request.

    Returns:
        The outcomes of its works, and why works were not stored, by their positions in the request.

    Raises:
        ResultsError: The outcome of a work is missing or unknown.
    """
    outcomes = [_OUTCOMES[each] for each in response.outcomes if each in _OUTCOMES]
    if not len(outcomes) == len(response.outcomes) == number:
        error = ResultsError(
            f"the service returned {len(response.outcomes):,} outcomes for {number:,} works, {len(outcomes):,} of them"
            " known to this client: is the client older than the server?"
        )
        error.outcome_unknown = True
        raise error
    reasons = {each.index: f"{_reason(each)}: {each.message}" for each in response.rejections}
    if Outcome.CONFLICT in outcomes:
        reasons.update((index, _CONFLICT) for index, outcome in enumerate(outcomes) if outcome is Outcome.CONFLICT)
    return outcomes, reasons


def _reason(rejection: pb.Rejection) -> str:
    """Name the reason of a rejection; a newer server may have others, which its message explains."""
    if rejection.reason in RejectionReason.values():
        return RejectionReason.Name(rejection.reason).removeprefix("REJECTION_REASON_")
    return "REJECTED"


def applied(name: str, outcome: pb.ChangeOutcome, *, strict: bool) -> bool:
    """Return whether a change was made, and otherwise say why not.

    Args:
        name: The method of the facade.
        outcome: The answer of the service.
        strict: Whether to raise instead of logging a warning.

    Returns:
        Whether it was.

    Raises:
        LockedError: With `strict`, where a result is locked.
        NotFoundError: With `strict`, if all refused results do not exist.
    """
    if outcome.applied:
        return True
    refusals = [
        Refusal(each.pipeline, each.id, locked=each.reason == pb.REFUSAL_REASON_LOCKED) for each in outcome.refusals
    ]
    if strict:
        class_ = LockedError if any(refusal.locked for refusal in refusals) else NotFoundError
        raise class_(_told(name, refusals, _NAMED_IN_ERRORS, outcome.refusal_count), refusals)
    _logger.warning(_told(name, refusals, len(refusals), outcome.refusal_count))
    return False


def _told(name: str, refusals: Sequence[Refusal], most: int, count: int) -> str:
    told = [
        f"{quoted(refusal.pipeline)} {quoted(refusal.id)} {'is locked' if refusal.locked else 'does not exist'}"
        for refusal in refusals[:most]
    ]
    more = f", and {count - len(told):,} more" if count > len(told) else ""
    return f"{name} changed nothing: {', '.join(told)}{more}"


def value_counts(response: pb.CountByResponse) -> ValueCounts:
    """Put counts by value into Python's terms.

    Raises:
        ResultsError: A value is not valid BSON.
    """
    documents = decode(b"".join([each.value.bson for each in response.counts]))
    values = [document["value"] for document in documents]
    counts = [ValueCount(value, each.count) for value, each in zip(values, response.counts, strict=True)]
    return ValueCounts(counts, response.has_more, response.other_count)


def server_info(response: pb.InfoResponse) -> dict[str, Any]:
    """Return what a server says about itself."""
    limits = {field.name: getattr(response.limits, field.name) for field in response.limits.DESCRIPTOR.fields}
    return {
        "version": response.server_version,
        "api": response.api_version,
        "mongodb": response.mongodb_version,
        "checker": response.checker,
        "limits": limits,
    }


def field_index(index: pb.FieldIndex) -> FieldIndex:
    """Put an index into Python's terms."""
    return FieldIndex(index.field, index.size_bytes, index.ready)


def history_entry(entry: pb.HistoryEntry) -> HistoryEntry:
    """Put an entry into Python's terms."""
    return HistoryEntry(
        time=entry.time.ToDatetime(timezone.utc),
        method=_METHODS.get(entry.method, ""),
        caller=entry.caller,
        fields=tuple(entry.fields),
        field_count=entry.field_count,
        reason=entry.reason,
        request_id=entry.request_id,
        result_count=entry.result_count,
    )

"""The changes of a result, or of a pipeline, as the history tells them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Final, NamedTuple

from workflow_results.v1 import results_pb2 as pb

_METHODS: Final = {
    pb.CHANGE_METHOD_UPDATE: "update",
    pb.CHANGE_METHOD_DELETE_IDS: "delete_ids",
    pb.CHANGE_METHOD_LOCK: "lock",
    pb.CHANGE_METHOD_UNLOCK: "unlock",
    pb.CHANGE_METHOD_DROP_PIPELINE: "drop_pipeline",
}


class HistoryEntry(NamedTuple):
    """One change of a result, or of a pipeline.

    Attributes:
        time: When, in UTC to the millisecond, by the clock of the server that made the change.
        method: The method of `Results` that made it: "update", "delete_ids", "lock" or "unlock"; of a pipeline
            "drop_pipeline".
        caller: The name of the caller's token or certificate; empty where the server knows no callers.
        fields: The top-level fields that an update has set; the first ones, if their names have more than 16,384
            characters together.
        field_count: How many top-level fields an update has set.
        reason: Why, as the caller gave it; may be empty.
        request_id: The request, as the caller named it; may be empty.
        result_count: How many results of the pipeline the request has named, this one included; 0 for a pipeline.
    """

    time: datetime
    method: str
    caller: str
    fields: tuple[str, ...]
    field_count: int
    reason: str
    request_id: str
    result_count: int


def told(entry: pb.HistoryEntry) -> HistoryEntry:
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

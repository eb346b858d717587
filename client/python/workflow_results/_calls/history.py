"""The entries of a history, in Python's terms."""

from __future__ import annotations

from datetime import timezone
from typing import Final

from workflow_results.outcomes import HistoryEntry
from workflow_results.v1 import results_pb2 as pb

_METHODS: Final = {
    pb.CHANGE_METHOD_UPDATE: "update",
    pb.CHANGE_METHOD_DELETE_IDS: "delete_ids",
    pb.CHANGE_METHOD_LOCK: "lock",
    pb.CHANGE_METHOD_UNLOCK: "unlock",
    pb.CHANGE_METHOD_DROP_PIPELINE: "drop_pipeline",
}


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

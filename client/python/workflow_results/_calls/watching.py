"""Watches on their way through one stream after another, no change missing; without a clock."""

from __future__ import annotations

from copy import deepcopy
from datetime import timezone
from typing import Any, Final

from workflow_results._calls.attempts import IDEMPOTENT, Attempts
from workflow_results._encoding.documents import decode
from workflow_results.errors import ResultsError, ServiceUnavailableError
from workflow_results.outcomes import Change, ChangeKind
from workflow_results.v1 import results_pb2 as pb

METHOD: Final = "Watch"
SILENCE: Final = 60.0
"""Seconds without a word of the service after which a stream is broken: four times as long as it may be silent."""
_KINDS: Final = {
    pb.CHANGE_KIND_EXISTING: ChangeKind.EXISTING,
    pb.CHANGE_KIND_DEPOSITED: ChangeKind.DEPOSITED,
    pb.CHANGE_KIND_UPDATED: ChangeKind.UPDATED,
    pb.CHANGE_KIND_LOCKED: ChangeKind.LOCKED,
    pb.CHANGE_KIND_UNLOCKED: ChangeKind.UNLOCKED,
    pb.CHANGE_KIND_DELETED: ChangeKind.DELETED,
    pb.CHANGE_KIND_CHANGED: ChangeKind.CHANGED,
    pb.CHANGE_KIND_UNMATCHED: ChangeKind.UNMATCHED,
    pb.CHANGE_KIND_DROPPED: ChangeKind.DROPPED,
}


class Watching:
    """A watch, response by response.

    Attributes:
        request: What to send for the next stream: its resume token moves on with what arrives.
        token: The resume token behind what was handed on.

    Args:
        target: The target of the service.
        request: The request.
    """

    def __init__(self, target: str, request: pb.WatchRequest) -> None:
        self.request = request
        self.token = request.resume_token
        self._what = f"{METHOD} at {target}"
        self._attempts = Attempts(METHOD, IDEMPOTENT)

    def take(self, response: pb.WatchResponse) -> list[Change]:
        """Note what has arrived, and put it into Python's terms.

        Args:
            response: A response of the stream.

        Returns:
            The changes in it.

        Raises:
            ResultsError: A result is missing or not valid BSON, or this client does not know what happened.
        """
        self._attempts.progress()
        results = decode(response.results.bson)
        before, behind = self.request.resume_token, response.resume_token or self.request.resume_token
        given: set[int] = set()
        changes = []
        for event in response.events:
            result = None
            if event.HasField("result_index"):
                if event.result_index >= len(results):
                    raise ResultsError(f"{self._what} lost results: {len(results)} arrived in a response")
                result = results[event.result_index]
                if event.result_index in given:
                    result = deepcopy(result)
                given.add(event.result_index)
            changes.append(self._change(event, result, before))
        if changes:
            changes[-1] = changes[-1]._replace(resume_token=behind)
        if response.snapshot_complete:
            changes.append(Change(ChangeKind.SNAPSHOT_COMPLETE, "", "", None, None, "", "", (), behind))
        self.request.resume_token = behind
        if not changes:
            self.token = behind
        return changes

    def _change(self, event: pb.WatchEvent, result: dict[str, Any] | None, token: bytes) -> Change:
        kind = _KINDS.get(event.kind)
        if kind is None:
            raise ResultsError(
                f"{self._what} has changes that are not known to this client: is it older than the server?"
            )
        return Change(
            kind=kind,
            pipeline=event.pipeline,
            id=event.id,
            result=result,
            time=event.time.ToDatetime(timezone.utc) if event.HasField("time") else None,
            caller=event.caller,
            reason=event.reason,
            fields=tuple(event.fields),
            resume_token=token,
        )

    def ended(self) -> ServiceUnavailableError:
        """Return the error for a stream that ended, since none has an end."""
        return ServiceUnavailableError(f"{self._what} ended")

    def pause_after(self, error: ResultsError, left: float | None) -> float | None:
        """Decide what follows a stream that failed, as `Attempts.pause_after` does."""
        return self._attempts.pause_after(error, left)

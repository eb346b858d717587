"""Watches on their way through one stream after another, no change missing; without a clock."""

from __future__ import annotations

from datetime import timezone
from typing import Final, NamedTuple

from workflow_results._calls.attempts import IDEMPOTENT, Attempts
from workflow_results._encoding.documents import decode, split
from workflow_results.errors import ResultsError, ServiceUnavailableError
from workflow_results.outcomes import Change, ChangeKind
from workflow_results.v1 import results_pb2 as pb

METHOD: Final = "Watch"
SILENCE: Final = 60.0
"""Seconds without a word of the service after which a stream is broken: four times as long as it may be silent."""
OVER: Final = "this watch has failed or was interrupted: begin another one with its resume_token"
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


class Arrived(NamedTuple):
    """A change as it has arrived.

    Attributes:
        event: The event; None for the end of a snapshot.
        result: The result as BSON, if it comes along.
        token: The resume token behind the change.
    """

    event: pb.WatchEvent | None
    result: bytes | None
    token: bytes


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

    def take(self, response: pb.WatchResponse) -> list[Arrived]:
        """Note what has arrived.

        Args:
            response: A response of the stream.

        Returns:
            The changes in it.

        Raises:
            ResultsError: A result is missing or not valid BSON, or this client does not know what happened.
        """
        self._attempts.progress()
        results = split(response.results.bson)
        before, behind = self.request.resume_token, response.resume_token or self.request.resume_token
        arrived = []
        for event in response.events:
            if event.kind not in _KINDS:
                raise ResultsError(
                    f"{self._what} has changes that are not known to this client: is it older than the server?"
                )
            result = None
            if event.HasField("result_index"):
                if event.result_index >= len(results):
                    raise ResultsError(f"{self._what} lost results: {len(results)} arrived in a response")
                result = results[event.result_index]
            arrived.append(Arrived(event, result, before))
        if arrived:
            arrived[-1] = arrived[-1]._replace(token=behind)
        if response.snapshot_complete:
            arrived.append(Arrived(None, None, behind))
        self.request.resume_token = behind
        if not arrived:
            self.token = behind
        return arrived

    def hand_on(self, arrived: Arrived) -> Change:
        """Put a change into Python's terms, when it is asked for: several may share one result, which may be large.

        Raises:
            ResultsError: The result is not valid BSON.
        """
        self.token = arrived.token
        event = arrived.event
        if event is None:
            return Change(ChangeKind.SNAPSHOT_COMPLETE, "", "", None, None, "", "", (), arrived.token)
        return Change(
            kind=_KINDS[event.kind],
            pipeline=event.pipeline,
            id=event.id,
            result=None if arrived.result is None else decode(arrived.result)[0],
            time=event.time.ToDatetime(timezone.utc) if event.HasField("time") else None,
            caller=event.caller,
            reason=event.reason,
            fields=tuple(event.fields),
            resume_token=arrived.token,
        )

    def ended(self) -> ServiceUnavailableError:
        """Return the error for a stream that ended, since none has an end."""
        return ServiceUnavailableError(f"{self._what} ended")

    def pause_after(self, error: ResultsError, left: float | None) -> float | None:
        """Decide what follows a stream that failed, as `Attempts.pause_after` does."""
        return self._attempts.pause_after(error, left)

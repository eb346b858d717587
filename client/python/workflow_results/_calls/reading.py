"""Reads on their way through one stream after another, nothing missing and nothing twice; without a clock."""

from __future__ import annotations

from typing import Any

from workflow_results._calls.attempts import IDEMPOTENT, Attempts
from workflow_results._encoding.documents import number_of
from workflow_results.errors import ResultsError, ServiceUnavailableError


class Reading:
    """A read, part by part.

    Attributes:
        request: What to send for the next stream: its resume token moves on with what arrives.
        complete: Whether all has arrived, so that it does not matter how the stream ends.

    Args:
        method: The name of the method.
        target: The target of the service.
        request: The request.
    """

    def __init__(self, method: str, target: str, request: Any) -> None:
        self.request = request
        self.complete = False
        self._what = f"{method} at {target}"
        self._attempts = Attempts(method, IDEMPOTENT)
        self._count = 0
        self._resumes = "resume_token" in request.DESCRIPTOR.fields_by_name
        self._kept: list[bytes] = []
        """What has arrived of a stream that begins anew where it breaks."""

    def begin(self) -> None:
        """Note that a stream begins."""
        self._count = 0
        self._kept.clear()

    def take(self, response: Any) -> bytes:
        """Note what has arrived.

        Args:
            response: A response of the stream.

        Returns:
            The BSON documents in it, back to back; empty if it has none. Those of a stream that can't be resumed are
            kept until all have arrived.

        Raises:
            ResultsError: Documents are missing, or no documents.
        """
        part, documents = response.part, b""
        if part.HasField("batch"):
            documents = part.batch.results.bson
            self._count += number_of(documents)
            if self._resumes:
                self.request.resume_token = part.batch.resume_token
            self._attempts.progress()
        if part.HasField("summary"):
            if part.summary.count != self._count:
                raise ResultsError(f"{self._what} lost results: {self._count} of {part.summary.count} arrived")
            self.complete = True  # the stream is about to end; cancelling it would only bother the server
        if self._resumes:
            return documents
        self._kept.append(documents)
        return b"".join(self._kept) if self.complete else b""

    def end(self) -> None:
        """Note that the stream has ended.

        Raises:
            ServiceUnavailableError: Before all had arrived.
        """
        if not self.complete:
            raise ServiceUnavailableError(f"{self._what} ended early, without a summary")

    def pause_after(self, error: ResultsError, left: float | None) -> float | None:
        """Decide what follows a stream that failed, as `Attempts.pause_after` does."""
        return self._attempts.pause_after(error, left)

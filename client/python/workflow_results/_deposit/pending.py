"""A request of a depositor: works that are sent together, and what they are divided into when they are denied."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Protocol

from bson.raw_bson import RawBSONDocument

from workflow_results.common import rules
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from workflow_results.errors import ResultsError
    from workflow_results.outcomes import Receipt

_REQUEST_BYTES: Final = rules.MIB // 2
_REQUEST_WORKS: Final = 1_000
"""What a request is made of at most, a larger work alone."""


class Waiting(Protocol):
    """The future of a receipt."""

    @property
    def seen(self) -> bool:
        """Whether anybody has asked for the outcome of the work."""

    def become(self, known: Receipt | ResultsError) -> None:
        """Finish the future, unless it is finished."""


class PendingRequest:
    """Works that are sent together.

    Attributes:
        sequence: Its place among the requests; parts of one share it.
        began: When it was made.
        outcome_unknown: Whether it was sent on a stream that ended before it was acknowledged.
        alone: Whether it must be alone on its way, since it may be the one that was denied.
        size: The bytes of its works.
        source: Where its works were read from, if they come from a spool.

    Args:
        sequence: As above.
        began: As above.
        source: As above.
    """

    def __init__(self, sequence: int, began: float, source: object = None) -> None:
        self.sequence = sequence
        self.began = began
        self.source = source
        self.outcome_unknown = False
        self.alone = False
        self.size = 0
        self._taken: list[tuple[dict[str, Any], bytes, Waiting]] = []

    @property
    def works(self) -> list[dict[str, Any]]:
        """Its works."""
        return [work for work, *_ in self._taken]

    @property
    def documents(self) -> list[bytes]:
        """Its works as BSON."""
        return [data for _, data, _ in self._taken]

    @property
    def futures(self) -> list[Waiting]:
        """Those of their receipts."""
        return [future for *_, future in self._taken]

    def add(self, work: dict[str, Any], data: bytes, future: Waiting) -> None:
        """Take on a work, that as BSON, and the future of its receipt."""
        self._taken.append((work, data, future))  # at once, so that Ctrl-C leaves no part of it behind
        self.size += len(data)

    def is_full(self, more: int = 0) -> bool:
        """Return whether it takes on no work of so many bytes."""
        if self.source:  # the file says what goes together
            return True
        return self.alone or self.size + more > _REQUEST_BYTES or len(self._taken) == _REQUEST_WORKS

    def message(self) -> pb.DepositStreamRequest:
        """Return what is sent."""
        request = pb.DepositStreamRequest(sequence=self.sequence)
        request.works.bson = b"".join(self.documents)  # in place: else it would be copied
        return request

    def has_locked(self) -> bool:
        """Return whether a work of it is locked already."""
        return any(_is_locked(data) for _, data, _ in self._taken)

    def parts(self) -> list[PendingRequest]:
        """Divide it into requests whose works are all allowed or all denied, with those of each pipeline in order."""
        pipelines: dict[str, list[int]] = {}
        for position, work in enumerate(self.works):
            pipelines.setdefault(work["pipeline"], []).append(position)
        return [
            self._part(list(positions))
            for each in pipelines.values()
            for _, positions in groupby(each, lambda position: _is_locked(self._taken[position][1]))
        ]

    def _part(self, positions: list[int]) -> PendingRequest:
        part = PendingRequest(self.sequence, self.began, self.source)
        part.outcome_unknown, part.alone = self.outcome_unknown, True
        for position in positions:
            part.add(*self._taken[position])
        return part


def _is_locked(data: bytes) -> bool:
    results = RawBSONDocument(data).get("results")
    return isinstance(results, RawBSONDocument) and results.get("locked") is True

"""A backlog that keeps works on disk while the service takes none, and deposits them from there before others.

Requests of works that were read from the spool are sent like all others, ahead of them. In place of futures, they have
what notes the fate of each work.
"""

from __future__ import annotations

import logging
import shlex
from typing import TYPE_CHECKING, Any, Final

from bson.binary import Binary
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from workflow_results._deposit.backlog import Backlog
from workflow_results._deposit.pending import PendingRequest
from workflow_results._deposit.spool import DENIED, REFUSED, works_left
from workflow_results.common import bson_codec
from workflow_results.common.rules import cut, quoted, visible
from workflow_results.errors import PermissionDeniedError, ResultsError
from workflow_results.outcomes import Outcome, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from contextlib import AbstractContextManager

    from workflow_results._deposit.spool import Spool
    from workflow_results._deposit.works_file import Chunk
    from workflow_results.v1 import results_pb2 as pb

_logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""How long a depositor with a spool looks for the service, before it looks after its works again."""
_LAST_LOOK_SECONDS: Final = 3.0
"""The same once no more works come: a service that is back is found within the pauses of gRPC, which are shorter."""
_FAILURES: Final = 2
"""So many in a row, none an answer, are an outage: that of the connection, and of the attempt to get it back."""
_NAMED_IN_LOG: Final = 5
_NAMED_CHARACTERS: Final = 300


class _Batch:
    """What becomes of the works of a chunk.

    Attributes:
        chunk: The works.
        left: Of how many it is not known.
        refused: Those that will never be stored, by their positions.
        denied: Those that the caller may not deposit, by their positions.

    Args:
        chunk: As above.
    """

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.left = len(chunk.documents)
        self.refused: dict[int, Receipt] = {}
        self.denied: dict[int, PermissionDeniedError] = {}

    def judge(self, index: int, known: Receipt | ResultsError) -> None:
        """Note what becomes of a work."""
        self.left -= 1
        if isinstance(known, PermissionDeniedError):
            self.denied[index] = known
        elif isinstance(known, Receipt) and not known.stored:
            self.refused[index] = known


class _SpooledWork:
    """Stands for the future of a receipt, whose own future has had one when the work was spooled."""

    seen = True

    def __init__(self, batch: _Batch, index: int) -> None:
        self._batch = batch
        self._index = index

    def become(self, known: Receipt | ResultsError) -> None:
        """Note what becomes of the work."""
        self._batch.judge(self._index, known)


class SpoolingBacklog(Backlog):
    """Works on their way to the service, of which some wait on disk.

    Attributes:
        is_blocked: Whether the last works that came could not be spooled.
        looks_last: Whether it looks for the service for the last time.

    Args:
        lock: As in `Backlog`.
        changed: As in `Backlog`.
        spool: The files.
    """

    def __init__(self, lock: AbstractContextManager[object], changed: Callable[[], None], spool: Spool) -> None:
        super().__init__(lock, changed)
        self.is_blocked = self.looks_last = False
        self._spool = spool
        self._failures = 0
        self._outage = False

    def begin(self) -> bool:
        """Do as in `Backlog`; what others have left in the spool comes first, too."""
        super().begin()
        if self.failure is None:
            while self._spool.adopt() and not self.has_gathered:
                pass  # files without works have made room for others
        return self.has_gathered

    @property
    def has_gathered(self) -> bool:
        """Whether something waits to be sent, in memory or on disk."""
        if self.failure is None and not (self._gathered and self._gathered[0].source):
            self._read()
        return bool(self._gathered)

    def _read(self) -> None:
        """Put the next works of the spool in front."""
        while chunk := self._spool.read():
            batch = _Batch(chunk)
            self.sequence += 1
            request = PendingRequest(self.sequence, 0.0, batch)
            for index, document in enumerate(chunk.documents):
                work = _named(document)
                if work is None:
                    batch.judge(index, Receipt("", "", Outcome.REJECTED, "CORRUPT_DOCUMENT: it is no work"))
                else:
                    request.add(work, document, _SpooledWork(batch, index))
            if batch.left:
                self._gathered.appendleft(request)
                self._pending_bytes += request.size
                return
            self._finish(batch)

    def acknowledge_first(self, answer: pb.DepositStreamResponse | pb.DepositResponse, now: float) -> None:
        """Do as in `Backlog`, and note that the service is there."""
        if self._outage:
            _logger.info("the service is back: the works in the spool %s are deposited", self._spool.directory)
        self._failures, self._outage, self.is_blocked = 0, False, False
        super().acknowledge_first(answer, now)

    def look_seconds(self) -> float:
        """Return how long to look for the service now."""
        self.looks_last = self.closing
        return _LAST_LOOK_SECONDS if self.looks_last else LOOK_SECONDS

    def is_outage(self, error: ResultsError, *, is_last: bool) -> bool:
        """Note a failure, and report whether works are to be spooled.

        The service has not answered twice in a row, or the time without any acknowledgement has ended: then also where
        it answers that it is overloaded, say, as the works would be lost otherwise. Only errors that will pass come
        here. Works that the service refuses or denies have other errors, and are never spooled.

        Args:
            error: The failure.
            is_last: Whether the time has ended.
        """
        if not self._spool.takes_works:
            return False
        self._failures = 0 if error.reason else self._failures + 1
        if not self._outage and (is_last or self._failures >= _FAILURES):
            self._outage = True
            _logger.warning("works go to the spool %s until the service is back: %s", self._spool.directory, error)
        return self._outage

    @property
    def has_new(self) -> bool:
        """Whether works have come since `take_new`."""
        return bool(self._gathered)

    def take_new(self) -> list[PendingRequest]:
        """Take off all works that are neither acknowledged nor on disk, for `write`; no stream may send meanwhile."""
        with self._lock:
            super().begin()
            new = [request for request in self._gathered if not request.source]
            self._pending_bytes = sum(request.size for request in new)
            self._gathered.clear()
            self._in_flight.extend(new)
            self._spool.rewind()
            return new

    def write(self, requests: Sequence[PendingRequest]) -> dict[int, str]:
        """Write works to the disk, which may take a while; this changes nothing else.

        Returns:
            What `saved` takes.
        """
        return self._spool.append([document for request in requests for document in request.documents])

    def saved(self, requests: Sequence[PendingRequest], problems: dict[int, str], now: float) -> None:
        """Give the futures of works that were written their receipts.

        Args:
            requests: What `take_new` has returned.
            problems: Why works are not on disk, by their positions.
            now: What the time is.
        """
        self.is_blocked = bool(problems)
        told, position = f"in {self._spool.directory}", 0
        for request in requests:
            judgements = []
            for work in request.works:
                problem = problems.get(position, "")
                outcome = Outcome.REJECTED if problem else Outcome.SPOOLED
                receipt = Receipt(work["pipeline"], work["id"], outcome, problem or told)
                judgements.append((receipt, _not_accepted(request, work, problem) if problem else None))
                position += 1
            self._settle(request, judgements, now)

    def end(self) -> None:
        """Leave what is in the spool to the next process, and say so."""
        is_left, directory = self._spool.holds_works, self._spool.directory
        self._spool.close()
        if not is_left:
            return
        try:
            number = f"{works_left(directory):,}"
        except OSError as error:
            _logger.error("works are left in the spool %s, which can't be read: %s", directory, error)  # noqa: TRY400
            return
        _logger.warning(
            "%s works are left in the spool %s: the next depositor with this spool_dir deposits them, or"
            " `workflow-results deposit --spool %s`",
            number,
            directory,
            shlex.quote(str(directory)),
        )

    def _settle(
        self, request: PendingRequest, judgements: Iterable[tuple[Receipt, ResultsError | None]], now: float
    ) -> None:
        super()._settle(request, judgements, now)
        if isinstance(request.source, _Batch) and not request.source.left:
            self._finish(request.source)

    def _finish(self, batch: _Batch) -> None:
        """Note on disk that the works of a batch are done, and where those are that are not stored.

        Raises:
            ResultsError: That can't be written.
        """
        directory, documents = self._spool.directory, batch.chunk.documents
        refused = [_refused(documents[index], receipt) for index, receipt in batch.refused.items()]
        denied = [documents[index] for index in batch.denied]
        try:
            self._spool.finish(batch.chunk, refused, denied)
        except OSError as error:
            raise ResultsError(f"the spool {quoted(str(directory))} can't be written: {error.strerror}") from error
        if refused:
            told = _listed(f"{each.pipeline} {quoted(each.id)}: {each.reason}" for each in batch.refused.values())
            _logger.warning("%d spooled works are not stored, but in %s: %s", len(refused), directory / REFUSED, told)
        if denied:
            told = _listed(map(str, batch.denied.values()))
            _logger.error(
                "%d spooled works are denied, and are kept in %s until `workflow-results deposit --spool %s` deposits"
                " them for a caller who may: %s",
                len(denied),
                directory / DENIED,
                directory,
                told,
            )


def _named(document: bytes) -> dict[str, Any] | None:
    """Return the fields of a work that name it; None if it is no work."""
    try:
        raw = RawBSONDocument(document)
        pipeline, id_ = raw["pipeline"], raw["id"]
    except (BSONError, KeyError, ValueError, OverflowError, RecursionError):
        return None
    return {"pipeline": pipeline, "id": id_} if isinstance(pipeline, str) and isinstance(id_, str) else None


def _refused(document: bytes, receipt: Receipt) -> bytes:
    """Return what `refused.bson` says of a work, with the work as it is."""
    try:
        bson_codec.decode(document)
        work: object = RawBSONDocument(document)
    except (ValueError, RecursionError):  # it can't be read
        work = Binary(document)
    return bson_codec.encode({"reason": receipt.reason, "outcome": receipt.outcome.value, "work": work})


def _not_accepted(request: PendingRequest, work: dict[str, Any], problem: str) -> ResultsError:
    error = ResultsError(f"{work['pipeline']} {quoted(work['id'])} is not deposited: {problem}")
    error.works, error.outcome_unknown = [work], request.outcome_unknown
    return error


def _listed(told: Iterable[str]) -> str:
    """Return the first of some texts, for the log."""
    each = list(told)
    more = f"; and {len(each) - _NAMED_IN_LOG:,} more" if len(each) > _NAMED_IN_LOG else ""
    return visible("; ".join(cut(one, _NAMED_CHARACTERS) for one in each[:_NAMED_IN_LOG]) + more)

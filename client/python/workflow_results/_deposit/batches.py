"""Deposits: works become requests of a good size, and outcomes become receipts. Nothing is sent here."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from workflow_results._calls.responses import outcomes_of
from workflow_results.common import rules
from workflow_results.errors import ConflictError, InvalidRequestError, ResultsError
from workflow_results.outcomes import Outcome, Receipt, Receipts
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results._calls.works import Prepared


_logger = logging.getLogger(__name__)

_REQUEST_BYTES: Final = rules.MIB
"""What a request aims at: enough to make little of its cost, little enough to keep several in flight."""
_REQUEST_WORKS: Final = 10_000
_REQUESTS_IN_FLIGHT: Final = 4
_NAMED_IN_ERRORS: Final = 5


class Deposited:
    """What becomes of the works of a call.

    Attributes:
        prepared: The works.
        outcomes: The outcome of each.
        reasons: Why works are not stored, by their positions.
        acknowledged: Of how many works it is known what became of them.
        may_have_changed: Whether something may be stored.

    Args:
        prepared: As above.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        self.outcomes = [Outcome.REJECTED] * len(prepared.works)
        self.reasons: dict[int, str] = {}
        self.acknowledged = 0
        self.may_have_changed = False

    def requests(self) -> tuple[list[Sequence[int]], int]:
        """Divide the works into requests of a good size; works that are too large to be sent are rejected.

        Returns:
            The positions of the works of each request, and how many of the requests may be under way at a time.
        """
        requests: list[Sequence[int]] = []
        for positions in _divided(self.prepared.encoded):
            if problem := too_large(self.prepared.encoded[positions[0]]):
                self.reasons[positions[0]] = problem
                self.acknowledged += 1
            else:
                requests.append(positions)
        # Works with the same id are taken in their order, so that requests with some must not overtake each other.
        works = self.prepared.works
        repeated = len({(work["pipeline"], work["id"]) for work in works}) < len(works)
        return requests, 1 if repeated else _REQUESTS_IN_FLIGHT

    def message(self, positions: Sequence[int]) -> pb.DepositRequest:
        """Return the request with the works at some positions."""
        request = pb.DepositRequest()
        # In place: else it would be copied.
        request.works.bson = b"".join([self.prepared.encoded[position] for position in positions])
        return request

    def take(self, positions: Sequence[int], response: pb.DepositResponse) -> None:
        """Note the answer to a request.

        Raises:
            ResultsError: The outcome of a work is missing or unknown.
        """
        self.may_have_changed = True
        outcomes, reasons = outcomes_of(response, len(positions))
        for position, outcome in zip(positions, outcomes, strict=True):
            self.outcomes[position] = outcome
        self.reasons.update((positions[index], reason) for index, reason in reasons.items())
        self.acknowledged += len(positions)

    def share(self, outcomes: list[Outcome], reasons: dict[int, str]) -> None:
        """Note what has become of all works, in a request of several calls."""
        self.outcomes, self.reasons, self.acknowledged = outcomes, reasons, len(outcomes)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say of what ends a call early which works it had, and whether some may be stored."""
        try:
            yield
        except ResultsError as error:
            error.works = self.prepared.works
            error.outcome_unknown = self.may_have_changed  # by any of the requests, whichever has failed first
            raise
        except BaseException as error:
            self.interrupted(error)
            raise

    def interrupted(self, interrupt: BaseException) -> None:
        """Log that a call was interrupted, and say so in the context of the interrupt."""
        works = self.prepared.works
        error = interruption("a deposit", len(works) - self.acknowledged, len(works), works)
        report_interruption(error, interrupt)

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the works, in their order."""
        return Receipts(
            Receipt(work["pipeline"], work["id"], outcome, self.reasons.get(position, ""))
            for position, (work, outcome) in enumerate(zip(self.prepared.works, self.outcomes, strict=True))
        )


def _divided(encoded: Sequence[bytes]) -> Iterator[range]:
    """Divide works, by their positions, into requests of a good size; one that is larger goes alone."""
    start = size = 0
    for position, data in enumerate(encoded):
        if position > start and (size + len(data) > _REQUEST_BYTES or position - start == _REQUEST_WORKS):
            yield range(start, position)
            start, size = position, 0
        size += len(data)
    if encoded:
        yield range(start, len(encoded))


def interruption(what: str, number: int, of: int, works: list[dict[str, Any]]) -> ResultsError:
    """Return the error of an interrupted deposit.

    Args:
        what: What was interrupted, as the subject of a sentence.
        number: How many works are not acknowledged.
        of: How many there were in all.
        works: Those to deposit again.
    """
    error = ResultsError(
        f"{what} was interrupted: {number:,} of {of:,} works are not acknowledged; they may or may not be"
        " stored, and depositing them again is safe"
    )
    error.works, error.outcome_unknown = works, True
    return error


def report_interruption(error: ResultsError, interrupt: BaseException) -> None:
    """Log such an error, and make it the context of the interrupt, which a traceback shows.

    Args:
        error: As `interruption` returns it.
        interrupt: What ends the deposit, such as a KeyboardInterrupt.
    """
    _logger.warning(
        "%s: they are in `works` of the error that is the __context__ of the %s", error, type(interrupt).__name__
    )
    while interrupt.__context__ is not None:
        interrupt = interrupt.__context__
    interrupt.__context__ = error


def too_large(data: bytes) -> str:
    """Explain why a work is too large to be sent, if it is."""
    if len(data) <= rules.WORK_BYTES:
        return ""
    return f"TOO_LARGE: has {len(data):,} bytes of BSON; at most {rules.WORK_BYTES:,} are stored"


def summed_up(deposited: Deposited, *, strict: bool) -> dict[str, bool]:
    """Report, for each pipeline, whether all its works are stored, and never pass over one that isn't.

    Args:
        deposited: What became of the works.
        strict: Whether a conflict raises instead of being logged.

    Raises:
        InvalidRequestError: Works were rejected.
        ConflictError: With `strict`, where works conflict with what is stored.
    """
    works, outcomes = deposited.prepared.works, deposited.outcomes
    stored = dict.fromkeys((work["pipeline"] for work in works), True)
    if Outcome.REJECTED not in outcomes and Outcome.CONFLICT not in outcomes:
        return stored
    receipts = deposited.receipts()
    failed = [
        (f"works[{position}] ({receipt.pipeline} {rules.quoted(receipt.id)})", receipt)
        for position, receipt in enumerate(receipts)
        if not receipt.stored
    ]
    if error := judged(failed, len(works), strict=strict):
        error.receipts, error.works = receipts, works
        raise error
    return {**stored, **{receipt.pipeline: False for _, receipt in failed}}


def judged(failed: Sequence[tuple[str, Receipt]], number: int, *, strict: bool) -> ResultsError | None:
    """Return the error about works that are not stored; conflicts are only logged, unless `strict`.

    Args:
        failed: Their receipts, and how to call them.
        number: How many works there were in all.
        strict: Whether conflicts are errors.
    """
    for outcome, class_, verb in (
        (Outcome.REJECTED, InvalidRequestError, "rejected"),
        (Outcome.CONFLICT, ConflictError, "in conflict"),
    ):
        told = [f"{name}: {receipt.reason}" for name, receipt in failed if receipt.outcome is outcome]
        if not told:
            continue
        more = f"; and {len(told) - _NAMED_IN_ERRORS:,} more" if len(told) > _NAMED_IN_ERRORS else ""
        message = f"not stored, {len(told):,} of {number:,} {verb}: {'; '.join(told[:_NAMED_IN_ERRORS])}{more}"
        if outcome is Outcome.REJECTED or strict:
            return class_(message)
        _logger.warning(rules.visible(message))
    return None

"""Deposits: works become requests of a good size, and outcomes become receipts."""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from workflow_results._calls.responses import outcomes_of
from workflow_results._calls.works import Prepared
from workflow_results.common import rules
from workflow_results.errors import ConflictError, InvalidRequestError, ResultsError
from workflow_results.outcomes import Outcome, Receipt
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results._transport.channel import Channel
    from workflow_results._transport.connections import Place
    from workflow_results._transport.deadline import Deadline

_logger = logging.getLogger(__name__)

_REQUEST_BYTES: Final = rules.MIB
"""What a request aims at: enough to make little of its cost, little enough to keep several in flight."""
_REQUEST_WORKS: Final = 10_000
_REQUESTS_IN_FLIGHT: Final = 4
_NAMED_IN_ERRORS: Final = 5


@dataclass(frozen=True)
class Deposited:
    """What became of the works of a call.

    Attributes:
        prepared: The works.
        outcomes: The outcome of each.
        reasons: Why works were not stored, by their positions.
    """

    prepared: Prepared
    outcomes: list[Outcome]
    reasons: dict[int, str]

    def receipts(self) -> list[Receipt]:
        """Return the receipts of the works, in their order."""
        return [
            Receipt(work["pipeline"], work["id"], outcome, self.reasons.get(position, ""))
            for position, (work, outcome) in enumerate(zip(self.prepared.works, self.outcomes, strict=True))
        ]


def deposit(channel: Channel, prepared: Prepared, deadline: Deadline) -> Deposited:
    """Send works.

    Args:
        channel: The way to the service.
        prepared: The works.
        deadline: When to be done.

    Returns:
        What became of them.

    Raises:
        ResultsError: The service failed; some works may be stored. `works` holds all of them: depositing them again
            is safe.
    """
    deposited = Deposited(prepared, [Outcome.REJECTED] * len(prepared.works), {})
    requests = []
    for positions in _requests(prepared.encoded):
        if problem := too_large(prepared.encoded[positions[0]]):
            deposited.reasons[positions[0]] = problem
        else:
            requests.append(positions)
    # Works with the same id are taken in their order, so that requests that hold some must not overtake each other.
    repeated = len({(work["pipeline"], work["id"]) for work in prepared.works}) < len(prepared.works)
    sending = _Sending(channel, deposited, deadline)
    try:
        sending.send(requests, in_flight=1 if repeated else _REQUESTS_IN_FLIGHT)
    except ResultsError as error:
        error.works = prepared.works
        error.outcome_unknown = sending.may_have_changed  # by any of the requests, whichever has failed first
        raise
    except BaseException as error:
        total = len(prepared.works)
        report_interruption(interruption("a deposit", total - sending.acknowledged, total, prepared.works), error)
        raise
    return deposited


class _Sending:
    """Sends the works of a call, with several requests under way at a time.

    It needs no thread but the caller's: none could be started any more when the interpreter ends, and Ctrl-C would not
    end what another one waits for.

    Attributes:
        acknowledged: Of how many works it is known what became of them.
        may_have_changed: Whether something may be stored.
    """

    def __init__(self, channel: Channel, deposited: Deposited, deadline: Deadline) -> None:
        self._channel = channel
        self._deposited = deposited
        self._deadline = deadline
        self._begun: deque[tuple[Sequence[int], pb.DepositRequest, Place | None]] = deque()
        self.acknowledged = len(deposited.reasons)  # of works that are too large to be sent
        self.may_have_changed = False

    def send(self, requests: Sequence[Sequence[int]], in_flight: int) -> None:
        """Send works, of which each request holds those at its positions."""
        alone = in_flight == 1 or len(requests) == 1
        try:
            for positions in requests:
                encoded = self._deposited.prepared.encoded
                request = pb.DepositRequest()
                # In place: else it would be copied.
                request.works.bson = b"".join([encoded[position] for position in positions])
                begun = None if alone else self._channel.begin("Deposit", request, pb.DepositResponse, self._deadline)
                self._begun.append((positions, request, begun))
                if len(self._begun) == in_flight or alone:
                    self._finish()
            while self._begun:
                self._finish()
        except ResultsError:
            self._deadline.give_up()  # what is under way is waited for, and not sent again
            while self._begun:
                with contextlib.suppress(ResultsError):
                    self._finish()
            raise
        finally:
            for *_, begun in self._begun:  # there are some only after an interrupt
                if begun is not None:
                    self._channel.cancel(begun)

    def _finish(self) -> None:
        """Wait for the answer to the first request under way."""
        positions, request, begun = self._begun.popleft()
        try:
            response = self._channel.unary("Deposit", request, self._deadline, begun)
        except ResultsError as error:
            self.may_have_changed |= error.outcome_unknown
            raise
        self.may_have_changed = True
        outcomes, reasons = outcomes_of(response, len(positions))
        for position, outcome in zip(positions, outcomes, strict=True):
            self._deposited.outcomes[position] = outcome
        self._deposited.reasons.update((positions[index], reason) for index, reason in reasons.items())
        self.acknowledged += len(positions)


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


def _requests(encoded: Sequence[bytes]) -> Iterator[range]:
    """Divide works, by their positions, into requests of a good size; one that is larger goes alone."""
    start = size = 0
    for position, data in enumerate(encoded):
        if position > start and (size + len(data) > _REQUEST_BYTES or position - start == _REQUEST_WORKS):
            yield range(start, position)
            start, size = position, 0
        size += len(data)
    if encoded:
        yield range(start, len(encoded))


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

"""Deposits: works become requests of a good size, and outcomes become receipts."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson.objectid import ObjectId

from workflow_results import rules
from workflow_results.documents import encode
from workflow_results.errors import ConflictError, InvalidRequestError, InvalidStatusError, ResultsError
from workflow_results.receipts import Outcome, Receipt
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from workflow_results.channel import Channel
    from workflow_results.deadline import Deadline

_logger = logging.getLogger(__name__)

_REQUEST_BYTES: Final = rules.MIB
"""What a request aims at: enough to make little of its cost, little enough to keep several in flight."""
_REQUEST_WORKS: Final = 10_000
_REQUESTS_IN_FLIGHT: Final = 4
_OUTCOMES: Final = {
    pb.DEPOSIT_OUTCOME_DEPOSITED: Outcome.DEPOSITED,
    pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED: Outcome.ALREADY_DEPOSITED,
    pb.DEPOSIT_OUTCOME_CONFLICT: Outcome.CONFLICT,
    pb.DEPOSIT_OUTCOME_REJECTED: Outcome.REJECTED,
}
_NAMED_IN_ERRORS: Final = 5
_CONFLICT: Final = "a result with this id is stored with other content"


class Encoded(NamedTuple):
    """A work that can be sent."""

    position: int
    """In the call, from 0."""
    pipeline: str
    id: str
    data: bytes


@dataclass(frozen=True)
class Prepared:
    """The works of a call.

    Attributes:
        works: The works, with the ids that were given to them.
        encoded: The same, ready to be sent.
    """

    works: list[dict[str, Any]]
    encoded: list[Encoded]


def prepare(works: Sequence[dict[str, Any]], *, partial: bool = False) -> Prepared:
    """Check works, give an id to those without one, and encode them.

    Args:
        works: The works; they are not changed.
        partial: Whether they hold just the fields of an update: those need an id, and may leave out the status.

    Returns:
        The works.

    Raises:
        InvalidRequestError: A work breaks a rule; the message names it by its path.
    """
    if not isinstance(works, (list, tuple)):
        raise InvalidRequestError(f"works must be a list of dicts, not {type(works).__name__}")
    prepared = Prepared([], [])
    for index, given in enumerate(works):
        path = f"works[{index}]"
        if not isinstance(given, dict):
            raise InvalidRequestError(f"{path} must be a dict, as Work.payload is, not {type(given).__name__}")
        work = given
        if not partial and work.get("id") is None:
            work = {**work, "id": str(ObjectId())}
        if problem := rules.work_problem(work, partial=partial):
            error = InvalidStatusError if problem.reason == "INVALID_STATUS" else InvalidRequestError
            separator = "." if not problem.path.startswith("[") else ""
            raise error(f"{path}{separator}{problem.path} {problem.message}", reason=problem.reason)
        prepared.works.append(work)
        prepared.encoded.append(Encoded(index, work["pipeline"], work["id"], encode(work, path)))
    return prepared


def deposit(channel: Channel, prepared: Prepared, deadline: Deadline) -> list[Receipt]:
    """Send works.

    Args:
        channel: The way to the service.
        prepared: The works.
        deadline: When to be done.

    Returns:
        The receipts of the works, in their order.

    Raises:
        ResultsError: The service failed; some works may be stored. `works` holds all of them: depositing them again
            is safe.
    """
    receipts: dict[int, Receipt] = {}

    def send(works: list[Encoded]) -> None:
        request = pb.DepositRequest(works=pb.Documents(bson=b"".join(work.data for work in works)))
        response = channel.unary("Deposit", request, deadline)
        reasons = {each.index: f"{each.reason}: {each.message}" for each in response.rejections}
        for index, (work, outcome) in enumerate(zip(works, response.outcomes, strict=True)):
            reason = _CONFLICT if outcome == pb.DEPOSIT_OUTCOME_CONFLICT else reasons.get(index, "")
            receipts[work.position] = Receipt(work.pipeline, work.id, _OUTCOMES[outcome], reason)

    sendable = []
    for work in prepared.encoded:
        if len(work.data) > rules.WORK_BYTES:
            reason = f"TOO_LARGE: has {len(work.data):,} bytes of BSON; at most {rules.WORK_BYTES:,} are stored"
            receipts[work.position] = Receipt(work.pipeline, work.id, Outcome.REJECTED, reason)
        else:
            sendable.append(work)
    # Works with the same id are taken in their order, so that requests that hold some must not overtake each other.
    repeated = len({(work.pipeline, work.id) for work in sendable}) < len(sendable)
    try:
        _send_all(send, list(_requests(sendable)), deadline, in_flight=1 if repeated else _REQUESTS_IN_FLIGHT)
    except ResultsError as error:
        error.works = prepared.works
        raise
    return [receipts[index] for index in range(len(prepared.encoded))]


def _send_all(
    send: Callable[[list[Encoded]], None], requests: Sequence[list[Encoded]], deadline: Deadline, in_flight: int
) -> None:
    if len(requests) == 1 or in_flight == 1:
        for request in requests:
            send(request)
        return
    with ThreadPoolExecutor(in_flight, thread_name_prefix="workflow-results-deposit") as pool:
        sent = [pool.submit(send, request) for request in requests]
        try:
            for each in sent:
                each.result()
        except BaseException:
            deadline.give_up()
            for each in sent:
                each.cancel()
            raise


def _requests(works: list[Encoded]) -> Iterator[list[Encoded]]:
    request: list[Encoded] = []
    size = 0
    for work in works:
        if request and (size + len(work.data) > _REQUEST_BYTES or len(request) == _REQUEST_WORKS):
            yield request
            request, size = [], 0
        request.append(work)
        size += len(work.data)
    if request:
        yield request


def summed_up(receipts: Sequence[Receipt], prepared: Prepared, *, strict: bool) -> dict[str, bool]:
    """Tell of each pipeline whether all its works are stored, and never pass over one that isn't.

    Args:
        receipts: The receipts of the works.
        prepared: The works.
        strict: Whether a conflict raises instead of being logged.

    Raises:
        InvalidRequestError: Works were rejected.
        ConflictError: With `strict`, where works conflict with what is stored.
    """
    stored: dict[str, bool] = {}
    failed: dict[Outcome, list[str]] = {Outcome.REJECTED: [], Outcome.CONFLICT: []}
    for index, receipt in enumerate(receipts):
        stored[receipt.pipeline] = stored.get(receipt.pipeline, True) and receipt.stored
        if not receipt.stored:
            failed[receipt.outcome].append(f"works[{index}] ({receipt.pipeline} {receipt.id}): {receipt.reason}")
    for outcome, class_, verb in (
        (Outcome.REJECTED, InvalidRequestError, "rejected"),
        (Outcome.CONFLICT, ConflictError, "in conflict"),
    ):
        if told := failed[outcome]:
            more = f"; and {len(told) - _NAMED_IN_ERRORS:,} more" if len(told) > _NAMED_IN_ERRORS else ""
            message = (
                f"not stored, {len(told):,} of {len(receipts):,} {verb}: {'; '.join(told[:_NAMED_IN_ERRORS])}{more}"
            )
            if outcome is Outcome.REJECTED or strict:
                error = class_(message)
                error.receipts, error.works = list(receipts), prepared.works
                raise error
            _logger.warning(message)
    return stored

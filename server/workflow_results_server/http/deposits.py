"""`POST /results`: works go into the store in slices, as they come."""

from __future__ import annotations

import logging
from collections import Counter, deque
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson import ObjectId

from workflow_results.common import rules
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1.errors_pb2 import RejectionReason
from workflow_results_server.access.callers import current_caller
from workflow_results_server.errors import RequestError
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError, answered
from workflow_results_server.http.json_works import SMALL_BYTES, Element, Problem, encoded, works_of
from workflow_results_server.store import Aside
from workflow_results_server.telemetry.metrics import QUARANTINED_WORKS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workflow_results_server.access.policy import Authorize
    from workflow_results_server.http.requests import Call
    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.settings import Settings
    from workflow_results_server.store import Quarantine

_logger = logging.getLogger(__name__)

_SLICE_BYTES: Final = rules.MIB
_LATER_SLICE_BYTES: Final = 64 * rules.KIB
"""Of a body that is not small: to check and store a slice delays other calls. With turns of half a millisecond, 99 of
100 look-ups take at most 8 ms while a body of 32 MiB is stored, instead of 18, and the body 4 s, instead of 2."""
_SLICE_WORKS: Final = 10_000
_MOST_RECEIPTS: Final = 1_000
"""How many works that are not stored an answer names."""
_SAID: Final = 10
"""How many of them its message names, which is all that some clients show."""
_NAME_LENGTH: Final = 200
_NAMELESS: Final = "_rejected"
"""What works count under that are put aside and name no pipeline."""
_MOST_NAMES: Final = 10_000
_STORED: Final = (pb.DEPOSIT_OUTCOME_DEPOSITED, pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED)
_PREFIX: Final = "REJECTION_REASON_"


class _Sent(NamedTuple):
    """A work as it was sent."""

    position: int
    pipeline: str | None
    id: str | None
    data: bytes | Problem
    """Its BSON, or why it has none."""
    text: str
    """Itself, where works are put aside; else empty."""


class _Rejection(NamedTuple):
    """Why a work was rejected."""

    work: _Sent
    reason: str
    message: str


@dataclass(slots=True)
class _Slice:
    """Works that are deposited in one request of a stream."""

    most: int
    """About how many bytes it is to have."""
    works: list[_Sent] = field(default_factory=list)
    size: int = 0

    def add(self, work: _Sent) -> None:
        """Add a work."""
        self.works.append(work)
        self.size += len(work.text) + (len(work.data) if isinstance(work.data, bytes) else 0)

    @property
    def is_full(self) -> bool:
        """Whether it is large enough to be deposited."""
        return self.size >= self.most or len(self.works) >= _SLICE_WORKS

    def request(self) -> pb.DepositStreamRequest:
        """Word the request, and forget the bytes."""
        data = b"".join(work.data for work in self.works if isinstance(work.data, bytes))
        self.works = [work._replace(data=b"") if isinstance(work.data, bytes) else work for work in self.works]
        return pb.DepositStreamRequest(works=pb.EncodedDocuments(bson=data))


class Deposit:
    """One deposit.

    Args:
        call: The request.
        settings: The settings of the server.
        intake: Takes the works in.
        quarantine: Takes those that are rejected, if the settings say so.
    """

    def __init__(self, call: Call, settings: Settings, intake: Intake, quarantine: Quarantine) -> None:
        self._call = call
        self._settings = settings
        self._intake = intake
        self._quarantine = quarantine if settings.http_quarantine else None
        self._under_way: deque[_Slice] = deque()
        self._stored: Counter[str] = Counter()
        self._receipts: list[dict[str, Any]] = []
        self._missed: Counter[str] = Counter()

    async def answer(self) -> Answer:
        """Store the works and answer how many of each pipeline are stored.

        Raises:
            HttpError: Some are not, or the body breaks off; it says which are, and why the others are not.
            RequestError: The caller may not deposit.
        """
        authorize = self._call.authorize("Deposit")
        try:
            async with aclosing(self._intake.stream(self._requests(authorize), at_once=1)) as acknowledged:
                async for response in acknowledged:
                    await self._record(self._under_way.popleft(), response)
        except RequestError as error:
            raise self._failed(answered(error)) from error
        except HttpError as error:
            raise self._failed(error) from error
        if self._missed:
            raise self._missing()
        return Answer.of(self._stored)

    async def _requests(self, authorize: Authorize) -> AsyncGenerator[pb.DepositStreamRequest, None]:
        slice_ = _Slice(_SLICE_BYTES)
        size = 0
        make = partial(_sent, keep=self._quarantine is not None)
        async with aclosing(works_of(self._call, self._settings.http_max_body, make)) as parts:
            async for works in parts:
                for work in works:
                    slice_.add(work)
                    if slice_.is_full:
                        authorize(())  # who may no longer deposit is stopped in the middle
                        size += slice_.size
                        yield self._begun(slice_)
                        slice_ = _Slice(_SLICE_BYTES if size < SMALL_BYTES else _LATER_SLICE_BYTES)
                self._call.held.set("works", slice_.size)
        if slice_.works:
            authorize(())
            yield self._begun(slice_)

    def _begun(self, slice_: _Slice) -> pb.DepositStreamRequest:
        self._under_way.append(slice_)
        return slice_.request()

    async def _record(self, slice_: _Slice, response: pb.DepositStreamResponse) -> None:
        """Count what became of the works of a slice."""
        reasons = {rejection.index: rejection for rejection in response.rejections}
        rejections: list[_Rejection] = []
        sent = 0
        for work in slice_.works:
            if isinstance(work.data, Problem):
                self._intake.counts.add(work.pipeline, "rejected")
                rejections.append(_Rejection(work, str(work.data.reason), work.data.message))
                continue
            outcome, why = response.outcomes[sent], reasons.get(sent)
            sent += 1
            if outcome in _STORED:
                self._stored[work.pipeline or ""] += 1
            elif why:
                reason = RejectionReason.Name(why.reason).removeprefix(_PREFIX)
                rejections.append(_Rejection(work, reason, why.message))
            else:
                self._miss(work, "CONFLICT", "CONFLICT", "is stored with other content, which is kept")
        if rejections and self._quarantine and await self._put_aside(self._quarantine, rejections):
            return
        for rejection in rejections:
            self._miss(rejection.work, "REJECTED", rejection.reason, rejection.message)

    async def _put_aside(self, quarantine: Quarantine, rejections: list[_Rejection]) -> bool:
        """Put rejected works aside, as if they were stored; return whether there is room for them."""
        caller = current_caller.get().name
        aside = [
            Aside(work.text, _shown(work.pipeline), _shown(work.id), reason, message, caller)
            for work, reason, message in rejections
        ]
        first = aside[0]
        told = {"number": len(aside), "pipeline": first.pipeline, "id": first.id, "reason": first.reason}
        if not await quarantine.put(aside, self._settings.call_seconds):
            _logger.error("the quarantine is full: works are rejected", extra={**told, "caller": caller})
            return False
        QUARANTINED_WORKS.inc(len(aside))
        _logger.warning("works were put aside", extra={**told, "problem": first.message, "caller": caller})
        for work in aside:
            name = work.pipeline if work.pipeline and not rules.pipeline_problem(work.pipeline) else _NAMELESS
            self._stored[name if name in self._stored or len(self._stored) < _MOST_NAMES else _NAMELESS] += 1
        return True

    def _miss(self, work: _Sent, outcome: str, reason: str, message: str) -> None:
        """Count a work that is not stored, and name it unless very many are."""
        self._missed[outcome] += 1
        if len(self._receipts) < _MOST_RECEIPTS:
            self._receipts.append(
                {
                    "index": work.position,
                    "pipeline": work.pipeline,
                    "id": work.id,
                    "outcome": outcome,
                    "reason": str(reason),
                    "message": rules.visible(message),
                }
            )

    def _missing(self) -> HttpError:
        """Say which works are not stored while all others are."""
        rejected, conflicts = self._missed["REJECTED"], self._missed["CONFLICT"]
        named = [f"{each['pipeline']}/{each['id']} {each['message']}" for each in self._receipts[:_SAID]]
        counts = f"stored: {self._stored.total():,}, rejected: {rejected:,}, stored with other content: {conflicts:,}"
        status, reason = (400, "REJECTED") if rejected else (409, "CONFLICT")
        return HttpError(status, reason, f"{counts}; {'; '.join(named)}", **self._body())

    def _failed(self, error: HttpError) -> HttpError:
        """Say what was stored before a deposit broke off."""
        message = f"{error.body['message']} (known to be stored: {self._stored.total():,}; all may be sent again)"
        return HttpError(error.status, error.body["reason"], message, error.headers, **self._body())

    def _body(self) -> dict[str, Any]:
        return {"stored": self._stored, "receipts": self._receipts, "receipt_count": self._missed.total()}


def _sent(element: Element, *, keep: bool) -> _Sent:
    """Make a work of an element of the list; it gets an id if it has none."""
    work = element.value if isinstance(element.value, dict) else {}
    if work and work.get("id") is None:
        work["id"] = str(ObjectId())
    pipeline, id_ = _name(work.get("pipeline")), _name(work.get("id"))
    return _Sent(element.position, pipeline, id_, encoded(element), element.text if keep else "")


def _name(value: Any) -> str | None:
    """Return a pipeline or an id, of which it is not sure that they are any."""
    return rules.cut(value, _NAME_LENGTH) if isinstance(value, str) else None


def _shown(name: str | None) -> str | None:
    return None if name is None else rules.visible(name)

"""`POST /results`: works go into the store in slices, as they come."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson import ObjectId

from workflow_results.common import rules
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1.errors_pb2 import RejectionReason
from workflow_results_server.errors import RequestError
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError, answered
from workflow_results_server.http.json_works import Element, Problem, encoded, works_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workflow_results_server.access.policy import Authorize
    from workflow_results_server.http.requests import Call
    from workflow_results_server.requests.intake import Intake

SLICE_BYTES: Final = rules.MIB
_SLICE_WORKS: Final = 10_000
MOST_RECEIPTS: Final = 1_000
"""How many works that are not stored an answer names."""
_SAID: Final = 10
"""How many of them its message names, which is all that some clients show."""
_NAME_LENGTH: Final = 200
_STORED: Final = (pb.DEPOSIT_OUTCOME_DEPOSITED, pb.DEPOSIT_OUTCOME_ALREADY_DEPOSITED)
_PREFIX: Final = "REJECTION_REASON_"


class _Sent(NamedTuple):
    """A work as it was sent."""

    position: int
    pipeline: Any
    id: Any
    data: bytes | Problem
    """Its BSON, or why it has none."""


@dataclass(slots=True)
class _Slice:
    """Works that are deposited in one request of a stream."""

    works: list[_Sent] = field(default_factory=list)
    size: int = 0

    def add(self, work: _Sent) -> None:
        """Add a work."""
        self.works.append(work)
        if isinstance(work.data, bytes):
            self.size += len(work.data)

    @property
    def is_full(self) -> bool:
        """Whether it is large enough to be deposited."""
        return self.size >= SLICE_BYTES or len(self.works) >= _SLICE_WORKS

    def request(self) -> pb.DepositStreamRequest:
        """Word the request, and forget the bytes."""
        data = b"".join(work.data for work in self.works if isinstance(work.data, bytes))
        self.works = [work._replace(data=b"") if isinstance(work.data, bytes) else work for work in self.works]
        return pb.DepositStreamRequest(works=pb.EncodedDocuments(bson=data))


class Deposit:
    """One deposit.

    Args:
        call: The request.
        intake: Takes the works in.
        most: The most bytes of the body.
    """

    def __init__(self, call: Call, intake: Intake, most: int) -> None:
        self._call = call
        self._intake = intake
        self._most = most
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
            async with aclosing(self._intake.stream(self._requests(authorize))) as acknowledged:
                async for response in acknowledged:
                    self._record(self._under_way.popleft(), response)
        except RequestError as error:
            raise self._failed(answered(error)) from error
        except HttpError as error:
            raise self._failed(error) from error
        if self._missed:
            raise self._missing()
        return Answer.of(self._stored)

    async def _requests(self, authorize: Authorize) -> AsyncGenerator[pb.DepositStreamRequest, None]:
        slice_ = _Slice()
        async with aclosing(works_of(self._call, self._most, _sent)) as parts:
            async for works in parts:
                for work in works:
                    slice_.add(work)
                    if slice_.is_full:
                        authorize(())  # who may no longer deposit is stopped in the middle
                        self._under_way.append(slice_)
                        yield slice_.request()
                        slice_ = _Slice()
                self._call.held.set("works", slice_.size)
        if slice_.works:
            self._under_way.append(slice_)
            yield slice_.request()

    def _record(self, slice_: _Slice, response: pb.DepositStreamResponse) -> None:
        """Count what became of the works of a slice."""
        rejections = {rejection.index: rejection for rejection in response.rejections}
        sent = 0
        for work in slice_.works:
            if isinstance(work.data, Problem):
                self._miss(work, "REJECTED", *work.data)
                continue
            outcome, rejection = response.outcomes[sent], rejections.get(sent)
            sent += 1
            if outcome in _STORED:
                self._stored[work.pipeline] += 1
            elif rejection:
                reason = RejectionReason.Name(rejection.reason).removeprefix(_PREFIX)
                self._miss(work, "REJECTED", reason, rejection.message)
            else:
                self._miss(work, "CONFLICT", "CONFLICT", "is stored with other content, which is kept")

    def _miss(self, work: _Sent, outcome: str, reason: str, message: str) -> None:
        """Count a work that is not stored, and name it unless very many are."""
        self._missed[outcome] += 1
        if len(self._receipts) < MOST_RECEIPTS:
            self._receipts.append(
                {
                    "index": work.position,
                    "pipeline": _name(work.pipeline),
                    "id": _name(work.id),
                    "outcome": outcome,
                    "reason": str(reason),
                    "message": rules.visible(message),
                }
            )

    def _missing(self) -> HttpError:
        """Say which works are not stored while all others are."""
        rejected, conflicts = self._missed["REJECTED"], self._missed["CONFLICT"]
        named = [f"{receipt['pipeline']}/{receipt['id']}: {receipt['message']}" for receipt in self._receipts[:_SAID]]
        told = f"{rejected:,} works were rejected, and {conflicts:,} are stored with other content"
        message = f"{told}; the other {self._stored.total():,} are stored. {'; '.join(named)}"
        return HttpError(400, "REJECTED", message, **self._body()) if rejected else HttpError(
            409, "CONFLICT", message, **self._body()
        )

    def _failed(self, error: HttpError) -> HttpError:
        """Say what was stored before a deposit broke off."""
        stored = f"{self._stored.total():,} works of this request are known to be stored"
        message = f"{error.body['message']} ({stored}; to deposit all again is safe)"
        return HttpError(error.status, error.body["reason"], message, error.headers, **self._body())

    def _body(self) -> dict[str, Any]:
        return {"stored": self._stored, "receipts": self._receipts, "receipt_count": self._missed.total()}


def _sent(element: Element) -> _Sent:
    """Make a work of an element of the list; it gets an id if it has none."""
    work = element.value if isinstance(element.value, dict) else {}
    if work and work.get("id") is None:
        work["id"] = str(ObjectId())
    return _Sent(element.position, work.get("pipeline"), work.get("id"), encoded(element))


def _name(value: Any) -> str | None:
    """Return a pipeline or an id, of which it is not sure that they are any."""
    return rules.visible(rules.cut(value, _NAME_LENGTH)) if isinstance(value, str) else None

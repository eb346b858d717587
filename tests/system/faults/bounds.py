"""Counts: between what was there throughout, and what may have been there at some moment."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tests.system.faults.model import Delete, Deposit, Found, Read, ReadLocked, SetLock, Update
from tests.system.faults.workload import LARGE, PIPELINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.system.faults.events import Key
    from tests.system.faults.history import Operation
    from tests.system.faults.model import Step
    from tests.system.faults.search import Event


class Spans(NamedTuple):
    """When something certainly held of one result, and when it certainly did not; in between nobody knows."""

    true: Sequence[tuple[float, float]]
    false: Sequence[tuple[float, float]]


def wrong_counts(
    operations: Sequence[Operation], events: Mapping[Key, Sequence[Event]], exact_until: float
) -> Iterator[tuple[Operation, str]]:
    """Find counts that no moment of their calls explains.

    Args:
        operations: All calls.
        events: What they mean for each result.
        exact_until: When the numbers of `status` have ceased to be exact: MongoDB does not keep them right when one of
            its members is killed, or rolls something back, so nothing can be said of how far off they are from then on.

    Yields:
        The call, and what it should have answered.
    """
    operations = [*operations, *_of_status(operations, exact_until)]
    for kinds, tells, makes in (
        (("count",), _exists, _makes_exist),
        (("locked_count", "declined"), _locked, _makes_locked),
    ):
        counts = sorted(
            (each for each in operations if each.kind in kinds and each.outcome == "ok"), key=lambda each: each.begin
        )
        if not counts:
            continue
        spans: dict[str, dict[str, Spans]] = defaultdict(dict)
        for (pipeline, id_), each in events.items():
            spans[pipeline][id_] = _spans(each, tells, makes)
        tallies = {pipeline: _Tally(each) for pipeline, each in spans.items()}
        for operation in counts:
            tally = tallies.get(operation.told["pipeline"])
            least, most = tally.bounds(operation) if tally else (0, 0)
            if not least <= operation.told["count"] <= most:
                yield operation, f"{operation.name} counted {operation.told['count']}, not {least} to {most}"


def _of_status(operations: Sequence[Operation], exact_until: float) -> Iterator[Operation]:
    """Return a count of each pipeline for each `status` that is exact."""
    for each in operations:
        if each.kind == "status" and each.outcome == "ok" and each.end < exact_until:
            for pipeline in (*PIPELINES, LARGE):
                told = {"pipeline": pipeline, "count": each.told["counts"].get(pipeline, 0)}
                yield replace(each, kind="count", told=told)


class _Tally:
    """Bounds for the counts of a pipeline, which must come in the order in which they began.

    Of results that do not change any more it knows the number only, so that old ones take no time.
    """

    def __init__(self, spans: Mapping[str, Spans]) -> None:
        self._spans = spans
        self._ids = sorted(spans)
        # At first, nothing is true of any.
        self._coming = sorted(((each.false[0][1], id_) for id_, each in spans.items()), reverse=True)
        self._going: set[str] = set()
        self._settled = 0

    def bounds(self, operation: Operation) -> tuple[int, int]:
        """Return the least and the greatest right answer."""
        if ids := operation.told.get("ids"):
            return self._within(ids, operation)
        if first := operation.told.get("from", ""):
            return self._within(self._ids[bisect_left(self._ids, first) :], operation)
        while self._coming and self._coming[-1][0] <= operation.end:
            self._going.add(self._coming.pop()[1])
        for id_ in list(self._going):
            true, false = self._spans[id_]
            for value, (begin, end) in ((True, true[-1] if true else (0, 0)), (False, false[-1])):
                if math.isinf(end) and begin <= operation.begin:
                    self._going.discard(id_)
                    self._settled += value
        least, most = self._within(self._going, operation)
        return least + self._settled, most + self._settled

    def _within(self, ids: Iterable[str], operation: Operation) -> tuple[int, int]:
        least = most = 0
        for id_ in ids:
            if id_ not in self._spans:  # nobody has ever deposited it
                continue
            true, false = self._spans[id_]
            least += _covers(true, operation)
            most += not _covers(false, operation)
        return least, most


def _covers(spans: Sequence[tuple[float, float]], operation: Operation) -> bool:
    return any(begin <= operation.begin and operation.end <= end for begin, end in spans)


def _spans(
    events: Sequence[Event], tells: Callable[[Step], bool | None], makes: Callable[[Step], bool | None]
) -> Spans:
    """Find the spans of one result: from what tells of it up to what may change it."""
    changes = {value: [event for event in events if makes(event.step) is value] for value in (True, False)}
    spans: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    spans[False].append((-math.inf, min((event.begin for event in changes[True]), default=math.inf)))
    for event in events:
        if event.optional or (value := tells(event.step)) is None:
            continue
        end = min((change.begin for change in changes[not value] if change.end >= event.begin), default=math.inf)
        if end > event.end:
            spans[value].append((event.end, end))
    return Spans(_joined(spans[True]), _joined(spans[False]))


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Join spans that overlap."""
    joined: list[tuple[float, float]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _exists(step: Step) -> bool | None:
    """Return whether a result is there once something has happened; None where that does not tell."""
    match step:
        case Delete():
            return False
        case Update() | SetLock():
            return True
        case Deposit(answer=answer):
            return None if answer is None else True
        case Read(found=found):
            return found is not None
        case ReadLocked(found=found):
            return None if found is None else True
        case Found(told=told):
            return told != "missing"
    raise AssertionError(step)


def _locked(step: Step) -> bool | None:
    """The same for whether it is locked."""
    match step:
        case Delete() | Update():
            return False
        case SetLock(locked=locked):
            return locked
        case Deposit(answer=answer, content=content):
            return content.locked if answer == "deposited" else None
        case Read(found=found):
            return found is not None and found.locked
        case ReadLocked(found=found):
            return found is not None
        case Found(told=told):
            return {"missing": False, "locked": True, "unlocked": False, "present": None}[told]
    raise AssertionError(step)


def _makes_exist(step: Step) -> bool | None:
    """Return what something may make of whether a result is there; None for nothing."""
    match step:
        case Delete():
            return False
        case Deposit(answer=None | "deposited" | "stored"):
            return True
    return None


def _makes_locked(step: Step) -> bool | None:
    """The same for whether it is locked."""
    match step:
        case Delete():
            return False
        case SetLock(locked=locked):
            return locked
        case Deposit(answer=None | "deposited" | "stored", content=content):
            return content.locked
    return None

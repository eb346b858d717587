"""From calls over many results to what each means for a single one."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.system.faults.model import Content, Delete, Deposit, Found, Read, ReadLocked, SetLock, Update, deposited
from tests.system.faults.search import Event
from tests.system.faults.workload import archive_id, event_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.system.faults.history import Operation
    from tests.system.faults.model import State, Step

Key: TypeAlias = tuple[str, str]
"""The pipeline and id of a result."""
CHANGES: Final = ("update", "delete", "lock", "unlock")
WRITES: Final = ("deposit", *CHANGES)
_ABSENT: Final = Read(None)
STREAMS: Final = ("stream", "dump", "by_count", "by_event", "locked")
"""What tells of results that were not named: that they are there, and that others are not."""


def content(told: Sequence[Any]) -> Content:
    """Read a content as it is recorded: all its fields, or a single marker if that is in all of them."""
    return Content(*told) if len(told) > 1 else deposited(told[0])


def keys_of(operation: Operation) -> list[Key]:
    """Return the results that a call names."""
    if "works" in operation.told:
        return [(work[0], work[1]) for work in operation.told["works"]]
    return [(operation.told["pipeline"], id_) for id_ in operation.told.get("ids", ())]


def by_key(operations: Sequence[Operation]) -> dict[Key, list[Event]]:
    """Return the events of each result that any call named."""
    events: dict[Key, list[Event]] = defaultdict(list)
    for operation in operations:
        if operation.kind == "deposit":
            for key, event in _of_deposit(operation):
                events[key].append(event)
        elif operation.kind in CHANGES:
            for key in keys_of(operation):
                if (event_ := _of_change(operation, key)) is not None:
                    events[key].append(event_)
        elif operation.kind == "read" and operation.outcome == "ok":
            for key in keys_of(operation):
                told = operation.told["found"].get(key[1])
                events[key].append(_read(operation, None if told is None else content(told)))
        elif operation.kind == "declined" and operation.outcome in ("ok", "refused"):
            for key in keys_of(operation):
                found = _refused(operation, key) if operation.outcome == "refused" else Found("present")
                events[key].append(Event(operation, found, operation.begin, operation.end))
    _add_streams(events, operations)
    return events


class _Stream:
    """What streams have told of one result so far.

    Attributes:
        begin: When it may have changed for the first time.
        end: When it may have changed for the last time.
        told: What the last stream told, and when that began; those of locked results for themselves.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.begin = min(event.begin for event in events)
        self.end = max(event.end for event in events)
        self.told: dict[type, tuple[Step, float]] = {}

    def is_news(self, step: Step) -> bool:
        """Whether it is not just what the last stream told, with nothing in between that could have changed it."""
        told = self.told.get(type(step))
        return told is None or told[0] != step or told[1] <= self.end


def is_full(operation: Operation) -> bool:
    """Whether a call has given as many results as were asked for: then there may be more."""
    return len(operation.told["found"]) == operation.told.get("count")


class _Told:
    """What one stream tells of results."""

    def __init__(self, operation: Operation) -> None:
        told = operation.told
        self._is_of_locked = operation.kind == "locked"
        self.found = {row[0]: row[1:] for row in told["found"]}
        self._first = told["found"][-1][0] if is_full(operation) else told.get("from", "")
        self._event = told.get("event")
        self._tells_of_others = not told.get("skip")
        leaves_out_archived = told.get("archived") or self._event is not None
        self._left_out = len(archive_id(0)) if leaves_out_archived else 0

    def is_about(self, id_: str) -> bool:
        """Whether it would hold this result."""
        if id_ < self._first or len(id_) == self._left_out or not self._tells_of_others:
            return False
        return self._event is None or event_of(id_) == self._event

    def of(self, id_: str) -> Read | ReadLocked:
        """Return what it tells of a result."""
        found = self.found.get(id_)
        if self._is_of_locked:
            return ReadLocked(None if found is None else found[0])
        return Read(None if found is None else content(found))


def _add_streams(events: dict[Key, list[Event]], operations: Sequence[Operation]) -> None:
    """Add what streams tell of each result: those that they hold, and those that they don't.

    There are too many to keep all; what is left out is what follows from the stream before.
    """
    coming: dict[str, list[tuple[float, str]]] = defaultdict(list)
    known = {key: _Stream(each) for key, each in events.items()}
    for (pipeline, id_), each in known.items():
        coming[pipeline].append((each.begin, id_))
    for begins in coming.values():
        begins.sort(reverse=True)
    going: dict[str, set[str]] = defaultdict(set)
    for operation in operations:
        if operation.kind not in STREAMS or operation.outcome != "ok":
            continue
        pipeline, told = operation.told["pipeline"], _Told(operation)
        while coming[pipeline] and coming[pipeline][-1][0] <= operation.end:
            going[pipeline].add(coming[pipeline].pop()[1])
        for id_ in {*filter(told.is_about, going[pipeline]), *told.found}:
            step = told.of(id_)
            stream = known.get((pipeline, id_))
            if stream is None or stream.is_news(step):
                events[pipeline, id_].append(Event(operation, step, operation.begin, operation.end))
            if stream is not None:
                stream.told[type(step)] = step, operation.begin
                if step == _ABSENT and stream.end < operation.begin:
                    going[pipeline].discard(id_)


def _read(operation: Operation, found: State) -> Event:
    return Event(operation, Read(found), operation.begin, operation.end)


def _of_deposit(operation: Operation) -> Iterator[tuple[Key, Event]]:
    """Return the events of each deposited work.

    A deposit that was sent again may have been stored by an earlier try, too: also when it has been deleted since, and
    also late, by a server that was stopped meanwhile. That is what "at least once" means.
    """
    works = operation.told["works"]
    answers = operation.told.get("answers") or [None] * len(works)
    tries = operation.told.get("tries", 1 if answers[0] else 2)
    for (pipeline, id_, marker, locked), answer in zip(works, answers, strict=True):
        key, stored = (pipeline, id_), deposited(marker, locked=locked)
        if answer in (None, "unknown"):
            yield key, Event(operation, Deposit(stored, None), operation.begin, optional=True)
        elif answer not in ("failed", "rejected"):
            yield key, Event(operation, Deposit(stored, answer), operation.begin, operation.end)
        if tries > 1 and answer != "failed":
            yield key, Event(operation, Deposit(stored, None), operation.begin, optional=True)


def _of_change(operation: Operation, key: Key) -> Event | None:
    if operation.outcome == "failed":
        return None
    if operation.outcome == "refused":
        return Event(operation, _refused(operation, key), operation.begin, operation.end)
    unknown = operation.outcome != "ok"
    return Event(
        operation,
        _made(operation, key),
        operation.begin,
        math.inf if unknown else operation.end,
        optional=unknown,
    )


def _made(operation: Operation, key: Key) -> Step:
    if operation.kind == "update":
        (fields,) = (work[2] for work in operation.told["works"] if (work[0], work[1]) == key)
        return Update(tuple(fields.items()))
    return Delete() if operation.kind == "delete" else SetLock(operation.kind == "lock")


def _refused(operation: Operation, key: Key) -> Found:
    for pipeline, id_, told in operation.told["refusals"]:
        if (pipeline, id_) == key:
            return Found(told)
    return Found("unlocked" if operation.kind in ("update", "delete") else "present")

"""From calls over many results to what each means for a single one."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.system.faults.model import Content, Delete, Deposit, Found, Read, SetLock, Update, deposited
from tests.system.faults.search import Event
from tests.system.faults.workload import archive_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.system.faults.history import Operation
    from tests.system.faults.model import State, Step

Key: TypeAlias = tuple[str, str]
"""The pipeline and id of a result."""
CHANGES: Final = ("update", "delete", "lock", "unlock")
WRITES: Final = ("deposit", *CHANGES)
STREAMS: Final = ("stream", "dump")


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
    _add_streams(events, operations)
    return events


class _Stream:
    """What streams have told of one result so far.

    Attributes:
        begin: When it may have changed for the first time.
        end: When it may have changed for the last time.
        told: What the last stream told, and when that began; None as long as none did.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.begin = min(event.begin for event in events)
        self.end = max(event.end for event in events)
        self.told: tuple[State, float] | None = None

    def is_news(self, found: State) -> bool:
        """Whether it is not just what the last stream told, with nothing in between that could have changed it."""
        return self.told is None or self.told[0] != found or self.told[1] <= self.end


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
        pipeline, first = operation.told["pipeline"], operation.told.get("from", "")
        while coming[pipeline] and coming[pipeline][-1][0] <= operation.end:
            going[pipeline].add(coming[pipeline].pop()[1])
        found = {id_: content(told) for id_, *told in operation.told["found"]}
        skipped = len(archive_id(0)) if operation.told.get("archived") else 0
        for id_ in {*(id_ for id_ in going[pipeline] if id_ >= first and len(id_) != skipped), *found}:
            state = found.get(id_)
            stream = known.get((pipeline, id_))
            if stream is None or stream.is_news(state):
                events[pipeline, id_].append(_read(operation, state))
            if stream is not None:
                stream.told = state, operation.begin
                if state is None and stream.end < operation.begin:
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

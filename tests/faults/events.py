"""From calls over many results to what each means for a single one."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from faults.model import Content, Delete, Deposit, Found, Read, SetLock, Update, deposited
from faults.search import Event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from faults.history import Operation
    from faults.model import State, Step

Key: TypeAlias = tuple[str, str]
"""The pipeline and id of a result."""
CHANGES: Final = ("update", "delete", "lock", "unlock")
STREAMS: Final = ("stream", "dump")


def content(told: Sequence[Any]) -> Content:
    """Read a content as it is recorded: all its fields, or a single marker if that is in all of them."""
    return Content(*told) if len(told) > 1 else deposited(told[0])


def keys_of(operation: Operation) -> list[Key]:
    """Give the results that a call names."""
    if "works" in operation.told:
        return [(work[0], work[1]) for work in operation.told["works"]]
    return [(operation.told["pipeline"], id_) for id_ in operation.told.get("ids", ())]


def by_key(operations: Sequence[Operation]) -> dict[Key, list[Event]]:
    """Give the events of each result that any call named."""
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
    ids: dict[str, list[str]] = defaultdict(list)
    for pipeline, id_ in events:
        ids[pipeline].append(id_)
    for operation in operations:
        if operation.kind in STREAMS and operation.outcome == "ok":
            pipeline, first = operation.told["pipeline"], operation.told.get("from", "")
            found = {id_: content(told) for id_, *told in operation.told["found"]}
            for id_ in {*(id_ for id_ in ids[pipeline] if id_ >= first), *found}:
                events[pipeline, id_].append(_read(operation, found.get(id_)))
    return events


def _read(operation: Operation, found: State) -> Event:
    return Event(operation, Read(found), operation.begin, operation.end)


def _of_deposit(operation: Operation) -> Iterator[tuple[Key, Event]]:
    """Give the events of each deposited work.

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
        if tries > 1:
            yield key, Event(operation, Deposit(stored, None), operation.begin, optional=True)


def _of_change(operation: Operation, key: Key) -> Event | None:
    if operation.outcome == "failed":
        return None
    if operation.outcome == "refused":
        return Event(operation, _refused(operation, key), operation.begin, operation.end)
    several = len(operation.told.get("works") or operation.told["ids"]) > 1
    unknown = operation.outcome != "ok"
    return Event(
        operation,
        _made(operation, key),
        operation.begin,
        math.inf if unknown else operation.end,
        optional=unknown,
        together=unknown and several,
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

"""The history of the results: what it holds in the end, and what callers were told of it before."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.system.faults.events import CHANGES, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.system.faults.events import Key
    from tests.system.faults.history import Operation


class Change(NamedTuple):
    """An entry of the history of one result.

    Attributes:
        reason: Why, which is the name of the call.
        method: What was done, as a call is named here.
        call: The call; None if nobody has made it.
    """

    reason: str
    method: str
    call: Operation | None


def recorded(operations: Sequence[Operation]) -> dict[Key, list[Change]]:
    """Return the changes of each result in their order, as the history holds them in the end."""
    calls = {each.name: each for each in operations if each.kind in CHANGES}
    changes: dict[Key, list[Change]] = defaultdict(list)
    history = next((each for each in operations if each.kind == "history"), None)
    for reason, method, pipeline, ids in history.told["found"] if history else ():
        for id_ in ids:
            changes[pipeline, id_].append(Change(reason, method.removesuffix("_ids"), calls.get(reason)))
    return changes


def wrong_changes(operations: Sequence[Operation]) -> Iterator[tuple[Operation, str]]:
    """Find answers of `history` that differ from what the history of the results was at any moment of the call.

    The history of a result only grows, so what it was at any time is the beginning of what it is in the end: how far
    that reaches is limited by the changes that were certainly made before, and by those that were not begun.

    Args:
        operations: All calls, settled.

    Yields:
        The call, and what is wrong with its answer.
    """
    reads = [each for each in operations if each.kind == "changes" and each.outcome == "ok"]
    whole = recorded(operations)
    for read in reads:
        changes = whole.get((read.told["pipeline"], read.told["id"]), [])
        found = read.told["found"][::-1]
        told = [(reason, method.removesuffix("_ids")) for reason, method, *_ in found]
        beginning = changes[: len(told)]
        if told != [(change.reason, change.method) for change in beginning]:
            yield read, f"{read.name} told {told}, which is not how the history of the result began"
            continue
        if early := [change.reason for change in beginning if change.call and change.call.begin > read.end]:
            yield read, f"{read.name} told {early} before they were begun"
        if missing := [
            change.reason for change in changes[len(told) :] if change.call and change.call.end < read.begin
        ]:
            yield read, f"{read.name} did not tell {missing}, which were made before"
        if not read.told.get("counted", True) or any(
            change.call and row[2:] != described(change.call, read.told["pipeline"], read.told["id"])
            for change, row in zip(beginning, found, strict=True)
        ):
            yield read, f"{read.name} described a change as it was not"


def described(call: Operation, pipeline: str, id_: str) -> list[Any]:
    """Return what the history tells of a call besides its reason and method: its fields, and its number of results."""
    number = sum(key[0] == pipeline for key in keys_of(call))
    return [fields_of(call, (pipeline, id_)), number]


def fields_of(call: Operation, key: Key) -> list[str]:
    """Return the fields that a call sets in a result."""
    return [*sets_of(call, key)]


def sets_of(call: Operation, key: Key) -> dict[str, str]:
    """Return what a call sets them to."""
    return next((dict(work[2]) for work in call.told.get("works", ()) if (work[0], work[1]) == key), {})

"""Calls over several results: made on all of them at once, or on none.

Of two calls at a time, one came first; then it came first for each result that both are about.

Of calls whose outcome is unknown, each result allows some sets: exactly these were made, exactly those, … A
contradiction is that no choice of the calls that were made agrees with all results.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from faults.events import CHANGES, keys_of
from faults.search import explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from faults.events import Key
    from faults.history import Operation
    from faults.search import Event

MOST_CHOICES: Final = 200_000


class Allowed(NamedTuple):
    """What one result tells.

    Attributes:
        names: The calls that concern it.
        sets: The sets of them that may have been made.
    """

    names: frozenset[str]
    sets: frozenset[frozenset[str]]


def contradictions(results: Sequence[Allowed]) -> Iterator[set[str]]:
    """Find calls that can't have been made either on all of their results or on none.

    Args:
        results: What each result allows.

    Yields:
        The names of calls that contradict each other, or themselves.
    """
    narrowed, empty = _narrowed([each for each in results if each.names])
    if empty:
        yield set(empty.names)
        return
    for group in _connected(narrowed):
        if not _choice_exists(group):
            yield {name for each in group for name in each.names}


def without_order(
    operations: Sequence[Operation], events: Mapping[Key, Sequence[Event]], most: int
) -> Iterator[tuple[Operation, Operation]]:
    """Find two calls of which each must have come before the other, as two of their results tell."""
    calls = [each for each in operations if each.kind in CHANGES and each.outcome in ("ok", "refused")]
    keys = {each.name: set(keys_of(each)) for each in calls}
    calls = [each for each in calls if len(keys[each.name]) > 1]
    for index, one in enumerate(calls):
        for other in calls[index + 1 :]:
            if other.begin > one.end:
                break
            shared = keys[one.name] & keys[other.name] & events.keys()
            orders = ((one.name, other.name), (other.name, one.name))
            if len(shared) > 1 and not any(
                all(explain(events[key], most=most, order=order).explained for key in shared) for order in orders
            ):
                yield one, other


def _narrowed(results: list[Allowed]) -> tuple[list[Allowed], Allowed | None]:
    """Leave out sets that some other result rules out by itself; gives a result with none left, too."""
    while True:
        certain: dict[str, bool] = {}
        for names, sets in results:
            for name in names:
                told = {name in each for each in sets}
                if len(told) == 1:
                    certain.setdefault(name, told.pop())
        after = []
        for names, sets in results:
            left = frozenset(
                each for each in sets if all(certain.get(name, name in each) is (name in each) for name in names)
            )
            if not left:
                return results, Allowed(names, left)
            after.append(Allowed(names, left))
        if after == results:
            return results, None
        results = after


def _connected(results: Sequence[Allowed]) -> Iterator[list[Allowed]]:
    """Give the groups of results that have calls in common, each result next to one that it has some with."""
    by_name: Mapping[str, list[int]] = defaultdict(list)
    for index, each in enumerate(results):
        for name in each.names:
            by_name[name].append(index)
    seen: set[int] = set()
    for first in range(len(results)):
        if first in seen:
            continue
        seen.add(first)
        group = [first]
        for index in group:
            for name in sorted(results[index].names):
                for other in by_name[name]:
                    if other not in seen:
                        seen.add(other)
                        group.append(other)
        yield [results[index] for index in group]


def _choice_exists(group: Sequence[Allowed]) -> bool:
    """Look for a choice of calls that all results of a group allow; given up, it counts as none."""
    chosen: list[dict[str, bool]] = [{}]
    for names, sets in group:
        after = {
            frozenset((before | {name: name in each for name in names}).items())
            for before in chosen
            for each in sets
            if all(before.get(name, name in each) is (name in each) for name in names)
        }
        if not after or len(after) > MOST_CHOICES:
            return False
        chosen = [dict(each) for each in after]
    return True

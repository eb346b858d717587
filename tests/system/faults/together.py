"""Calls over several results: of two at a time, one came first; then it came first for each result of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.faults.events import CHANGES, keys_of
from tests.system.faults.search import explain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.system.faults.events import Key
    from tests.system.faults.history import Operation
    from tests.system.faults.search import Event


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

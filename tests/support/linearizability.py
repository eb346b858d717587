"""A search for an order of calls that explains what several clients saw of several results at once.

The search of the fault tests (`tests/system/faults/search.py`) takes one result at a time, as thousands of calls want;
that a call changed all of its results or none, it can't see by itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

State: TypeAlias = "frozenset[tuple[str, bool, str]]"
"""The results that exist: id, whether it is locked, and the token of who wrote it."""


class Call(NamedTuple):
    """A call and its answer, as a client saw them."""

    name: str
    ids: tuple[str, ...]
    began: float
    ended: float
    """Infinity for a call that failed, and may take effect at any time or never."""
    token: str = ""
    """What an update or deposit writes; what a read has found, with `locked`."""
    locked: bool = False
    refused: frozenset[tuple[str, bool]] | None = frozenset()
    """The ids that stood in the way, and whether they were locked; None if it is not known."""


def after(state: State, call: Call) -> State | None:
    """Return the state after a call; None if the call would have been answered otherwise."""
    named = {result[0]: result for result in state if result[0] in call.ids}
    if call.name == "read":
        found = {(id_, call.locked, call.token) for id_ in call.ids if call.token}
        return state if found == set(named.values()) else None
    if call.name == "deposit":
        in_the_way = {(id_, False) for id_ in named}
    else:
        in_the_way = {(id_, False) for id_ in call.ids if id_ not in named}
        if call.name in ("update", "delete_ids"):
            in_the_way |= {(id_, True) for id_, locked, _ in named.values() if locked}
    if call.refused is not None and call.refused != in_the_way:
        return None
    if in_the_way:
        return state
    rest = state - set(named.values())
    if call.name == "delete_ids":
        return rest
    if call.name in ("lock", "unlock"):
        return rest | {(id_, call.name == "lock", token) for id_, _, token in named.values()}
    return rest | {(id_, False, call.token) for id_ in call.ids}


def unexplained(state: State, calls: Sequence[Call]) -> Call | None:
    """Look for an order of calls that explains all answers; returns the first call for which there is none.

    When a call is answered, it must have taken effect. So all states are kept that are possible then, each with the
    calls still under way that have taken effect in it.
    """
    moments = [(call.began, 0, index) for index, call in enumerate(calls)]
    moments += [(call.ended, 1, index) for index, call in enumerate(calls) if call.ended < math.inf]
    under_way: set[int] = set()
    possible: set[tuple[State, frozenset[int]]] = {(state, frozenset())}
    for _, answered, index in sorted(moments):
        if not answered:
            under_way.add(index)
            continue
        left, known, possible = list(possible), set(possible), set()
        while left:
            state, done = left.pop()
            if index in done:
                possible.add((state, done - {index}))
                continue
            following = [(after(state, calls[each]), each) for each in under_way - done]
            # A call that changes nothing, in whatever state it gets its answer, may as well come now.
            at_once = [
                pair for pair in following if pair[0] and (calls[pair[1]].name == "read" or calls[pair[1]].refused)
            ]
            for next_, each in at_once[:1] or following:
                if next_ is not None and (reached := (next_, done | {each})) not in known:
                    known.add(reached)
                    left.append(reached)
        if not possible:
            return calls[index]
        under_way.remove(index)
    return None

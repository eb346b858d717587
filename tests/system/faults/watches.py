"""What watchers were told: nothing is missing, nothing comes before its time or goes back, and tokens are exact.

The history of a result, which the members hold in the end, gives its changes their order. The state of a result is
older than another one if fewer of these changes had been made. A state may belong to several places in this order;
the first one that fits is taken each time, so nothing right is taken for wrong.

Deposits are not in that history, so a deposit that is not told is noticed only if the result is still there in the
end, as it was deposited.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.system.faults.changes import fields_of
from tests.system.faults.events import content
from tests.system.faults.states import Results
from tests.system.faults.watching import QUERIES
from tests.system.faults.workload import archive_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.system.faults.events import Key
    from tests.system.faults.history import Operation
    from tests.system.faults.model import Content, State
    from tests.system.faults.states import Result

_Found = tuple[str, "list[Operation]"]
_METHODS: Final = {"UPDATED": "update", "LOCKED": "lock", "UNLOCKED": "unlock", "DELETED": "delete"}
_WITHOUT_REASON: Final = ("EXISTING", "DEPOSITED")
_SNAPSHOT_COMPLETE: Final = ("", "")
_MOST: Final = 3
"""How many violations of one kind are told of one watcher."""


class _At(NamedTuple):
    """Where a watcher is with one result: after how many changes, and the state that was told then, if one was."""

    place: int
    state: State = None


class _Before(NamedTuple):
    """What one change has made another one of what is known: its result, the place that was told, and the copy."""

    key: Key
    place: int | None
    copy: State


class _Chain:
    """A watcher: one watch, and those that went on behind some change.

    What was told behind that change is taken back then, as it must come again. But what is told must not be older than
    anything that was told before, also if that was taken back.
    """

    def __init__(self, name: str, watches: Sequence[Operation], results: Results) -> None:
        first = watches[0].told
        self.name = name
        self.watches = watches
        self._results = results
        self._pipelines = tuple(first["pipelines"])
        self._query = QUERIES[first["query"]]
        self._snapshot = first["snapshot"]
        self._complete = bool(watches[-1].told.get("complete"))
        self._since: float | None = None
        self._at: dict[Key, _At] = {}
        self._told: dict[Key, set[int]] = defaultdict(set)
        self._copy: dict[Key, Content] = {}
        self._path: list[_Before] = []
        self._seen: set[Key] = set()

    def violations(self) -> Iterator[_Found]:
        """Find what is wrong with what was told, and in the end with what was not."""
        for watch in self.watches:
            self._take_back(watch.told["behind"])
            number = 0
            for at, told in watch.notes:
                if told == "began":
                    self._since = self._since or at
                    continue
                for what in [*self._wrong(at, *told)]:
                    number += 1
                    if number <= _MOST:
                        yield f"{self.name} was told {_shown(at, told)}: {what}", [watch, *self._calls(told)]
        if self._complete:
            yield from self._wrong_in_the_end()

    def _take_back(self, number: int) -> None:
        """Forget what was told behind the first changes."""
        while len(self._path) > number:
            key, place, before = self._path.pop()
            if place is not None:
                self._told[key].discard(place)
            if before is None:
                self._copy.pop(key, None)
            else:
                self._copy[key] = before

    def _wrong(
        self, at: float, kind: str, pipeline: str, id_: str, told: list[Any] | None, reason: str, fields: list[str]
    ) -> Iterator[str]:
        """Take one change, and find what is wrong with it."""
        key = pipeline, id_
        result = self._results.known.get(key)
        place = result.places.get(reason) if result else None
        is_new = place is not None and place not in self._told[key]
        self._path.append(_Before(key, place if is_new else None, self._copy.get(key)))
        if key == _SNAPSHOT_COMPLETE:
            if kind != "SNAPSHOT_COMPLETE" or not self._snapshot:
                yield "nobody asked for a snapshot"
            return
        if pipeline not in self._pipelines or result is None:
            yield "this is no result that is watched"
            return
        self._seen.add(key)
        if kind in _WITHOUT_REASON:
            if reason:
                yield "a deposit has no reason"
        elif kind in _METHODS or kind == "UNMATCHED":
            yield from self._wrong_change(at, kind, key, result, reason, fields)
        else:
            yield "nobody has done that"
        if told is None:
            self._copy.pop(key, None)
            if kind not in ("DELETED", "UNMATCHED"):
                yield "there is no result"
        else:
            self._copy[key] = state = content(told)
            if kind in ("DELETED", "UNMATCHED"):
                yield "there is a result"
            if not self._query.matches(state):
                yield "it does not match"
            yield from self._wrong_state(at, key, result, state)

    def _wrong_change(
        self, at: float, kind: str, key: Key, result: Result, reason: str, fields: list[str]
    ) -> Iterator[str]:
        place = result.places.get(reason)
        if place is None:
            yield "the history of the result has no such change"
            return
        _, method, call = result.changes[place - 1]
        if kind in _METHODS and _METHODS[kind] != method:
            yield f"the change was another one: {method}"
        if call is not None:
            if call.begin > at:
                yield "that had not begun"
            if fields != fields_of(call, key):
                yield f"it has set {fields_of(call, key)}"
        told = self._told[key]
        if place not in told and (missing := self._missing(result, told, place - 1)):
            yield f"before it, these were not told: {missing}"
        told.add(place)
        if place > self._place(key, result).place:
            self._at[key] = _At(place)

    def _wrong_state(self, at: float, key: Key, result: Result, state: Content) -> Iterator[str]:
        before = self._place(key, result)
        places = result.fitting(state)
        fitting = [place for place in places if place > before.place or self._is_same(place, before, state)]
        if not fitting:
            yield (
                f"it is older than what was told before, after {before.place} changes"
                if places
                else "it was never like this"
            )
            return
        self._at[key] = _At(fitting[0], state)
        change = result.changes[fitting[0] - 1].call if fitting[0] else None
        if result.first_begin(state) > at or (change and change.begin > at):
            yield "it was not like this yet"

    @staticmethod
    def _is_same(place: int, before: _At, state: Content) -> bool:
        return place == before.place and before.state in (None, state)

    def _place(self, key: Key, result: Result) -> _At:
        """Return where the watcher is with a result: at first behind what had certainly been made before it began."""
        if key not in self._at:
            begin = self.watches[0].begin
            made = [place for place, (*_, call) in enumerate(result.changes, 1) if call and call.end < begin]
            self._at[key] = _At(max(made, default=0))
        return self._at[key]

    def _missing(self, result: Result, told: set[int], last: int) -> list[str]:
        """Return the changes up to some place that should have been told.

        They are those behind the first one that was told, and those that began when the watch had begun.
        """
        first = min(told, default=last + 1)
        for place, (*_, call) in enumerate(result.changes[: first - 1], 1):
            if call is not None and self._since is not None and call.begin > self._since:
                first = place
                break
        return [result.changes[place - 1].reason for place in range(first, last + 1) if place not in told]

    def _wrong_in_the_end(self) -> Iterator[_Found]:
        lost: list[str] = []
        differing: list[str] = []
        for key, result in self._results.known.items():
            if key[0] not in self._pipelines or len(key[1]) == len(archive_id(0)):
                continue
            if missing := self._missing(result, self._told[key], len(result.changes)):
                lost.append(f"of {'/'.join(key)} {', '.join(missing)}")
            final = result.final if result.final is not None and self._query.matches(result.final) else None
            known = self._snapshot or key in self._seen or self._must_know(result, final)
            if known and self._copy.get(key) != final:
                differing.append(f"{'/'.join(key)} is {final or 'not there'}, not {self._copy.get(key) or 'missing'}")
        if lost:
            yield (
                f"{self.name} was not told everything of {len(lost)} results: {'; '.join(lost[:_MOST])}",
                [*self.watches[-1:]],
            )
        if differing:
            yield f"{self.name} has a wrong copy: {'; '.join(differing[:_MOST])}", [*self.watches[-1:]]
        if self._snapshot and not any(before.key == _SNAPSHOT_COMPLETE for before in self._path):
            yield f"{self.name} was not told that its snapshot is complete", [*self.watches[-1:]]

    def _must_know(self, result: Result, final: State) -> bool:
        """Whether what is there in the end was deposited when the watch had begun."""
        if final is None or self._since is None:
            return False
        return result.first_begin(final) > self._since

    def _calls(self, told: Sequence[Any]) -> list[Operation]:
        """Return the calls that have changed the result."""
        result = self._results.known.get((told[1], told[2]))
        return [change.call for change in result.changes if change.call] if result else []


def wrong_watches(operations: Sequence[Operation]) -> Iterator[_Found]:
    """Find what watchers should not have been told, or should have been told.

    Args:
        operations: All calls, settled, in the order in which they began.

    Yields:
        What is wrong, and the calls concerned.
    """
    chains: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        if operation.kind == "watch":
            chains[operation.told["chain"]].append(operation)
    if chains:
        results = Results(operations)
        for name, watches in chains.items():
            yield from _Chain(name, watches, results).violations()


def _shown(at: float, told: Sequence[Any]) -> str:
    kind, pipeline, id_, state, reason, *_ = told
    return f"at {at:.3f} {kind} {pipeline}/{id_} {content(state) if state else ''} {reason}".rstrip()

"""Does what the clients saw agree with what is promised? Pure functions over a recorded history."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from tests.system.faults.bounds import wrong_counts
from tests.system.faults.changes import wrong_changes
from tests.system.faults.events import CHANGES, STREAMS, WRITES, by_key, keys_of
from tests.system.faults.model import Read
from tests.system.faults.search import MOST_CONFIGURATIONS, Verdict, explain
from tests.system.faults.together import without_order
from tests.system.faults.watches import wrong_watches
from tests.system.faults.workload import LARGE, PIPELINES, event_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.system.faults.events import Key
    from tests.system.faults.history import Operation
    from tests.system.faults.search import Event

_SHOWN: Final = 40
_SHOWN_BEHIND: Final = 5
_LONGEST_SECONDS: Final = 180.0
"""Some times what the client's timeouts add up to where they begin anew with each progress."""
_ABSENT: Final = Read(None)


@dataclass(frozen=True)
class Violation:
    """Something that must never be.

    Attributes:
        guarantee: The name of what is broken.
        what: What happened, in a sentence.
        concerned: The calls concerned, or what they mean for a result.
    """

    guarantee: str
    what: str
    concerned: Sequence[Operation | Event] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.guarantee.upper()}: {self.what}", *(f"    {each}" for each in self.concerned[:_SHOWN])]
        if len(self.concerned) > _SHOWN:
            lines.append(f"    … and {len(self.concerned) - _SHOWN} more")
        return "\n".join(lines)


def check(
    operations: Sequence[Operation], *, most: int = MOST_CONFIGURATIONS, exact_until: float = math.inf
) -> list[Violation]:
    """Check a history.

    Args:
        operations: All calls of all clients.
        most: How many configurations the search tries for each result before it gives up, which is a violation, too.
        exact_until: When the numbers of `status` have ceased to be exact.
    """
    operations = sorted(operations, key=_begin)
    settled = list(_settled(operations))
    events = by_key(settled)
    verdicts = {key: explain(each, most=most) for key, each in events.items()}
    clear = {key: each for key, each in events.items() if verdicts[key].explained and not verdicts[key].too_hard}
    return [
        *_answers(operations),
        *_lists(operations),
        *_members(operations),
        *_history(operations),
        *_results(operations, events, verdicts),
        *(
            Violation("order", f"of {one.name} and {other.name} neither can have come first", [one, other])
            for one, other in without_order(settled, clear, most)
        ),
        *(Violation("count", what, [operation]) for operation, what in wrong_counts(operations, events, exact_until)),
        *(Violation("changes", what, [operation]) for operation, what in wrong_changes(settled)),
        *(Violation("watch", what, concerned) for what, concerned in wrong_watches(settled)),
    ]


def _settled(operations: Sequence[Operation]) -> Iterator[Operation]:
    """Let the history of the results tell, of each change whose outcome is unknown, whether it was made."""
    recorded = [each for each in operations if each.kind == "history"]
    if not recorded:
        yield from operations
        return
    made = {(reason, method.removesuffix("_ids")) for reason, method, *_ in recorded[0].told["found"]}
    last = math.nextafter(min(each.begin for each in operations if each.kind in ("dump", "history")), -math.inf)
    for each in operations:
        if each.kind in CHANGES and each.outcome in ("unknown", "broken", "unanswered"):
            yield replace(each, outcome="ok" if (each.name, each.kind) in made else "failed", end=last)
        else:
            yield each


def _answers(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Find answers that must never be, whatever the state."""
    for operation in operations:
        if operation.outcome == "broken":
            yield Violation("answer", f"{operation.name} was answered with what must never be", [operation])
        elif operation.outcome == "unanswered":
            yield Violation("answer", f"{operation.name} was never answered", [operation])
        elif operation.seconds > _LONGEST_SECONDS and operation.kind != "watch":
            yield Violation("answer", f"{operation.name} was answered after {operation.seconds:.0f} s", [operation])
        elif operation.kind == "repeat" and operation.outcome == "refused":
            concerned = [each for each in operations if operation.told["of"] in (each.name, each.told.get("of"))]
            yield Violation("repeat", f"{operation.name} was refused, although it had been made", concerned)
        elif operation.kind in CHANGES and operation.outcome == "refused":
            refusals = [(pipeline, id_) for pipeline, id_, _ in operation.told["refusals"]]
            if not refusals or not set(refusals) <= set(keys_of(operation)) or len(set(refusals)) < len(refusals):
                yield Violation(
                    "refusal", f"{operation.name} was refused for results that it did not name", [operation]
                )
            if operation.kind in ("lock", "unlock") and any(
                told == "locked" for *_, told in operation.told["refusals"]
            ):
                yield Violation("refusal", f"{operation.name} was refused because of a lock", [operation])
        elif operation.kind == "declined" and operation.outcome == "refused":
            refusals = [(pipeline, id_) for pipeline, id_, told in operation.told["refusals"] if told == "missing"]
            if not 0 < len(refusals) == len(operation.told["refusals"]) or not set(refusals) <= set(keys_of(operation)):
                yield Violation("refusal", f"{operation.name} was refused without a reason", [operation])
        elif operation.kind == "status" and operation.outcome == "ok":
            if (
                set(operation.told["counts"]) - {*PIPELINES, LARGE}
                or min(operation.told["counts"].values(), default=1) < 1
            ):
                yield Violation("answer", f"{operation.name} counted what is not there", [operation])
        elif operation.kind == "read" and operation.outcome == "ok":
            if not operation.told["found"].keys() <= set(operation.told["ids"]):
                yield Violation("answer", f"{operation.name} gave results that nobody asked for", [operation])
        elif operation.kind == "deposit" and "rejected" in operation.told.get("answers", ()):
            yield Violation("answer", f"{operation.name} was rejected, though nothing is wrong with it", [operation])


def _lists(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Find streams with a result twice, out of order, or that nobody asked for."""
    for operation in operations:
        if operation.kind in STREAMS and operation.outcome == "ok":
            ids = [id_ for id_, *_ in operation.told["found"]]
            if twice := [id_ for id_, number in Counter(ids).items() if number > 1]:
                yield Violation("stream", f"{operation.name} held {twice[:5]} more than once", [operation])
            elif ids != sorted(ids, reverse=True):
                yield Violation("stream", f"{operation.name} was not in descending order of ids", [operation])
            elif _unasked(operation, ids):
                yield Violation("stream", f"{operation.name} held results that nobody asked for", [operation])


def _unasked(operation: Operation, ids: Sequence[str]) -> bool:
    told = operation.told
    if operation.kind in ("by_count", "locked"):
        return bool(0 <= told["count"] < len(ids))
    if operation.kind == "by_event":
        return any(event_of(id_) != told["event"] for id_ in ids)
    return bool(ids and ids[-1] < told.get("from", ""))


def _members(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Find members of the replica set that differ in the end."""
    dumps: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        if operation.kind in ("dump", "history"):
            dumps[operation.told["pipeline"]].append(operation)
    for pipeline, each in dumps.items():
        for other in each[1:]:
            if other.told["found"] != each[0].told["found"]:
                yield Violation("members", f"the members differ in {pipeline} in the end", [each[0], other])


def _history(operations: Sequence[Operation]) -> Iterator[Violation]:
    """Find changes that stand in the history though they were not made, or not as they were made.

    Each names itself as its reason.
    """
    recorded = [operation for operation in operations if operation.kind == "history"]
    if not recorded:
        return
    entries: dict[str, Counter[Key]] = defaultdict(Counter)
    for reason, method, pipeline, ids in recorded[0].told["found"]:
        entries[f"{reason} {method.removesuffix('_ids')}"].update((pipeline, id_) for id_ in ids)
    for operation in operations:
        if operation.kind in CHANGES:
            found = entries.pop(f"{operation.name} {operation.kind}", Counter())
            whole = Counter(set(keys_of(operation)))
            none: Counter[Key] = Counter()
            right = {"ok": (whole,), "refused": (none,), "failed": (none,)}.get(operation.outcome, (whole, none))
            if found not in right:
                what = f"{operation.name} changed {sorted(found.elements())}, as the history of the results tells"
                yield Violation("history", what, [operation])
    for named in entries:
        yield Violation("history", f"nobody has called {named}, which the history of the results holds")


def _results(
    operations: Sequence[Operation], events: Mapping[Key, Sequence[Event]], verdicts: Mapping[Key, Verdict]
) -> Iterator[Violation]:
    """Find results whose answers no order of the calls explains."""
    for key, verdict in verdicts.items():
        if verdict.too_hard or not verdict.explained:
            named = "/".join(key)
            failed = [each for each in operations if each.kind in WRITES and key in keys_of(each) and _failed(each)]
            around: list[Operation | Event] = [*_around(events[key], verdict), *failed]
            around.sort(key=_begin)
            if verdict.too_hard:
                yield Violation("search", f"the search for an order of the calls of {named} was given up", around)
            else:
                yield Violation("result", f"no order of the calls explains {named}: {_stuck(verdict)}", around)


def _failed(operation: Operation) -> bool:
    """Whether a call has told that it has changed nothing, at least for one of its results."""
    return operation.outcome == "failed" or "failed" in operation.told.get("answers", ())


def _begin(concerned: Operation | Event) -> float:
    return concerned.begin


def _around(events: Sequence[Event], verdict: Verdict) -> list[Event]:
    """Return the events up to those that nothing explains, and some more, from shortly before the first one on."""
    events = sorted(events, key=_begin)
    first = next((index for index, event in enumerate(events) if event.step != _ABSENT), 0)
    last = max((events.index(event) for event in verdict.stuck), default=len(events)) + _SHOWN_BEHIND
    return events[max(0, first - 1, last - _SHOWN) : last]


def _stuck(verdict: Verdict) -> str:
    calls = ", ".join(event.operation.name for event in verdict.stuck[:5])
    return f"with {verdict.state or 'no result'} there, nothing fits of what must come next: {calls}"

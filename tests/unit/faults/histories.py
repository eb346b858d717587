"""Histories for the checker of the fault tests: right ones, and ones that are wrong on purpose."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from tests.system.faults.history import Operation
from tests.system.faults.workload import archive_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.system.faults.history import Outcome

P = "p"
NOBODY_KNOWS = math.inf
ARCHIVED = archive_id(3)
FROM_Y: dict[str, Any] = {"from": "y"}
numbers = itertools.count(1)


def op(kind: str, begin: float, end: float, outcome: Outcome = "ok", **told: Any) -> Operation:
    return Operation(f"{kind}-{next(numbers)}", kind, begin, {"pipeline": P, **told}, end, outcome)


def deposit(
    begin: float, end: float, id_: str, marker: str, answer: str | None = "deposited", **told: Any
) -> Operation:
    answers: dict[str, Any] = {} if answer is None else {"answers": [answer]}
    locked = told.pop("locked", False)
    return op("deposit", begin, end, works=[[P, id_, marker, locked]], **{"tries": 1, **answers, **told})


def update(begin: float, end: float, marker: str, *ids: str, **told: Any) -> Operation:
    """Sets the field `a`; `refused` names the ids that stood in the way, and `outcome` may be another one."""
    return change("update", begin, end, works=[[P, id_, {"a": marker}] for id_ in ids], **told)


def named(kind: str, begin: float, end: float, *ids: str, **told: Any) -> Operation:
    return change(kind, begin, end, ids=list(ids), **told)


def change(kind: str, begin: float, end: float, **told: Any) -> Operation:
    if "refused" not in told:
        return op(kind, begin, end, **told)
    refusals = [[P, id_, reason] for id_, reason in told.pop("refused").items()]
    return op(kind, begin, end, "refused", refusals=refusals, **told)


def unknown(kind: str, begin: float, *ids: str) -> Operation:
    if kind == "update":
        return update(begin, NOBODY_KNOWS, "U", *ids, outcome="unknown")
    return named(kind, begin, NOBODY_KNOWS, *ids, outcome="unknown")


def read(begin: float, end: float, **found: Any) -> Operation:
    """By id what was found: a marker, all fields, or None for nothing."""
    there = {id_: told(content) for id_, content in found.items() if content is not None}
    return op("read", begin, end, ids=list(found), found=there)


def stream(begin: float, end: float, *found: tuple[str, Any], kind: str = "stream", **more: Any) -> Operation:
    return op(kind, begin, end, found=[[id_, *told(content)] for id_, content in found], **more)


def history(*made: Operation) -> Operation:
    """The history of the results in the end, in which changes name themselves."""
    found = []
    for each in made:
        ids = each.told.get("ids") or [id_ for _, id_, _ in each.told["works"]]
        method = {"delete": "delete_ids"}.get(each.kind, each.kind)
        found.append([each.name, method, each.told["pipeline"], ids])
    return op("history", 52, 53, pipeline="_history", found=found)


def told(content: Any) -> list[Any]:
    return [content] if isinstance(content, str) else list(content)


def of(marker: str, *, a: str = "", locked: bool = False) -> tuple[str, str, str, bool]:
    """A content that was deposited with a marker, and changed since."""
    return (a or marker, marker, marker, locked)


TWO = (deposit(0, 1, "x", "A"), deposit(0, 1, "y", "B"))
RIGHT: dict[str, Sequence[Operation]] = {
    "nothing": [],
    "a deposit that is read": [deposit(0, 1, "x", "A"), read(2, 3, x="A")],
    "a read during the deposit, before it": [deposit(0, 5, "x", "A"), read(1, 2, x=None), read(3, 4, x="A")],
    "a deposit again": [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "A", "already"), read(4, 5, x="A")],
    "a conflict": [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "B", "conflict"), read(4, 5, x="A")],
    "the same of what is locked": [
        deposit(0, 1, "x", "A"),
        named("lock", 2, 3, "x"),
        deposit(4, 5, "x", "A", "already"),
    ],
    "stored by one of two": [deposit(0, 5, "x", "A", "stored"), deposit(0, 5, "x", "B", "conflict")],
    "of two deposits at a time either": [deposit(0, 5, "x", "A"), deposit(0, 5, "x", "B", "conflict")],
    "an unknown deposit that was not made": [deposit(0, 1, "x", "A", None), read(2, 3, x=None)],
    "an unknown deposit that was made late": [
        deposit(0, 1, "x", "A", "unknown"),
        read(2, 3, x=None),
        read(4, 5, x="A"),
    ],
    "a deposit that was made again by a further try": [
        deposit(0, 5, "x", "A", tries=2),
        read(1, 1.5, x="A"),
        named("delete", 2, 3, "x"),
        read(6, 7, x="A"),
    ],
    "a conflict with what became of the first try": [
        deposit(0, 5, "x", "A", "conflict", tries=2),
        update(2, 3, "C", "x"),
        read(6, 7, x=of("A", a="C")),
    ],
    "an update": [*TWO, update(2, 3, "C", "x", "y"), read(4, 5, x=of("A", a="C"), y=of("B", a="C"))],
    "a deposit that is locked": [
        deposit(0, 1, "x", "A", locked=True),
        update(2, 3, "C", "x", refused={"x": "locked"}),
        op("locked_count", 4, 5, count=1),
    ],
    "an update of one that is missing": [TWO[0], update(2, 3, "C", "x", "z", refused={"z": "missing"})],
    "a delete and a deposit after it": [
        deposit(0, 1, "x", "A"),
        named("delete", 2, 3, "x"),
        deposit(4, 5, "x", "B"),
        read(6, 7, x="B"),
    ],
    "locked, refused and unlocked": [
        *TWO,
        named("lock", 2, 3, "x"),
        update(4, 5, "C", "x", "y", refused={"x": "locked"}),
        named("unlock", 6, 7, "x", "y"),
        update(8, 9, "C", "x", "y"),
        stream(10, 11, ("y", of("B", a="C")), ("x", of("A", a="C"))),
    ],
    "an update at the time of a lock": [
        TWO[0],
        named("lock", 2, 5, "x"),
        update(3, 6, "C", "x"),
        read(7, 8, x=of("A", a="C", locked=True)),
    ],
    "an unknown update that was made on all": [*TWO, unknown("update", 2, "x", "y"), read(4, 5, x=of("A", a="U"))],
    "an unknown update that was made on none": [
        *TWO,
        unknown("update", 2, "x", "y"),
        stream(4, 5, ("y", "B"), ("x", "A")),
    ],
    "an unknown delete that was refused": [*TWO, unknown("delete", 2, "x", "z"), read(4, 5, x="A", z=None)],
    "an unknown unlock of one that is locked and one that is not": [
        deposit(0, 1, "x", "A", locked=True),
        TWO[1],
        unknown("unlock", 2, "x", "y"),
        stream(4, 5, ("y", "B"), ("x", "A"), kind="dump"),
    ],
    "two unknown calls that take each other back": [
        *TWO,
        unknown("lock", 2, "x", "y"),
        unknown("unlock", 3, "x", "y"),
        read(4, 5, x=of("A", locked=True)),
        stream(6, 7, ("y", "B"), ("x", "A"), kind="dump"),
    ],
    "a failed delete": [TWO[0], named("delete", 2, 3, "x", outcome="failed"), read(4, 5, x="A")],
    "a stream with and without": [
        TWO[0],
        deposit(2, 5, "y", "B"),
        named("delete", 2, 5, "x"),
        stream(3, 4, ("x", "A")),
        stream(3, 4, ("y", "B")),
        stream(6, 7, ("y", "B")),
    ],
    "a stream from an id on": [*TWO, stream(2, 3, ("y", "B"), **FROM_Y)],
    "a count at the time of a deposit": [
        TWO[0],
        deposit(2, 6, "y", "B"),
        op("count", 3, 4, count=1),
        op("count", 3, 5, count=2),
    ],
    "a count from an id on": [*TWO, op("count", 2, 3, count=1, **FROM_Y)],
    "a count of what may be locked": [*TWO, unknown("lock", 2, "x"), op("locked_count", 3, 4, count=0)],
    "a stream with all of the archive": [deposit(0, 1, ARCHIVED, "A"), stream(2, 3, archived=True)],
    "members that hold the same": [
        TWO[0],
        stream(2, 3, ("x", "A"), kind="dump"),
        stream(4, 5, ("x", "A"), kind="dump"),
    ],
}
WRONG: dict[str, tuple[str, Sequence[Operation]]] = {
    "a deposit that is lost": ("result", [deposit(0, 1, "x", "A"), read(2, 3, x=None)]),
    "a deposit that is lost later": ("result", [deposit(0, 1, "x", "A"), read(2, 3, x="A"), read(4, 5, x=None)]),
    "a deposit with the content of nobody": ("result", [deposit(0, 1, "x", "A"), read(2, 3, x="B")]),
    "a deposit of which only half is there": ("result", [deposit(0, 1, "x", "A", None), read(2, 3, x=of("A", a="B"))]),
    "a deposit that was stored twice": ("result", [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "A")]),
    "a deposit that overwrote": ("result", [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "B"), read(4, 5, x="B")]),
    "a failed deposit that is there": ("result", [deposit(0, 1, "x", "A", "failed"), read(2, 3, x="A")]),
    "a deposit that came back": (
        "result",
        [deposit(0, 1, "x", "A"), named("delete", 2, 3, "x"), read(4, 5, x="A")],
    ),
    "a conflict told as already deposited": (
        "result",
        [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "B", "already")],
    ),
    "a conflict told as stored": ("result", [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "B", "stored")]),
    "a conflict with nothing": ("result", [deposit(0, 1, "x", "A", "conflict")]),
    "a conflict with the same": ("result", [deposit(0, 1, "x", "A"), deposit(2, 3, "x", "A", "conflict")]),
    "a rejected deposit": ("answer", [deposit(0, 1, "x", "A", "rejected")]),
    "a stale read": ("result", [TWO[0], update(2, 3, "C", "x"), read(4, 5, x="A")]),
    "a read that goes back": (
        "result",
        [TWO[0], update(2, 9, "C", "x"), read(3, 4, x=of("A", a="C")), read(5, 6, x="A")],
    ),
    "an update that is lost": (
        "result",
        [TWO[0], update(2, 3, "C", "x"), update(4, 5, "D", "y", refused={"y": "missing"}), stream(6, 7, ("x", "A"))],
    ),
    "an update that half of its results have": (
        "result",
        [*TWO, update(2, 3, "C", "x", "y"), read(4, 5, x=of("A", a="C"), y="B")],
    ),
    "an update that was refused and made": (
        "result",
        [*TWO, update(2, 3, "C", "x", "z", refused={"z": "missing"}), read(4, 5, x=of("A", a="C"))],
    ),
    "an update of what is locked": ("result", [TWO[0], named("lock", 2, 3, "x"), update(4, 5, "C", "x")]),
    "an update of what is missing": ("result", [update(0, 1, "C", "x")]),
    "changed while it is locked": (
        "result",
        [TWO[0], named("lock", 2, 3, "x"), unknown("update", 4, "x"), read(5, 6, x=of("A", a="U", locked=True))],
    ),
    "a lock that is gone": ("result", [TWO[0], named("lock", 2, 3, "x"), read(4, 5, x="A")]),
    "a delete of what is locked": ("result", [TWO[0], named("lock", 2, 3, "x"), named("delete", 4, 5, "x")]),
    "gone while it is locked": (
        "result",
        [TWO[0], named("lock", 2, 3, "x"), unknown("delete", 4, "x"), read(5, 6, x=None)],
    ),
    "refused for a lock that is none": ("result", [TWO[0], update(2, 3, "C", "x", refused={"x": "locked"})]),
    "refused as missing what is there": ("result", [TWO[0], named("lock", 2, 3, "x", refused={"x": "missing"})]),
    "refused, and one that is missing not told": (
        "result",
        [
            TWO[0],
            named("lock", 2, 3, "y", "z", refused={"y": "missing"}),
            deposit(0, 1, "z", "Z", "failed"),
            deposit(4, 5, "y", "Y"),
            deposit(4, 5, "z", "Z"),
        ],
    ),
    "refused for nothing": ("refusal", [TWO[0], named("lock", 2, 3, "x", refused={})]),
    "refused for another one": ("refusal", [TWO[0], named("lock", 2, 3, "x", refused={"y": "missing"})]),
    "a lock that was refused for a lock": (
        "refusal",
        [TWO[0], named("lock", 2, 3, "x"), named("lock", 4, 5, "x", refused={"x": "locked"})],
    ),
    "an answer that must never be": ("answer", [op("read", 0, 1, "broken", ids=["x"])]),
    "a call that is never answered": ("answer", [op("read", 0, NOBODY_KNOWS, "unanswered", ids=["x"])]),
    "a lock of which a refused delete has seen a half": (
        "order",
        [*TWO, named("lock", 2, 5, "x", "y"), named("delete", 3, 6, "x", "y", refused={"x": "locked"})],
    ),
    "a lock and an unlock of which each came first somewhere": (
        "order",
        [
            deposit(0, 1, "x", "A", locked=True),
            TWO[1],
            named("lock", 2, 5, "x", "y"),
            named("unlock", 3, 6, "x", "y"),
            stream(7, 8, ("y", of("B", locked=True)), ("x", "A"), kind="dump"),
        ],
    ),
    "a stream that misses one": ("result", [*TWO, stream(2, 3, ("x", "A"))]),
    "a stream with what the one before told, in vain": (
        "result",
        [TWO[0], stream(2, 3, ("x", "A")), update(4, 5, "C", "x"), stream(6, 7, ("x", "A"))],
    ),
    "a second stream that misses what came meanwhile": (
        "result",
        [deposit(0, 10, "x", "A"), stream(1, 2), stream(12, 13)],
    ),
    "a stream that misses one of the archive": ("result", [deposit(0, 1, ARCHIVED, "A"), stream(2, 3, archived=False)]),
    "a stream with one twice": ("stream", [*TWO, stream(2, 3, ("y", "B"), ("x", "A"), ("x", "A"))]),
    "a stream out of order": ("stream", [*TWO, stream(2, 3, ("x", "A"), ("y", "B"))]),
    "a stream with one that never was": ("result", [*TWO, stream(2, 3, ("z", "C"), ("y", "B"), ("x", "A"))]),
    "a stream with one that was deleted before": (
        "result",
        [*TWO, named("delete", 2, 3, "y"), stream(4, 5, ("y", "B"), ("x", "A"))],
    ),
    "a stream with an old content": ("result", [TWO[0], update(2, 3, "C", "x"), stream(4, 5, ("x", "A"))]),
    "a stream with a content of nobody": ("result", [TWO[0], stream(2, 3, ("x", "broken padding"))]),
    "a count of too few": ("count", [*TWO, op("count", 2, 3, count=1)]),
    "a count of too many": ("count", [TWO[0], deposit(4, 5, "y", "B"), op("count", 2, 3, count=2)]),
    "a count of what was deleted": ("count", [TWO[0], named("delete", 2, 3, "x"), op("count", 4, 5, count=1)]),
    "a count of too few locked ones": ("count", [TWO[0], named("lock", 2, 3, "x"), op("locked_count", 4, 5, count=0)]),
    "a count of too many locked ones": ("count", [TWO[0], op("locked_count", 4, 5, count=1)]),
    "members that differ": (
        "members",
        [TWO[0], unknown("delete", 2, "x"), stream(4, 5, ("x", "A"), kind="dump"), stream(4, 5, kind="dump")],
    ),
}

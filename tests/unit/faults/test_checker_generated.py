"""The checker accepts whatever a correct store answers, with any calls at a time and any answers lost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.system.faults.checker import check
from tests.system.faults.history import Operation
from tests.system.faults.model import Content, deposited

if TYPE_CHECKING:
    from collections.abc import Callable

P: Final = "p"
IDS: Final = ("x", "y", "z")
CHANGES: Final = ("update", "delete", "lock", "unlock")
WRITES: Final = ("deposit", *CHANGES)
METHODS: Final = {"delete": "delete_ids"}
END: Final = 100.0
TICK: Final = 0.001


@dataclass(frozen=True)
class Call:
    """A call that is drawn by lot.

    Attributes:
        kind: What is called.
        ids: Of the results that it is about.
        begin: When it begins.
        until_made: How long until it takes effect.
        until_told: How long until it is answered, from then on.
        fate: What is lost of it, if anything.
        lot: For what is left to choose.
    """

    kind: str
    ids: tuple[str, ...]
    begin: int
    until_made: int
    until_told: int
    fate: str
    lot: int


calls = st.builds(
    Call,
    kind=st.sampled_from((*WRITES, "deposit", "update", "read", "stream", "count", "locked_count")),
    ids=st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True).map(tuple),
    begin=st.integers(0, 60),
    until_made=st.integers(0, 8),
    until_told=st.integers(0, 8),
    fate=st.sampled_from((*["answered"] * 6, "answer lost", "call lost", "failed")),
    lot=st.integers(0, 3),
)


class Store:
    """A correct store, and what its clients record."""

    def __init__(self, drawn: list[Call], *, recorded: bool = True) -> None:
        self.results: dict[str, Content] = {}
        self.operations: list[Operation] = []
        self.made: list[list[Any]] = []
        moments: list[tuple[float, Callable[[], None]]] = []
        for index, call in enumerate(drawn):
            made = call.begin + call.until_made + index * TICK  # no two at the same moment
            operation = Operation(f"c-{index}", call.kind, call.begin, named(call, f"u{index}"), outcome="unknown")
            self.operations.append(operation)
            fate = call.fate if call.kind in WRITES else "answered"
            if fate != "call lost" and fate != "failed":
                moments.append((made, partial(getattr(self, call.kind), operation)))
            if call.kind == "stream":  # its last part is read later
                moments.append((made + call.until_told, partial(self.stream, operation, IDS[:1])))
            if fate in ("answered", "failed"):
                operation.end = made + call.until_told + TICK
                operation.outcome = "ok" if fate == "answered" else "failed"
                moments.append((operation.end, partial(answer, operation)))
        for _, happen in sorted(moments, key=lambda each: each[0]):
            happen()
        self.operations.append(Operation("end", "dump", END, {"pipeline": P}, END + 1, "ok"))
        self.stream(self.operations[-1], IDS)
        if recorded:
            told = {"pipeline": "_history", "found": self.made}
            self.operations.append(Operation("end-history", "history", END, told, END + 1, "ok"))

    def deposit(self, operation: Operation) -> None:
        operation.told["receipts"] = receipts = []
        for _, id_, marker, locked in operation.told["works"]:
            content = deposited(marker, locked=locked)
            there = self.results.setdefault(id_, content)
            if there is content:
                receipts.append("deposited")
            else:
                receipts.append("already" if there.unlocked == content.unlocked else "conflict")

    def update(self, operation: Operation) -> None:
        if self.allowed(operation, [work[1] for work in operation.told["works"]], locked_refuses=True):
            for _, id_, fields in operation.told["works"]:
                self.results[id_] = self.results[id_]._replace(**fields)

    def delete(self, operation: Operation) -> None:
        if self.allowed(operation, operation.told["ids"], locked_refuses=True):
            for id_ in operation.told["ids"]:
                del self.results[id_]

    def lock(self, operation: Operation) -> None:
        if self.allowed(operation, operation.told["ids"], locked_refuses=False):
            for id_ in operation.told["ids"]:
                self.results[id_] = self.results[id_]._replace(locked=operation.kind == "lock")

    unlock = lock

    def allowed(self, operation: Operation, ids: list[str], *, locked_refuses: bool) -> bool:
        refusals = [[P, id_, "missing"] for id_ in ids if id_ not in self.results]
        refusals += [
            [P, id_, "locked"] for id_ in ids if locked_refuses and id_ in self.results and self.results[id_].locked
        ]
        operation.told["refused"] = refusals
        if not refusals:
            self.made.append([operation.name, METHODS.get(operation.kind, operation.kind), P, ids])
        return not refusals

    def read(self, operation: Operation) -> None:
        ids = operation.told["ids"]
        operation.told["found"] = {id_: list(self.results[id_]) for id_ in ids if id_ in self.results}

    def stream(self, operation: Operation, ids: tuple[str, ...] = IDS[1:]) -> None:
        found = operation.told.setdefault("found", [])
        found += [[id_, *self.results[id_]] for id_ in sorted(ids, reverse=True) if id_ in self.results]

    def count(self, operation: Operation) -> None:
        operation.told["count"] = len(self.results)

    def locked_count(self, operation: Operation) -> None:
        operation.told["count"] = sum(result.locked for result in self.results.values())


def named(call: Call, marker: str) -> dict[str, Any]:
    """The arguments of a call."""
    if call.kind == "deposit":  # the same content again and again
        return {"works": [[P, id_, f"{id_}{call.lot // 2}", call.lot == 1] for id_ in call.ids], "tries": 1}
    if call.kind == "update":
        return {"works": [[P, id_, {"a": marker}] for id_ in call.ids]}
    return {"pipeline": P, **({} if call.kind in ("stream", "count", "locked_count") else {"ids": list(call.ids)})}


def answer(operation: Operation) -> None:
    """Tell the client what became of its call."""
    if operation.kind == "deposit":
        operation.told["answers"] = operation.told.pop("receipts", ["failed"] * len(operation.told["works"]))
    elif refusals := operation.told.pop("refused", None):
        operation.outcome = "refused"
        operation.told["refusals"] = refusals


@pytest.mark.slow
@settings(max_examples=300, derandomize=True)
@given(st.lists(calls, max_size=30), st.booleans())
def test_a_correct_store_is_accepted(drawn: list[Call], recorded: bool) -> None:
    assert check(Store(drawn, recorded=recorded).operations) == []


@pytest.mark.slow
@settings(max_examples=50, derandomize=True)
@given(st.lists(calls, min_size=5, max_size=30), st.data())
def test_a_result_that_is_another_one_in_the_end_is_found(drawn: list[Call], data: st.DataObject) -> None:
    store = Store(drawn)
    end = store.operations[-2].told["found"]
    assume(end)
    data.draw(st.sampled_from(end))[1] = "nobody's"
    assert check(store.operations)


@pytest.mark.slow
@settings(max_examples=50, derandomize=True)
@given(st.lists(calls, min_size=5, max_size=30), st.data())
def test_an_answer_of_another_result_is_found(drawn: list[Call], data: st.DataObject) -> None:
    store = Store(drawn)
    reads = [each for each in store.operations if each.kind == "read" and each.told["found"]]
    assume(reads)
    read = data.draw(st.sampled_from(reads))
    read.told["found"] = {id_: ["nobody's"] for id_ in read.told["found"]}
    assert check(store.operations)

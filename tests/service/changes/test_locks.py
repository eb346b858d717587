"""Eight processes lock, unlock, update, delete and deposit the same results: some order must explain what they saw.

Each call is all or nothing, so there must be an order of all calls, each between the moments when it was begun and
answered, that gives each the answer that it got, and at the end the documents that are stored. A locked result that
was changed, a call that was half done, and a lock and an unlock that each did a half of theirs leave none.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import multiprocessing
import os
import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

from tests.support.waiting import PATIENCE, join
from workflow_results import (
    DeadlineExceededError,
    LockedError,
    NotFoundError,
    Outcome,
    Results,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from threading import Barrier

SECONDS = float(os.environ.get("WORKFLOW_RESULTS_LOCKS_SECONDS", "6"))
PROCESSES = 8
LEAST_CALLS = 100
"""Of each process, however slow the machine is: enough that every kind of call is accepted as well as refused."""
FAMILIES = [tuple(f"{family}-{number:02}" for number in range(20)) for family in range(5)]
"""Calls name ids of one family, so that each family has a history of its own, which is quicker to explain."""

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


def now() -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC)  # the same in all processes


class Client:
    """Makes random calls and writes down what it sees."""

    def __init__(self, results: Results, pipeline: str, name: str) -> None:
        self.results = results
        self.pipeline = pipeline
        self.random = random.Random(name)
        self.tokens = (f"{name}/{number}" for number in itertools.count())
        self.calls: list[Call] = []
        self.deleted: tuple[str, ...] = ()

    def make_calls(self) -> None:
        family = self.random.choice(FAMILIES)
        if self.random.random() < 0.6:  # meet the others there
            family = FAMILIES[int(now() * 2) % len(FAMILIES)]
        name = self.random.choice(("lock", "unlock", "update", "update", "delete_ids", "deposit"))
        most = 2 if name in ("delete_ids", "deposit") else len(family)
        ids = tuple(self.random.sample(family, self.random.choice((1, 2, 5, most)) if most > 2 else most))
        if name == "deposit":
            self.deposit(self.deleted or ids)
            self.deleted = ()
        elif self.change(name, ids):
            self.read(self.random.choice(ids))  # so that it is soon known what went before what
            if name == "delete_ids":
                self.deleted = tuple(dict.fromkeys(self.deleted + ids))

    def change(self, name: str, ids: tuple[str, ...]) -> bool:
        """Make an all-or-nothing call; returns whether the results were changed."""
        began, token = now(), next(self.tokens)
        refused: frozenset[tuple[str, bool]] | None = frozenset()
        ended = math.inf
        try:
            if name == "update":
                fields = self.random.choice(({}, {"results": {"token": token}}, {"results": {"locked": False}}))
                self.results.update([{"pipeline": self.pipeline, "id": id_, "token": token, **fields} for id_ in ids])
            elif name == "unlock":
                self.results.unlock(self.pipeline, list(ids), force=True)
            else:
                getattr(self.results, name)(self.pipeline, list(ids))
            ended = now()
        except (LockedError, NotFoundError) as error:
            ended = now()
            refused = frozenset((refusal.id, refusal.locked) for refusal in error.refusals)
        except (ServiceUnavailableError, DeadlineExceededError) as error:
            if not error.outcome_unknown:
                return False
            refused = None
        self.calls.append(Call(name, ids, began, ended, token, refused=refused))
        return refused == frozenset()

    def deposit(self, ids: tuple[str, ...]) -> None:
        began, token = now(), next(self.tokens)
        works = [{"pipeline": self.pipeline, "id": id_, "status": "success", "token": token} for id_ in ids]
        try:
            receipts = self.results.deposit_receipts(works)
        except (ServiceUnavailableError, DeadlineExceededError):
            self.calls += [Call("deposit", (id_,), began, math.inf, token, refused=None) for id_ in ids]
            return
        ended = now()
        for receipt in receipts:  # of works that are each on their own
            refused = frozenset({(receipt.id, False)} if receipt.outcome is Outcome.CONFLICT else ())
            self.calls.append(Call("deposit", (receipt.id,), began, ended, token, refused=refused))

    def read(self, id_: str) -> None:
        began = now()
        found = self.results.get_by_id(self.pipeline, [id_])
        self.calls.append(seen(id_, found[0] if found else {}, began, now()))


def seen(id_: str, document: dict[str, Any], began: float, ended: float) -> Call:
    locked = (document.get("results") or {}).get("locked") is True
    return Call("read", (id_,), began, ended, document.get("token", ""), locked)


def run_client(target: str, pipeline: str, name: str, begin: Barrier, answer: Connection) -> None:
    """Make calls in a process of its own."""
    with Results(target, strict=True) as results:
        client = Client(results, pipeline, name)
        results.status()
        begin.wait(PATIENCE)
        end = now() + SECONDS
        while now() < end or len(client.calls) < LEAST_CALLS:
            client.make_calls()
    answer.send(client.calls)


@contextlib.contextmanager
def running_clients(target: str, pipeline: str) -> Iterator[list[Connection]]:
    spawn = multiprocessing.get_context("spawn")
    begin = spawn.Barrier(PROCESSES)
    pipes = [spawn.Pipe(duplex=False) for _ in range(PROCESSES)]
    processes = [
        spawn.Process(target=run_client, args=(target, pipeline, f"client {number}", begin, answer))
        for number, (_, answer) in enumerate(pipes)
    ]
    try:
        for process, (_, answer) in zip(processes, pipes, strict=True):
            process.start()
            answer.close()  # so that the end of the process ends the pipe
        yield [pipe for pipe, _ in pipes]
    finally:
        for process in processes:
            process.kill()
            process.join(PATIENCE)


def received(client: Connection) -> list[Call]:
    assert client.poll(SECONDS + 2 * PATIENCE), "a client hangs"
    answer: list[Call] = client.recv()
    return answer


def deposit_all(results: Results, pipeline: str, ids: Sequence[str]) -> State:
    works = [{"pipeline": pipeline, "id": id_, "status": "success", "token": "start"} for id_ in ids]
    assert results.deposit(works) == {pipeline: True}
    return frozenset((id_, False, "start") for id_ in ids)


def test_some_order_explains_what_eight_processes_saw(results: Results, database: Any, pipeline: str) -> None:
    initial = deposit_all(results, pipeline, [id_ for family in FAMILIES for id_ in family])
    with running_clients(results.baseurl, pipeline) as clients:
        calls: list[Call] = [call for client in clients for call in received(client)]

    failed = [call for call in calls if call.ended == math.inf]
    assert len(failed) <= len(calls) / 100, Counter(call.name for call in failed)
    answers = Counter((call.name, bool(call.refused)) for call in calls if call.name != "read")
    assert len(answers) == 10, "every kind of call must have been both accepted and refused"

    stored = {document["id"]: document for document in database[pipeline].find()}
    calls += [seen(id_, stored.get(id_, {}), now(), now()) for family in FAMILIES for id_ in family]
    for family in FAMILIES:
        state = frozenset(result for result in initial if result[0] in family)
        assert unexplained(state, [call for call in calls if call.ids[0] in family]) is None


def test_lock_and_unlock_at_once_leave_no_mixture(results: Results, pipeline: str) -> None:
    """Each finds one of both results as it wants it, and would change only the other one."""
    ids = ["a", "b"]
    deposit_all(results, pipeline, ids)
    end = now() + min(SECONDS / 3, 5)
    while now() < end:
        assert results.lock(pipeline, ["a"])
        assert results.unlock(pipeline, ["b"], force=True)
        begin = threading.Barrier(2, timeout=PATIENCE)
        other = threading.Thread(target=lambda: begin.wait() or results.unlock(pipeline, ids, force=True))  # noqa: B023
        other.start()
        begin.wait()
        assert results.lock(pipeline, ids)
        join(other)
        assert results.get_locked_count(pipeline) in (0, 2)


START: State = frozenset({("a", False, "start"), ("b", False, "start")})
BOTH = ("a", "b")
LOCKED_A = Call("lock", ("a",), 1, 2)
BOTH_LOCKED = frozenset({("a", True), ("b", True)})


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param([LOCKED_A, Call("update", ("a",), 3, 4, "x")], id="update of a locked result"),
        pytest.param([LOCKED_A, Call("delete_ids", BOTH, 3, 4)], id="delete of a locked result"),
        pytest.param(
            [
                LOCKED_A,
                Call("update", ("a",), 3, 4, "x", refused=frozenset({("a", True)})),
                Call("read", ("a",), 5, 6, "x", True),
            ],
            id="refused update that was done",
        ),
        pytest.param([Call("update", BOTH, 1, 2, "x"), Call("read", ("b",), 3, 4, "start")], id="half of an update"),
        pytest.param(
            [LOCKED_A, Call("update", BOTH, 3, 4, "x", refused=BOTH_LOCKED)], id="refusal of what is not locked"
        ),
        pytest.param(
            [LOCKED_A, Call("unlock", ("a",), 5, 6), Call("update", ("a",), 3, 4, "x")], id="unlock that came late"
        ),
        pytest.param(
            [
                Call("update", BOTH, 1, 4, "x", refused=None),
                Call("read", ("a",), 5, 6, "x"),
                Call("read", ("b",), 7, 8, "start"),
            ],
            id="half of an update whose outcome is unknown",
        ),
        pytest.param(
            [
                LOCKED_A,
                Call("lock", BOTH, 3, 6),
                Call("unlock", BOTH, 4, 5),
                Call("read", ("a",), 7, 8, "start", locked=False),
                Call("read", ("b",), 7, 8, "start", locked=True),
            ],
            id="lock and unlock that each did the other half",
        ),
        pytest.param([Call("delete_ids", ("a",), 1, 2), Call("deposit", ("b",), 3, 4, "x")], id="deposit over another"),
        pytest.param([Call("lock", ("c",), 1, 2)], id="lock of what is missing"),
    ],
)
def test_no_order_explains_a_wrong_history(calls: list[Call]) -> None:
    assert unexplained(START, calls) is not None


def test_an_order_explains_a_right_history() -> None:
    refused = frozenset({("a", True)})
    calls = [
        Call("lock", ("a",), 1, 4),
        Call("update", BOTH, 2, 6, "x"),  # went before the lock, although it was answered later
        Call("update", BOTH, 5, 7, "y", refused=refused),
        Call("unlock", BOTH, 8, 20),
        Call("update", ("a",), 9, math.inf, "z", refused=None),  # failed, and was done all the same
        Call("read", ("a",), 10, 11, "z"),
        Call("delete_ids", ("a",), 12, 13),
        Call("deposit", ("a",), 14, 15, "w"),
        Call("deposit", ("b",), 14, 15, "w", refused=frozenset({("b", False)})),
        Call("update", ("b",), 16, math.inf, "v", refused=None),  # failed, and was never done
        Call("read", ("a",), 30, 31, "w"),
        Call("read", ("b",), 30, 31, "x"),
    ]
    assert unexplained(START, calls) is None

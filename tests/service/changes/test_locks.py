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
from typing import TYPE_CHECKING, Any

from tests.support.linearizability import Call, State, unexplained
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

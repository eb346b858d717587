"""Endurance of deposits: depositors that are faster than MongoDB, while others read."""

from __future__ import annotations

import time
from array import array
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.system.endurance.tools import (
    DATABASE,
    DIFFERENT_WORKS,
    MIB,
    Bench,
    Client,
    Memory,
    Talk,
    id_of,
    latencies,
    told,
)
from workflow_results import Results, ResultsError
from workflow_results.samples import sample_works

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from workflow_results import Receipt

_PIPELINE: Final = "overload"
_KNOWN: Final = 100
_KNOWN_EVENT: Final = 1
_DEPOSITORS: Final = 4
_IDS_EACH: Final = 100_000_000
"""Where the numbers of the works of the next depositor begin."""
_WARM_UP: Final = 1_000
_GROWTH_BYTES: Final = 256 * MIB
_READ_SECONDS: Final = 0.1
_START_SECONDS: Final = 1.0
_FAILURES_TOLD: Final = 3
_FAILURE_CHARACTERS: Final = 200


class Deposited(NamedTuple):
    """What a depositor tells in the end."""

    fed: int
    acknowledged: array[int]
    """The numbers of the works that were said to be stored."""
    seconds: array[float]
    """The time of each work from its `deposit` to its receipt."""
    blocked: float
    """The share of the time that was spent in `deposit`, encoding included."""
    failures: list[str]


class Looked(NamedTuple):
    """What a reader tells in the end."""

    look_ups: list[float]
    """Seconds of each `get_by_id`."""
    counts: list[float]
    """Seconds of each `count`."""
    failures: list[str]


def overload(bench: Bench) -> None:
    """Check that memory stays bounded, nothing is lost and others are answered when too much is deposited."""
    target, seconds = bench.service.target, bench.sizes.overload_seconds
    known = [{**work, "event": [_KNOWN_EVENT], "pipeline": _PIPELINE} for work in sample_works(_KNOWN)]
    with bench.service.mongo() as mongo, Results(target) as results:
        mongo[DATABASE][_PIPELINE].drop()
        results.deposit(known)
    with ExitStack() as stack:
        depositors = [stack.enter_context(Client(_depositor, target, each, seconds)) for each in range(_DEPOSITORS)]
        reader = stack.enter_context(Client(_reader, target, [work["id"] for work in known[:10]]))
        for client in (*depositors, reader):
            client.hear("warm")
        server = stack.enter_context(Memory(bench.service.server_memory))
        clients = [stack.enter_context(Memory(each.memory)) for each in depositors]
        with bench.console.status(f"overload: {_DEPOSITORS} depositors for {seconds:g} s"):
            for client in (*depositors, reader):
                client.say("go")
            began = time.monotonic()
            deposited: list[Deposited] = [each.hear("end") for each in depositors]
            took = time.monotonic() - began
            reader.say("stop")
            looked: Looked = reader.hear("end")
    bench.bounded("the server", server, _GROWTH_BYTES)
    bench.bounded(
        f"of {_DEPOSITORS} depositors the greediest", max(clients, key=lambda each: each.growth), _GROWTH_BYTES
    )
    _tell_of_deposits(bench, deposited, took)
    _tell_of_reads(bench, looked)


def _tell_of_deposits(bench: Bench, deposited: list[Deposited], took: float) -> None:
    fed = sum(each.fed for each in deposited)
    acknowledged = {id_of(_number(client, each)) for client, one in enumerate(deposited) for each in one.acknowledged}
    failures = [failure for each in deposited for failure in each.failures]
    with bench.service.mongo() as mongo, bench.console.status("overload: comparing ids with MongoDB"):
        collection = mongo[DATABASE][_PIPELINE]
        stored = {document["_id"] for document in collection.find({}, {"_id": 1}, batch_size=100_000)}
    lost = acknowledged - stored
    count = sum(len(each.acknowledged) for each in deposited)
    bench.fact(
        not lost and len(acknowledged) == count,
        f"of {count:,} acknowledged works {len(lost):,} are not in MongoDB ({count / took:,.0f} works a second)",
        acknowledged=count,
        lost=len(lost),
        stored=len(stored),
        seconds=took,
    )
    blocked = max(each.blocked for each in deposited)
    told_failures = f": {'; '.join(failures[:_FAILURES_TOLD])}" if failures else ""
    bench.fact(
        not failures and count == fed,
        f"of {fed:,} works {fed - count:,} were not acknowledged{told_failures}; of the time, up to {blocked:.0%}"
        " were spent in deposit()",
        fed=fed,
        failures=len(failures),
        blocked=[each.blocked for each in deposited],
    )
    figures = latencies([seconds for each in deposited for seconds in each.seconds])
    bench.fact(count > 0, f"a work was acknowledged after {told(figures)}", **figures)


def _tell_of_reads(bench: Bench, looked: Looked) -> None:
    number = len(looked.look_ups) + len(looked.counts)
    failures = f"; but {looked.failures[0][:_FAILURE_CHARACTERS]}" if looked.failures else ""
    by_id, count = latencies(looked.look_ups), latencies(looked.counts)
    bench.fact(
        number > 0 and not looked.failures,
        f"{number:,} reads of another were answered rightly, {len(looked.failures):,} were not: get_by_id"
        f" {told(by_id)}; count {told(count)}{failures}",
        get_by_id=by_id,
        count=count,
        failures=len(looked.failures),
    )


def _number(client: int, work: int) -> int:
    return (1 + client) * _IDS_EACH + work


def _depositor(talk: Talk, target: str, client: int, seconds: float) -> None:
    """Deposit works as fast as possible."""
    works = [{**work, "pipeline": _PIPELINE} for work in sample_works(DIFFERENT_WORKS, seed=client)]
    acknowledged, times, failures = array("L"), array("d"), list[str]()

    def done(number: int, since: float, future: Future[Receipt]) -> None:
        times.append(time.perf_counter() - since)
        if error := future.exception():
            failures.append(f"{type(error).__name__}: {error}")
        elif future.result().stored:
            acknowledged.append(number)
        else:
            failures.append(str(future.result()))

    with Results(target) as results:
        results.deposit([{**work, "pipeline": f"warm-{client}"} for work in works[:_WARM_UP]])
        talk.say("warm")
        talk.hear("go")
        fed, blocked, began = 0, 0.0, time.perf_counter()
        try:
            with results.depositor() as depositor:
                while (since := time.perf_counter()) - began < seconds:
                    work = {**works[fed % len(works)], "id": id_of(_number(client, fed))}
                    future = depositor.deposit(work)
                    blocked += time.perf_counter() - since
                    future.add_done_callback(partial(done, fed, since))
                    fed += 1
                blocked /= time.perf_counter() - began
        except ResultsError as error:
            failures.append(f"the depositor raised {type(error).__name__}: {error}")
    talk.say("end", Deposited(fed, acknowledged, times, blocked, failures))


def _reader(talk: Talk, target: str, ids: list[str]) -> None:
    """Look up known results and count them, again and again, until told to stop."""
    looked = Looked([], [], [])
    with Results(target) as results:

        def look() -> None:
            by_id = partial(results.get_by_id, _PIPELINE, ids)
            _timed(looked.look_ups, looked.failures, lambda: sorted(each["id"] for each in by_id()), sorted(ids))
            count = partial(results.count, _PIPELINE, {"event": _KNOWN_EVENT})
            _timed(looked.counts, looked.failures, count, _KNOWN)

        look()
        looked.look_ups.clear()
        looked.counts.clear()
        talk.say("warm")
        talk.hear("go")
        while not talk.has_news(_READ_SECONDS):
            look()
    talk.say("end", looked)


def _timed(seconds: list[float], failures: list[str], ask: Callable[[], Any], right: Any) -> None:
    since = time.perf_counter()
    try:
        answer = ask()
    except ResultsError as error:
        failures.append(f"{type(error).__name__}: {error}")
        return
    if answer == right:
        seconds.append(time.perf_counter() - since)
    else:
        failures.append(f"{answer} came instead of {right}")

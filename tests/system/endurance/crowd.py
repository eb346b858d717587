"""Endurance in a crowd: many idle connections and slow readers must not be felt by others."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from tests.system.endurance.tools import Bench, Client, Memory, Talk, latencies, mib, told
from workflow_results import Results, ResultsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROCESSES: Final = 4
_CALLERS: Final = 4
_CALL_SECONDS: Final = 0.02
"""The pause between two calls of a caller: they measure, and are no load."""
_RESULT_SECONDS: Final = 0.1
"""How long a slow reader takes for a result."""
_RATIO: Final = 3.0
_READ_SHARE: Final = 0.5
"""How many results slow readers must get, of as many as they would take."""
_SERVER_BYTES: Final = 1 << 30
_FIRST_SECONDS: Final = 60.0
"""How long all slow readers may wait for their first results."""
_EVENTS: Final = 50
_FAILURE_CHARACTERS: Final = 300


class _Measured(NamedTuple):
    """What the callers saw.

    Attributes:
        seconds: How long each call took.
        failures: What went wrong.
    """

    seconds: list[float]
    failures: list[str]


def crowd(bench: Bench) -> None:
    """Check that counts are as fast as ever beside a crowd of idle connections and slow readers."""
    sizes, target = bench.sizes, bench.service.target
    pipeline = bench.filled(sizes.reader_results)
    with ExitStack() as stack:
        callers = stack.enter_context(Client(_callers, target, pipeline))
        callers.hear("warm")
        with bench.console.status(f"crowd: measuring alone for {sizes.alone_seconds:g} s"):
            alone = _measured(callers, sizes.alone_seconds)
        server = stack.enter_context(Memory(bench.service.server_memory))
        idle = [stack.enter_context(Client(_idle, target, sizes.idle // _PROCESSES)) for _ in range(_PROCESSES)]
        slow = [
            stack.enter_context(Client(_slow_readers, target, pipeline, sizes.slow_readers // _PROCESSES))
            for _ in range(_PROCESSES)
        ]
        with bench.console.status("crowd: connecting"):
            for client in (*idle, *slow):
                client.hear("there")
        with bench.console.status(f"crowd: measuring for {sizes.crowd_seconds:g} s"):
            beside = _measured(callers, sizes.crowd_seconds)
        callers.say("go", None)
        for client in (*idle, *slow):
            client.say("stop")
        held = [client.hear("end") for client in idle]
        reads = [client.hear("end") for client in slow]
    _tell(bench, alone, beside)
    connections, lost = (sum(each[place] for each in held) for place in (0, 1))
    failures = [failure for *_, each in held for failure in each]
    bench.fact(
        connections == sizes.idle and not lost and not failures,
        f"of {connections:,} idle connections, for {sizes.idle:,} clients, {lost:,} were lost{_but(failures)}",
        idle=connections,
        lost=lost,
        failures=len(failures),
    )
    failures = [failure for _, each in reads for failure in each]
    number = sum(count for count, _ in reads)
    least = int(_READ_SHARE * sizes.slow_readers * sizes.crowd_seconds / _RESULT_SECONDS)
    bench.fact(
        number >= least and not failures,
        f"{sizes.slow_readers} slow readers got {number:,} results, at least {least:,}, and {len(failures)} failed"
        f"{_but(failures)}",
        results=number,
        failures=len(failures),
    )
    bench.fact(
        server.most <= _SERVER_BYTES,
        f"the server had {mib(server.before)} before, {mib(server.most)} at most, no more than {mib(_SERVER_BYTES)}",
        **server.figures(),
    )


def _tell(bench: Bench, alone: _Measured, beside: _Measured) -> None:
    before, after = latencies(alone.seconds), latencies(beside.seconds)
    ratio = after["p99"] / before["p99"]
    failures = [*alone.failures, *beside.failures]
    bench.fact(
        ratio <= _RATIO and not failures,
        f"count takes {told(after)} ({len(beside.seconds):,} calls), alone {told(before)} ({len(alone.seconds):,}):"
        f" p99 is {ratio:.2f} times as long, at most {_RATIO:g}{_but(failures)}",
        alone=before,
        beside=after,
        ratio=ratio,
        failures=len(failures),
    )


def _measured(callers: Client, seconds: float) -> _Measured:
    callers.say("go", seconds)
    measured: _Measured = callers.hear("measured")
    return measured


def _but(failures: Sequence[str]) -> str:
    return f"; but {failures[0][:_FAILURE_CHARACTERS]}" if failures else ""


def _in_threads(number: int, work: Callable[[Results], None], target: str) -> list[str]:
    """Do some work in threads, each with a connection of its own; returns the failures."""

    def one(_: int) -> str:
        try:
            with Results(target) as results:
                work(results)
        except ResultsError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    with ThreadPoolExecutor(number) as pool:
        return [failure for failure in pool.map(one, range(number)) if failure]


def _callers(talk: Talk, target: str, pipeline: str) -> None:
    """Count, and measure how long that takes, whenever told to."""
    with Results(target) as results:
        expected = {event: results.count(pipeline, {"event": event}) for event in range(_EVENTS)}
    talk.say("warm")
    for seconds in iter(lambda: talk.hear("go"), None):
        taken: list[float] = []
        end = time.monotonic() + seconds

        def count(results: Results, end: float = end, taken: list[float] = taken) -> None:
            results.count(pipeline, {"event": 0})  # connects
            for event in itertools.cycle(expected):
                if time.monotonic() > end:
                    return
                since = time.perf_counter()
                found = results.count(pipeline, {"event": event})
                taken.append(time.perf_counter() - since)
                if found != expected[event]:
                    raise ResultsError(f"{found} came instead of {expected[event]}")
                time.sleep(_CALL_SECONDS)

        talk.say("measured", _Measured(taken, _in_threads(_CALLERS, count, target)))


def _idle(talk: Talk, target: str, number: int) -> None:
    """Hold connections that do nothing but pinging."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Results(target)) for _ in range(number)]
        for client in clients:
            client.info()
        before = _local_ports(target)
        talk.say("there")
        talk.hear("stop")
        failures = []
        for client in clients:
            try:
                client.info()
            except ResultsError as error:
                failures.append(f"{type(error).__name__}: {error}")
        lost = before - _local_ports(target)  # a client connects again without a word, and from another port
    talk.say("end", (len(before), len(lost), failures))


def _local_ports(target: str) -> set[int]:
    """Return where this process is connected to the target from."""
    port = int(target.rpartition(":")[2])
    return {
        each.laddr.port
        for each in psutil.net_connections("tcp")
        if each.pid == os.getpid() and each.status == psutil.CONN_ESTABLISHED
        if each.laddr and each.raddr and each.raddr.port == port
    }


def _slow_readers(talk: Talk, target: str, pipeline: str, readers: int) -> None:
    """Stream all results again and again, a few of them a second."""
    there, over = threading.Semaphore(0), threading.Event()
    seen = itertools.count()

    def read(results: Results) -> None:
        first = True
        while not over.is_set():
            stream = results.stream(pipeline, {})
            for _ in stream:
                next(seen)
                if first:
                    there.release()
                    first = False
                if over.wait(_RESULT_SECONDS):
                    break
            stream.close()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(partial(_in_threads, readers, read, target))
        end = time.monotonic() + _FIRST_SECONDS
        began = sum(there.acquire(timeout=max(0.0, end - time.monotonic())) for _ in range(readers))
        talk.say("there")
        talk.hear("stop")
        over.set()
        failures = reading.result()
    if began < readers:
        failures.append(f"{readers - began} readers had nothing after {_FIRST_SECONDS:g} s")
    talk.say("end", (next(seen), failures))

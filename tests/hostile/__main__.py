"""100,000 hostile requests against a real server: see docs/hostile-input.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from conftest import Service, work
from hostile import mongo_proxy
from hostile.attack import SLOW_SECONDS, Beats, Judge, beat, send
from hostile.cases import PIPELINE, Case, make, make_large
from raw_peer import HEALTH, Deaf
from workflow_results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

MIB: Final = 1 << 20
GROWTH_BYTES: Final = 32 * MIB
"""How much more memory the server may have at the end than after a fifth of the cases."""
_FAULT: Final = re.compile(r"Traceback|ERROR|CRITICAL|code=(INTERNAL|UNKNOWN)|MongoDB failed")
_OK_SHARE: Final = 0.1
"""How many of the answers must be OK: hostile requests that are all refused at the door test nothing behind it."""
_ASKED_SHARE: Final = 0.05
"""How many queries must reach MongoDB, for each case, beside those of the other caller."""
_STORED: Final = 300
_LARGE: Final = 20
_SHOWN: Final = 10
_PROCESSES: Final = multiprocessing.get_context("spawn")


def main() -> int:
    """Send the cases; gives the exit status."""
    parser = argparse.ArgumentParser(prog="make test-hostile", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**32))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="send a single case, and show its answer")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}, {arguments.cases:,} cases", flush=True)
    with _stand() as (service, proxy):
        if arguments.only is not None:
            return _single(service.target, arguments.seed, arguments.only)
        return _all(service, proxy, arguments.seed, arguments.cases)


@contextlib.contextmanager
def _stand() -> Iterator[tuple[Service, Connection]]:
    """A server whose way to MongoDB leads through the proxy; a second one, with nothing to do, keeps that MongoDB."""
    with tempfile.TemporaryDirectory(prefix="workflow-results-hostile-") as name:
        data = Path(name) / "data"
        idle = Service("--data-dir", str(data), log=Path(name) / "idle.log")
        try:
            port, password = ((data / each).read_text().strip() for each in ("port", "password"))
            with _process(mongo_proxy.run, int(port)) as proxy:
                uri = f"mongodb://results:{password}@127.0.0.1:{proxy.recv()}/?directConnection=true&authSource=admin"
                os.environ["WORKFLOW_RESULTS_SERVE_MONGO_URI"] = uri
                service = Service("--log-level", "info", "--drain-seconds", "5", log=Path(name) / "log")
                watcher = Deaf(service.target, f"{HEALTH}/Watch")  # which must hold up neither others nor the end
                try:
                    yield service, proxy
                finally:
                    service.stop()
                    watcher.close()
                    proxy.send("stop")
        finally:
            idle.stop()


@contextlib.contextmanager
def _process(function: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    here, there = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=function, args=(there, *arguments), daemon=True)
    process.start()
    try:
        yield here
    finally:
        process.join(30)
        process.kill()


def _fill(target: str) -> None:
    fields: list[dict[str, Any]] = [
        {"a": 1},
        {"a": [1, 2, {"b": 1}]},
        {"b": None},
        {"t": "a" * 30 + "!"},
        {"n": 2.5, "results": {"x": 1}},
    ]
    with Results(target) as results:
        results.deposit([work(PIPELINE, f"w{number}", **fields[number % 5]) for number in range(_STORED)])


def _single(target: str, seed: int, number: int) -> int:
    _fill(target)
    case, judge = make(seed, number) if number >= 0 else make_large(seed, -1 - number), Judge()
    asyncio.run(send(target, [case], judge))
    print(case, dict(judge.codes), *(told for _, told in judge.wrong), sep="\n")
    return bool(judge.wrong)


def _all(service: Service, proxy: Connection, seed: int, number: int) -> int:
    _fill(service.target)
    server = psutil.Process(service.process.pid)
    judge, large = Judge(), Judge()
    memory: list[int] = []
    began = time.monotonic()

    def cases() -> Iterator[Case]:
        for each in range(number):
            if each % max(1, number // 20) == 0:
                memory.append(server.memory_info().rss)
                print(f"{each:,} cases, {time.monotonic() - began:.0f} s, {memory[-1] / MIB:.0f} MiB", flush=True)
            yield make(seed, each)

    with _beating(service.target, counts=True) as beside:
        asyncio.run(send(service.target, cases(), judge))
    memory.append(server.memory_info().rss)
    with _beating(service.target, counts=False) as beside_large:  # which our own look at large commands would hold up
        asyncio.run(send(service.target, (make_large(seed, each) for each in range(_LARGE)), large, in_flight=1))
    proxy.send("tell")
    commands, problems = proxy.recv()
    again = Judge()  # what is slow alone, too, is slow by itself
    asyncio.run(send(service.target, [case for case, _ in judge.slow], again, in_flight=1))
    fine = sum(count[True] for count in judge.kinds.values())
    asked = commands.get("find", 0) + commands.get("aggregate", 0) - beside.counts
    growth = memory[-1] - memory[len(memory) // 5]
    log = service.log.read_text().splitlines()
    print(f"took {time.monotonic() - began:.0f} s; MongoDB received {commands}")
    print("answers:", dict(judge.codes.most_common()))
    print("answered OK:", {kind: f"{count[True] / count.total():.0%}" for kind, count in sorted(judge.kinds.items())})
    print(f"then {_LARGE} large ones: {dict(large.codes)}; the server had {server.memory_info().rss / MIB:.0f} MiB")
    facts: dict[str, list[Any]] = {
        f"{fine:,} of {number:,} answers were OK, at least {_OK_SHARE:.0%}": (
            [dict(judge.codes)] if fine < number * _OK_SHARE else []
        ),
        f"{asked:,} queries reached MongoDB, at least {_ASKED_SHARE:.0%} of the cases": (
            [commands] if asked < number * _ASKED_SHARE else []
        ),
        f"{sum(commands.values()):,} commands reached MongoDB, {len(problems)} with what is not on the lists": problems,
        f"{len(judge.wrong + large.wrong)} of {judge.codes.total() + _LARGE:,} answers were not as documented": [
            *judge.wrong,
            *large.wrong,
        ],
        f"beside them {beside}": beside.against(),
        f"beside the large ones {beside_large}": beside_large.against(),
        f"{len(judge.slow)} cases took over {SLOW_SECONDS:g} s, {len(again.slow)} also alone": again.slow,
        f"memory grew by {growth / MIB:.1f} MiB after a fifth of the cases, to {memory[-1] / MIB:.0f} MiB": (
            [memory] if growth > GROWTH_BYTES else []
        ),
        "no fault of its own in the log of the server": [line for line in log if _FAULT.search(line)],
    }
    for fact, against in facts.items():
        print(f"{'FAIL' if against else 'PASS'}  {fact}")
        for each in against[:_SHOWN]:
            print("     ", *(each if isinstance(each, tuple) else (each,)))
    return any(facts.values())


@contextlib.contextmanager
def _beating(target: str, *, counts: bool) -> Iterator[Beats]:
    """Let another call meanwhile, and count, too; what it saw is there at the end."""
    beats = Beats()
    with _process(beat, target, counts) as heart:
        heart.recv()
        try:
            yield beats
        finally:
            heart.send("stop")
            beats.take(*heart.recv())


if __name__ == "__main__":
    sys.exit(main())

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
from hostile.attack import SLOW_SECONDS, Judge, beat, send
from hostile.cases import PIPELINE, make
from workflow_results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

MIB: Final = 1 << 20
GROWTH_BYTES: Final = 32 * MIB
"""How much more memory the server may have at the end than after a fifth of the cases."""
_FAULT: Final = re.compile(r"Traceback|ERROR|CRITICAL|code=(INTERNAL|UNKNOWN)|MongoDB failed")
_STORED: Final = 300
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
                service = Service("--log-level", "info", log=Path(name) / "log")
                try:
                    yield service, proxy
                finally:
                    service.stop()
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
    case, judge = make(seed, number), Judge()
    asyncio.run(send(target, [case], judge))
    print(case, dict(judge.codes), *(told for _, told in judge.wrong), sep="\n")
    return bool(judge.wrong)


def _all(service: Service, proxy: Connection, seed: int, number: int) -> int:
    _fill(service.target)
    server = psutil.Process(service.process.pid)
    judge = Judge()
    memory: list[int] = []
    began = time.monotonic()

    def cases() -> Iterator[Any]:
        for each in range(number):
            if each % max(1, number // 20) == 0:
                memory.append(server.memory_info().rss)
                print(f"{each:,} cases, {time.monotonic() - began:.0f} s, {memory[-1] / MIB:.0f} MiB", flush=True)
            yield make(seed, each)

    with _process(beat, service.target) as heart:
        heart.recv()
        asyncio.run(send(service.target, cases(), judge))
        heart.send("stop")
        beats, slowest, overslept, failures = heart.recv()
    memory.append(server.memory_info().rss)
    proxy.send("tell")
    commands, problems = proxy.recv()
    held = _held_alone(service.target, judge)
    growth = memory[-1] - memory[len(memory) // 5]
    print(f"took {time.monotonic() - began:.0f} s; MongoDB received {commands}")
    print("answers:", dict(judge.codes.most_common()))
    print("answered OK:", {kind: f"{count[True] / count.total():.0%}" for kind, count in sorted(judge.kinds.items())})
    log = service.log.read_text().splitlines()
    facts: dict[str, list[Any]] = {
        f"{sum(commands.values()):,} commands reached MongoDB, {len(problems)} of them with what is not on the lists": (
            problems
        ),
        f"{len(judge.wrong)} of {judge.codes.total():,} answers were none of those that are documented": judge.wrong,
        f"{len(failures)} of {beats:,} calls of another failed": failures,
        f"the slowest of them took {slowest * 1000:.0f} ms (and its process overslept by {overslept * 1000:.0f} ms)": (
            [slowest] if slowest > SLOW_SECONDS else []
        ),
        f"{len(judge.slow)} cases took over {SLOW_SECONDS:g} s, {len(held)} of them also alone": held,
        f"memory grew by {growth / MIB:.1f} MiB after a fifth of the cases, to {memory[-1] / MIB:.0f} MiB": (
            [memory] if growth > GROWTH_BYTES else []
        ),
        "no fault of its own in the log of the server": [line for line in log if _FAULT.search(line)],
    }
    for fact, against in facts.items():
        print(f"{'FAIL' if against else 'PASS'}  {fact}")
        for each in list(against)[:_SHOWN]:
            print("     ", *(each if isinstance(each, tuple) else (each,)))
    return any(facts.values())


def _held_alone(target: str, judge: Judge) -> list[Any]:
    """Send the slow cases once more, one at a time: what is slow then is slow by itself."""
    again = Judge()
    asyncio.run(send(target, [case for case, _ in judge.slow], again, in_flight=1))
    return again.slow


if __name__ == "__main__":
    sys.exit(main())

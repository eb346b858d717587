"""Clients in processes of their own, which begin at the same moment."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bench.measure import Measured, expect
from bench.ways import Address, connect
from bench.works import Works
from workflow_results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from bench.cpu import Meter

_WARM_UP_SECONDS: Final = 60.0
THREADS: Final = 8
"""How many threads a process has that deposits works one by one."""
DEPOSITED: Final = 100
VIEWED: Final = 1_000
"""How many results a mixed load deposits with a call, and how many it reads with one."""


class Interval(NamedTuple):
    """When a client was at work, by the clock that all processes share, and what it has done.

    Attributes:
        began: When it began.
        ended: When it was done.
        number: How many works or results it has deposited or read.
        cpu: The processor time that it has spent, in seconds.
    """

    began: float
    ended: float
    number: int
    cpu: float


def together(
    prepare: Callable[..., Callable[[], int]], arguments: Sequence[tuple[Any, ...]], meter: Meter | None = None
) -> list[Interval]:
    """Run clients at the same time, each in a new process.

    Args:
        prepare: Connects a client and gives what it shall do, which returns how many works or results that were; a
            function that can be pickled.
        arguments: Of `prepare`, once for each process.
        meter: What measures the processor time of the services.

    Returns:
        What each client has done.

    Raises:
        RuntimeError: A client failed.
        EOFError: A client died.
    """
    context = multiprocessing.get_context("forkserver")  # from a process without threads, which imports once for all
    context.set_forkserver_preload(["bench.__main__"])
    pipes = [context.Pipe() for _ in arguments]
    processes = [
        context.Process(target=_run, args=(there, prepare, given), daemon=True)
        for (_, there), given in zip(pipes, arguments, strict=True)
    ]
    try:
        for process, (_, there) in zip(processes, pipes, strict=True):
            process.start()
            there.close()
        for here, _ in pipes:
            _answer(here)
        with meter or nullcontext():
            for here, _ in pipes:
                here.send("begin")
            return [_answer(here) for here, _ in pipes]
    finally:
        for process, (here, _) in zip(processes, pipes, strict=True):
            here.close()
            if process.pid is not None:
                process.kill()  # with its answer it has done all that it has to
                process.join()


def overall(intervals: Sequence[Interval], meter: Meter | None = None) -> Measured:
    """Return what clients have done from the first beginning to the last end.

    Args:
        intervals: When each was at work.
        meter: What has measured the processor time of the services meanwhile.
    """
    seconds = max(each.ended for each in intervals) - min(each.began for each in intervals)
    number = sum(each.number for each in intervals)
    cpu = meter.per(number)._replace(client=sum(each.cpu for each in intervals) / number) if meter else None
    return Measured(seconds, number, cpu)


def depositing_singly(address: Address, pipeline: str, encoded: list[bytes]) -> Callable[[], int]:
    """Prepare threads that deposit one work a call, each beginning with one that does not count."""
    way = connect(address)
    works = way.prepared(Works(encoded).decoded(pipeline))
    parts = [works[number::THREADS] for number in range(THREADS)]
    pool = ThreadPoolExecutor(THREADS)
    all_here = threading.Barrier(THREADS, timeout=_WARM_UP_SECONDS)

    def warm_up(part: list[dict[str, Any]]) -> None:
        way.deposit_one(pipeline, part[0])
        all_here.wait()  # so that each thread of the pool takes one part, and has its connection

    def deposit(part: list[dict[str, Any]]) -> int:
        for work in part[1:]:
            way.deposit_one(pipeline, work)
        return len(part) - 1

    def run() -> int:
        return sum(pool.map(deposit, parts))

    list(pool.map(warm_up, parts))
    return run


def mixing(target: str, pipeline: str, encoded: list[bytes], seconds: float) -> Callable[[], int]:
    """Prepare a client that deposits, views and streams until the time is over."""
    results = Results(target)
    works = Works(encoded).decoded(pipeline)
    results.view(pipeline, {}, limit=VIEWED)

    def run() -> int:
        began = time.perf_counter()
        number = 0
        while time.perf_counter() - began < seconds:
            for read in (results.view, results.stream):
                new = [{**work, "id": uuid.uuid4().hex} for work in works]
                expect(results.deposit(new), {pipeline: True})
                expect(sum(1 for _ in read(pipeline, {}, limit=VIEWED)), VIEWED)
                number += len(new) + VIEWED
        return number

    return run


def _run(connection: Connection, prepare: Callable[..., Callable[[], int]], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who has started this process
    try:
        run = prepare(*arguments)
        connection.send("ready")
        connection.recv()
        began, before = time.perf_counter(), time.process_time()
        number = run()
        ended, after = time.perf_counter(), time.process_time()
        connection.send(Interval(began, ended, number, after - before))
    except Exception as error:  # noqa: BLE001 - it belongs to who has started this process
        with suppress(BrokenPipeError):  # it has heard of another one that failed
            connection.send(RuntimeError(f"{type(error).__name__}: {error}"))


def _answer(connection: Connection) -> Any:
    answer = connection.recv()
    if isinstance(answer, Exception):
        raise answer
    return answer

"""What the endurance checks are made of: facts, data whose ids are known, processes of clients, watched memory."""

from __future__ import annotations

import math
import multiprocessing
import threading
import traceback
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psutil
from bson.raw_bson import RawBSONDocument

from workflow_results import Results
from workflow_results._encoding.documents import encode
from workflow_results.samples import sample_works

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from pymongo.collection import Collection
    from rich.console import Console
    from typing_extensions import Self

    from bench.service import Service

DATABASE: Final = "workflow_results"
DIFFERENT_WORKS: Final = 2_000
"""How many works are made; beyond them only the ids differ."""
MIB: Final = 1 << 20

_SAMPLE_SECONDS: Final = 0.1
_INSERT: Final = 1_000
_FIRST_ID: Final = 0x683B0000
_SPAWN: Final = multiprocessing.get_context("spawn")  # gRPC's threads do not survive a fork


@dataclass(frozen=True)
class Sizes:
    """How much is done.

    Attributes:
        results: The results of a long stream.
        pause_seconds: How long its reader pauses.
        readers: How many read at a time.
        reader_results: The results that each of them reads.
        overload_seconds: How long the depositors deposit.
        kills: How often the server is killed under a stream, and as often under a depositor.
        killed_results: The results of a stream under which the server is killed.
        killed_works: The works of a depositor under which the server is killed.
        outage_works: The works of a depositor under which the server is killed, and that is killed meanwhile.
        outage_seconds: How long the server is away.
        idle: The idle connections of a crowd.
        slow_readers: Its slow readers.
        crowd_seconds: How long it is there.
        alone_seconds: How long is measured without it.
    """

    results: int = 300_000
    pause_seconds: float = 60
    readers: int = 200
    reader_results: int = 20_000
    overload_seconds: float = 60
    kills: int = 10
    killed_results: int = 300_000
    killed_works: int = 20_000
    outage_works: int = 50_000
    outage_seconds: float = 20
    idle: int = 1_000
    slow_readers: int = 200
    crowd_seconds: float = 300
    alone_seconds: float = 60


QUICK: Final = Sizes(60_000, 10, 100, 4_000, 8, 2, 60_000, 20_000, crowd_seconds=60, alone_seconds=20)


@dataclass(frozen=True)
class Fact:
    """Something that was asserted.

    Attributes:
        check: The name of the check.
        passed: Whether it is so.
        told: What it is, with its figures.
        figures: The same for a program.
    """

    check: str
    passed: bool
    told: str
    figures: dict[str, Any]


@dataclass
class Bench:
    """What every check is given.

    Attributes:
        service: The service.
        sizes: How much to do.
        console: Where progress is shown.
        facts: What was asserted so far.
    """

    service: Service
    sizes: Sizes
    console: Console
    facts: list[Fact] = field(default_factory=list)
    _check: str = ""

    def begin(self, check: str) -> None:
        """Begin a check, on a server whose memory no other check has stretched."""
        self._check = check
        if self.service.server.poll() is None:
            self.service.server.terminate()
            self.service.server.wait(60)
        self.service.start()

    def fact(self, passed: bool, told: str, **figures: Any) -> None:
        """Return whether something is so."""
        self.facts.append(Fact(self._check, passed, told, figures))
        print(f"{'PASS' if passed else 'FAIL'}  {self._check:9} {told}", flush=True)

    def bounded(self, what: str, memory: Memory, most: int) -> None:
        """Return whether memory has grown by less than some bytes."""
        told = f"{what} grew by {mib(memory.growth)}, less than {mib(most)}: from {mib(memory.before)} to"
        self.fact(memory.growth < most, f"{told} {mib(memory.most)}, {memory.samples:,} samples", **memory.figures())

    def filled(self, number: int) -> str:
        """Return the pipeline of that many results, with the ids `id_of(0)` and up, which is filled once."""
        pipeline = f"filled-{number}"
        with self.service.mongo() as mongo:
            collection = mongo[DATABASE][pipeline]
            if collection.estimated_document_count() != number:
                with self.console.status(f"{self._check}: storing {number:,} results"):
                    self._fill(collection, number)
        return pipeline

    def _fill(self, collection: Collection[dict[str, Any]], number: int) -> None:
        collection.drop()
        with Results(self.service.target) as results:
            first = next(sample_works(1))
            results.deposit([{**first, "id": id_of(0), "pipeline": collection.name}])  # creates the indexes, too
        name = id_of(number)
        templates = [
            encode({"_id": name, **work, "id": name, "pipeline": collection.name}, "work")
            for work in sample_works(DIFFERENT_WORKS)
        ]
        for start in range(1, number, _INSERT):
            numbers = range(start, min(start + _INSERT, number))
            stored = (templates[each % len(templates)].replace(name.encode(), id_of(each).encode()) for each in numbers)
            collection.insert_many([RawBSONDocument(each) for each in stored], ordered=False)

    def to_json(self) -> list[dict[str, Any]]:
        """Return the facts as JSON has them."""
        return [asdict(fact) for fact in self.facts]


def id_of(number: int) -> str:
    """Return an id in hexadecimal digits, unique and growing with the number, which must be below 2,000,000,000."""
    return f"{_FIRST_ID + number:08x}5eed0e57ed{number & 0xFFFFFF:06x}"


def mib(size: int) -> str:
    """Write a number of bytes."""
    return f"{size / MIB:,.0f} MiB"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not exceeded by a share of all; NaN if there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """Return the figures of latencies, in milliseconds."""
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(1000 * percentile(seconds, share), 1) for name, share in shares.items()}


def told(figures: dict[str, float]) -> str:
    """Write what `latencies` gives."""
    return ", ".join(f"{name} {value:,.1f} ms" for name, value in figures.items())


class Expected:
    """Compares a stream with what must come: each result of `Bench.filled` once, in descending order of id.

    Args:
        number: How many must come.

    Attributes:
        seen: How many came.
    """

    def __init__(self, number: int) -> None:
        self.seen = 0
        self._number = number
        self._wrong = ""

    def see(self, result: dict[str, Any]) -> None:
        """Take the next result."""
        right = id_of(self._number - 1 - self.seen)
        if result["id"] != right and not self._wrong:
            self._wrong = f"result {self.seen:,} is {result['id']}, not {right}"
        self.seen += 1

    def mistake(self) -> str:
        """Say what was wrong once all came; empty if nothing was."""
        if not self._wrong and self.seen != self._number:
            return f"{self.seen:,} of {self._number:,} results came"
        return self._wrong


class Memory(threading.Thread):
    """Watches how many bytes something has, from now to the end of the `with` block.

    Args:
        gauge: Gives the bytes.

    Attributes:
        before: The bytes now.
        most: The most bytes that were seen.
        samples: How often it was looked.
    """

    def __init__(self, gauge: Callable[[], int]) -> None:
        super().__init__(daemon=True)
        self.before = self.most = gauge()
        self.samples = 1
        self._gauge = gauge
        self._over = threading.Event()

    @property
    def growth(self) -> int:
        """By how many bytes it has grown."""
        return self.most - self.before

    def figures(self) -> dict[str, int]:
        """Return what was seen."""
        return {"before": self.before, "most": self.most, "growth": self.growth, "samples": self.samples}

    def run(self) -> None:
        """Look, until it is over or there is nothing any more."""
        try:
            while not self._over.wait(_SAMPLE_SECONDS):
                self.most = max(self.most, self._gauge())
                self.samples += 1
        except psutil.NoSuchProcess:
            return

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()


class ClientError(Exception):
    """A process of a client failed; the message is its traceback."""


class Talk:
    """One end of the pipe between a check and a process of it.

    Args:
        pipe: That end.
    """

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe = pipe

    def say(self, stage: str, value: Any = None) -> None:
        """Tell the other end how far one is."""
        self._pipe.send((stage, value))

    def hear(self, stage: str) -> Any:
        """Wait until the other end is that far, and return what it says.

        Raises:
            ClientError: It failed.
        """
        try:
            heard, value = self._pipe.recv()
        except EOFError:
            raise ClientError("a process died") from None
        if heard != stage:
            raise ClientError(f"{heard}: {value}")
        return value

    def has_news(self, seconds: float) -> bool:
        """Wait so long for the other end to say something; returns whether it did."""
        return self._pipe.poll(seconds)


class Client(Talk):
    """A process of a client, which ends with the `with` block.

    Args:
        function: What it does: is given its end of the pipe and the arguments.
        arguments: These.
    """

    def __init__(self, function: Callable[..., None], *arguments: Any) -> None:
        here, there = _SPAWN.Pipe()
        super().__init__(here)
        self._process = _SPAWN.Process(target=_run, args=(function, there, *arguments), daemon=True)
        self._process.start()
        there.close()
        self._seen = psutil.Process(self._process.pid)

    def memory(self) -> int:
        """Return its resident bytes."""
        return int(self._seen.memory_info().rss)

    def kill(self) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        if failed:
            self._process.kill()
        self._process.join()


def _run(function: Callable[..., None], pipe: Connection[Any, Any], *arguments: Any) -> None:
    talk = Talk(pipe)
    try:
        function(talk, *arguments)
    except Exception:  # noqa: BLE001 - whatever it is, the check shall know
        talk.say("failed", traceback.format_exc())

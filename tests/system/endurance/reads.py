"""Endurance of reads: the memory of long streams, many readers at a time, the first result of a large view."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from tests.system.endurance.tools import DATABASE, MIB, Bench, Client, Expected, Memory, Talk, mib
from workflow_results import Results, ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pymongo

_WARM_UP: Final = 1_000
_STREAM_BYTES: Final = 64 * MIB
_READERS_BYTES: Final = 1024 * MIB
_READER_PROCESSES: Final = 4
_ALL_PAUSE_SECONDS: Final = 5.0
_FIRSTS: Final = 21
_FIRST_RATIO: Final = 3.0
_SETTLE_SECONDS: Final = 0.05
"""The pause between two views, so that what is left to do of one is no burden to the other."""


def memory(bench: Bench) -> None:
    """Check that a long stream takes no memory, nor a cursor of MongoDB while its reader pauses."""
    number = bench.sizes.results
    pipeline = bench.filled(number)
    with (
        bench.service.mongo() as mongo,
        Client(_pausing_reader, bench.service.target, pipeline, number) as reader,
    ):
        reader.hear("warm")
        cursors = [_open_cursors(mongo)]
        with Memory(bench.service.server_memory) as server, Memory(reader.memory) as client:
            with bench.console.status(f"memory: reading {number // 2:,} results"):
                reader.say("go")
                reader.hear("half")
            with bench.console.status(f"memory: the reader pauses for {bench.sizes.pause_seconds:g} s"):
                began = time.monotonic()
                while (since := time.monotonic() - began) < bench.sizes.pause_seconds:
                    cursors.append(_open_cursors(mongo))
                    time.sleep(min(0.5, max(0, bench.sizes.pause_seconds - since)))
            cursors.append(_open_cursors(mongo))
            with bench.console.status("memory: reading the rest"):
                reader.say("go")
                mistake = reader.hear("end")
    bench.bounded("the server", server, _STREAM_BYTES)
    bench.bounded("the client that streams", client, _STREAM_BYTES)
    bench.fact(
        not mistake, f"{number:,} results came once each, in descending order of id{_but(mistake)}", results=number
    )
    bench.fact(
        cursors[-1] == 0,
        f"cursors open while the reader pauses: {cursors[-1]} after {bench.sizes.pause_seconds:g} s"
        f" (before the stream {cursors[0]}, when the pause began {cursors[1]})",
        cursors=cursors,
    )


def readers(bench: Bench) -> None:
    """Check that the server bears many readers at a time, all of which pause with their streams open."""
    number, each = bench.sizes.reader_results, bench.sizes.readers // _READER_PROCESSES
    pipeline = bench.filled(number)
    with Results(bench.service.target) as results:
        results.view(pipeline, {}, limit=_WARM_UP)
    pid = bench.service.server.pid
    began = time.monotonic()
    with Memory(bench.service.server_memory) as server, ExitStack() as stack, bench.service.mongo() as mongo:
        arguments = (bench.service.target, pipeline, number, each)
        clients = [stack.enter_context(Client(_many_readers, *arguments)) for _ in range(_READER_PROCESSES)]
        with bench.console.status(f"readers: {bench.sizes.readers} read the first half"):
            for client in clients:
                client.hear("half")
        with bench.console.status("readers: all pause"):
            time.sleep(_ALL_PAUSE_SECONDS)
            cursors, in_pause = _open_cursors(mongo), bench.service.server_memory()
        with bench.console.status("readers: reading the rest"):
            for client in clients:
                client.say("go")
            mistakes: list[str] = [mistake for client in clients for mistake in client.hear("end")]
    seconds = time.monotonic() - began
    right = mistakes.count("")
    wrong = next(filter(None, mistakes), "")
    lives = bench.service.server.poll() is None
    bench.fact(lives, f"the server lives, and was not started again (pid {pid})", cursors_in_the_pause=cursors)
    bench.fact(
        server.most <= _READERS_BYTES,
        f"the server had {mib(server.most)} at most, within {mib(_READERS_BYTES)}, with {len(mistakes)} streams open"
        f" at a time (before them {mib(server.before)}, in the pause {mib(in_pause)}, {server.samples:,} samples)",
        **server.figures(),
        in_pause=in_pause,
    )
    bench.fact(
        right == each * _READER_PROCESSES,
        f"{right} of {each * _READER_PROCESSES} readers got {number:,} results once each, in {seconds:.0f} s"
        f" ({right * number / seconds:,.0f} a second){_but(wrong)}",
        right=right,
        seconds=seconds,
    )


def first(bench: Bench) -> None:
    """Check that the first result of a large view comes nearly as fast as that of MongoDB's own cursor."""
    pipeline = bench.filled(bench.sizes.results)
    with Results(bench.service.target) as results, bench.service.mongo() as mongo:
        collection = mongo[DATABASE][pipeline]
        ways: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
            "stream": lambda: results.stream(pipeline, {}),
            "find": lambda: collection.find({}),
            "sorted find": lambda: collection.find({}).sort("_id", -1),
        }
        for way in ways.values():
            _first(way)
        with bench.console.status("first: opening views"):
            seconds = [[_first(way) for way in ways.values()] for _ in range(_FIRSTS)]
    stream, plain, ordered = (statistics.median(column) * 1000 for column in zip(*seconds, strict=True))
    bench.fact(
        stream <= _FIRST_RATIO * plain,
        f"the first of {bench.sizes.results:,} results comes in {stream:.2f} ms, {stream / plain:.2f} times the"
        f" {plain:.2f} ms of find({{}}), at most {_FIRST_RATIO:g}, and {stream / ordered:.2f} times the"
        f" {ordered:.2f} ms of find({{}}).sort('_id', -1): medians of {_FIRSTS}",
        stream_ms=stream,
        find_ms=plain,
        sorted_find_ms=ordered,
    )


def _first(way: Callable[[], Any]) -> float:
    since = time.perf_counter()
    view = way()
    next(view)
    seconds = time.perf_counter() - since
    view.close()
    time.sleep(_SETTLE_SECONDS)
    return seconds


def _open_cursors(mongo: pymongo.MongoClient[dict[str, Any]]) -> int:
    return int(mongo.admin.command("serverStatus")["metrics"]["cursor"]["open"]["total"])


def _but(mistake: str) -> str:
    return f"; but {mistake}" if mistake else ""


def _pausing_reader(talk: Talk, target: str, pipeline: str, number: int) -> None:
    """Read all, and pause in the middle until told to go on."""
    with Results(target) as results:
        results.view(pipeline, {}, limit=_WARM_UP)
        talk.say("warm")
        talk.hear("go")
        expected = Expected(number)
        for result in results.stream(pipeline, {}):
            expected.see(result)
            if expected.seen == number // 2:
                talk.say("half")
                talk.hear("go")
        talk.say("end", expected.mistake())


def _many_readers(talk: Talk, target: str, pipeline: str, number: int, readers: int) -> None:
    """Read all in many threads, each with a connection of its own; all pause in the middle until told to go on."""
    arrived, onward = threading.Semaphore(0), threading.Event()

    def read() -> str:
        expected = Expected(number)
        try:
            with Results(target) as results:
                stream = results.stream(pipeline, {})
                try:
                    for result in islice(stream, number // 2):
                        expected.see(result)
                finally:
                    arrived.release()
                onward.wait()
                for result in stream:
                    expected.see(result)
        except ResultsError as error:
            return f"{type(error).__name__} after {expected.seen:,} results: {error}"
        return expected.mistake()

    with ThreadPoolExecutor(readers) as pool:
        reading = [pool.submit(read) for _ in range(readers)]
        for _ in range(readers):
            arrived.acquire()
        talk.say("half")
        talk.hear("go")
        onward.set()
        talk.say("end", [each.result() for each in reading])

"""What is measured."""

from __future__ import annotations

import statistics
import tempfile
import time
import uuid
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bson

from bench.clients import DEPOSITED, THREADS, VIEWED, depositing_singly, mixing, overall, together
from bench.measure import Case, Measured, expect, timed
from bench.ways import CHECKERS, CHUNK, INSERT_MANY, INSERT_ONE, MANY, Door, Http, SmallHttp
from workflow_results import Results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.stand import Stand
    from bench.ways import Way

_PROCESSES: Final = 4
_MIXED_PROCESSES: Final = 8
_MANY_IDS: Final = 1_000
_ONE_WORKER: Final = "one worker"
_TWO_WORKERS: Final = "two workers"


def _deposit(kind: str) -> Callable[[Stand, str], Measured]:
    def measure(stand: Stand, name: str) -> Measured:
        way = stand.ways[name]
        pipeline = stand.new_pipeline(way)
        works = way.prepared(stand.works(kind).decoded(pipeline))
        meter = stand.meter(way)
        seconds, _ = timed(lambda: way.deposit(pipeline, works), meter)
        expect(stand.stored(way, pipeline), len(works))
        return Measured(seconds, len(works), meter.per(len(works)))

    return measure


def _deposit_one(stand: Stand, name: str) -> Measured:
    way = stand.ways[name]
    pipeline = stand.new_pipeline(way)
    works = way.prepared(stand.works().first(stand.sizes.calls).decoded(pipeline))
    seconds = []
    for work in works:
        began = time.perf_counter()
        way.deposit_one(pipeline, work)
        seconds.append(time.perf_counter() - began)
    expect(stand.stored(way, pipeline), len(works))
    return Measured(statistics.median(seconds))


def _depositor(stand: Stand, name: str) -> Measured:
    way = stand.ways[name]
    pipeline = stand.new_pipeline(way)
    number = stand.sizes.each if name in {INSERT_ONE, "http"} else stand.sizes.small
    works = way.prepared(stand.works().first(number).decoded(pipeline))
    meter = stand.meter(way)
    seconds, _ = timed(lambda: way.deposit_each(pipeline, works), meter)
    expect(stand.stored(way, pipeline), len(works))
    return Measured(seconds, len(works), meter.per(len(works)))


def _threads(stand: Stand, name: str) -> Measured:
    way = stand.ways[name]
    pipeline = stand.new_pipeline(way)
    encoded = stand.works().first(_PROCESSES * THREADS * (stand.sizes.thread + 1)).encoded
    parts = [encoded[number::_PROCESSES] for number in range(_PROCESSES)]
    meter = stand.meter(way)
    intervals = together(depositing_singly, [(way.address, pipeline, part) for part in parts], meter)
    expect(stand.stored(way, pipeline), len(encoded))
    return overall(intervals, meter)


def _stream(kind: str) -> Callable[[Stand, str], Measured]:
    def measure(stand: Stand, name: str) -> Measured:
        way, data = stand.ways[name], stand.data(kind)

        def consume() -> int:
            number = 0
            for _ in way.stream(data.pipeline):
                number += 1
            return number

        seconds, number = timed(consume)
        expect(number, len(data.ids))
        return Measured(seconds, number)

    return measure


def _view(kind: str) -> Callable[[Stand, str], Measured]:
    def measure(stand: Stand, name: str) -> Measured:
        way, data = stand.ways[name], stand.data(kind)
        seconds, found = timed(lambda: way.view(data.pipeline))
        expect(sorted(each["id"] for each in found), sorted(data.ids))
        return Measured(seconds, len(found))

    return measure


def _batches(stand: Stand, name: str) -> Measured:
    way, data = stand.ways[name], stand.data()
    with tempfile.TemporaryDirectory(prefix="workflow-results-bench-") as directory:
        path = Path(directory) / "results"

        def write() -> None:
            with path.open("wb") as file:
                way.write(data.pipeline, file)

        seconds, _ = timed(write)
        if name != "http":
            with path.open("rb") as file:
                expect(sum(1 for _ in bson.decode_file_iter(file)), len(data.ids))
    return Measured(seconds, len(data.ids))


def _by_id(stand: Stand, name: str) -> Measured:
    way, data = stand.ways[name], stand.data()
    step = max(1, len(data.ids) // stand.sizes.calls)
    ids = data.ids[::step][: stand.sizes.calls]
    way.by_ids(data.pipeline, ids[:1])
    latency, found = _median([partial(way.by_ids, data.pipeline, [id_]) for id_ in ids])
    expect([each["id"] for results in found for each in results], ids)
    return latency


def _by_ids(stand: Stand, name: str) -> Measured:
    way, data = stand.ways[name], stand.data()
    ids = data.ids[-_MANY_IDS:]
    seconds, found = timed(lambda: way.by_ids(data.pipeline, ids))
    expect(sorted(each["id"] for each in found), sorted(ids))
    return Measured(seconds, len(found))


def _count(stand: Stand, name: str) -> Measured:
    way, data = stand.ways[name], stand.data()
    latency, counts = _median([lambda: way.count(data.pipeline, data.event)] * stand.sizes.calls)
    expect(set(counts), {data.event_count})
    return latency


def _status(stand: Stand, name: str) -> Measured:
    way, data = stand.ways[name], stand.data()
    latency, answers = _median([way.status] * stand.sizes.calls)
    expect({answer[data.pipeline] for answer in answers}, {len(data.ids)})
    return latency


def _first(stand: Stand, name: str) -> Measured:
    way, data = stand.ways[name], stand.data()
    number = max(3, stand.sizes.calls // (50 if name == "http" else 10))
    seconds = []
    for _ in range(number):
        taken, (stream, first) = timed(lambda: _begun(way, data.pipeline))
        expect(first["id"] in data.ids, True)
        seconds.append(taken)
        if hasattr(stream, "close"):
            stream.close()
    return Measured(statistics.median(seconds))


def _begun(way: Way, pipeline: str) -> tuple[Any, dict[str, Any]]:
    stream = way.stream(pipeline)
    return stream, next(stream)


def _workers(stand: Stand, name: str) -> Measured:
    service = stand.with_workers(1 if name == _ONE_WORKER else 2)
    pipeline = f"bench-{uuid.uuid4().hex[:12]}"
    with Results(service.target) as results, service.mongo() as mongo:
        expect(results.deposit(stand.works().first(VIEWED).decoded(pipeline)), {pipeline: True})
        encoded = stand.works().first(DEPOSITED).encoded
        client = (service.target, pipeline, encoded, stand.sizes.mixed_seconds)
        measured = overall(together(mixing, [client] * _MIXED_PROCESSES))
        calls = measured.number // (DEPOSITED + VIEWED)
        expect(results.count(pipeline, {}), VIEWED + DEPOSITED * calls)
        mongo[stand.ways["ours"].database].drop_collection(pipeline)
    return measured


def _median(calls: Sequence[Callable[[], Any]]) -> tuple[Measured, list[Any]]:
    """Call all, and return the median of their times and what they gave."""
    seconds, answers = [], []
    timed(calls[0])
    for call in calls:
        began = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - began)
        answers.append(answer)
    return Measured(statistics.median(seconds)), answers


_THREADS_TEXT: Final = f"{_PROCESSES * THREADS} threads in {_PROCESSES} processes"

CASES: Final = (
    Case(
        "deposit",
        "deposit many works in one call",
        _deposit("small"),
        {INSERT_MANY[CHUNK]: 0.8, INSERT_MANY[MANY]: None, "http": 3.0},
        ours=CHECKERS,
    ),
    Case(
        "deposit-large",
        "the same, 40 kB each",
        _deposit("large"),
        {INSERT_MANY[CHUNK]: 0.9, "http": 3.0},
        ours=CHECKERS,
        kind="large",
    ),
    Case(
        "depositor",
        "deposit works that come one at a time, in one thread",
        _depositor,
        {INSERT_MANY[CHUNK]: 1.0, INSERT_MANY[MANY]: None, INSERT_ONE: 20.0, "http": None},
        ours=CHECKERS,
    ),
    Case("threads", f"{_THREADS_TEXT} deposit one work a call", _threads, {INSERT_ONE: 1.2, "http": 1.0}),
    Case("stream", "iterate over all results", _stream("small"), {"direct": 1.8, "http": None}, reads=True),
    Case(
        "stream-large",
        "the same, 40 kB each",
        _stream("large"),
        {"direct": 1.8, "http": None},
        kind="large",
        reads=True,
    ),
    Case("view", "get all results as a list", _view("small"), {"direct": 1.3, "http": 5.0}, reads=True),
    Case("view-large", "the same, 40 kB each", _view("large"), {"direct": 1.3, "http": 5.0}, kind="large", reads=True),
    Case("batches", "write all results to a file, undecoded", _batches, {"direct": 0.8, "http": None}, reads=True),
    Case("by-id", "get one result by its id", _by_id, {"direct": 4.0, "http": 1.0}, reads=True, latency=True),
    Case("by-ids", f"get {_MANY_IDS:,} results by their ids", _by_ids, {"direct": None, "http": None}, reads=True),
    Case("count", "count the results of an event", _count, {"direct": None, "http": None}, reads=True, latency=True),
    Case("status", "count all pipelines", _status, {"direct": None, "http": None}, reads=True, latency=True),
    Case("first", "get the first of all results", _first, {"direct": 3.0, "http": None}, reads=True, latency=True),
)
"""Those on the same MongoDB."""

_DOOR: Final = (Door.name,)
HTTP_CASES: Final = (
    Case(
        "http-deposit",
        "deposit many works over HTTP",
        _deposit("small"),
        {SmallHttp.name: 0.7, Http.name: None},
        ours=_DOOR,
    ),
    Case(
        "http-deposit-one",
        "deposit one work a call over HTTP",
        _deposit_one,
        {SmallHttp.name: 0.7, Http.name: None},
        ours=_DOOR,
        latency=True,
    ),
    Case(
        "http-view",
        "get all results over HTTP",
        _view("small"),
        {SmallHttp.name: 1.0, Http.name: None},
        ours=_DOOR,
        reads=True,
    ),
    Case(
        "http-by-id",
        "get one result by its id over HTTP",
        _by_id,
        {SmallHttp.name: 0.7, Http.name: None},
        ours=_DOOR,
        reads=True,
        latency=True,
    ),
    Case(
        "http-count",
        "count the results of an event over HTTP",
        _count,
        {SmallHttp.name: 0.7, Http.name: None},
        ours=_DOOR,
        reads=True,
        latency=True,
    ),
)
"""Those of the HTTP door, each in the calls of the old client."""

WORKERS: Final = Case(
    "workers",
    f"{_MIXED_PROCESSES} processes deposit, view and stream",
    _workers,
    {_ONE_WORKER: 0.95},
    ours=(_TWO_WORKERS,),
)
"""It has services of its own."""

"""One run of deposits and a stream, watched from outside: throughput and memory over time."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import psutil

from bench.measure import expect
from bench.works import Works
from workflow_results import Results

if TYPE_CHECKING:
    from ctypes import c_longlong
    from pathlib import Path

    from bench.stand import Stand

_PIPELINE: Final = "bench-plot"
_CALL: Final = 500
_SAMPLED: Final = 4_000
"""How many different works there are; they are deposited again and again under other ids."""
_SECONDS: Final = 0.25
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class Sample:
    """What was seen at one moment.

    Attributes:
        seconds: Since the first sample.
        deposited: How many works are deposited.
        streamed: How many results have come back.
        client: The resident bytes of the client.
        server: Those of the server.
        mongod: Those of MongoDB.
    """

    seconds: float
    deposited: int
    streamed: int
    client: int
    server: int
    mongod: int


def watch(stand: Stand) -> list[Sample]:
    """Let a client deposit and then stream works, and watch it.

    Args:
        stand: Where to do it.

    Returns:
        A sample every quarter of a second.
    """
    context = multiprocessing.get_context("spawn")
    deposited, streamed = context.RawValue("q"), context.RawValue("q")
    number, target = stand.sizes.plotted, stand.service.target
    client = context.Process(target=_client, args=(target, number, deposited, streamed), daemon=True)
    client.start()
    samples = []
    try:
        watched, began = psutil.Process(client.pid), time.perf_counter()
        while client.is_alive():
            at = time.perf_counter() - began
            memory = [watched.memory_info().rss, stand.service.server_memory(), stand.service.mongod.memory_info().rss]
            samples.append(Sample(at, deposited.value, streamed.value, *memory))
            client.join(_SECONDS)
    finally:
        client.kill()
        client.join()
    expect((deposited.value, streamed.value), (number, number))
    stand.mongo[stand.ways["ours"].database].drop_collection(_PIPELINE)
    return [sample for sample in samples if sample.client]  # an ended process has none


def draw(samples: list[Sample], path: Path) -> None:
    """Draw samples.

    Args:
        samples: From `watch`.
        path: The PNG file to write.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 6), layout="constrained")
    seconds = [sample.seconds for sample in samples]
    for name in ("deposited", "streamed"):
        counts = [getattr(sample, name) for sample in samples]
        above.plot(seconds[1:], _rates(seconds, counts), label=name)
    for name in ("client", "server", "mongod"):
        below.plot(seconds, [getattr(sample, name) / _MIB for sample in samples], label=name)
    above.set(title=f"deposit and stream {samples[-1].deposited:,} works of 1.4 kB", ylabel="works a second")
    below.set(xlabel="seconds", ylabel="resident memory, MiB")
    for axes in (above, below):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def as_json(samples: list[Sample]) -> list[dict[str, Any]]:
    """Return samples as JSON has them."""
    return [asdict(sample) for sample in samples]


def _rates(seconds: list[float], counts: list[int]) -> list[float]:
    pairs = pairwise(zip(seconds, counts, strict=True))
    return [(new - old) / (now - then) for (then, old), (now, new) in pairs]


def _client(target: str, number: int, deposited: c_longlong, streamed: c_longlong) -> None:
    encoded = Works.make(_SAMPLED).encoded
    with Results(target) as results:
        for start in range(0, number, _CALL):
            part = Works(encoded[start % _SAMPLED :][: min(_CALL, number - start)])
            works = [{**work, "id": f"{start + at:012}"} for at, work in enumerate(part.decoded(_PIPELINE))]
            expect(results.deposit(works), {_PIPELINE: True})
            deposited.value += len(works)
        for _ in results.stream(_PIPELINE, {}):
            streamed.value += 1

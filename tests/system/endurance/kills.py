"""Endurance of what is under way when the server is killed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.system.endurance.tools import DATABASE, Bench, Expected
from workflow_results import Results, ResultsError
from workflow_results.samples import sample_works

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow_results import Receipt

_SEED: Final = 20_250_601
_MIDDLE: Final = (0.2, 0.8)
"""Between which shares of the whole the server is killed."""


class Survived(NamedTuple):
    """What became of a stream or depositor."""

    done_at_kill: int
    mistake: str
    longest_wait: float
    """The most seconds without progress."""


def kills(bench: Bench) -> None:
    """Check that streams and depositors get over the death of the server, one client over all of them."""
    number, works = bench.sizes.killed_results, bench.sizes.killed_works
    pipeline = bench.filled(number)
    random = Random(_SEED)
    streams, depositors = [], []
    with Results(bench.service.target) as results:
        for each in range(bench.sizes.kills):
            with bench.console.status(f"kills: {each + 1} of {bench.sizes.kills}"):
                moment = int(number * random.uniform(*_MIDDLE))
                streams.append(_kill_under_stream(bench, results, pipeline, moment))
                moment = int(works * random.uniform(*_MIDDLE))
                depositors.append(_kill_under_depositor(bench, results, f"killed-{each}", moment))
    _tell(bench, f"streams gave {number:,} results once each, in order", "seen", streams)
    _tell(bench, f"depositors stored {works:,} works once each", "acknowledged", depositors)


def _tell(bench: Bench, what: str, done: str, survived: list[Survived]) -> None:
    right = sum(not each.mistake for each in survived)
    wrong = next((f"; but {each.mistake}" for each in survived if each.mistake), "")
    least, most = (choose(each.done_at_kill for each in survived) for choose in (min, max))
    waited = max(each.longest_wait for each in survived)
    bench.fact(
        right == len(survived),
        f"{right} of {len(survived)} {what}, the server killed when {least:,} to {most:,} were {done};"
        f" the longest wait for the next was {waited:.1f} s{wrong}",
        survived=[each._asdict() for each in survived],
    )


def _kill_under_stream(bench: Bench, results: Results, pipeline: str, moment: int) -> Survived:
    number = bench.sizes.killed_results
    expected, reached, waited = Expected(number), threading.Event(), 0.0

    def read() -> str:
        nonlocal waited
        since = time.perf_counter()
        for result in results.stream(pipeline, {}):
            waited = max(waited, (now := time.perf_counter()) - since)
            since = now
            expected.see(result)
            if expected.seen == moment:
                reached.set()
        return expected.mistake()

    seen, mistake = _killed(bench, read, reached, lambda: expected.seen)
    return Survived(seen, mistake or ("" if seen < number else "the stream was over before the kill"), waited)


def _kill_under_depositor(bench: Bench, results: Results, pipeline: str, moment: int) -> Survived:
    number = bench.sizes.killed_works
    works = [{**work, "pipeline": pipeline} for work in sample_works(number)]
    reached = threading.Event()
    futures: list[Future[Receipt]] = []
    moments = [time.perf_counter()]

    def feed() -> str:
        with results.depositor() as depositor:
            for work in works:
                future = depositor.deposit(work)
                future.add_done_callback(lambda _: moments.append(time.perf_counter()))
                futures.append(future)
                if len(futures) == moment:
                    reached.set()
        stored = sum(future.result().stored for future in futures)
        return "" if stored == number else f"{stored:,} of {number:,} works were acknowledged"

    acknowledged, mistake = _killed(bench, feed, reached, lambda: sum(each.done() for each in list(futures)))
    with bench.service.mongo() as mongo:
        stored = [document["_id"] for document in mongo[DATABASE][pipeline].find({}, {"_id": 1})]
    if sorted(stored) != sorted(work["id"] for work in works):
        mistake = mistake or f"{len(stored):,} results are stored, and not those of the {number:,} works"
    if acknowledged == number:
        mistake = mistake or "all works were acknowledged before the kill"
    waited = max(later - earlier for earlier, later in pairwise(moments))
    return Survived(acknowledged, mistake, waited)


def _killed(
    bench: Bench, do: Callable[[], str], reached: threading.Event, progress: Callable[[], int]
) -> tuple[int, str]:
    """Kill the server when something has come so far, and start it again at once.

    Returns:
        The progress when the server was dead, and what was wrong in the end.
    """

    def doing() -> str:
        try:
            return do()
        except ResultsError as error:
            return f"{type(error).__name__} after {progress():,}: {error}"
        finally:
            reached.set()

    server = bench.service.server
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(doing)
        reached.wait()
        server.kill()
        server.wait()
        done = progress()
        bench.service.start()
        return done, outcome.result()

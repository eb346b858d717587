"""Endurance of a depositor with a spool: the service is away for a while, and its process is killed."""

from __future__ import annotations

import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.system.endurance.tools import DATABASE, Bench, Client, ClientError, Talk
from workflow_results import Results
from workflow_results._deposit.spool import works_left
from workflow_results._draining import drain
from workflow_results.samples import sample_works

if TYPE_CHECKING:
    from concurrent.futures import Future

    from workflow_results import Receipt

_PIPELINE: Final = "outages"
_TOLD: Final = 500
_SAMPLES: Final = 0.1


def outages(bench: Bench) -> None:
    """Check that what a depositor accepts is stored once, although the service and the depositor are killed."""
    number = bench.sizes.outage_works
    with tempfile.TemporaryDirectory(prefix="workflow-results-spool-") as directory:
        spool = Path(directory) / "spool"
        done = _killed(bench, spool, number)
        left = works_left(spool)
        began = time.perf_counter()
        with Results(bench.service.target) as results:
            drained = drain(results, spool)
            seconds = time.perf_counter() - began
            stored = _stored(bench)
            lost = len(done.keys() - stored.keys())
            told = ", ".join(f"{count:,} {outcome}" for outcome, count in Counter(done.values()).items())
            bench.fact(
                not lost and not drained.left and set(stored.values()) == {1},
                f"{lost:,} of {len(done):,} works that were done before the kill are lost ({told}); of {left:,} in the"
                f" spool, {drained.deposited:,} were deposited in {seconds:.1f} s; {drained.left:,} are left",
                drained=drained._asdict(),
                seconds=seconds,
            )
            again = Counter(_deposit(results, spool, number))
        stored = _stored(bench)
        bench.fact(
            len(stored) == number and set(stored.values()) == {1} and set(again) <= {"DEPOSITED", "ALREADY_DEPOSITED"},
            f"the same again stores all: {len(stored):,} of {number:,}, each once; {dict(again)}",
        )


def _killed(bench: Bench, spool: Path, number: int) -> dict[str, str]:
    """Return the outcomes that a depositor has told before it was killed, in the middle of an outage that lasts."""
    done: dict[str, str] = {}

    def hear(seconds: float, most: int = number) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(done) < most:
            if client.has_news(_SAMPLES):
                done.update(client.hear("done"))

    with Client(_feed, bench.service.target, str(spool), number) as client:
        hear(60, number // 5)
        bench.service.server.kill()
        bench.service.server.wait()
        began = time.monotonic()
        try:
            hear(bench.sizes.outage_seconds / 2, number * 3 // 5)
            client.kill()
            while client.has_news(_SAMPLES):
                done.update(client.hear("done"))
        except (ClientError, EOFError, OSError):  # its end
            pass
        time.sleep(max(0, bench.sizes.outage_seconds - (time.monotonic() - began)))
        bench.service.start()
    return done


def _feed(talk: Talk, target: str, spool: str, number: int) -> None:
    """Deposit works as a pipeline worker does, and tell what becomes of them; ends when it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told: list[tuple[str, str]] = []

    def tell(future: Future[Receipt]) -> None:
        receipt = future.result()
        told.append((receipt.id, receipt.outcome.name))
        if len(told) >= _TOLD:
            talk.say("done", dict(told))
            told.clear()

    with Results(target) as results, results.depositor(spool_dir=spool) as depositor:
        for work in sample_works(number):
            depositor.deposit({**work, "pipeline": _PIPELINE}).add_done_callback(tell)
        depositor.flush()
        talk.say("done", dict(told))
        time.sleep(3_600)


def _deposit(results: Results, spool: Path, number: int) -> list[str]:
    with results.depositor(spool_dir=spool) as depositor:
        given = [depositor.deposit({**work, "pipeline": _PIPELINE}) for work in sample_works(number)]
    return [future.result().outcome.name for future in given]


def _stored(bench: Bench) -> Counter[str]:
    with bench.service.mongo() as mongo:
        return Counter(document["id"] for document in mongo[DATABASE][_PIPELINE].find({}, {"id": 1, "_id": 0}))

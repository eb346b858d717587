"""Millions of documents, judged and encoded by the native part and by Python alike."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from tests.system.native.compare import BATCH, compare_batches
from workflow_results.common import native

_TOGETHER: Final = 40
"""How many batches a process takes at a time."""
_TOLD_SECONDS: Final = 30


def main() -> int:
    """Compare; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make test-native", description=__doc__)
    parser.add_argument("--number", type=int, default=10_000_000, help="how many works, and as many values")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**32))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", type=int, metavar="BATCH", help="compare only what is made of this batch")
    arguments = parser.parse_args()
    if native.cut is None or native.encode is None:
        print(f"there is nothing to compare: the native part is not used, but {native.NAME}", file=sys.stderr)
        return 1
    print(f"seed {arguments.seed}, {native.NAME}", flush=True)
    if arguments.only is not None:
        numbers = range(arguments.only, arguments.only + 1)
    else:
        numbers = range(-(-arguments.number // BATCH))
    started = time.monotonic()
    found, differences = _spread(arguments.seed, numbers, arguments.processes)
    seconds = time.monotonic() - started
    for what, number in sorted(found.items()):
        print(f"  {number:>12,}  {what}")
    print(f"{len(differences)} differ; {(found['works'] + found['values']) / seconds:,.0f} a second, {seconds:.0f} s")
    print(*differences, sep="\n")
    return bool(differences)


def _spread(seed: int, numbers: range, processes: int) -> tuple[Counter[str], list[str]]:
    """Compare what is made of some batches in several processes, until something differs."""
    found: Counter[str] = Counter()
    differences: list[str] = []
    told = time.monotonic()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        parts = [numbers[at : at + _TOGETHER] for at in range(0, len(numbers), _TOGETHER)]
        waiting = {pool.submit(compare_batches, seed, part): part for part in parts}
        try:
            for done in as_completed(waiting):
                counted, difference = done.result()
                found.update(counted)
                if difference:
                    differences.append(difference)
                    break
                if time.monotonic() - told > _TOLD_SECONDS:
                    told = time.monotonic()
                    print(f"  {found['works']:,} works, {found['values']:,} values", flush=True)
        except BrokenProcessPool:
            part = next(part for future, part in waiting.items() if not future.done() or future.exception())
            differences.append(f"a process died of batch {part[0]} or one of those that follow it: see --only")
        pool.shutdown(cancel_futures=True)
    return found, differences


if __name__ == "__main__":
    sys.exit(main())

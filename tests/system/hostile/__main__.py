"""100,000 hostile requests, and some at the limits of the wire: see docs/evidence/hostile-input.md."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from tests.system.hostile.attack import SLOW_SECONDS, Judge, send
from tests.system.hostile.cases import Case, make, make_large
from tests.system.hostile.limits import PHASES, Phase
from tests.system.hostile.memory import MIB
from tests.system.hostile.stand import Stand, beating

if TYPE_CHECKING:
    from collections.abc import Iterator

GROWTH_BYTES: Final = 32 * MIB
"""How much more memory the server may have at the end than after a fifth of the cases."""
MOST_BYTES: Final = 1024 * MIB
"""How much memory a server may have at any time."""
ENOUGH_BYTES: Final = 3 * MOST_BYTES
"""With how much memory a server gets no more cases: this machine needs some, too."""
_FAULT: Final = re.compile(r"Traceback|ERROR|CRITICAL|code=(INTERNAL|UNKNOWN)|MongoDB failed")
_OK_SHARE: Final = 0.1
"""How many of the answers must be OK: hostile requests that are all refused at the door test nothing behind it."""
_ASKED_SHARE: Final = 0.05
"""How many queries must reach MongoDB, for each case, beside those of the other caller."""
_LARGE: Final = 20
_SHOWN: Final = 10
_LIMIT_SECONDS: Final = 30.0
"""How long a case at the limits may take."""

Facts: TypeAlias = "dict[str, list[Any]]"
"""What was found, and what speaks against it."""


def main() -> int:
    """Send the cases; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make test-hostile", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**32))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="send only this case and show its answer")
    parser.add_argument("--only-large", action="store_true", help="send only the large cases and those at the limits")
    parser.add_argument(
        "--item", metavar="TEXT", default="", help="of the cases at the limits, send only those with this text"
    )
    arguments = parser.parse_args()
    seed = arguments.seed
    print(f"seed {seed}, {0 if arguments.only_large else arguments.cases:,} cases", flush=True)
    os.environ.pop("WORKFLOW_RESULTS_SERVE_MONGO_URI", None)
    name = "workflow-results-hostile-"
    with contextlib.ExitStack() as stack:
        stand = Stand(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=name))), stack)
        if arguments.only is not None:
            return _single(stand, seed, arguments.only)
        run = Run(stand, seed)
        if not arguments.only_large:
            run.generated(arguments.cases)
        if not arguments.item:
            run.large()
        for phase in PHASES:
            if arguments.item in phase.item:
                run.limits(phase)
        run.end()
        return run.failed


def _single(stand: Stand, seed: int, number: int) -> int:
    case, judge = make(seed, number) if number >= 0 else make_large(seed, -1 - number), Judge()
    asyncio.run(send(stand.fill(), [case], judge))
    print(case, dict(judge.codes), *(told for _, told in judge.wrong), sep="\n")
    return bool(judge.wrong)


class Run:
    """Sends cases, and tells what came of them.

    Args:
        stand: What they are sent to.
        seed: What they are made from.

    Attributes:
        failed: Whether anything spoke against a fact.
    """

    def __init__(self, stand: Stand, seed: int) -> None:
        self._stand = stand
        self._seed = seed
        self._target = stand.fill()
        self._peaks: dict[str, int] = {}
        self.failed = False

    def _tell(self, facts: Facts) -> None:
        for fact, against in facts.items():
            self.failed |= bool(against)
            print(f"{'FAIL' if against else 'PASS'}  {fact}", flush=True)
            for each in against[:_SHOWN]:
                print("     ", *(each if isinstance(each, tuple) else (each,)))

    def generated(self, number: int) -> None:
        """Send generated cases."""
        server = self._stand.server("open")[1]
        judge = Judge()
        memory: list[int] = []
        began = time.monotonic()

        def cases() -> Iterator[Case]:
            for each in range(number):
                if each % max(1, number // 20) == 0:
                    memory.append(server.now())
                    print(f"{each:,} cases, {time.monotonic() - began:.0f} s, {memory[-1] / MIB:.0f} MiB", flush=True)
                yield make(self._seed, each)

        with beating(self._target, counts=True) as beside:
            asyncio.run(send(self._target, cases(), judge))
        memory.append(server.now())
        commands, problems = self._stand.received()
        again = Judge()  # what is slow alone, too, is slow by itself
        asyncio.run(send(self._target, [case for case, _ in judge.slow], again, in_flight=1))
        self._peaks["generated cases"] = server.peak()
        fine = sum(count[True] for count in judge.kinds.values())
        asked = commands.get("find", 0) + commands.get("aggregate", 0) - beside.counts
        growth = memory[-1] - memory[len(memory) // 5]
        answered = {kind: f"{count[True] / count.total():.0%}" for kind, count in sorted(judge.kinds.items())}
        print(f"took {time.monotonic() - began:.0f} s; MongoDB received {commands}")
        print("answers:", dict(judge.codes.most_common()))
        print("answered OK:", answered)
        self._tell(
            {
                f"{fine:,} of {number:,} answers were OK, at least {_OK_SHARE:.0%}": (
                    [dict(judge.codes)] if fine < number * _OK_SHARE else []
                ),
                f"{asked:,} queries reached MongoDB, at least {_ASKED_SHARE:.0%} of the cases": (
                    [commands] if asked < number * _ASKED_SHARE else []
                ),
                f"{sum(commands.values()):,} commands reached MongoDB, {len(problems)} with unlisted operators": (
                    problems
                ),
                f"{len(judge.wrong)} of {judge.codes.total():,} answers were not as documented": judge.wrong,
                f"at the same time {beside}": beside.against(),
                f"{len(judge.slow)} cases took over {SLOW_SECONDS:g} s, {len(again.slow)} also when alone": again.slow,
                f"memory grew by {growth / MIB:.1f} MiB after a fifth of the cases, to {memory[-1] / MIB:.0f} MiB": (
                    [memory] if growth > GROWTH_BYTES else []
                ),
            }
        )

    def large(self) -> None:
        """Send some that are as large as may be, of what takes long to look at."""
        judge = Judge()
        cases = (make_large(self._seed, each) for each in range(_LARGE))
        with beating(self._target) as beside:  # and no counts, which our own look at large commands would hold up
            asyncio.run(send(self._target, cases, judge, in_flight=1))
        self._peaks["large ones"] = self._stand.server("open")[1].peak()
        print(f"then {_LARGE} large ones: {dict(judge.codes)}")
        self._tell(
            {
                f"{len(judge.wrong)} of their answers were not as documented": judge.wrong,
                f"at the same time {beside}": beside.against(),
            }
        )

    def limits(self, phase: Phase) -> None:
        """Send those of a kind at the limits of the wire, unless the server has had far too much already."""
        service, memory = self._stand.server(phase.server)
        memory.peak()
        judge = Judge(limits=True)
        began = time.monotonic()
        against: list[Any] = []
        beside = ""

        def cases() -> Iterator[Case]:
            for case in phase.cases(self._seed):
                if memory.now() > ENOUGH_BYTES or len(judge.wrong) > _SHOWN:
                    return
                yield case

        try:
            with beating(service.target, token="" if phase.server == "open" else "reader") as beats:
                asyncio.run(send(service.target, cases(), judge, in_flight=phase.at_once, seconds=_LIMIT_SECONDS))
            beside = str(beats)
            against = [*beats.against(), *phase.check(service.target)]
        except Exception as error:  # noqa: BLE001 - a server that is gone is a finding, too
            against = [f"{type(error).__name__}: {error}"]
        self._peaks[phase.item] = peak = memory.peak()
        if peak > MOST_BYTES:
            against.append(f"it had {peak / MIB:,.0f} MiB")
        took = time.monotonic() - began
        print(f"{judge.codes.total()} cases, {took:.0f} s: {dict(judge.codes)}; at the same time {beside}")
        told = f"at most {peak / MIB:,.0f} MiB of memory, {memory.now() / MIB:,.0f} MiB afterwards"
        self._tell({f"{phase.item}: {told}": [*against, *judge.wrong]})
        if against or memory.now() > MOST_BYTES:
            self._stand.forget(phase.server)  # so that what comes next is judged by itself

    def end(self) -> None:
        """Report on all cases together."""
        _, problems = self._stand.received()
        log = [line for path in self._stand.logs for line in path.read_text(errors="replace").splitlines()]
        where = max(self._peaks, key=self._peaks.__getitem__)
        print("memory at most:", ", ".join(f"{peak / MIB:,.0f} MiB in {name}" for name, peak in self._peaks.items()))
        self._tell(
            {
                f"{len(problems)} commands reached MongoDB with unlisted operators": problems,
                "the server's log has no errors": [line for line in log if _FAULT.search(line)],
                f"the peak of memory, {self._peaks[where] / MIB:,.0f} MiB, is below {MOST_BYTES / MIB:,.0f} MiB": (
                    [where] if self._peaks[where] > MOST_BYTES else []
                ),
            }
        )


if __name__ == "__main__":
    sys.exit(main())

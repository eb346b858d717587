"""What a measurement is, and rounds in which all ways are measured in turn."""

from __future__ import annotations

import gc
import statistics
import time
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from bench.ways import OURS, PYTHON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.cpu import Cpu, Meter
    from bench.stand import Stand

T = TypeVar("T")


class Measured(NamedTuple):
    """What one section has taken.

    Attributes:
        seconds: The time.
        number: How many works or results it was for; 1 for the latency of a call.
        cpu: The processor time of each work or call, where it was measured.
    """

    seconds: float
    number: int = 1
    cpu: Cpu | None = None

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.number / self.seconds

    def as_json(self) -> dict[str, Any]:
        """Return what was measured."""
        return {"seconds": self.seconds, "number": self.number, "cpu_seconds_each": self.cpu and self.cpu._asdict()}


def timed(action: Callable[[], T], meter: Meter | None = None) -> tuple[float, T]:
    """Measure the time of an action, without the garbage of what was before it.

    Args:
        action: What to do.
        meter: What measures its processor time.

    Returns:
        The seconds, and what the action gives.
    """
    gc.collect()
    with meter or nullcontext():
        began = time.perf_counter()
        answer = action()
        return time.perf_counter() - began, answer


def expect(found: object, expected: object) -> None:
    """Fail if something else was found than a correct service gives."""
    if found != expected:
        raise AssertionError(f"expected {expected}, but found {found}")


@dataclass(frozen=True)
class Case:
    """Something that can be done in several ways.

    Attributes:
        name: For the command line and the table.
        sentence: What is done.
        measure: Does it in one way, and checks that it was done.
        against: The ways to compare ours with, and the ratio to reach, if there is one; without the native part,
            nothing is to be reached.
        ours: The ways that are ours.
        kind: Of which works, small or large.
        reads: Whether it reads works that the round has to store first.
        latency: Whether the time of one call counts, rather than works a second.
        milliseconds: The latency of ours to reach, if there is one.
    """

    name: str
    sentence: str
    measure: Callable[[Stand, str], Measured]
    against: Mapping[str, float | None]
    ours: Sequence[str] = (OURS,)
    kind: str = "small"
    reads: bool = False
    latency: bool = False
    milliseconds: float | None = None

    @property
    def ways(self) -> list[str]:
        """The ways in which it is measured."""
        return [*self.ours, *self.against]

    @property
    def comparisons(self) -> list[tuple[str, str]]:
        """The pairs of a way of ours and another one."""
        return [(ours, other) for ours in self.ours for other in self.against]

    def target(self, ours: str, other: str) -> float | None:
        """Return the ratio to reach, if there is one."""
        return None if ours == PYTHON else self.against[other]

    def is_time(self, other: str) -> bool:
        """Return whether the ratio is how many times as long ours takes, rather than how many times as fast it is."""
        return self.latency and not other.startswith("http")


@dataclass
class Record:
    """What was measured of a case.

    Attributes:
        case: The case.
        rounds: For each way, one measurement a round.
        problem: Why it could not be measured; empty if it could.
    """

    case: Case
    rounds: dict[str, list[Measured]] = field(default_factory=lambda: defaultdict(list))
    problem: str = ""

    def ratios(self, ours: str, other: str) -> list[float]:
        """Return the ratio of a way of ours to another way in each round."""
        pairs = list(zip(self.rounds[ours], self.rounds[other], strict=True))
        if self.case.is_time(other):
            return [theirs.rate / mine.rate for mine, theirs in pairs]
        return [mine.rate / theirs.rate for mine, theirs in pairs]

    def rate(self, way: str) -> float:
        """Return the median rate of a way."""
        return statistics.median(each.rate for each in self.rounds[way])

    def cpu(self, way: str) -> list[float | None]:
        """Return the median processor time that a work or call takes in each kind of process; empty if unmeasured."""
        measured = [each.cpu for each in self.rounds[way] if each.cpu]
        return [
            statistics.median(times) if (times := [time for time in column if time is not None]) else None
            for column in zip(*measured, strict=True)
        ]

    def reached(self, ours: str, other: str) -> bool | None:
        """Return whether the medians are as good as they should be; None if nothing is asked."""
        if self.case.milliseconds is not None:
            return 1000 / self.rate(ours) <= self.case.milliseconds
        target = self.case.target(ours, other)
        if target is None:
            return None
        ratio = statistics.median(self.ratios(ours, other))
        return ratio <= target if self.case.is_time(other) else ratio >= target

    def as_json(self) -> dict[str, Any]:
        """Return all that was measured."""
        return {
            "case": self.case.name,
            "sentence": self.case.sentence,
            "problem": self.problem or None,
            "rounds": {way: [each.as_json() for each in rounds] for way, rounds in self.rounds.items()},
            "ratios": [] if self.problem else [self._ratio_as_json(*pair) for pair in self.case.comparisons],
        }

    def _ratio_as_json(self, ours: str, other: str) -> dict[str, Any]:
        ratios = self.ratios(ours, other)
        return {
            "ours": ours,
            "against": other,
            "kind": "time" if self.case.is_time(other) else "speed",
            "rounds": ratios,
            "median": statistics.median(ratios),
            "target": self.case.target(ours, other),
            "target_milliseconds": self.case.milliseconds,
            "reached": self.reached(ours, other),
        }


def measure(cases: Sequence[Case], stand: Stand, rounds: int, tell: Callable[[str], None]) -> list[Record]:
    """Measure cases in rounds, all ways of a case in turn, so that a moment of noise spoils one round of all.

    A small round goes before, which warms everything up and does not count. Every other round takes the ways in the
    opposite order. A case that fails is left out of the rounds to come.

    Args:
        cases: The cases.
        stand: Where to measure them.
        rounds: How many rounds.
        tell: Is told before each section what comes.

    Returns:
        A record of each case.
    """
    records = [Record(case) for case in cases]
    for number in range(rounds + 1):
        label = f"round {number}/{rounds}" if number else "warm-up"
        tell(f"{label}: data")
        with stand.round(cases, warm_up=not number):
            for record in records:
                for way in record.case.ways[:: -1 if number % 2 else 1]:
                    if record.problem:
                        break
                    tell(f"{label}: {record.case.name}, {way}")
                    try:
                        measured = record.case.measure(stand, way)
                    except Exception as error:  # noqa: BLE001 - the other cases are worth their time
                        record.problem = f"{way}: {type(error).__name__}: {error}"
                    else:
                        if number:
                            record.rounds[way].append(measured)
    return records

"""The command `python -m bench.languages`: clients in other languages beside the MongoDB drivers of the same languages.

README.md says what is compared. The programs that are measured are those of `tests/clients`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from bench.service import Service, indexed
from tests.clients.languages import LANGUAGES
from tests.clients.testee import Testee

if TYPE_CHECKING:
    from collections.abc import Callable

_DATABASE: Final = "bench_drivers"
_PADDING: Final = 1_000
_WORKS: Final = 50_000
_PATIENCE: Final = 300.0
_MOST_ROUNDS: Final = 5
_WIDTH: Final = 110
"""Of the table, on terminals that are narrower or none."""


class Side:
    """One language: its client and its driver.

    Args:
        name: The language.
        target: The service.
        uri: The MongoDB of the service.
        stack: Ends what is started.
    """

    def __init__(self, name: str, target: str, uri: str, stack: ExitStack) -> None:
        self._uri = uri
        self._client = self._started(LANGUAGES[name].command(), stack)
        self._driver = self._started(LANGUAGES[name].command("bench-command"), stack)
        self._client("connect", client="bench", target=target, timeout=_PATIENCE)

    @staticmethod
    def _started(command: list[str], stack: ExitStack) -> Testee:
        testee = Testee(command)
        stack.callback(testee.close)
        return testee

    def deposit(self, pipeline: str, works: int) -> float:
        """Deposit works with a depositor; returns works per second."""
        self._client("depositor", client="bench", stream=pipeline)
        fields = {"pipeline": pipeline, "from": 0, "to": works, "padding": _PADDING}
        answer = self._client("send_many", client="bench", stream=pipeline, patience=_PATIENCE, **fields)
        self._client("shut", client="bench", stream=pipeline)
        assert answer["outcomes"] == {"DEPOSITED": works}, answer
        return works / float(answer["seconds"])

    def insert(self, pipeline: str, works: int) -> float:
        """Insert the same works with the driver; returns works per second."""
        fields = {"pipeline": pipeline, "from": 0, "to": works, "padding": _PADDING}
        where = {"uri": self._uri, "database": _DATABASE}
        return works / float(self._driver("driver_insert", patience=_PATIENCE, **where, **fields)["seconds"])

    def stream(self, pipeline: str, works: int) -> float:
        """Read all results; returns results per second."""
        self._client("open", client="bench", stream=pipeline, what="view", pipeline=pipeline)
        answer = self._client("drain", client="bench", stream=pipeline, patience=_PATIENCE)
        self._client("shut", client="bench", stream=pipeline)
        assert answer["count"] == works, answer
        return works / float(answer["seconds"])

    def find(self, pipeline: str, works: int) -> float:
        """Find all documents with the driver; returns documents per second."""
        where = {"uri": self._uri, "database": _DATABASE, "pipeline": pipeline}
        answer = self._driver("driver_find", patience=_PATIENCE, **where)
        assert answer["count"] == works, answer
        return works / float(answer["seconds"])


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.languages", description=__doc__)
    parser.add_argument(
        "languages", nargs="*", metavar="LANGUAGE", help=f"of {', '.join(LANGUAGES)}; default: all but python"
    )
    parser.add_argument("--rounds", type=int, default=_MOST_ROUNDS)
    parser.add_argument("--works", type=int, default=_WORKS, help="how many are deposited and read in each round")
    options = parser.parse_args()
    names = options.languages or [name for name in LANGUAGES if name != "python"]
    there = [name for name in names if not LANGUAGES[name].missing()]
    found = [name for name in there if LANGUAGES[name].make("build") and LANGUAGES[name].make("bench")]
    table = Table(
        "language", "deposits/s", "driver", "ratio", "results/s", "driver", "ratio", title="in works per second"
    )
    with Service() as service, service.mongo() as mongo, ExitStack() as stack:
        for name in found:
            side = Side(name, service.target, service.mongo_uri, stack)
            measured: dict[str, list[float]] = {way: [] for way in ("deposit", "insert", "stream", "find")}
            for number in range(options.rounds + 1):
                pipeline = f"bench-{uuid.uuid4().hex}"
                indexed(mongo, _DATABASE, pipeline)
                ways: list[tuple[str, Callable[[str, int], float]]] = [
                    ("deposit", side.deposit),
                    ("insert", side.insert),
                ]
                reads: list[tuple[str, Callable[[str, int], float]]] = [("stream", side.stream), ("find", side.find)]
                order = 1 if number % 2 else -1
                for way, measure in (*ways[::order], *reads[::order]):
                    rate = measure(pipeline, options.works)
                    if number:  # the first round warms up
                        measured[way].append(rate)
                mongo[_DATABASE].drop_collection(pipeline)
                mongo["workflow_results"].drop_collection(pipeline)
            table.add_row(name, *_cells(measured, "deposit", "insert"), *_cells(measured, "stream", "find"))
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)
    return 0


def _cells(measured: dict[str, list[float]], ours: str, other: str) -> list[str]:
    ratios: list[Any] = sorted(one / two for one, two in zip(measured[ours], measured[other], strict=True))
    medians = [f"{statistics.median(measured[way]):,.0f}" for way in (ours, other)]
    return [*medians, f"{statistics.median(ratios):.2f} [{ratios[0]:.2f}..{ratios[-1]:.2f}]"]


if __name__ == "__main__":
    sys.exit(main())

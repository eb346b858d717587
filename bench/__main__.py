"""The command `python -m bench`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bench import async_cases, calls, frame_cases, ghz, plot, report, telemetry, watch_cases
from bench.cases import CASES, HTTP_CASES, WORKERS
from bench.measure import Record, measure
from bench.stand import FULL, QUICK, Stand
from workflow_results.common import native

_PLOT: Final = "plot"
_TELEMETRY: Final = "telemetry"
_CASES: Final = (*CASES, *HTTP_CASES, *async_cases.CASES, *frame_cases.CASES, *watch_cases.CASES, *calls.CASES, WORKERS)
_NAMES: Final = (*(case.name for case in _CASES), _TELEMETRY, _PLOT)
_WIDTH: Final = 136
"""Of the tables, on terminals that are narrower or none."""
_ROUNDS: Final = 5
_QUICK_ROUNDS: Final = 3


def main() -> int:
    """Run what the arguments ask for.

    Returns:
        The exit status: 0 if everything could be measured, whatever came out.
    """
    arguments = _arguments()
    if arguments.list:
        for case in _CASES:
            print(f"{case.name:14} {case.sentence}")
        print(f"{_TELEMETRY:14} the processor time of servers that count calls, and trace them")
        print(f"{_PLOT:14} deposit and stream works, and draw throughput and memory over time")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that nothing keeps running
    asked = set(arguments.only or _NAMES)
    rounds = arguments.rounds or (_QUICK_ROUNDS if arguments.quick else _ROUNDS)
    sizes = QUICK if arguments.quick else FULL
    arguments.out.mkdir(parents=True, exist_ok=True)
    further: dict[str, Any] = {"rounds": rounds, "sizes": asdict(sizes)}
    records: list[Record] = []
    missing: list[str] = []
    if native.cut is None:
        why = native.NAME.removeprefix("python").strip(" ()") or "workflow-results-native is not installed"
        missing.append(f"Deposits are measured with the Python checker alone: {why}")
    began = time.monotonic()
    with _progress() as progress:
        task = progress.add_task("starting")

        def tell(what: str) -> None:
            progress.update(task, description=what)

        if asked & {case.name for case in calls.CASES}:
            tell("ghz")
            try:
                ghz.install()
            except ghz.NotInstalled as error:
                asked -= {case.name for case in calls.CASES}
                missing.append(f"The cases of ghz are skipped, as it could not be installed: {error}")
        with Stand(sizes) as stand:
            for cases in (_CASES[:-1], _CASES[-1:]):  # the last one apart, since it starts further services
                if chosen := [case for case in cases if case.name in asked]:
                    records += measure(chosen, stand, rounds, tell)
            costs = telemetry.measure(stand, rounds, tell) if _TELEMETRY in asked else []
            further["telemetry"] = [cost.as_json() for cost in costs]
            if _PLOT in asked:
                tell(_PLOT)
                samples = plot.watch(stand)
                plot.draw(samples, arguments.out / "bench.png")
                further["samples"] = plot.as_json(samples)
            report.write(arguments.out / "bench.json", stand, records, further)
            tell("stopping")
    console = Console()
    console.width = max(console.width, _WIDTH)
    if records:
        console.print(report.table(records))
    if (cpu := report.cpu_table(records)).row_count:
        console.print(cpu)
    if costs:
        console.print(telemetry.table(costs))
    for line in missing:
        console.print(line, markup=False, soft_wrap=True)
    for record in records:
        if record.problem:
            console.print(f"{record.case.name} failed: {record.problem}", style="red", markup=False)
    written = "bench.json and bench.png" if _PLOT in asked else "bench.json"
    console.print(f"{rounds} rounds in {time.monotonic() - began:.0f} s; {written} written to {arguments.out}")
    return int(any(record.problem for record in records))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Workflow Results against PyMongo.")
    parser.add_argument("--quick", action="store_true", help="shorter, for a first look")
    parser.add_argument("--rounds", type=_positive, help=f"default: {_ROUNDS}, or {_QUICK_ROUNDS} with --quick")
    parser.add_argument("--only", nargs="+", choices=_NAMES, metavar="CASE", help="only these cases")
    parser.add_argument("--list", action="store_true", help="list the cases")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).parent / "out",
        help="the directory for the files; default: bench/out",
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=2,
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)

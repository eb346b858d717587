"""Run the fault tests, for `--seconds` with `--seed`, or check a recorded history with `--check`."""

from __future__ import annotations

import argparse
import json
import math
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.system.faults import nemesis
from tests.system.faults.bugs import BUGS
from tests.system.faults.checker import Violation, check
from tests.system.faults.history import FAULTS_FILE, HAPPENED_FILE, LOGS, RUN_FILE, faults_in, load
from tests.system.faults.run import Run
from tests.system.faults.workload import CHANGES, PIPELINES

if TYPE_CHECKING:
    from tests.system.faults.history import Operation

_SHOWN: Final = 20
_OPERATIONS_A_SECOND: Final = 20
_SECONDS_A_FAULT: Final = 15.0
_KINDS_OF_FAULTS: Final = 6
_KINDS_OF_CALLS: Final = (
    *("deposit", *CHANGES, "repeat", "read", "stream", "locked", "by_count", "by_event", "changes"),
    *("count", "locked_count", "status"),
)
_EACH_A_SECOND: Final = 0.1
"""How many calls of each kind must have been made, a second."""
_TOLD_A_SECOND: Final = 20
"""How many changes watchers must have been told, a second …"""
_RESUMED_A_SECOND: Final = 0.2
"""… and how many watches must have gone on behind a token."""
_ASKED_A_SECOND: Final = 0.05
"""How many unlocks must have been confirmed, and how many declined: most are refused."""
_STRUCK: Final = 0.9
_NOBODY: Final = ("0", "0 connections")
_FINAL_STREAMS: Final = len(PIPELINES) + 1


def main() -> int:
    """Run, check, and tell; the exit status is 0 if nothing is wrong and enough has happened."""
    options = _options()
    if options.check is not None:
        return checked(options.check)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that nothing is left running
    directory = Path(tempfile.mkdtemp(prefix="workflow-results-faults-"))
    status = 1
    try:
        Run(directory, options.seed, options.seconds, options.bug, say).all()
        status = checked(directory)
    finally:
        if status:
            say(f"kept {directory}: python -m tests.system.faults --check {directory} checks it again")
        else:
            shutil.rmtree(directory)
    return status


def say(text: str) -> None:
    """Write a line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.system.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long to inject faults")
    parser.add_argument("--seed", type=int, default=1, help="of the faults and calls")
    parser.add_argument("--bug", choices=sorted(BUGS), default="", help="a deliberate bug to put into the server")
    parser.add_argument("--check", type=Path, metavar="DIRECTORY", help="only check a recorded history")
    return parser.parse_args()


def checked(directory: Path) -> int:
    began = time.monotonic()
    operations = load(directory)
    faults = nemesis.told(directory / FAULTS_FILE)
    run = json.loads((directory / RUN_FILE).read_text())
    logged = {name: faults_in(directory / name) for name in LOGS}
    exact_until = min((fault["began"] for fault in faults if fault["kind"] in nemesis.OF_MONGOD), default=math.inf)
    violations = check(operations, exact_until=exact_until)
    violations += [Violation("log", f"{name} must not contain:\n{text}") for name, text in logged.items() if text]
    happened = directory / HAPPENED_FILE
    run["happened"] = happened.read_text() if happened.exists() else "the run did not finish"
    _report(run, operations, faults, violations, time.monotonic() - began)
    lacking = missing(run["seconds"], operations, faults)
    for each in lacking:
        print(f"NOT ENOUGH: {each}")
    return bool(violations or lacking)


def _report(
    run: dict[str, Any],
    operations: list[Operation],
    faults: list[dict[str, Any]],
    violations: list[Violation],
    seconds: float,
) -> None:
    struck = Counter(kind for fault in faults for kind in (fault["kind"], fault["beside"]) if kind)
    kinds = Counter(operation.kind for operation in operations)
    outcomes = Counter(operation.outcome for operation in operations)
    print(f"seed {run['seed']}, {run['seconds']:g} s{', bug ' + run['bug'] if run['bug'] else ''}")
    answers = Counter(answer for operation in operations for answer in operation.told.get("answers", ()))
    again = sum(operation.told.get("tries", 1) > 1 for operation in operations)
    resumed = sum(bool(operation.told.get("broke")) for operation in operations if operation.outcome == "ok")
    print(f"faults: {struck.total()} of {len(struck)} kinds: {_counted(struck)}")
    print(f"mongod: {run['happened']}")
    print(f"operations: {len(operations)}: {_counted(kinds)}")
    print(f"outcomes: {_counted(outcomes)}; of deposited works: {_counted(answers)}")
    print(f"{again} deposits were sent again, {resumed} streams were resumed")
    print(f"{_told(operations)} changes were told to those who watch, {_resumed(operations)} watches were resumed")
    print(f"checked in {seconds:.1f} s: {len(violations)} violations")
    for violation in violations[:_SHOWN]:
        print(f"\n{violation}")
    if len(violations) > _SHOWN:
        print(f"\n… and {len(violations) - _SHOWN} more: {_counted(Counter(each.guarantee for each in violations))}")
    if violations:
        print(f"\nrun it again with: {run['command']}")


def _counted(counter: Counter[Any]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counter.items()))


def missing(seconds: float, operations: list[Operation], faults: list[dict[str, Any]]) -> list[str]:
    """Return what has not happened often enough for a test."""
    kinds = {fault["kind"] for fault in faults}
    made = Counter(each.kind for each in operations if _made(each))
    wanted = (
        ("operations", len(operations), seconds * _OPERATIONS_A_SECOND),
        ("faults", len(faults), seconds / _SECONDS_A_FAULT - 1),
        ("kinds of faults", len(kinds), min(_KINDS_OF_FAULTS, math.floor(seconds / _SECONDS_A_FAULT))),
        ("final reads", sum(operation.kind == "dump" for operation in operations), 1),
        ("final streams", sum(_final(each) for each in operations), _FINAL_STREAMS),
        *((f"{kind}s that were made", made[kind], seconds * _EACH_A_SECOND) for kind in _KINDS_OF_CALLS),
        ("unlocks that were declined", made["declined"], seconds * _ASKED_A_SECOND),
        ("unlocks that were confirmed", sum(_confirmed(each) for each in operations), seconds * _ASKED_A_SECOND),
        ("changes told to those who watch", _told(operations), seconds * _TOLD_A_SECOND),
        ("watches that went on behind a token", _resumed(operations), seconds * _RESUMED_A_SECOND),
        ("faults that struck somebody", sum(fault["whom"] not in _NOBODY for fault in faults), len(faults) * _STRUCK),
    )
    return [f"{number} {what}, at least {least:g}" for what, number, least in wanted if number < least]


def _made(operation: Operation) -> bool:
    stored = operation.kind != "deposit" or not {"failed", "unknown"} & set(operation.told.get("answers", ("unknown",)))
    return operation.outcome == "ok" and stored


def _confirmed(operation: Operation) -> bool:
    return operation.outcome == "ok" and "asked" in operation.told


def _told(operations: list[Operation]) -> int:
    return sum(len(operation.notes) for operation in operations)


def _resumed(operations: list[Operation]) -> int:
    return sum(operation.told.get("resumed", False) and bool(operation.notes) for operation in operations)


def _final(operation: Operation) -> bool:
    return operation.name.startswith("final-") and operation.outcome == "ok"


if __name__ == "__main__":
    sys.exit(main())

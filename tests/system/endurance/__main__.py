"""Endurance of the service: memory, overload, crowds, kills of the server, and outages. Run by `make endurance`."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click
import psutil
from pymongo.errors import PyMongoError
from rich.console import Console

from bench.service import Service
from tests.support.paths import REPOSITORY
from tests.system.endurance.crowd import crowd
from tests.system.endurance.kills import kills
from tests.system.endurance.outages import outages
from tests.system.endurance.overload import overload
from tests.system.endurance.reads import first, memory, readers
from tests.system.endurance.tools import QUICK, Bench, ClientError, Sizes
from workflow_results import ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHECKS: Final[dict[str, Callable[[Bench], None]]] = {
    check.__name__: check for check in (memory, readers, first, overload, crowd, kills, outages)
}
FIGURES: Final = REPOSITORY / "build" / "endurance.json"

_LOG_CHARACTERS: Final = 4_000
"""How much of the server's log is shown when a check could not be finished."""
_FAILURES: Final = (ClientError, ResultsError, PyMongoError, RuntimeError, psutil.Error)


@click.command()
@click.argument("checks", nargs=-1, type=click.Choice(list(CHECKS)), metavar="[CHECK]...")
@click.option("--quick", is_flag=True, help="Do a shorter run.")
def main(checks: tuple[str, ...], quick: bool) -> None:
    """Check memory, overload, crowds, kills and outages, and write all figures to build/endurance.json.

    CHECK is any of memory, readers, first, overload, crowd, kills and outages; without one, all of them. The exit
    status is 1 if anything is not as it should be.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that nothing is left running
    began = time.monotonic()
    with _served() as service:
        bench = Bench(service, QUICK if quick else Sizes(), Console(stderr=True))
        try:
            for check in checks or CHECKS:
                _run(bench, check)
        finally:
            _write(bench, quick=quick, seconds=time.monotonic() - began)
    failed = sum(not fact.passed for fact in bench.facts)
    print(f"{len(bench.facts) - failed} facts passed, {failed} failed, in {time.monotonic() - began:.0f} s")
    sys.exit(bool(failed))


def _run(bench: Bench, check: str) -> None:
    """Run one check; that it can't be finished is a fact, too."""
    bench.begin(check)
    try:
        CHECKS[check](bench)
    except _FAILURES as error:
        bench.fact(False, f"could not be finished: {type(error).__name__}: {error}")
        bench.console.print(bench.service.log[-_LOG_CHARACTERS:], markup=False, highlight=False, soft_wrap=True)
        if bench.service.server.poll() is not None:
            bench.service.start()


@contextmanager
def _served() -> Iterator[Service]:
    """Run a service, nothing of which remains, even if its server was killed and not started again."""
    with Service() as service:
        try:
            yield service
        finally:
            if service.server.poll() is not None:
                service.start()


def _write(bench: Bench, *, quick: bool, seconds: float) -> None:
    FIGURES.parent.mkdir(exist_ok=True)
    figures = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": quick,
        "seconds": round(seconds, 1),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "facts": bench.to_json(),
    }
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()

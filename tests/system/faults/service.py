"""`workflow-results serve` with two workers, as a process that can be killed and started again."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Final

from tests.support import launcher
from tests.support.paths import REPOSITORY
from tests.system.faults.bugs import BUG_VARIABLE
from tests.system.faults.replica_set import NotReady

_START_SECONDS: Final = 60.0
_INJECTED: Final = Path(__file__).parent / "injected"


class Service:
    """The server.

    Args:
        port: Where it listens.
        uri: Of MongoDB.
        log: Where its log goes.
        bug: The deliberate bug that it has; empty for none.
    """

    def __init__(self, port: int, uri: str, log: Path, bug: str) -> None:
        environment = {}
        if bug:
            paths = [str(_INJECTED), str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment = {BUG_VARIABLE: bug, "PYTHONPATH": os.pathsep.join(paths)}
        arguments = ("--workers", "2", "--mongo-uri", uri, "--drain-seconds", "5")
        self._launch = partial(launcher.Service, *arguments, log=log, port=port, environment=environment)
        self._running: launcher.Service | None = None

    def start(self) -> None:
        """Start it, as often as it takes: at its start it needs a primary.

        Raises:
            NotReady: It does not start.
        """
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._running = self._launch()
            except launcher.NotStarted as error:
                if time.monotonic() > end:
                    raise NotReady(str(error)[-2_000:]) from None
            else:
                return

    def workers(self) -> list[int]:
        """Return the process ids of the workers that live."""
        return self._running.workers() if self._running else []

    def kill(self) -> None:
        """Kill it with all its workers."""
        if self._running:
            self._running.kill()

    def stop(self) -> None:
        """End it cleanly: calls under way are finished."""
        assert self._running
        self._running.stop()

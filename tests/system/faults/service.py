"""`workflow-results serve` with two workers, as a process that can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from faults.bugs import BUG_VARIABLE
from faults.replica_set import NotReady

_START_SECONDS: Final = 60.0
_GONE_SECONDS: Final = 60.0
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
        self._command = [
            *(sys.executable, "-m", "workflow_results", "serve", "--port", str(port), "--workers", "2"),
            *("--mongo-uri", uri, "--drain-seconds", "5"),
        ]
        self._log = log
        self._environment = dict(os.environ)
        if bug:
            paths = [str(_INJECTED), str(Path(__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
            self._environment |= {BUG_VARIABLE: bug, "PYTHONPATH": os.pathsep.join(paths)}
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, as often as it takes: at its start it needs a primary.

        Raises:
            NotReady: It does not start.
        """
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            with self._log.open("ab") as log:
                self.process = subprocess.Popen(
                    self._command, stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment
                )
            assert self.process.stdout
            overdue = threading.Timer(_START_SECONDS, self.process.kill)
            overdue.start()
            line = self.process.stdout.readline()
            overdue.cancel()
            if line.startswith("listening on "):
                return
            self.process.kill()
            self.process.wait(_GONE_SECONDS)
        raise NotReady(f"the server does not start: {self._log.read_text()[-2_000:]}")

    def workers(self) -> list[int]:
        """Return the process ids of the workers that live."""
        if self.process is None:
            return []
        with suppress(OSError):
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return sorted(map(int, children.split()))
        return []

    def kill(self) -> None:
        """Kill it with all its workers."""
        workers = self.workers()
        assert self.process
        self.process.kill()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.process.wait(_GONE_SECONDS)

    def stop(self) -> None:
        """End it cleanly: calls under way are finished."""
        assert self.process
        self.process.terminate()
        self.process.wait(60)

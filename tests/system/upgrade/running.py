"""The client of either version, as a process."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Final

from tests.support.waiting import PATIENCE, killed_after

KINDS: Final = ("singles", "depositor", "changes", "look", "stream-0", "stream-1", "stream-2")
"""What a client does at the same time, besides its watch."""
_SCRIPT: Final = Path(__file__).with_name("client.py")
_END_SECONDS: Final = 5 * PATIENCE


class Failed(Exception):
    """A call has failed, or a client was stuck."""


class RunningClient:
    """A client that works until it is told to end.

    Args:
        commands: The directory of its `python`.
        arguments: The target, the name of the client, a pipeline to stream, and how many results that has.
        place: Where its report and its log go.

    Attributes:
        name: The name of the client.
    """

    def __init__(self, commands: Path, arguments: list[str], place: Path) -> None:
        self.name = arguments[1]
        self._done: Counter[str] = Counter()
        self._report = place / f"{self.name}.json"
        self._log = place / f"{self.name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(commands / "python"), str(_SCRIPT), *arguments, str(self._report)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._done = Counter(json.loads(line))

    def done(self) -> Counter[str]:
        """Return how often each kind of calls was done.

        Raises:
            Failed: It has ended.
        """
        if not self._reader.is_alive():
            raise self._failed()
        return self._done

    def end(self) -> dict[str, Any]:
        """Let it end, and return its report.

        Raises:
            Failed: One of its calls has failed, or it hangs.
        """
        assert self._process.stdin
        self._process.stdin.close()
        with killed_after(_END_SECONDS, self._process):
            status = self._process.wait()
        self._reader.join()
        if status or not self._report.exists():
            raise self._failed()
        told: dict[str, Any] = json.loads(self._report.read_text())
        return told

    def kill(self) -> None:
        """End the process, however it is."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            pipe.close()

    def _failed(self) -> Failed:
        told = json.loads(self._report.read_text()) if self._report.exists() else {"failures": []}
        return Failed("\n".join([f"client {self.name} has ended", self._log.read_text(), *told["failures"]]))

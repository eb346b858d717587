"""Starts `workflow-results`: a server as a process of its own, or a command to its end.

The benchmark and the system tests start their servers with it, too: it needs nothing but what the client does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.waiting import PATIENCE, killed_after

COMMAND = str(Path(sys.executable).with_name("workflow-results"))
_SERVER_COMMAND = os.environ.get("TEST_SERVER_COMMAND", COMMAND)
"""What `serve` is a command of; `make test-oldest` takes it from an environment that has the grpcio of servers."""
_START_SECONDS = 120.0
"""How long a server may take to say where it listens."""


class NotStarted(RuntimeError):
    """A server has not said where it listens; the message holds what it said instead."""


def listening(process: subprocess.Popen[str]) -> str:
    """Wait until a server says where it listens, and return its target.

    Raises:
        NotStarted: It has ended, or said nothing in time.
    """
    assert process.stdout
    with killed_after(_START_SECONDS, process):
        line = process.stdout.readline()
    if not line.startswith("listening on "):
        errors = process.stderr.read() if process.stderr else ""
        raise NotStarted(f"the server did not start: {line}{errors}")
    return line.split()[-1]


class Service:
    """`workflow-results serve` as a process of its own, which can be killed and started again.

    Args:
        arguments: Those of `serve`.
        log: Where its log goes.
        port: Where it listens; 0 for one that is free. It stays the same when the server is started again.
        files: How many files it may open; 0 for as many as this process.
        environment: Variables beside those of this process.
        command: The `workflow-results` that serves; another one than that of the tests for another version.

    Attributes:
        log: Where its log goes.
        target: The gRPC target.
        http: The address of its HTTP door, like `http://127.0.0.1:8005`; empty without `--http-port`.
        metrics: The URL of its metrics; empty without `--metrics-port`.
        process: The process that was started last.
        command: What it is started with, from the next start on.

    Raises:
        NotStarted: It has not started.
    """

    def __init__(
        self,
        *arguments: str,
        log: Path,
        port: int = 0,
        files: int = 0,
        environment: Mapping[str, str] | None = None,
        command: str = _SERVER_COMMAND,
    ) -> None:
        self.log = log
        self.target = f"127.0.0.1:{port}"
        self.http = self.metrics = ""
        self._arguments = arguments
        self._limited = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh"] if files else []
        self._environment = environment or {}
        self.command = command
        self.start()

    def start(self) -> None:
        """Start it, again on the same port if it has ended.

        Raises:
            NotStarted: It has not started.
        """
        port = self.target.rpartition(":")[2]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._limited, self.command, "serve", "--port", port, *self._arguments],
                env={**os.environ, **self._environment},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            self.target = listening(self.process)
            if "--http-port" in self._arguments:
                self.http = listening(self.process)
            if "--metrics-port" in self._arguments:
                self.metrics = listening(self.process)
        except NotStarted:
            self.stop()
            raise NotStarted(f"the server did not start: {self.log.read_text()}") from None

    def workers(self) -> list[int]:
        """Return the process ids of its children that live: its workers and, if it is embedded, mongod."""
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            return sorted(map(int, children.split()))
        return []

    def kill(self) -> None:
        """Kill it with all its workers; a mongod of its own is killed, too."""
        workers = self.workers()
        self.process.kill()
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.stop(signal.SIGKILL)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the process and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()  # one that hangs, which the error is about
            assert self.process.stdout
            self.process.stdout.close()


def embedded_uri(data_directory: Path) -> str:
    """Return the URI of the embedded MongoDB of a server, which holds a password, so never an argument."""
    port, password = ((data_directory / name).read_text().strip() for name in ("port", "password"))
    return f"mongodb://results:{password}@127.0.0.1:{port}/?replicaSet=rs0&authSource=admin"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `workflow-results` to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

"""Runs `workflow-results` in this process, in a tenth of the time of a process of its own; or on a terminal."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import NamedTuple
from unittest import mock

from tests.support.launcher import COMMAND
from tests.support.waiting import PATIENCE
from workflow_results.cli import main

_STYLE = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]")


class Done(NamedTuple):
    """How a command has ended."""

    status: int
    out: str
    err: str


def run(*arguments: object, given: str | bytes = b"", **environment: str) -> Done:
    """Run a command.

    Args:
        arguments: Those of the command.
        given: What it reads.
        environment: Variables beside those of this process.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    stdin = io.TextIOWrapper(io.BytesIO(given.encode() if isinstance(given, str) else given), "utf-8")
    status = 0
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch("sys.stdin", stdin),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main.main([str(each) for each in arguments], prog_name="workflow-results")
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else 1
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Done(status, *texts)


class Terminal:
    """A command on a terminal.

    Args:
        arguments: Those of the command.
        columns: The width of the terminal.
        environment: Variables beside those of this process.
    """

    def __init__(self, *arguments: object, columns: int = 80, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        variables = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", f'stty rows 24 columns {columns}; exec "$@"', "sh", COMMAND, *map(str, arguments)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**variables, "TERM": "xterm", **environment},
        )
        os.close(theirs)
        self.raw = b""

    @property
    def text(self) -> str:
        """What was printed so far, without styles."""
        return _STYLE.sub(b"", self.raw).decode().replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        """Type something."""
        os.write(self._ours, keys.encode())

    def interrupt(self) -> int:
        """Do what Ctrl-C does, and return the exit status; again where it came just before Python began to read."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            os.killpg(self.process.pid, signal.SIGINT)
            with contextlib.suppress(AssertionError):
                self.end(20)
        return self.end()

    def read_until(self, expected: str) -> None:
        """Wait until something is printed."""
        for _ in self._reading():
            if expected in self.text:
                return
        raise AssertionError(f"{expected!r} is not in {self.text!r}")

    def end(self, seconds: float = PATIENCE) -> int:
        """Wait for the end of the command; returns its exit status."""
        for _ in self._reading(seconds):
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """End it, however it is."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._ours)

    def _reading(self, seconds: float = PATIENCE) -> Iterator[None]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    read = os.read(self._ours, 65536)
                except OSError:  # nobody is there any more
                    return
                if not read:
                    return
                self.raw += read
            elif self.process.poll() is not None:
                return
        raise AssertionError(f"it has not ended: {self.text!r}")

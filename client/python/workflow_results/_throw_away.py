"""A server process for tests, which ends with this process in whatever way that ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflow_results.errors import ResultsError
from workflow_results.results import Results

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_LISTENING: Final = "listening on "
_STOP_SECONDS: Final = 70.0
"""A little more than after which the process ends itself for certain."""


class ThrowAway:
    """A server with a MongoDB of its own, for a `with` block.

    The process stops when the pipe to it is closed, which the kernel does however this process ends. Ctrl-C doesn't
    reach it. A child that is forked inside the block can use the server, and doesn't stop it.

    Raises:
        ResultsError: No process can be started.
    """

    def __init__(self) -> None:
        self._owner = os.getpid()
        try:
            self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it has no name, so that none is left
            self._directory = Path(tempfile.mkdtemp(prefix="workflow-results-"))
            self._process = self._start()
        except OSError as error:
            raise ResultsError(f"local_results can't start a server: {error}") from error

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "workflow_results_server.throw_away", str(self._directory)],
                # Warnings that are errors in the tests of others are not meant for the server.
                env={name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"},
                cwd=self._directory,  # where no file has the name of a module
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                bufsize=0,
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(self._directory, ignore_errors=True)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def results(self, **settings: Any) -> Results:
        """Return a client of an empty store; clients that it returned before have no server any more.

        Args:
            **settings: Of `Results`. Nothing is taken from the environment.

        Raises:
            ResultsError: The server has not started, or is gone.
        """
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(b"\n")
            line = self._process.stdout.readline().decode()
        except BrokenPipeError:
            line = ""
        if not line.startswith(_LISTENING):
            raise ResultsError(f"local_results has no server: {self._complaint()}")
        return Results(line.removeprefix(_LISTENING).strip(), token="", tls=False, **settings)

    def stop(self) -> None:
        """Stop the server and remove its data; nothing happens in a child that was forked since it was started."""
        if os.getpid() != self._owner:
            return
        self._process.terminate()  # and not by closing the pipe, which a child may hold, too
        self._end(self._process)
        if self._process.returncode < 0:  # it was killed, and its MongoDB may live: another one ends that
            again = self._start()
            assert again.stdin
            again.stdin.close()
            self._end(again)
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        with process:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _complaint(self) -> str:
        """Return what the process said last, once it has ended."""
        self._process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").split("\n")
        said = next((line for line in reversed(lines) if line.strip()), "")
        return said.removeprefix("workflow-results: ") or f"it ended with exit code {self._process.returncode}"

"""The control process of the vectors: a server behind a proxy, which breaks when a runner says so.

    python -m tests.vectors.control [--mongo-uri URI] [COMMAND…]

It prints two lines, `WORKFLOW_RESULTS_TARGET=HOST:PORT` and `WORKFLOW_RESULTS_CONTROL=HOST:PORT`, and ends on SIGTERM
or Ctrl-C. With a command, it runs that with the two variables set instead, and ends with its exit status. README.md has
the lines that it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.support.launcher import Service
from tests.support.network import Action, Network, Rule, Way
from tests.support.waiting import eventually
from workflow_results import Results

_DRAIN_SECONDS = "1"
"""How long a server that stops waits for its streams, and so the runner for the next one."""
_HOLD_ANSWERS = Rule(Action.HOLD, ways=frozenset({Way.BACK}))


class Control:
    """A server, and a proxy in front of it.

    Args:
        directory: Where the server's log goes and, without a URI, its data.
        mongo_uri: The MongoDB to use; empty for an embedded one.

    Attributes:
        target: The gRPC target, which stays the same however often the server ends.
    """

    def __init__(self, directory: Path, mongo_uri: str) -> None:
        where = () if mongo_uri else ("--data-dir", str(directory / "data"))
        environment = {"WORKFLOW_RESULTS_SERVE_MONGO_URI": mongo_uri} if mongo_uri else {}
        self._server = Service(
            *where, "--drain-seconds", _DRAIN_SECONDS, log=directory / "log", environment=environment
        )
        self._network = Network()
        upstream = int(self._server.target.rpartition(":")[2])
        self.target = f"127.0.0.1:{self._network.link('server', 0, upstream)}"
        self._commands = {
            "kill-server": self._kill_server,
            "drain": self._drain,
            "restart": self._restart,
            "hold": self._hold,
            "cut": self._cut,
            "reset": self._reset,
        }
        self._one_at_a_time = threading.Lock()

    def answer(self, line: str) -> dict[str, Any]:
        """Carry out a command, and return the answer to it."""
        try:
            command = json.loads(line)
            with self._one_at_a_time:
                self._commands[command.pop("control")](**command)
        except Exception as error:  # noqa: BLE001 - the runner is told
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return {"ok": True}

    def close(self) -> int:
        """End everything, and return the exit status of the server."""
        self._network.close()
        return self._server.stop()

    def _kill_server(self) -> None:
        self._server.stop(signal.SIGKILL)

    def _drain(self) -> None:
        self._server.process.send_signal(signal.SIGTERM)

    def _restart(self) -> None:
        self._server.stop()
        self._server.start()

    def _hold(self) -> None:
        self._network.add(_HOLD_ANSWERS)

    def _cut(self, when: dict[str, Any] | None = None) -> None:
        if when:
            self._wait_until_stored(**when)
        self._network.cut()

    def _reset(self) -> None:
        self._network.remove(_HOLD_ANSWERS)
        if self._server.process.poll() is not None:
            self._server.start()

    def _wait_until_stored(self, pipeline: str, count: int | None = None, locked: int | None = None) -> None:
        with Results(self._server.target) as direct:
            if count is not None:
                eventually(lambda: direct.count(pipeline, {}) == count)
            if locked is not None:
                eventually(lambda: direct.get_locked_count(pipeline) == locked)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, control: Control) -> None:
        self.control = control
        super().__init__(("127.0.0.1", 0), _Lines)


class _Lines(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        for line in self.rfile:
            answer = json.dumps(self.server.control.answer(line.decode()))
            self.wfile.write(answer.encode() + b"\n")


def main() -> int:
    """Run until a signal or the end of the command, and return an exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.vectors.control")
    parser.add_argument("--mongo-uri", default="", help="the MongoDB to use; default: an embedded one")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run with the two variables set")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="workflow-results-vectors-") as directory:
        control = Control(Path(directory), options.mongo_uri)
        try:
            with _Server(control) as server:
                threading.Thread(target=server.serve_forever, daemon=True).start()
                variables = {
                    "WORKFLOW_RESULTS_TARGET": control.target,
                    "WORKFLOW_RESULTS_CONTROL": f"127.0.0.1:{server.server_address[1]}",
                }
                if options.command:
                    environment = {**os.environ, **variables}
                    return subprocess.run(options.command, env=environment, check=False).returncode
                sys.stdout.write("".join(f"{name}={value}\n" for name, value in variables.items()))
                sys.stdout.flush()
                signal.pause()
                return 0
        finally:
            control.close()


if __name__ == "__main__":
    sys.exit(main())

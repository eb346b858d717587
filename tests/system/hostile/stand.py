"""The servers that are attacked, and what stands beside them."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.support.callers import write
from tests.support.launcher import Service
from tests.support.raw_peer import HEALTH, Deaf
from tests.support.works import work
from tests.system.hostile import mongo_proxy
from tests.system.hostile.attack import Beats, beat
from tests.system.hostile.cases import PIPELINE
from tests.system.hostile.limits import CALLERS, OPEN_FILES
from tests.system.hostile.memory import Memory
from workflow_results import Results
from workflow_results_server.mongod.data_directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

_URI: Final = "WORKFLOW_RESULTS_SERVE_MONGO_URI"
_STORED: Final = 300
_PROCESSES: Final = multiprocessing.get_context("spawn")
_ANSWER_SECONDS: Final = 120.0


class Stand:
    """Servers, each started when it is first wanted.

    Args:
        directory: For their files.
        stack: What they end with.

    Attributes:
        logs: Their logs.
    """

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self._directory = directory
        self._stack = stack
        self._servers: dict[str, tuple[Service, Memory]] = {}
        self._watchers = stack.enter_context(contextlib.ExitStack())  # which close when the servers have ended
        self.logs: list[Path] = []
        idle = self._start("idle", "--data-dir", str(directory / "data"))  # which keeps the MongoDB of the others
        assert idle.process.poll() is None
        port, password = ((directory / "data" / each).read_text().strip() for each in ("port", "password"))
        self._proxy = stack.enter_context(_process(mongo_proxy.run, int(port)))
        stack.callback(lambda: self._proxy.send("stop"))
        address = f"127.0.0.1:{_received(self._proxy)}"
        self._uri = f"mongodb://results:{password}@{address}/?directConnection=true&authSource=admin"

    def server(self, name: str) -> tuple[Service, Memory]:
        """Return a server and its memory: "open" for all, with "tokens", or "few files" that its MongoDB may open.

        The way of the first two to MongoDB leads through the proxy.
        """
        if name not in self._servers:
            with_tokens = ("--tokens", str(write(self._directory / f"{name}.yml", CALLERS)))
            if name == "few files":
                own = str(self._directory / name)
                service = self._start(name, "--data-dir", own, *with_tokens, files=OPEN_FILES)
            else:
                with _environment(_URI, self._uri):
                    service = self._start(name, "--drain-seconds", "5", *(with_tokens if name == "tokens" else ()))
                watcher = Deaf(service.target, f"{HEALTH}/Watch")  # which must hold up neither others nor the end
                self._watchers.callback(watcher.close)
            self._servers[name] = service, Memory(service.process.pid)
        return self._servers[name]

    def forget(self, name: str) -> None:
        """End a server; another one is started when it is wanted again."""
        service, _ = self._servers.pop(name)
        service.stop(signal.SIGKILL)
        DataDirectory(self._directory / name).kill_mongod()

    def _start(self, name: str, *arguments: str, files: int = 0) -> Service:
        log = self._directory / f"{name}.{len(self.logs)}.log"
        service = Service(*arguments, "--log-level", "info", log=log, files=files)
        self._stack.callback(service.stop)
        self.logs.append(log)
        return service

    def received(self) -> tuple[dict[str, int], list[str]]:
        """Return how often MongoDB received each command, and what it must not have received."""
        self._proxy.send("tell")
        commands, problems = _received(self._proxy)
        return commands, problems

    def fill(self) -> str:
        """Deposit what the cases ask about; returns the target of the open server."""
        fields: list[dict[str, Any]] = [
            {"a": 1},
            {"a": [1, 2, {"b": 1}]},
            {"b": None},
            {"t": "a" * 30 + "!"},
            {"n": 2.5, "results": {"x": 1}},
        ]
        target = self.server("open")[0].target
        with Results(target) as results:
            results.deposit([work(PIPELINE, f"w{number}", **fields[number % 5]) for number in range(_STORED)])
        return target


@contextlib.contextmanager
def beating(target: str, *, counts: bool = False, token: str = "") -> Iterator[Beats]:
    """Let another call meanwhile, and count, too; what it saw is there at the end."""
    beats = Beats()
    with _process(beat, target, counts, token) as heart:
        _received(heart)
        try:
            yield beats
        finally:
            heart.send("stop")
            beats.take(*_received(heart))


@contextlib.contextmanager
def _process(function: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    here, there = _PROCESSES.Pipe()
    process = _PROCESSES.Process(target=function, args=(there, *arguments), daemon=True)
    process.start()
    try:
        yield here
    finally:
        process.join(30)
        process.kill()


def _received(pipe: Connection) -> Any:
    if not pipe.poll(_ANSWER_SECONDS):
        raise TimeoutError("a process beside the servers says nothing")
    return pipe.recv()


@contextlib.contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]

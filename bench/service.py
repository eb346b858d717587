"""What is measured: a server with a mongod of its own, in a directory that is thrown away."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pymongo
from pymongo import IndexModel

from tests.support import launcher
from workflow_results_server.mongod.data_directory import DataDirectory

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping
    from types import TracebackType

    from pymongo.collection import Collection
    from typing_extensions import Self

INDEXES = [
    IndexModel([("event", 1), ("_id", -1)], name="event"),
    IndexModel([("results.locked", 1), ("_id", -1)], name="locked", partialFilterExpression={"results.locked": True}),
]
"""Those of the server, so that direct inserts pay for the same."""


class _Started:
    """A server that is stopped at the end of a `with` block."""

    _running: launcher.Service
    _temporary: tempfile.TemporaryDirectory[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._running.stop()
        self._temporary.cleanup()


class Service(_Started):
    """`workflow-results serve` with a mongod of its own, for use in a `with` block.

    Attributes:
        target: The gRPC target; it stays the same when the server is started again.
        http: The address of the HTTP door, if `arguments` ask for one.

    Args:
        workers: The number of processes that answer calls.
        arguments: Further arguments of `serve`.
    """

    def __init__(self, *arguments: str, workers: int = 1) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="workflow-results-bench-")
        self._directory = Path(self._temporary.name) / "data"
        self._log = Path(self._temporary.name) / "log"
        all_arguments = ("--data-dir", str(self._directory), "--workers", str(workers), *arguments)
        self._running = launcher.Service(*all_arguments, log=self._log)
        self.target = self._running.target
        self.http = self._running.http

    def start(self) -> None:
        """Start the server, again on the same port and the same data if it was killed."""
        self._running.start()

    @property
    def server(self) -> subprocess.Popen[str]:
        """The process of the server."""
        return self._running.process

    @property
    def mongod(self) -> psutil.Process:
        """The process of MongoDB."""
        return psutil.Process(DataDirectory(self._directory).mongod_pid())

    @property
    def log(self) -> str:
        """What the server has logged."""
        return self._log.read_text()

    def server_processes(self) -> list[psutil.Process]:
        """Return the processes of the server and of its workers, MongoDB aside."""
        mongod = self.mongod.pid
        server = psutil.Process(self.server.pid)
        return [each for each in (server, *server.children(recursive=True)) if each.pid != mongod]

    def server_memory(self) -> int:
        """Return the resident bytes of the server and of its workers, MongoDB aside."""
        return sum(each.memory_info().rss for each in self.server_processes())

    @property
    def mongo_uri(self) -> str:
        """The URI of MongoDB, which holds a password: nothing for the arguments of a process."""
        return launcher.embedded_uri(self._directory)

    def mongo(self) -> pymongo.MongoClient[dict[str, Any]]:
        """Connect directly, with the durability that the service promises."""
        return pymongo.MongoClient(self.mongo_uri, w="majority", journal=True)


class FurtherServer(_Started):
    """A server on the MongoDB of another one; for use in a `with` block.

    Attributes:
        target: The gRPC target.

    Args:
        uri: Of MongoDB.
        environment: Further variables of its environment.
        command: What serves.
    """

    def __init__(self, uri: str, environment: Mapping[str, str], command: str = launcher.COMMAND) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="workflow-results-bench-")
        variables = {"WORKFLOW_RESULTS_SERVE_MONGO_URI": uri, **environment}
        log = Path(self._temporary.name) / "log"
        self._running = launcher.Service(log=log, environment=variables, command=command)
        self.target = self._running.target

    def processes(self) -> list[psutil.Process]:
        """Return its processes."""
        server = psutil.Process(self._running.process.pid)
        return [server, *server.children(recursive=True)]


class PythonServer(FurtherServer):
    """One that does without the native part.

    Args:
        uri: Of MongoDB.
    """

    def __init__(self, uri: str) -> None:
        super().__init__(uri, {"WORKFLOW_RESULTS_NATIVE": "off"})


class UncountedServer(FurtherServer):
    """One that counts nothing.

    Args:
        uri: Of MongoDB.
        environment: Further variables of its environment.
    """

    def __init__(self, uri: str, environment: Mapping[str, str]) -> None:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # where it finds its Python
        super().__init__(uri, {"PATH": path, **environment}, str(Path(__file__).with_name("uncounted.py")))


def indexed(client: pymongo.MongoClient[dict[str, Any]], database: str, name: str) -> Collection[dict[str, Any]]:
    """Return a new, empty collection with the indexes of the server."""
    collection = client[database][name]
    collection.drop()
    collection.create_indexes(INDEXES)
    return collection

"""What is measured: a server with a mongod of its own, in a directory that is thrown away."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pymongo
from pymongo import IndexModel

from workflow_results_server.mongod.data_directory import DataDirectory

if TYPE_CHECKING:
    from types import TracebackType

    from pymongo.collection import Collection
    from typing_extensions import Self

INDEXES = [
    IndexModel([("event", 1), ("_id", -1)], name="event"),
    IndexModel([("results.locked", 1), ("_id", -1)], name="locked", partialFilterExpression={"results.locked": True}),
]
"""Those of the server, so that direct inserts pay for the same."""


class Service:
    """`workflow-results serve` with a mongod of its own, for use in a `with` block.

    Attributes:
        target: The gRPC target; it stays the same when the server is started again.
        server: The process of the server.

    Args:
        workers: The number of processes that answer calls.
        arguments: Further arguments of `serve`.
    """

    def __init__(self, *arguments: str, workers: int = 1) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="workflow-results-bench-")
        self._directory = Path(self._temporary.name) / "data"
        self._arguments = ("--workers", str(workers), *arguments)
        self.target = "127.0.0.1:0"
        self.start()

    def start(self) -> None:
        """Start the server, again on the same port and the same data if it was killed."""
        log = (Path(self._temporary.name) / "log").open("ab")
        command = [sys.executable, "-m", "workflow_results", "serve", "--data-dir", str(self._directory)]
        port = self.target.rpartition(":")[2]
        with log:
            self.server = psutil.Popen(
                [*command, "--port", port, *self._arguments], stdout=subprocess.PIPE, stderr=log, text=True
            )
        line = self.server.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError(f"the server did not start: {(Path(self._temporary.name) / 'log').read_text()}")
        self.target = line.split()[-1]

    @property
    def mongod(self) -> psutil.Process:
        """The process of MongoDB."""
        return psutil.Process(DataDirectory(self._directory).mongod_pid())

    @property
    def log(self) -> str:
        """What the server has logged."""
        return (Path(self._temporary.name) / "log").read_text()

    def server_memory(self) -> int:
        """Return the resident bytes of the server and of its workers, MongoDB aside."""
        mongod = self.mongod.pid
        return sum(
            each.memory_info().rss
            for each in (self.server, *self.server.children(recursive=True))
            if each.pid != mongod
        )

    @property
    def mongo_uri(self) -> str:
        """The URI of MongoDB, which holds a password: nothing for the arguments of a process."""
        port, password = ((self._directory / name).read_text().strip() for name in ("port", "password"))
        return f"mongodb://results:{password}@127.0.0.1:{port}/?replicaSet=rs0&authSource=admin"

    def mongo(self) -> pymongo.MongoClient[dict[str, Any]]:
        """Connect directly, with the durability that the service promises."""
        return pymongo.MongoClient(self.mongo_uri, w="majority", journal=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.server.terminate()
        self.server.wait(60)
        self._temporary.cleanup()


def indexed(client: pymongo.MongoClient[dict[str, Any]], database: str, name: str) -> Collection[dict[str, Any]]:
    """Return a new, empty collection with the indexes of the server."""
    collection = client[database][name]
    collection.drop()
    collection.create_indexes(INDEXES)
    return collection

"""The ways to the same data that are compared: ours, PyMongo, and JSON over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast
from unittest.mock import patch

import psutil
import pymongo
import requests

from bench import http_shape
from workflow_results import Results
from workflow_results.common import native

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import BinaryIO

    from typing_extensions import Self

OURS: Final = "ours"
NATIVE: Final = "ours (native)"
PYTHON: Final = "ours (python)"
CHECKERS: Final = (NATIVE, PYTHON) if native.cut else (PYTHON,)
"""Our ways to deposit, by what checks and encodes works."""
CHUNK: Final = 500
"""How many works a call holds where the caller has to cut them."""
MANY: Final = 5_000
"""How many it holds for a caller who expects more of large calls."""
INSERT_ONE: Final = "insert_one"
INSERT_MANY: Final = {chunk: f"insert_many({chunk:,})" for chunk in (CHUNK, MANY)}
"""The names of the ways that differ in how many works a call inserts."""
_SECONDS: Final = 600.0


class Address(NamedTuple):
    """Where a way leads, for processes that go it, too.

    Attributes:
        name: Of the way.
        target: A gRPC target, a MongoDB URI or the address of the HTTP service.
    """

    name: str
    target: str


class Way(ABC):
    """A client of one of the services that are compared.

    Attributes:
        name: Of the way, such as direct.
        database: Where its works are stored.
        address: From which `connect` makes another client.
    """

    name: str
    database: str

    def __init__(self, target: str) -> None:
        self.address = Address(self.name, target)

    def prepared(self, works: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return works as this way takes them."""
        return works

    @abstractmethod
    def deposit(self, pipeline: str, works: list[dict[str, Any]]) -> None:
        """Deposit many works."""

    @abstractmethod
    def deposit_one(self, pipeline: str, work: dict[str, Any]) -> None:
        """Deposit one work and wait until it is durable."""

    def deposit_each(self, pipeline: str, works: list[dict[str, Any]]) -> None:
        """Deposit works that come one at a time, in one thread."""
        for work in works:
            self.deposit_one(pipeline, work)

    @abstractmethod
    def view(self, pipeline: str) -> list[dict[str, Any]]:
        """Get all results as a list."""

    def stream(self, pipeline: str) -> Iterator[dict[str, Any]]:
        """Iterate over all results."""
        return iter(self.view(pipeline))

    @abstractmethod
    def write(self, pipeline: str, file: BinaryIO) -> None:
        """Write all results to a file, undecoded."""

    @abstractmethod
    def by_ids(self, pipeline: str, ids: list[str]) -> list[dict[str, Any]]:
        """Get results by their ids."""

    @abstractmethod
    def count(self, pipeline: str, event: int) -> int:
        """Count the results of an event."""

    @abstractmethod
    def status(self) -> dict[str, int]:
        """Count the results of every pipeline."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections."""


class Ours(Way):
    """The client `Results`."""

    name = OURS
    database = "workflow_results"

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.results = Results(target)

    def deposit(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: D102
        if self.results.deposit(works, timeout=_SECONDS) != {pipeline: True}:
            raise AssertionError("not all works are stored")

    def deposit_one(self, pipeline: str, work: dict[str, Any]) -> None:  # noqa: D102
        self.deposit(pipeline, [work])

    def deposit_each(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: ARG002, D102
        with self.results.depositor() as depositor:
            for work in works:
                depositor.deposit(work)

    def view(self, pipeline: str) -> list[dict[str, Any]]:  # noqa: D102
        return self.results.view(pipeline, {}, limit=-1)

    def stream(self, pipeline: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        return self.results.stream(pipeline, {})

    def write(self, pipeline: str, file: BinaryIO) -> None:  # noqa: D102
        for batch in self.results.stream_batches(pipeline, {}):
            file.write(batch)

    def by_ids(self, pipeline: str, ids: list[str]) -> list[dict[str, Any]]:  # noqa: D102
        return self.results.get_by_id(pipeline, ids)

    def count(self, pipeline: str, event: int) -> int:  # noqa: D102
        return self.results.count(pipeline, {"event": event})

    def status(self) -> dict[str, int]:  # noqa: D102
        return self.results.status()

    def close(self) -> None:  # noqa: D102
        self.results.close()


class WithoutNative(Ours):
    """The client `Results` as WORKFLOW_RESULTS_NATIVE=off makes it: its deposits do without the native part.

    Args:
        target: A server that does without it, too.
    """

    name = PYTHON

    def __init__(self, target: str) -> None:
        super().__init__(target)
        checker = self.results.info()["server"]["checker"]
        if not checker.startswith("python"):
            raise AssertionError(f"the server checks works with {checker}")

    def deposit(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: D102
        with _no_native():
            super().deposit(pipeline, works)

    def deposit_each(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: D102
        with _no_native():
            super().deposit_each(pipeline, works)


def _no_native() -> AbstractContextManager[Any]:
    """Return a block in which this process has no native part, as if it were not installed."""
    return patch.multiple(native, cut=None, encode=None)


class Direct(Way):
    """PyMongo, as one uses it without a service, with the durability that the service promises.

    Args:
        target: The URI of MongoDB.
        chunk: How many works a call inserts where there are many.
    """

    name = "direct"
    database = "direct"

    def __init__(self, target: str, chunk: int = CHUNK) -> None:
        super().__init__(target)
        self._chunk = chunk
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(target, w="majority", journal=True)
        self._database = self._client[self.database]

    def prepared(self, works: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: D102
        return [{"_id": work["id"], **work} for work in works]

    def deposit(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: D102
        for start in range(0, len(works), self._chunk):
            self._database[pipeline].insert_many(works[start : start + self._chunk], ordered=False)

    def deposit_one(self, pipeline: str, work: dict[str, Any]) -> None:  # noqa: D102
        self._database[pipeline].insert_one(work)

    def view(self, pipeline: str) -> list[dict[str, Any]]:  # noqa: D102
        return list(self._database[pipeline].find({}))

    def stream(self, pipeline: str) -> Iterator[dict[str, Any]]:  # noqa: D102
        return self._database[pipeline].find({})

    def write(self, pipeline: str, file: BinaryIO) -> None:  # noqa: D102
        for batch in self._database[pipeline].find_raw_batches({}):
            file.write(cast("bytes", batch))  # which pymongo's types don't tell

    def by_ids(self, pipeline: str, ids: list[str]) -> list[dict[str, Any]]:  # noqa: D102
        if len(ids) == 1:
            found = self._database[pipeline].find_one({"_id": ids[0]})
            return [found] if found else []
        return list(self._database[pipeline].find({"_id": {"$in": ids}}))

    def count(self, pipeline: str, event: int) -> int:  # noqa: D102
        return self._database[pipeline].count_documents({"event": event})

    def status(self) -> dict[str, int]:  # noqa: D102
        return {
            name: self._database[name].estimated_document_count() for name in self._database.list_collection_names()
        }

    def close(self) -> None:  # noqa: D102
        self._client.close()


class Gathering(Direct):
    """PyMongo where the caller gathers works that come one at a time until there are enough for a call."""

    def deposit_each(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: D102
        self.deposit(pipeline, works)


class Http(Way):
    """Today's client, in its shape: a `requests.Session` for each thread, with its connection kept alive."""

    name = "http"
    database = http_shape.DATABASE

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self._sessions = threading.local()

    def deposit(self, pipeline: str, works: list[dict[str, Any]]) -> None:  # noqa: D102
        for start in range(0, len(works), CHUNK):
            part = works[start : start + CHUNK]
            if self._post("results", part).json() not in ({pipeline: True}, {pipeline: len(part)}):
                raise AssertionError("not all works are stored")

    def deposit_one(self, pipeline: str, work: dict[str, Any]) -> None:  # noqa: D102
        self.deposit(pipeline, [work])

    def view(self, pipeline: str) -> list[dict[str, Any]]:  # noqa: D102
        return self._view({"pipeline": pipeline}).json()  # type: ignore[no-any-return]

    def write(self, pipeline: str, file: BinaryIO) -> None:  # noqa: D102
        file.write(self._view({"pipeline": pipeline}).content)

    def by_ids(self, pipeline: str, ids: list[str]) -> list[dict[str, Any]]:  # noqa: D102
        return self._view({"pipeline": pipeline, "id": {"$in": ids}}).json()  # type: ignore[no-any-return]

    def count(self, pipeline: str, event: int) -> int:  # noqa: D102
        return int(self._post("view/count", {"query": {"pipeline": pipeline, "event": event}}).json())

    def status(self) -> dict[str, int]:  # noqa: D102
        return dict(self._session.get(f"{self.address.target}/status", timeout=_SECONDS).json())

    def close(self) -> None:  # noqa: D102
        self._session.close()

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._sessions, "own"):
            self._sessions.own = requests.Session()
            self._sessions.own.trust_env = False  # no search for proxies and passwords at each call
        return self._sessions.own  # type: ignore[no-any-return]

    def _view(self, query: dict[str, Any]) -> requests.Response:
        return self._post("view", {"query": query, "projection": {}, "skip": 0, "limit": 0})

    def _post(self, route: str, body: Any) -> requests.Response:
        response = self._session.post(f"{self.address.target}/{route}", json=body, timeout=_SECONDS)
        response.raise_for_status()
        return response


class SmallHttp(Http):
    """The same without the fast parts of its server."""

    name = "http (small)"


class Door(Http):
    """Today's client at our HTTP door."""

    name = "ours (http)"
    database = Ours.database


_WAYS: Final[dict[str, type[Way]]] = {way.name: way for way in (Ours, Direct, Http, SmallHttp, Door)}


def connect(address: Address) -> Way:
    """Make a client, in whatever process."""
    return _WAYS[address.name](address.target)


class HttpService:
    """The process of `bench.http_shape`, for use in a `with` block.

    Attributes:
        process: Where it runs.
        target: Its address.

    Args:
        uri: Of MongoDB.
        small: Whether it does without the fast parts.
    """

    def __init__(self, uri: str, *, small: bool = False) -> None:
        self.process = psutil.Popen(
            [sys.executable, "-m", "bench.http_shape"],
            env={**os.environ, "HTTP_SHAPE_MONGO_URI": uri, **({"HTTP_SHAPE_SMALL": "yes"} if small else {})},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that Ctrl-C reaches the benchmark alone, which ends it
        )
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError("the HTTP service did not start")
        self.target = f"http://{line.split()[-1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(60)

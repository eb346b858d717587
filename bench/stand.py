"""The stand on which cases are measured: the services, the ways to them, and the data of a round."""

from __future__ import annotations

import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from bench.cpu import Meter
from bench.measure import expect
from bench.service import PythonServer, Service, indexed
from bench.ways import (
    CHECKERS,
    INSERT_MANY,
    INSERT_ONE,
    NATIVE,
    OURS,
    PYTHON,
    Direct,
    Door,
    Gathering,
    Http,
    HttpService,
    Ours,
    SmallHttp,
    WithoutNative,
)
from bench.works import Works
from workflow_results.common import native

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    import psutil
    import pymongo
    from typing_extensions import Self

    from bench.measure import Case
    from bench.ways import Way


@dataclass(frozen=True)
class Sizes:
    """How much is done.

    Attributes:
        small: How many works of 1.4 kB.
        large: How many of 40 kB.
        each: How many works are deposited one by one where each is waited for.
        thread: How many works each of many threads deposits.
        calls: Of how many calls a latency is the median.
        single_calls: How many calls ghz makes over one connection.
        parallel_calls: How many over many.
        mixed_seconds: For how long a mixed load goes on.
        plotted: How many works the plotted run deposits and streams.
    """

    small: int
    large: int
    each: int
    thread: int
    calls: int
    single_calls: int
    parallel_calls: int
    mixed_seconds: float
    plotted: int


FULL: Final = Sizes(
    small=20_000,
    large=1_000,
    each=500,
    thread=100,
    calls=200,
    single_calls=500,
    parallel_calls=2_500,
    mixed_seconds=3,
    plotted=150_000,
)
QUICK: Final = Sizes(
    small=4_000,
    large=200,
    each=100,
    thread=15,
    calls=50,
    single_calls=150,
    parallel_calls=600,
    mixed_seconds=1,
    plotted=20_000,
)
_WARM_UP: Final = Sizes(
    small=1_000,
    large=20,
    each=5,
    thread=2,
    calls=5,
    single_calls=20,
    parallel_calls=100,
    mixed_seconds=0.2,
    plotted=0,
)


@dataclass(frozen=True)
class Data:
    """Works of a round, and the pipeline in which all ways find them."""

    pipeline: str
    ids: list[str]
    event: int
    event_count: int


class Stand:
    """A service, its MongoDB directly, and what else is compared on that MongoDB; for use in a `with` block.

    Attributes:
        sizes: Of the current round.
        ways: By name.
        service: The one with one worker, which all cases but one use.
        mongo: A connection for what is not measured.

    Args:
        sizes: How much is done in each round.
    """

    def __init__(self, sizes: Sizes) -> None:
        self._full = self.sizes = sizes
        self._stack = ExitStack()
        self._works = {"small": Works.make(sizes.small), "large": Works.make(sizes.large, large=True)}
        self._data: dict[str, Data] = {}
        self._services: dict[int, Service] = {}
        self._used: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        with self._stack:
            self.service = self._stack.enter_context(Service("--http-port", "0"))
            self.mongo: pymongo.MongoClient[dict[str, Any]] = self._stack.enter_context(self.service.mongo())
            self._http = self._stack.enter_context(HttpService(self.service.mongo_uri))
            small = self._stack.enter_context(HttpService(self.service.mongo_uri, small=True))
            self._python = self._stack.enter_context(PythonServer(self.service.mongo_uri))
            self.ways: dict[str, Way] = {}
            ours = Ours(self.service.target)
            for way in (
                ours,
                WithoutNative(self._python.target),
                Direct(self.service.mongo_uri),
                Http(self._http.target),
                SmallHttp(small.target),
                Door(self.service.http),
            ):
                self._add(way.name, way)
            if NATIVE in CHECKERS:
                expect(ours.results.info()["server"]["checker"], native.NAME)
                self.ways[NATIVE] = ours
            for chunk, name in INSERT_MANY.items():
                self._add(name, Gathering(self.service.mongo_uri, chunk))
            self.ways[INSERT_ONE] = self.ways["direct"]
            self._stack = self._stack.pop_all()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @contextmanager
    def round(self, cases: Sequence[Case], *, warm_up: bool) -> Iterator[None]:
        """Fill the pipelines that the cases of a round read, and in the end drop all that it has made.

        Args:
            cases: Those of the round.
            warm_up: Whether it is a small round that only warms up.
        """
        self.sizes = replace(_WARM_UP, plotted=self._full.plotted) if warm_up else self._full
        for kind in sorted({case.kind for case in cases if case.reads}):
            self._data[kind] = self._filled(self.works(kind))
        yield
        for database, pipeline in self._used:
            self.mongo[database].drop_collection(pipeline)
        self._used.clear()

    def works(self, kind: str = "small") -> Works:
        """Return the works of the round."""
        return self._works[kind].first(getattr(self.sizes, kind))

    def data(self, kind: str = "small") -> Data:
        """Return what can be read in the round."""
        return self._data[kind]

    def new_pipeline(self, way: Way) -> str:
        """Create an empty pipeline with its indexes, and warm up the way to it."""
        name = f"bench-{uuid.uuid4().hex[:12]}"
        self._create(way, name)
        return name

    def stored(self, way: Way, pipeline: str) -> int:
        """Count the works of a pipeline behind the back of the way."""
        return self.mongo[way.database][pipeline].count_documents({})

    def meter(self, way: Way) -> Meter:
        """Return what measures the processor time of a way."""
        server: list[psutil.Process] = []
        if way.name in (OURS, Door.name):
            server = self.service.server_processes()
        elif way.name == PYTHON:
            server = self._python.processes()
        elif way.name == "http":
            server = [self._http.process]
        return Meter(server, self.service.mongod)

    def with_workers(self, number: int) -> Service:
        """Return a service with some workers and a MongoDB of its own, the same one each time."""
        if number not in self._services:
            self._services[number] = self._stack.enter_context(Service(workers=number))
        return self._services[number]

    def _add(self, name: str, way: Way) -> None:
        self._stack.callback(way.close)
        self.ways[name] = way

    def _create(self, way: Way, name: str) -> None:
        self._used.append((way.database, name))
        if way.name == "direct":
            indexed(self.mongo, way.database, name)
        way.deposit_one(name, way.prepared(self._works["small"].first(1).decoded(name))[0])
        self.mongo[way.database][name].delete_many({})

    def _filled(self, works: Works) -> Data:
        name = f"bench-{uuid.uuid4().hex[:12]}"
        for way in (self.ways[each] for each in (OURS, "direct", "http")):
            self._create(way, name)
            if way.name == "http":  # stores the same as PyMongo, but takes longer
                documents = self.ways["direct"].prepared(works.decoded(name))
                self.mongo[way.database][name].insert_many(documents, ordered=False)
            else:
                way.deposit(name, way.prepared(works.decoded(name)))
        return Data(name, works.ids(), *works.commonest_event())

"""The collections of pipelines: made before the first deposit, counted, and dropped.

MongoDB can't drop a collection on the condition that it is empty, and deposits come at any time, through any server. So
what is to be dropped first gets an index that no result fits (`_BAR`). MongoDB makes it only where there is no result,
and then takes none any more: a collection that has it is empty for good. From then on the drop may come as late as it
likes, and be finished by anybody. It names the collection by its UUID, with which it can't meet a new one of that name.
A deposit that is barred does not wait: it finishes the drop itself, and goes into a new collection. When the server
that began a drop is killed, nothing is lost, nor in the way.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from workflow_results import rules
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, RequestError, Unavailable
from workflow_results_server.store.calls import retrieve_outcome, uncancelled
from workflow_results_server.store.deposits import DOES_NOT_FIT, Outcome
from workflow_results_server.store.failures import limited

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.history import History, Origin
    from workflow_results_server.store.primary import Primary

_INDEXES: Final = [
    IndexModel([("event", ASCENDING), ("_id", DESCENDING)], name="event"),
    IndexModel(
        [("results.locked", ASCENDING), ("_id", DESCENDING)],
        name="locked",
        partialFilterExpression={"results.locked": True},
    ),
]
_OURS: Final = frozenset({"event", "locked"})
_BAR: Final = "_dropping"
"""The name of an index of places on the globe, and the id of a result, a string, is none."""
_BAR_INDEX: Final = IndexModel([("_id", GEOSPHERE)], name=_BAR)
_PREPARE_SECONDS: Final = 60.0
_READY_SECONDS: Final = 60.0
"""After how long one looks again whether a collection is there, which other servers and administrators may drop."""
_READY_MOST: Final = 10_000
_FULL_SECONDS: Final = 1.0
"""How long it is believed that there is no room."""
_GONE_CODES: Final = {26, 361}
"""NamespaceNotFound and CollectionUUIDMismatch."""
_COUNTED_AT_ONCE: Final = 100
"""How many pipelines one command counts, which then takes some 10 ms."""
_CONCURRENT_COUNTS: Final = 4
_COUNT: Final[list[dict[str, Any]]] = [{"$collStats": {"count": {}}}, {"$project": {"ns": 1, "count": 1}}]


class _NotEmptyError(Exception):
    """There are results."""


class _Full(NamedTuple):
    """There is no room for another pipeline."""

    names: frozenset[str]
    """The pipelines that there are."""
    until: float
    """How long that is believed."""


class Pipelines:
    """The pipelines of one database.

    Args:
        database: The database of the results.
        primary: What is known of the primary.
        history: Where drops are recorded.
        most: The most pipelines.

    Attributes:
        most: The most pipelines.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary, history: History, most: int) -> None:
        self.most = most
        self._database = database
        self._primary = primary
        self._history = history
        self._ready: dict[str, float] = {}
        """Until when a collection is believed to be there with its indexes; in the order of these times."""
        self._preparing: dict[str, asyncio.Task[bool]] = {}
        self._looking = asyncio.Lock()
        self._making: set[str] = set()
        self._full: _Full | None = None

    async def prepare(self, pipeline: str, seconds: float) -> bool:
        """Make sure that a pipeline has its collection and indexes, once for all calls that wait for it.

        Args:
            pipeline: The pipeline.
            seconds: The time that is left.

        Returns:
            Whether it has; else there is no room for another pipeline.

        Raises:
            RequestError: MongoDB failed, or took too long.
        """
        if self._ready.get(pipeline, 0.0) > time.monotonic():
            return True
        if self._is_full(pipeline):
            return False
        task = self._preparing.get(pipeline)
        if task is None:
            # In a context of its own: the time limit of the first call must not be that of all who wait.
            task = contextvars.Context().run(asyncio.ensure_future, self._prepare(pipeline))
            task.add_done_callback(retrieve_outcome)
            self._preparing[pipeline] = task
        try:
            with limited(seconds, may_have_changed=lambda: False):  # no work, at least
                return await asyncio.wait_for(asyncio.shield(task), seconds)
        except asyncio.TimeoutError:
            raise DeadlineExceeded(
                "the time for this call did not suffice to prepare the pipeline", NOT_APPLIED
            ) from None

    async def reopen(self, pipeline: str, seconds: float) -> Outcome | None:
        """Tell what becomes of works that did not fit an index; if the pipeline is being dropped, finish that.

        Args:
            pipeline: The pipeline.
            seconds: The time that is left.

        Returns:
            Their outcome; None where they should be tried again.

        Raises:
            RequestError: MongoDB failed, or took too long.
        """
        self._ready.pop(pipeline, None)
        with limited(seconds, may_have_changed=lambda: False):
            indexes = await self._indexes(pipeline)
        others = (dict(each["key"]).values() for each in indexes.values())
        if _BAR not in indexes and any(GEOSPHERE in kinds for kinds in others):
            return Outcome.REFUSED  # by an index of an administrator's
        return None if await self.prepare(pipeline, seconds) else Outcome.TOO_MANY_PIPELINES

    @uncancelled
    async def drop(self, pipeline: str, origin: Origin, seconds: float) -> bool:
        """Drop a pipeline that has no results.

        Args:
            pipeline: The pipeline.
            origin: Where the change comes from.
            seconds: The time that is left.

        Returns:
            Whether there was one.

        Raises:
            RequestError: It has results, or MongoDB failed.
        """
        begun = False
        seconds = await self._primary.wait_until_ready(seconds)
        with limited(seconds, may_have_changed=lambda: begun):
            try:
                uuid = await self._barred(pipeline)
            except _NotEmptyError:
                number = max(1, await self._database[pipeline].estimated_document_count())
                message = f"pipeline {pipeline} has {number:,} results left: delete them first"
                raise RequestError("FAILED_PRECONDITION", "PIPELINE_NOT_EMPTY", message) from None
            if uuid is None:
                return False
            begun = True
            await self._history.record_drop(pipeline, uuid, origin)
            if not await self._dropped(pipeline, uuid):
                # Somebody else has finished it. Between looking and barring, even: then there is a new one to finish.
                await self._finish(pipeline)
        return True

    @uncancelled
    async def counts(self, seconds: float) -> dict[str, int]:
        """Count the results of each pipeline that has any, from MongoDB's metadata.

        Raises:
            RequestError: MongoDB failed.
        """
        at_once = asyncio.Semaphore(_CONCURRENT_COUNTS)

        async def count(names: Sequence[str]) -> dict[str, int]:
            async with at_once:
                try:
                    return await self._counted_together(names)
                except OperationFailure:  # as when one of them has just been dropped
                    return {name: await self._database[name].estimated_document_count() for name in names}

        seconds = await self._primary.wait_until_ready(seconds)
        with limited(seconds):
            names = sorted(await self._names())
            starts = range(0, len(names), _COUNTED_AT_ONCE)
            parts = await asyncio.gather(*(count(names[start : start + _COUNTED_AT_ONCE]) for start in starts))
        return {name: number for part in parts for name, number in part.items() if number}

    async def _counted_together(self, names: Sequence[str]) -> dict[str, int]:
        """Count the results of several pipelines with one command: 10,000 take a second, and one by one seven."""
        first, *others = names
        collection = self._database.get_collection(first, read_concern=ReadConcern("local"))
        union = [{"$unionWith": {"coll": name, "pipeline": _COUNT}} for name in others]
        counts = dict.fromkeys(names, 0)
        async for each in await collection.aggregate([*_COUNT, *union]):
            counts[each["ns"].partition(".")[2]] += each["count"]
        return counts

    async def _prepare(self, pipeline: str) -> bool:
        began = time.monotonic()
        try:
            with pymongo.timeout(_PREPARE_SECONDS):
                ready = await self._made(pipeline)
        finally:
            del self._preparing[pipeline]
        if ready:
            self._ready.pop(pipeline, None)
            self._ready[pipeline] = began + _READY_SECONDS
            while len(self._ready) > _READY_MOST or next(iter(self._ready.values())) <= began:
                del self._ready[next(iter(self._ready))]
        return ready

    async def _made(self, pipeline: str) -> bool:
        """Make what a pipeline lacks; False where it lacks all, and there is no room."""
        indexes = await self._indexes(pipeline)
        if _BAR in indexes:
            await self._finish(pipeline)
        elif indexes:
            if not indexes.keys() >= _OURS:
                await self._database[pipeline].create_indexes(_INDEXES)
            return True
        async with self._room(pipeline) as room:
            if room:
                await self._database[pipeline].create_indexes(_INDEXES)
        return room

    @asynccontextmanager
    async def _room(self, pipeline: str) -> AsyncIterator[bool]:
        """Tell whether there is room for a pipeline, and keep it for the one that is made within."""
        async with self._looking:
            room = not self._is_full(pipeline)  # as another one may just have found
            if room:
                names = await self._names()
                room = pipeline in names or len(names | self._making) < self.most
                self._full = None if room else _Full(names, time.monotonic() + _FULL_SECONDS)
            if room:
                self._making.add(pipeline)
        try:
            yield room
        finally:
            self._making.discard(pipeline)

    def _is_full(self, pipeline: str) -> bool:
        """Tell whether it is known that there is no room for a pipeline."""
        return bool(self._full and self._full.until > time.monotonic() and pipeline not in self._full.names)

    async def _names(self) -> frozenset[str]:
        """List the pipelines, also those without results."""
        found = await self._database.list_collections(nameOnly=True)
        names = [each["name"] async for each in found if each["type"] == "collection"]
        return frozenset(name for name in names if rules.pipeline_problem(name) is None)

    async def _indexes(self, pipeline: str) -> dict[str, Any]:
        """Give the indexes of a pipeline by their names: at least one, unless there is no collection."""
        return dict(await self._database[pipeline].index_information())

    async def _barred(self, pipeline: str) -> Any:
        """Bar a pipeline from deposits for good.

        The UUID is looked up first: as long as the collection has it, it is the one that was barred.

        Returns:
            The UUID of its collection; None where there is none.

        Raises:
            _NotEmptyError: It has results.
        """
        filter_ = {"name": pipeline, "type": "collection"}
        found = [each async for each in await self._database.list_collections(filter=filter_)]
        if not found:
            return None
        # What only the primary has counts, too. MongoDB would look at every result before it told that none fits.
        collection = self._database.get_collection(pipeline, read_concern=ReadConcern("local"))
        if await collection.find_one({}, {"_id": 1}):
            raise _NotEmptyError
        try:
            await collection.create_indexes([_BAR_INDEX])
        except OperationFailure as error:
            if error.code == DOES_NOT_FIT:
                raise _NotEmptyError from error
            raise
        return found[0]["info"]["uuid"]

    async def _dropped(self, pipeline: str, uuid: Any) -> bool:
        """Drop the collection that has a UUID, and tell whether it was still there."""
        self._ready.pop(pipeline, None)
        self._full = None
        drop = {"drop": pipeline, "collectionUUID": uuid, "writeConcern": self._database.write_concern.document}
        try:
            reply = await self._database.command(drop)
        except OperationFailure as error:
            if error.code in _GONE_CODES:
                return False
            raise
        if "writeConcernError" in reply:
            raise Unavailable("NOT_DURABLE", "MongoDB could not make the drop durable", not_applied=False)
        return True

    async def _finish(self, pipeline: str) -> None:
        """Finish a drop that was begun: by a server that was killed since, or is just not as quick."""
        if _BAR in await self._indexes(pipeline):
            with suppress(_NotEmptyError):  # then somebody else has finished it
                if uuid := await self._barred(pipeline):
                    await self._dropped(pipeline, uuid)

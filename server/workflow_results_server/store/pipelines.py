"""The collections of pipelines: made before the first deposit, counted, and dropped.

MongoDB can't drop a collection on the condition that it is empty, and deposits come at any time, through any server. So
what is to be dropped first gets an index that no result fits (`_bar`). MongoDB makes it only where there is no result,
and then takes none any more: a collection that has it is empty for good. From then on the drop may come as late as it
likes, and be finished by anybody. It names the collection by its UUID, with which it can't meet a new one of that name.
A deposit that is barred does not wait: it finishes the drop itself, and goes into a new collection. When the server
that began a drop is killed, nothing is lost, nor in the way.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from pymongo import ASCENDING, DESCENDING, GEOSPHERE, IndexModel
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, RequestError, Unavailable
from workflow_results_server.store.deposits import DOES_NOT_FIT, Outcome
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.shielding import in_own_context, retrieve_outcome, shielded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.history import History, Origin
    from workflow_results_server.store.primary import Primary

_logger = logging.getLogger(__name__)

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
"""What the names of the indexes begin with that no result fits."""
_PREPARE_SECONDS: Final = 60.0
_COMPLETE_SECONDS: Final = 3600.0
_READY_SECONDS: Final = 60.0
"""After how long one looks again whether a collection is there, which other servers and administrators may drop."""
_READY_MOST: Final = 10_000
_FULL_SECONDS: Final = 1.0
"""How long it is believed that there is no room."""
_GONE_CODES: Final = {26, 361}
"""NamespaceNotFound and CollectionUUIDMismatch."""


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
        self._completing: dict[str, asyncio.Task[None]] = {}
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
            task = in_own_context(self._prepare(pipeline))  # for all who wait, with its own time limit
            task.add_done_callback(retrieve_outcome)
            self._preparing[pipeline] = task
        try:
            with mongodb_deadline(seconds, may_have_changed=lambda: False):  # no work, at least
                return await asyncio.wait_for(asyncio.shield(task), seconds)
        except asyncio.TimeoutError:
            raise DeadlineExceeded("the deadline passed before the pipeline was prepared", NOT_APPLIED) from None

    async def reopen(self, pipeline: str, seconds: float) -> Outcome | None:
        """Return what becomes of works that did not fit an index; if the pipeline is being dropped, finish that.

        Args:
            pipeline: The pipeline.
            seconds: The time that is left.

        Returns:
            Their outcome; None where they should be tried again.

        Raises:
            RequestError: MongoDB failed, or took too long.
        """
        self._ready.pop(pipeline, None)
        with mongodb_deadline(seconds, may_have_changed=lambda: False):
            indexes = await self._indexes(pipeline)
        kinds = (dict(each["key"]).values() for each in indexes.values())
        if not _is_barred(indexes) and any(GEOSPHERE in each for each in kinds):
            return Outcome.REFUSED  # by an index of an administrator's
        return None if await self.prepare(pipeline, seconds) else Outcome.TOO_MANY_PIPELINES

    @shielded
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
        with mongodb_deadline(seconds, may_have_changed=lambda: begun):
            try:
                collection = await self._barred(pipeline)
            except _NotEmptyError:
                number = max(1, await self._database[pipeline].estimated_document_count())
                left = "1 result left: delete it" if number == 1 else f"{number:,} results left: delete them"
                message = f"pipeline {pipeline} has {left} first"
                raise RequestError(Reason.PIPELINE_NOT_EMPTY, message) from None
            if collection is None:
                return False
            begun = True
            await self._history.record_drop(pipeline, collection, origin)
            if not await self._dropped(pipeline, collection):
                # Somebody else has finished it. If that was before it was barred, a new collection is.
                await self._finish(pipeline)
        return True

    async def names(self) -> frozenset[str]:
        """List the pipelines, also those without results.

        Raises:
            PyMongoError: MongoDB failed.
        """
        found = await self._database.list_collections(nameOnly=True)
        names = [each["name"] async for each in found if each["type"] == "collection"]
        return frozenset(name for name in names if rules.pipeline_problem(name) is None)

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
            while len(self._ready) > _READY_MOST or next(iter(self._ready.values())) < began:
                del self._ready[next(iter(self._ready))]
        return ready

    async def _made(self, pipeline: str) -> bool:
        """Make what a pipeline lacks; False where it lacks all, and there is no room."""
        indexes = await self._indexes(pipeline)
        if _is_barred(indexes):
            await self._finish(pipeline)
        elif indexes:
            if not indexes.keys() >= _OURS and pipeline not in self._completing:
                # Deposits need not wait for indexes of results that are there, which may be very many.
                self._completing[pipeline] = in_own_context(self._complete(pipeline))
            return True
        async with self._room(pipeline) as room:
            if room:
                await self._make_indexes(pipeline, _INDEXES)
        return room

    async def _complete(self, pipeline: str) -> None:
        try:
            with pymongo.timeout(_COMPLETE_SECONDS):
                await self._make_indexes(pipeline, _INDEXES)
        except PyMongoError as error:  # the next look tries again
            _logger.warning("a pipeline still lacks indexes", extra={"pipeline": pipeline, "error": str(error)[:500]})
        finally:
            del self._completing[pipeline]

    async def _make_indexes(self, pipeline: str, indexes: list[IndexModel]) -> None:
        """Make indexes, also while a member of the replica set is down, for which MongoDB would wait."""
        await self._database[pipeline].create_indexes(indexes, commitQuorum="majority")

    @asynccontextmanager
    async def _room(self, pipeline: str) -> AsyncIterator[bool]:
        """Return whether there is room for a pipeline, and keep it for the one that is made within."""
        async with self._looking:
            room = not self._is_full(pipeline)  # as another one may just have found
            if room:
                names = await self.names()
                room = pipeline in names or len(names | self._making) < self.most
                self._full = None if room else _Full(names, time.monotonic() + _FULL_SECONDS)
            if room:
                self._making.add(pipeline)
        try:
            yield room
        finally:
            self._making.discard(pipeline)

    def _is_full(self, pipeline: str) -> bool:
        """Return whether it is known that there is no room for a pipeline."""
        return bool(self._full and self._full.until > time.monotonic() and pipeline not in self._full.names)

    async def _indexes(self, pipeline: str) -> dict[str, Any]:
        """Return the indexes of a pipeline by their names: at least one, unless there is no collection."""
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
        # What only the primary has counts, too. MongoDB would look at every result before it found that none fits.
        collection = self._database.get_collection(pipeline, read_concern=ReadConcern("local"))
        if await collection.find_one({}, {"_id": 1}):
            raise _NotEmptyError
        try:
            await self._make_indexes(pipeline, [_bar()])
        except OperationFailure as error:
            if error.code == DOES_NOT_FIT:
                raise _NotEmptyError from error
            raise
        return found[0]["info"]["uuid"]

    async def _dropped(self, pipeline: str, collection: Any) -> bool:
        """Drop the collection that has a UUID, and return whether it was still there."""
        self._ready.pop(pipeline, None)
        self._full = None
        drop = {"drop": pipeline, "collectionUUID": collection, "writeConcern": self._database.write_concern.document}
        try:
            reply = await self._database.command(drop)
        except OperationFailure as error:
            if error.code in _GONE_CODES:
                return False
            raise
        if "writeConcernError" in reply:
            raise Unavailable(Reason.NOT_DURABLE, "MongoDB could not make the drop durable", not_applied=False)
        return True

    async def _finish(self, pipeline: str) -> None:
        """Finish a drop that was begun: by a server that was killed since, or is just not as quick.

        Two at a time may bar a new collection each time that the other one drops; the one that comes last drops that.
        """
        with suppress(_NotEmptyError):  # then it is open again
            while _is_barred(await self._indexes(pipeline)):
                collection = await self._barred(pipeline)
                if collection is None or await self._dropped(pipeline, collection):
                    return


def _bar() -> IndexModel:
    """Return an index that no result fits: of places on the globe, while an id is a string.

    Each is another one. Of an index that another call is just making, MongoDB may tell that it is there already, even
    when it can't be made in the end.
    """
    name = uuid.uuid4().hex
    return IndexModel([("_id", GEOSPHERE), (name, ASCENDING)], name=f"{_BAR}_{name}")


def _is_barred(indexes: Iterable[str]) -> bool:
    """Return whether a pipeline is, or may be about to be, barred."""
    return any(name.startswith(_BAR) for name in indexes)

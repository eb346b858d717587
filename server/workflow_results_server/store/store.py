"""The store: one collection a pipeline, whose `_id` is the id of the result."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

import pymongo
from pymongo.errors import PyMongoError

from workflow_results_server.errors import RequestError
from workflow_results_server.store import by_field, connection, counts, deposits, reads
from workflow_results_server.store.changes import Changes
from workflow_results_server.store.exchange import Exchange
from workflow_results_server.store.group_commit import GroupCommit
from workflow_results_server.store.history import History
from workflow_results_server.store.indexes import Indexes
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.pipelines import Pipelines
from workflow_results_server.store.primary import Primary
from workflow_results_server.store.quarantine import Quarantine
from workflow_results_server.store.selection import SLOW_HINT, Batch, Selection
from workflow_results_server.store.shielding import retrieve_outcome, shielded, wait_for_all
from workflow_results_server.store.watching.feed import ChangeFeed
from workflow_results_server.store.watching.watches import Watches

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.documents.works import Work
    from workflow_results_server.store.by_field import Ranking, ValueCounts

_COLLECTIONS: Final = 1_000
"""How many collections are kept, which are no more than their names: to make one takes 20 µs."""
_PREPARE_SECONDS: Final = 60.0
_LAST_SECONDS: Final = 4.0
_CLOSE_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = _LAST_SECONDS + _CLOSE_SECONDS
"""How long `Store.close` takes at most."""


class Store:
    """Results in MongoDB.

    Attributes:
        pipelines: Their collections: how many there may be, and how one is dropped.
        changes: Updates, deletes, locks and unlocks.
        exchange: Whole results in the places of others.
        quarantine: Works that were rejected.
        history: Who changed which results.
        watches: Changes as they are made.
        indexes: Indexes on fields, made by admins.
        mongodb_version: The version of MongoDB.

    Args:
        database: Where the results are, from `connection.connect`.
        mongodb_version: The version of MongoDB.
        call_seconds: The longest time for an insert, and to wait for the next batch of a read.
        max_pipelines: The most pipelines.
    """

    def __init__(
        self, database: AsyncDatabase[dict[str, Any]], mongodb_version: str, call_seconds: float, max_pipelines: int
    ) -> None:
        primary = Primary(database)
        self.history = History(database, primary)
        self.pipelines = Pipelines(database, primary, self.history, max_pipelines)
        self.changes = Changes(database, primary, self.history)
        self.exchange = Exchange(database, primary, self.history)
        self.quarantine = Quarantine(database, primary)
        self.mongodb_version = mongodb_version
        self._database = database
        self._collection = lru_cache(_COLLECTIONS)(database.__getitem__)
        self._primary = primary
        self._call_seconds = call_seconds
        self._group_commit = GroupCommit(self._insert)
        self._reads = reads.Reads(primary)
        self.indexes = Indexes(database, primary)
        self._feed = ChangeFeed(database, primary)
        self.watches = Watches(self._feed, self.read, self._names)

    @classmethod
    async def open(cls, uri: str, database: str, call_seconds: float, max_pipelines: int = 0) -> Store:
        """Connect to MongoDB.

        Args:
            uri: A MongoDB connection string.
            database: The name of the database of the results.
            call_seconds: The longest time for an insert, and to wait for the next batch of a read.
            max_pipelines: The most pipelines; 0 for as many as MongoDB bears.

        Raises:
            ConnectionRefused: This MongoDB can't be used.
        """
        connected = await connection.connect(uri, database)
        try:
            with pymongo.timeout(_PREPARE_SECONDS):
                build = await connected.client.admin.command("buildInfo")
                most = max_pipelines or await connection.most_pipelines(connected)
                store = cls(connected, build["version"], call_seconds, most)
                await store.history.prepare()
        except PyMongoError as error:
            await connected.client.close()
            raise connection.ConnectionRefused(
                f"MongoDB does not allow the server to set up the database {database}: {error}"
            ) from error
        return store

    @property
    def bytes_read(self) -> int:
        """How many bytes all readers together hold."""
        return self._reads.bytes_held

    async def close(self) -> None:
        """Finish soon what is under way, whose callers are gone, and close the connections to MongoDB."""
        end = time.monotonic() + _LAST_SECONDS
        await self._group_commit.finish(_LAST_SECONDS)
        await self._feed.close(max(0.0, end - time.monotonic()))
        await wait_for_all(max(0.0, end - time.monotonic()))
        closing = asyncio.ensure_future(self._database.client.close())  # it informs MongoDB which sessions are over
        closing.add_done_callback(retrieve_outcome)
        await asyncio.wait((closing,), timeout=_CLOSE_SECONDS)

    async def erase(self) -> None:
        """Drop all collections, when no call is under way any more.

        Raises:
            PyMongoError: MongoDB failed.
        """
        for name in await self._database.list_collection_names():
            await self._database.drop_collection(name)

    @shielded
    async def is_alive(self, seconds: float) -> bool:
        """Return whether a primary answers.

        Args:
            seconds: How long to wait for it.
        """
        try:
            with pymongo.timeout(seconds):
                await self._database.command("ping")
        except PyMongoError:
            return False
        return True

    async def deposit(self, pipeline: str, works: Sequence[Work], seconds: float) -> list[deposits.Outcome]:
        """Store works of one pipeline.

        Args:
            pipeline: The pipeline of all the works.
            works: The works; those with the same id are taken in their order.
            seconds: The time that is left.

        Returns:
            The outcome of each work, in their order.

        Raises:
            RequestError: MongoDB failed; nothing is known about the outcomes.
        """
        end = time.monotonic() + seconds
        await self._primary.wait_until_ready(seconds)
        if not await self.pipelines.prepare(pipeline, end - time.monotonic()):
            return [deposits.Outcome.TOO_MANY_PIPELINES] * len(works)
        return await self._group_commit.deposit(pipeline, works, end - time.monotonic())

    def read(self, pipeline: str, selection: Selection) -> AsyncGenerator[Batch, None]:
        """Stream results in descending order of their ids.

        Raises:
            RequestError: MongoDB failed, or found nothing in time.
        """
        return self._reads.read(self._collection(pipeline), selection, self._call_seconds)

    @shielded
    async def count(self, pipeline: str, filter_: Mapping[str, Any], seconds: float) -> int:
        """Count results exactly.

        Raises:
            RequestError: MongoDB failed, or could not count in time.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds, hint=SLOW_HINT):
            return await self._collection(pipeline).count_documents(filter_)

    async def top(self, pipeline: str, selection: Selection, ranking: Ranking) -> AsyncGenerator[Batch, None]:
        """Stream results in the order of a field that holds a number.

        Args:
            pipeline: The pipeline.
            selection: Which results, and what of them.
            ranking: By what to rank them.

        Raises:
            RequestError: MongoDB failed, or found nothing in time.
        """
        found = await self._ranked(pipeline, selection.filter, ranking)
        for ids in by_field.parts(found):
            named = Selection(filter={"_id": {"$in": ids}}, projection=selection.projection, limit=len(ids))
            final = ids[-1] == found.ids[-1]
            async with aclosing(self.read(pipeline, named)) as batches:
                if len(ids) == 1:  # it may be large, and counts for the memory of readers until it is sent
                    async for batch in batches:
                        yield batch._replace(final=final)
                    continue
                documents = by_field.in_order(ids, [batch async for batch in batches])
            if documents:
                yield Batch(b"".join(documents), len(documents), "", final=final)

    @shielded
    async def _ranked(self, pipeline: str, filter_: Mapping[str, Any], ranking: Ranking) -> by_field.Ranked:
        seconds = await self._primary.wait_until_ready(self._call_seconds)
        with mongodb_deadline(seconds, hint=SLOW_HINT):
            return await by_field.ranked(self._collection(pipeline), filter_, ranking)

    @shielded
    async def count_by(
        self, pipeline: str, filter_: Mapping[str, Any], field: str, most: int, seconds: float
    ) -> ValueCounts:
        """Count results by the values of a field.

        Args:
            pipeline: The pipeline.
            filter_: A MongoDB filter.
            field: The path of the field.
            most: How many values to return at most.
            seconds: The time that is left.

        Raises:
            RequestError: MongoDB failed, or could not count in time.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds, hint=SLOW_HINT):
            collection = self._collection(pipeline)
            if not filter_ and (index := await self.indexes.holds_values(pipeline, field)):
                counted = await by_field.counted_by_index(collection, field, index, most)
                if counted is not None:
                    return counted
            return await by_field.counted(collection, filter_, field, most)

    @shielded
    async def status(self, seconds: float) -> dict[str, int]:
        """Count the results of each pipeline that has any, from MongoDB's metadata.

        Raises:
            RequestError: MongoDB failed.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds):
            return await counts.counts(self._database, await self.pipelines.names())

    @shielded
    async def _names(self) -> frozenset[str]:
        seconds = await self._primary.wait_until_ready(self._call_seconds)
        with mongodb_deadline(seconds):
            return await self.pipelines.names()

    async def _insert(self, pipeline: str, works: Sequence[Work]) -> list[deposits.Outcome]:
        with mongodb_deadline(self._call_seconds, may_have_changed=lambda: True):
            async with self._database.client.start_session() as session:
                return await deposits.deposit(
                    self._collection(pipeline), works, session, partial(self._reopen, pipeline)
                )

    async def _reopen(self, pipeline: str) -> deposits.Outcome | None:
        try:
            return await self.pipelines.reopen(pipeline, self._call_seconds)
        except RequestError as error:  # works that came before may be stored
            raise error.of_a_part() from error

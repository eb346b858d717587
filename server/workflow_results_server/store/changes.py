"""Changes of stored results, all or nothing: each is one transaction.

The conditions stand in the writes themselves, so that no interleaving with other calls changes a locked result:
MongoDB aborts one of two transactions that write the same document, and that one is run again on what it finds then.

That holds only for documents that are written, and a write that changes nothing, like the lock of a locked result, is
none for MongoDB. Two calls that each leave alone what the other changes would both go through: a lock of A and B, where
A is locked already, could end with A unlocked by a simultaneous unlock of both. So a call that changes some of its
results writes all of them (`_write_all`).
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import ReadPreference, UpdateOne
from pymongo.read_concern import ReadConcern

from workflow_results_server.bson_documents import without
from workflow_results_server.store.failures import limited, primary_is_known
from workflow_results_server.turns import taken_in_turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.works import Work

    Collection = AsyncCollection[dict[str, Any]]
    Write = Callable[[Collection, Sequence[str], AsyncClientSession], Awaitable[tuple[int, int]]]
    """Writes the results with some ids; gives how many matched its conditions and how many it changed."""

_logger = logging.getLogger(__name__)

_STATEMENT_IDS: Final = 10_000
"""How many ids go into one statement: with ids of 128 characters well below the 16 MiB of a command."""
_ABORT_SECONDS: Final = 5.0
_UNLOCKED: Final = {"results.locked": {"$ne": True}}
_LOCK: Final = [{"$set": {"results": {"$mergeObjects": ["$results", {"locked": True}]}}}]
"""A pipeline, since `{$set: {"results.locked": true}}` fails where `results` is null."""
_UNLOCK: Final = [
    {
        "$set": {
            "results": {
                "$cond": [
                    {"$eq": ["$results.locked", True]},
                    {"$mergeObjects": ["$results", {"locked": False}]},
                    "$results",
                ]
            }
        }
    }
]
"""Leaves alone what is not locked, a `results` that is null or missing included."""


class Refusal(NamedTuple):
    """One result that stands in the way."""

    pipeline: str
    id: str
    locked: bool
    """True: it is locked. False: it does not exist."""


@dataclass(frozen=True, slots=True)
class Change:
    """The outcome of a change.

    Attributes:
        refusals: The results that stood in the way; without any, the change was made.
        changed: How many results are different now.
    """

    refusals: list[Refusal] = field(default_factory=list)
    changed: int = 0


class _Refused(Exception):
    def __init__(self, refusals: list[Refusal]) -> None:
        self.refusals = refusals


class Changes:
    """The changes of results in one database.

    Args:
        database: The database of the results.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        self._database = database

    async def update(self, works: Mapping[str, Mapping[str, Work]], seconds: float) -> Change:
        """Set the fields of works, given by pipeline and id, in results that are not locked."""

        async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
            each = works[collection.name]
            writes = []
            for id_ in ids:
                data = each[id_].data
                fields = await taken_in_turns(len(data), partial(without, data, b"_id", b"id"))
                writes.append(UpdateOne({"_id": id_, **_UNLOCKED}, {"$set": RawBSONDocument(fields)}))
            done = await collection.bulk_write(writes, ordered=False, session=session)
            return done.matched_count, done.modified_count

        targets = {pipeline: list(each) for pipeline, each in works.items()}
        return await self._transact(targets, write, seconds, locked_refuses=True)

    async def delete(self, pipeline: str, ids: Sequence[str], seconds: float) -> Change:
        """Delete results that are not locked."""

        async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
            done = await collection.delete_many({"_id": {"$in": ids}, **_UNLOCKED}, session=session)
            return done.deleted_count, done.deleted_count

        return await self._transact({pipeline: ids}, write, seconds, locked_refuses=True, look_first=True)

    async def lock(self, pipeline: str, ids: Sequence[str], seconds: float) -> Change:
        """Lock results."""
        return await self._transact({pipeline: ids}, _updating(_LOCK), seconds, locked_refuses=False)

    async def unlock(self, pipeline: str, ids: Sequence[str], seconds: float) -> Change:
        """Unlock results."""
        return await self._transact({pipeline: ids}, _updating(_UNLOCK), seconds, locked_refuses=False)

    async def would_unlock(self, pipeline: str, ids: Sequence[str], seconds: float) -> Change:
        """Tell what `unlock` would do, and change nothing."""
        await primary_is_known(self._database, seconds)
        with limited(seconds):
            locked = await _lock_states(self._database[pipeline], ids)
        return Change(_refusals(pipeline, ids, locked, locked_refuses=False), sum(locked.values()))

    async def _transact(
        self,
        targets: Mapping[str, Sequence[str]],
        write: Write,
        seconds: float,
        *,
        locked_refuses: bool,
        look_first: bool = False,
    ) -> Change:
        """Write results of some pipelines in one transaction, or find out which stand in the way.

        That is looked up only once a write has matched too few; but first where the write leaves nothing to look at.
        """
        total = sum(map(len, targets.values()))
        complete = False

        async def transaction(session: AsyncClientSession) -> int:
            try:
                return await attempt(session)
            except BaseException:
                await asyncio.shield(_aborted(session))
                raise

        async def attempt(session: AsyncClientSession) -> int:
            nonlocal complete
            complete = False
            refusals: list[Refusal] = []
            changed = 0
            for pipeline, ids in targets.items():
                collection = self._database[pipeline]
                locked = await _lock_states(collection, ids, session) if look_first else None
                counts = [await write(collection, chunk, session) for chunk in _chunks(ids)]
                changed += sum(count for _, count in counts)
                if sum(matched for matched, _ in counts) < len(ids):
                    if locked is None:
                        locked = await _lock_states(collection, ids, session)
                    refusals += _refusals(pipeline, ids, locked, locked_refuses=locked_refuses)
            if refusals:
                raise _Refused(refusals)
            if 0 < changed < total:
                await self._write_all(targets, session)
            complete = True
            return changed

        await primary_is_known(self._database, seconds)
        with limited(seconds, may_have_changed=lambda: complete):
            async with self._database.client.start_session() as session:
                try:
                    changed = await session.with_transaction(
                        transaction,
                        read_concern=ReadConcern("snapshot"),
                        write_concern=self._database.write_concern,
                        read_preference=ReadPreference.PRIMARY,
                    )
                except _Refused as refused:
                    return Change(refused.refusals)
        return Change(changed=changed)

    async def _write_all(self, targets: Mapping[str, Sequence[str]], session: AsyncClientSession) -> None:
        """Write all results without changing them; see the head of this file."""
        for pipeline, ids in targets.items():
            for chunk in _chunks(ids):
                for value in ("", pipeline):
                    await self._database[pipeline].update_many(
                        {"_id": {"$in": chunk}}, {"$set": {"pipeline": value}}, session=session
                    )


async def _aborted(session: AsyncClientSession) -> None:
    """Abort a transaction, also where its own time is up or its call is gone.

    Left open, it would keep what it wrote from everybody until MongoDB gives it up, after a minute.
    """

    async def abort() -> None:
        try:
            with pymongo.timeout(_ABORT_SECONDS):
                await session.abort_transaction()
        except Exception as error:  # noqa: BLE001 - nobody waits for it; pymongo fails in its own way on ended sessions
            _logger.warning("a transaction is left to MongoDB to end", extra={"error": type(error).__name__})

    # In a context of its own, since the time limit of the call stands in its context.
    await contextvars.Context().run(asyncio.ensure_future, abort())


def _updating(update: Sequence[Mapping[str, Any]]) -> Write:
    async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
        done = await collection.update_many({"_id": {"$in": ids}}, update, session=session)
        return done.matched_count, done.modified_count

    return write


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _STATEMENT_IDS):
        yield ids[start : start + _STATEMENT_IDS]


async def _lock_states(
    collection: Collection, ids: Sequence[str], session: AsyncClientSession | None = None
) -> dict[str, bool]:
    """Tell of each result that exists whether it is locked."""
    locked = {}
    for chunk in _chunks(ids):
        async for found in collection.find({"_id": {"$in": chunk}}, {"results.locked": 1}, session=session):
            results = found.get("results")
            locked[found["_id"]] = isinstance(results, dict) and results.get("locked") is True
    return locked


def _refusals(pipeline: str, ids: Sequence[str], locked: Mapping[str, bool], *, locked_refuses: bool) -> list[Refusal]:
    return [
        Refusal(pipeline, id_, locked=id_ in locked)
        for id_ in ids
        if id_ not in locked or (locked_refuses and locked[id_])
    ]

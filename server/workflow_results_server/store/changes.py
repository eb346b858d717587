"""Changes of stored results, all or nothing: each is one transaction.

The conditions stand in the writes themselves, so that no interleaving with other calls changes a locked result:
MongoDB aborts one of two transactions that write the same document, and that one is run again on what it finds then.

That holds only for documents that are written, and a write that changes nothing, like the lock of a locked result, is
none for MongoDB. Two calls that each leave alone what the other changes would both go through: a lock of A and B, where
A is locked already, could end with A unlocked by a simultaneous unlock of both, and the history could tell the lock
behind the unlock that followed it. So a call that leaves some of its results alone writes all of them (`_write_all`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.documents.bson_bytes import without
from workflow_results_server.errors import RequestError
from workflow_results_server.offload import offload
from workflow_results_server.store.history import Target
from workflow_results_server.store.mongodb_errors import TOO_LARGE_CODES, mongodb_deadline
from workflow_results_server.store.shielding import shielded
from workflow_results_server.store.statements import chunks
from workflow_results_server.store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.documents.works import Work
    from workflow_results_server.store.history import History, Method, Origin
    from workflow_results_server.store.primary import Primary

    Collection = AsyncCollection[dict[str, Any]]
    Write = Callable[[Collection, Sequence[str], AsyncClientSession], Awaitable[tuple[int, int]]]
    """Writes the results with some ids; returns how many matched its conditions and how many it changed."""

_REFUSED_BY_LOCKS: Final = ("update", "delete_ids")
_UNLOCKED: Final = {"results.locked": {"$ne": True}}
LOCK: Final = [{"$set": {"results": {"$mergeObjects": ["$results", {"locked": True}]}}}]
"""A pipeline, since `{$set: {"results.locked": true}}` fails where `results` is null."""
UNLOCK: Final = [
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
_ADDED_BYTES: Final = 64
"""More than a lock and `_id` add to a work, beside the bytes of the id."""
_TOO_LARGE: Final = {
    "$gt": [{"$subtract": [{"$bsonSize": "$$ROOT"}, {"$strLenBytes": "$_id"}]}, rules.WORK_BYTES + _ADDED_BYTES]
}


class Refusal(NamedTuple):
    """One result for which the change is refused."""

    pipeline: str
    id: str
    locked: bool
    """True: it is locked. False: it does not exist."""


@dataclass(frozen=True, slots=True)
class Change:
    """The outcome of a change.

    Attributes:
        refusals: The results for which it was refused; without any, the change was made.
        changed: How many results are different now.
        found: How many results of each pipeline there were, where those that are missing are passed over.
    """

    refusals: list[Refusal] = field(default_factory=list)
    changed: int = 0
    found: dict[str, int] = field(default_factory=dict)


class Changes:
    """The changes of results in one database.

    Args:
        database: The database of the results.
        primary: What is known of the primary.
        history: Where changes are recorded.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary, history: History) -> None:
        self._database = database
        self._primary = primary
        self._history = history

    async def update(self, works: Mapping[str, Mapping[str, Work]], origin: Origin, seconds: float) -> Change:
        """Set the fields of works, given by pipeline and id, in results that are not locked."""

        async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
            each = works[collection.name]
            fields = []
            for id_ in ids:
                data = each[id_].data
                fields.append(await offload(len(data), partial(without, data, b"_id", b"id")))
            return await set_fields(collection, [each[id_] for id_ in ids], fields, session)

        alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for pipeline, each in works.items():
            for id_, work in each.items():
                alike.setdefault((pipeline, work.fields), []).append(id_)
        targets = [Target(pipeline, fields, ids) for (pipeline, fields), ids in alike.items()]
        return await self._transact("update", targets, write, origin, seconds)

    async def delete(self, pipeline: str, ids: Sequence[str], origin: Origin, seconds: float) -> Change:
        """Delete results that are not locked."""
        return await self._transact("delete_ids", [Target(pipeline, (), ids)], _delete, origin, seconds)

    async def delete_found(self, ids: Mapping[str, Sequence[str]], origin: Origin, seconds: float) -> Change:
        """Delete results that are not locked, given by pipeline; pass over those that do not exist."""
        targets = [Target(pipeline, (), each) for pipeline, each in ids.items()]
        return await self._transact("delete_ids", targets, _delete, origin, seconds, pass_over_missing=True)

    async def lock(self, pipeline: str, ids: Sequence[str], origin: Origin, seconds: float) -> Change:
        """Lock results."""
        return await self._transact("lock", [Target(pipeline, (), ids)], updating(LOCK), origin, seconds)

    async def unlock(self, pipeline: str, ids: Sequence[str], origin: Origin, seconds: float) -> Change:
        """Unlock results."""
        return await self._transact("unlock", [Target(pipeline, (), ids)], updating(UNLOCK), origin, seconds)

    @shielded
    async def count_locked(self, pipeline: str, ids: Sequence[str], _origin: Origin, seconds: float) -> Change:
        """Return what `unlock` would do, and change nothing."""
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds):
            locked = await _lock_states(self._database[pipeline], ids)
        return Change(_refusals(pipeline, ids, locked, locked_refuses=False), sum(locked.values()))

    async def _transact(
        self,
        method: Method,
        targets: Sequence[Target],
        write: Write,
        origin: Origin,
        seconds: float,
        *,
        pass_over_missing: bool = False,
    ) -> Change:
        """Write results in one transaction; if that is refused, find out in another one for which results.

        The second is committed, too: until then what it has seen could be gone with a primary that is one no more.
        If the second one finds no such results any more, the first one is carried out again.
        """
        transaction = Transaction(self._database, self._primary, seconds)

        async def change(session: AsyncClientSession) -> Change | None:
            if (before := await self._history.answered(origin, session)) is not None:
                return Change(changed=before)
            named, found = targets, {}
            if pass_over_missing:
                named = [each._replace(ids=await self._existing(each, session)) for each in targets]
                found = {each.pipeline: len(each.ids) for each in named}
                named = [each for each in named if each.ids]
            changed = await self._write(_by_pipeline(named), write, session)
            if changed is None:
                return None
            if named:
                await self._history.record(method, named, origin, changed, session)
            transaction.complete = True
            return Change(changed=changed, found=found)

        async def look(session: AsyncClientSession) -> Change | None:
            if (before := await self._history.answered(origin, session)) is not None:
                return Change(changed=before)
            refusals: list[Refusal] = []
            for pipeline, ids in _by_pipeline(targets).items():
                locked = await _lock_states(self._database[pipeline], ids, session)
                asked = list(locked) if pass_over_missing else ids
                refusals += _refusals(pipeline, asked, locked, locked_refuses=method in _REFUSED_BY_LOCKS)
            return Change(refusals) if refusals else None

        return await transaction.run(change, look)

    async def _existing(self, target: Target, session: AsyncClientSession) -> list[str]:
        return list(await _lock_states(self._database[target.pipeline], target.ids, session))

    async def _write(
        self, by_pipeline: Mapping[str, Sequence[str]], write: Write, session: AsyncClientSession
    ) -> int | None:
        """Write results; return how many of them are changed, or None if the change is refused."""
        changed = 0
        for pipeline, all_ids in by_pipeline.items():
            for ids in chunks(all_ids):
                matched, modified = await write(self._database[pipeline], ids, session)
                if matched < len(ids):
                    return None
                changed += modified
        if changed < sum(map(len, by_pipeline.values())):
            await write_all(self._database, by_pipeline, session)
        return changed


async def write_all(
    database: AsyncDatabase[dict[str, Any]], by_pipeline: Mapping[str, Sequence[str]], session: AsyncClientSession
) -> None:
    """Write results without changing them; see the head of this file."""
    for pipeline, all_ids in by_pipeline.items():
        for ids in chunks(all_ids):
            for value in ("", pipeline):
                await database[pipeline].update_many(
                    {"_id": {"$in": ids}}, {"$set": {"pipeline": value}}, session=session
                )


async def set_fields(
    collection: Collection, works: Sequence[Work], fields: Sequence[bytes], session: AsyncClientSession
) -> tuple[int, int]:
    """Set fields of results that are not locked.

    Args:
        collection: The collection of their pipeline.
        works: The works that name them, for messages.
        fields: The fields of each, as BSON.
        session: The session with the transaction of the change.

    Returns:
        How many are not locked, and how many were changed.

    Raises:
        RequestError: A result would become too large.
        PyMongoError: MongoDB failed.
    """
    ids = [work.id for work in works]
    writes = [
        UpdateOne({"_id": id_, **_UNLOCKED}, {"$set": RawBSONDocument(each)})
        for id_, each in zip(ids, fields, strict=True)
    ]
    try:
        done = await collection.bulk_write(writes, ordered=False, session=session)
    except BulkWriteError as error:
        (failure, *_) = error.details.get("writeErrors") or [{}]
        if failure.get("code") not in TOO_LARGE_CODES:
            raise
        raise _too_large(works[failure["index"]]) from error
    too_large = {"_id": {"$in": ids}, "$expr": _TOO_LARGE}
    if found := await collection.find_one(too_large, {"_id": 1}, session=session):
        raise _too_large(works[ids.index(found["_id"])])
    return done.matched_count, done.modified_count


def _by_pipeline(targets: Sequence[Target]) -> dict[str, list[str]]:
    by_pipeline: dict[str, list[str]] = {}
    for target in targets:
        by_pipeline.setdefault(target.pipeline, []).extend(target.ids)
    return by_pipeline


def _too_large(work: Work) -> RequestError:
    result = f"result {rules.quoted(work.id)} of {work.pipeline}"
    problem = f"would make {result} larger than the {rules.WORK_BYTES:,} bytes of a work: nothing was updated"
    path = f"works[{work.position}]"
    return RequestError(Reason.TOO_LARGE, f"{path} {problem}", fields={path: problem})


def updating(update: Sequence[Mapping[str, Any]]) -> Write:
    """Return what updates all results with some ids alike."""

    async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
        done = await collection.update_many({"_id": {"$in": ids}}, update, session=session)
        return done.matched_count, done.modified_count

    return write


async def _delete(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
    done = await collection.delete_many({"_id": {"$in": ids}, **_UNLOCKED}, session=session)
    return done.deleted_count, done.deleted_count


async def _lock_states(
    collection: Collection, ids: Sequence[str], session: AsyncClientSession | None = None
) -> dict[str, bool]:
    """Return, for each result that exists, whether it is locked."""
    locked = {}
    for chunk in chunks(ids):
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

"""Changes of stored results, all or nothing: each is one transaction.

The conditions stand in the writes themselves, so that no interleaving with other calls changes a locked result:
MongoDB aborts one of two transactions that write the same document, and that one is run again on what it finds then.

That holds only for documents that are written, and a write that changes nothing, like the lock of a locked result, is
none for MongoDB. Two calls that each leave alone what the other changes would both go through: a lock of A and B, where
A is locked already, could end with A unlocked by a simultaneous unlock of both, and the history could tell the lock
behind the unlock that followed it. So a call that leaves some of its results alone writes all of them (`_write_all`).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from bson.raw_bson import RawBSONDocument
from pymongo import ReadPreference, UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError
from pymongo.read_concern import ReadConcern

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.documents.bson_bytes import without
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, RequestError, let_go
from workflow_results_server.offload import offload
from workflow_results_server.store.calls import in_own_context, shielded
from workflow_results_server.store.failures import TOO_LARGE_CODES, mongodb_deadline
from workflow_results_server.store.history import Target
from workflow_results_server.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.documents.works import Work
    from workflow_results_server.store.history import History, Method, Origin
    from workflow_results_server.store.primary import Primary

    Collection = AsyncCollection[dict[str, Any]]
    Write = Callable[[Collection, Sequence[str], AsyncClientSession], Awaitable[tuple[int, int]]]
    """Writes the results with some ids; gives how many matched its conditions and how many it changed."""
    Attempt = Callable[[AsyncClientSession], Awaitable["Change"]]

_logger = logging.getLogger(__name__)

_ABORT_SECONDS: Final = 5.0
_LATE_SECONDS: Final = 0.3
"""How long after its time a call is answered at the latest, where MongoDB does not answer."""
_SHARE_OF_ATTEMPTS: Final = 0.8
"""How much of its time a call has until it must commit. Where no time is left to send a commit, PyMongo sends neither
that nor an abort, so that the transaction would hold its results for a minute."""
_COMMIT_SECONDS: Final = 0.1
"""The least time for a commit, even if a caller with very little time no longer waits."""
_REFUSED_BY_LOCKS: Final = ("update", "delete_ids")
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
_ADDED_BYTES: Final = 64
"""More than a lock and `_id` add to a work, beside the bytes of the id."""
_TOO_LARGE: Final = {
    "$gt": [{"$subtract": [{"$bsonSize": "$$ROOT"}, {"$strLenBytes": "$_id"}]}, rules.WORK_BYTES + _ADDED_BYTES]
}


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


class _Hindered(Exception):
    """Results stand in the way; which they are is another look."""


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
            writes = []
            for id_ in ids:
                data = each[id_].data
                fields = await offload(len(data), partial(without, data, b"_id", b"id"))
                writes.append(UpdateOne({"_id": id_, **_UNLOCKED}, {"$set": RawBSONDocument(fields)}))
            try:
                done = await collection.bulk_write(writes, ordered=False, session=session)
            except BulkWriteError as error:
                (failure, *_) = error.details.get("writeErrors") or [{}]
                if failure.get("code") not in TOO_LARGE_CODES:
                    raise
                raise _too_large(each[ids[failure["index"]]]) from error
            too_large = {"_id": {"$in": ids}, "$expr": _TOO_LARGE}
            if found := await collection.find_one(too_large, {"_id": 1}, session=session):
                raise _too_large(each[found["_id"]])
            return done.matched_count, done.modified_count

        alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for pipeline, each in works.items():
            for id_, work in each.items():
                alike.setdefault((pipeline, work.fields), []).append(id_)
        targets = [Target(pipeline, fields, ids) for (pipeline, fields), ids in alike.items()]
        return await self._transact("update", targets, write, origin, seconds)

    async def delete(self, pipeline: str, ids: Sequence[str], origin: Origin, seconds: float) -> Change:
        """Delete results that are not locked."""

        async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
            done = await collection.delete_many({"_id": {"$in": ids}, **_UNLOCKED}, session=session)
            return done.deleted_count, done.deleted_count

        return await self._transact("delete_ids", [Target(pipeline, (), ids)], write, origin, seconds)

    async def lock(self, pipeline: str, ids: Sequence[str], origin: Origin, seconds: float) -> Change:
        """Lock results."""
        return await self._transact("lock", [Target(pipeline, (), ids)], _updating(_LOCK), origin, seconds)

    async def unlock(self, pipeline: str, ids: Sequence[str], origin: Origin, seconds: float) -> Change:
        """Unlock results."""
        return await self._transact("unlock", [Target(pipeline, (), ids)], _updating(_UNLOCK), origin, seconds)

    @shielded
    async def count_locked(self, pipeline: str, ids: Sequence[str], _origin: Origin, seconds: float) -> Change:
        """Return what `unlock` would do, and change nothing."""
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds):
            locked = await _lock_states(self._database[pipeline], ids)
        return Change(_refusals(pipeline, ids, locked, locked_refuses=False), sum(locked.values()))

    async def _transact(
        self, method: Method, targets: Sequence[Target], write: Write, origin: Origin, seconds: float
    ) -> Change:
        """Write results in one transaction; where some stand in the way, find out in another which.

        The second is committed, too: until then what it has seen could be gone with a primary that is one no more.
        """
        by_pipeline: dict[str, list[str]] = {}
        for target in targets:
            by_pipeline.setdefault(target.pipeline, []).extend(target.ids)
        total = sum(map(len, by_pipeline.values()))
        complete = False

        async def change(session: AsyncClientSession) -> Change:
            nonlocal complete
            complete = False
            if (before := await self._history.answered(origin, session)) is not None:
                return Change(changed=before)
            changed = 0
            for pipeline, all_ids in by_pipeline.items():
                for ids in chunks(all_ids):
                    matched, modified = await write(self._database[pipeline], ids, session)
                    if matched < len(ids):
                        raise _Hindered
                    changed += modified
            if changed < total:
                await self._write_all(by_pipeline, session)
            await self._history.record(method, targets, origin, changed, session)
            complete = True
            return Change(changed=changed)

        async def look(session: AsyncClientSession) -> Change:
            if (before := await self._history.answered(origin, session)) is not None:
                return Change(changed=before)
            refusals: list[Refusal] = []
            for pipeline, ids in by_pipeline.items():
                locked = await _lock_states(self._database[pipeline], ids, session)
                locked_refuses = method in _REFUSED_BY_LOCKS
                refusals += _refusals(pipeline, ids, locked, locked_refuses=locked_refuses)
            if not refusals:
                raise _Hindered
            return Change(refusals)

        @shielded
        async def carry_out() -> Change:
            left = await self._primary.wait_until_ready(seconds)
            attempts_end = time.monotonic() + left * _SHARE_OF_ATTEMPTS
            commit = max(left * (1 - _SHARE_OF_ATTEMPTS), _COMMIT_SECONDS)
            with mongodb_deadline(left * _SHARE_OF_ATTEMPTS + commit, may_have_changed=lambda: complete):
                async with self._database.client.start_session() as session:
                    for attempt in itertools.cycle((change, look)):
                        try:
                            with _leaving_nothing_open(attempt, attempts_end) as transaction:
                                done: Change = await session.with_transaction(
                                    transaction,
                                    read_concern=ReadConcern("snapshot"),
                                    write_concern=self._database.write_concern,
                                    read_preference=ReadPreference.PRIMARY,
                                )
                            return done
                        except _Hindered as hindered:
                            let_go(hindered)
            raise AssertionError("a cycle never ends")

        try:
            return await asyncio.wait_for(carry_out(), seconds + _LATE_SECONDS)
        except asyncio.TimeoutError:
            # To abort may take longer, and goes on. Nothing that is not complete by now will be committed.
            message = "the deadline passed"
            raise DeadlineExceeded(message, {} if complete else NOT_APPLIED) from None

    async def _write_all(self, by_pipeline: Mapping[str, Sequence[str]], session: AsyncClientSession) -> None:
        """Write all results without changing them; see the head of this file."""
        for pipeline, all_ids in by_pipeline.items():
            for ids in chunks(all_ids):
                for value in ("", pipeline):
                    await self._database[pipeline].update_many(
                        {"_id": {"$in": ids}}, {"$set": {"pipeline": value}}, session=session
                    )


@contextmanager
def _leaving_nothing_open(attempt: Attempt, end: float) -> Iterator[Attempt]:
    """Let an attempt end in time to be committed, and abort it if it fails or comes too late."""
    attempts = [attempt]

    async def transaction(session: AsyncClientSession) -> Change:
        try:
            with pymongo.timeout(max(end - time.monotonic(), 0.001)):
                done = await attempts[0](session)
            if time.monotonic() >= end:
                raise DeadlineExceeded("the deadline passed", NOT_APPLIED)
            return done
        except BaseException as error:
            if isinstance(error, PyMongoError):
                let_go(error)
            await _aborted(session)
            raise

    try:
        yield transaction
    finally:
        # PyMongo keeps the last error with frames that keep the transaction, which must not keep the request.
        attempts.clear()


async def _aborted(session: AsyncClientSession) -> None:
    """Abort a transaction, also where its own time is up.

    Left open, it would keep what it wrote from everybody until MongoDB gives it up, after a minute.
    """

    async def abort() -> None:
        try:
            with pymongo.timeout(_ABORT_SECONDS):
                await session.abort_transaction()
        except Exception as error:  # noqa: BLE001 - nobody waits for it; pymongo fails in its own way on ended sessions
            _logger.warning("a transaction is left to MongoDB to end", extra={"error": type(error).__name__})

    await in_own_context(abort())  # since the time of the call may be up


def _too_large(work: Work) -> RequestError:
    result = f"result {rules.quoted(work.id)} of {work.pipeline}"
    problem = f"would make {result} larger than the {rules.WORK_BYTES:,} bytes of a work: nothing is updated"
    path = f"works[{work.position}]"
    return RequestError(Reason.TOO_LARGE, f"{path} {problem}", fields={path: problem})


def _updating(update: Sequence[Mapping[str, Any]]) -> Write:
    async def write(collection: Collection, ids: Sequence[str], session: AsyncClientSession) -> tuple[int, int]:
        done = await collection.update_many({"_id": {"$in": ids}}, update, session=session)
        return done.matched_count, done.modified_count

    return write


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

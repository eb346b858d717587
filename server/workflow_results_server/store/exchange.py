"""The exchange of whole results: what differs is updated, locked or unlocked, all or nothing, in one transaction.

What is stored decides what an exchange is, so it reads each result first, in the snapshot of its transaction, and then
writes it. MongoDB aborts the transaction if another call has written the result since. A result that needs no change
is written all the same, as in `changes.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from workflow_results.common import rules
from workflow_results_server.documents.bson_bytes import stored_id
from workflow_results_server.offload import Turns, offload
from workflow_results_server.store.changes import LOCK, UNLOCK, Change, Refusal, set_fields, updating, write_all
from workflow_results_server.store.history import Target
from workflow_results_server.store.statements import chunks
from workflow_results_server.store.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.documents.works import Work
    from workflow_results_server.store.history import History, Method, Origin
    from workflow_results_server.store.primary import Primary

    Compare = Callable[[bytes, Work], "Difference"]
    """Compares a stored result with what is to be in its place; both are BSON."""
    Ids = dict[str, list[str]]

KeyT = TypeVar("KeyT")

_RAW: Final = CodecOptions(document_class=RawBSONDocument)
_READ_IDS: Final = 1_000
_SET_BYTES: Final = 8 * rules.MIB
_SET_RESULTS: Final = 1_000
"""How much is set by one statement."""


class Difference(NamedTuple):
    """How a result is to be changed.

    Attributes:
        locked: Whether it is locked.
        fields: The top-level fields to set, as BSON.
        names: Their names.
        lock: Whether it is to be locked (True) or unlocked (False); None to leave that as it is.
    """

    locked: bool
    fields: bytes
    names: tuple[str, ...]
    lock: bool | None


@dataclass(slots=True)
class _Done:
    """What a transaction has done with which results, by pipeline."""

    updated: dict[tuple[str, tuple[str, ...]], list[str]] = field(default_factory=dict)
    """By their pipelines and the names of the fields."""
    locked: Ids = field(default_factory=dict)
    unlocked: Ids = field(default_factory=dict)
    unchanged: Ids = field(default_factory=dict)

    def add(self, work: Work, difference: Difference) -> None:
        """Note what is to be done with a result."""
        if difference.names:
            _append(self.updated, (work.pipeline, difference.names), work.id)
        if difference.lock is not None:
            _append(self.locked if difference.lock else self.unlocked, work.pipeline, work.id)
        elif not difference.names:
            _append(self.unchanged, work.pipeline, work.id)


class Exchange:
    """The exchange of results in one database.

    Args:
        database: The database of the results.
        primary: What is known of the primary.
        history: Where changes are recorded.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary, history: History) -> None:
        self._database = database
        self._primary = primary
        self._history = history

    async def put(
        self, works: Mapping[str, Mapping[str, Work]], compare: Compare, origin: Origin, seconds: float
    ) -> Change:
        """Put works in the places of stored results.

        Args:
            works: The works, by pipeline and id.
            compare: Returns how each differs from what is stored.
            origin: Where the change comes from.
            seconds: The time that is left.

        Returns:
            The outcome: it is refused for results that are missing, and for locked ones that it would update.

        Raises:
            RequestError: A result would become too large, MongoDB failed, or the deadline passed.
        """
        transaction = Transaction(self._database, self._primary, seconds)

        async def change(session: AsyncClientSession) -> Change | None:
            done = _Done()
            for pipeline, each in works.items():
                if not await self._update(pipeline, each, compare, done, session):
                    return None
            for ids_by_pipeline, update in ((done.locked, LOCK), (done.unlocked, UNLOCK)):
                for pipeline, all_ids in ids_by_pipeline.items():
                    for ids in chunks(all_ids):
                        await updating(update)(self._database[pipeline], ids, session)
            await write_all(self._database, done.unchanged, session)
            changed = sum(map(len, works.values())) - sum(map(len, done.unchanged.values()))
            await self._record(done, origin, session)
            transaction.complete = True
            return Change(changed=changed)

        async def look(session: AsyncClientSession) -> Change | None:
            refusals: list[Refusal] = []
            for pipeline, each in works.items():
                missing = dict.fromkeys(each)
                async for work, difference in self._compared(pipeline, each, compare, session):
                    del missing[work.id]
                    if difference.locked and difference.names:
                        refusals.append(Refusal(pipeline, work.id, locked=True))
                refusals += (Refusal(pipeline, id_, locked=False) for id_ in missing)
            return Change(refusals) if refusals else None

        return await transaction.run(change, look)

    async def _update(
        self,
        pipeline: str,
        works: Mapping[str, Work],
        compare: Compare,
        done: _Done,
        session: AsyncClientSession,
    ) -> bool:
        """Update what differs in the results of a pipeline; return False if that must be refused."""
        waiting: list[tuple[Work, bytes]] = []
        size = found = 0

        async def update() -> bool:
            some, fields = [work for work, _ in waiting], [each for _, each in waiting]
            waiting.clear()
            matched, _changed = await set_fields(self._database[pipeline], some, fields, session)
            return matched == len(some)

        async for work, difference in self._compared(pipeline, works, compare, session):
            found += 1
            if difference.locked and difference.names:
                return False
            done.add(work, difference)
            if difference.names:
                waiting.append((work, difference.fields))
                size += len(difference.fields)
            if size >= _SET_BYTES or len(waiting) >= _SET_RESULTS:
                if not await update():
                    return False
                size = 0
        return found == len(works) and (not waiting or await update())

    async def _compared(
        self, pipeline: str, works: Mapping[str, Work], compare: Compare, session: AsyncClientSession
    ) -> AsyncIterator[tuple[Work, Difference]]:
        """Compare the results that there are with what is to be in their places."""
        collection = self._database[pipeline].with_options(codec_options=_RAW)
        ids = list(works)
        turns = Turns()
        for start in range(0, len(ids), _READ_IDS):
            named = {"_id": {"$in": ids[start : start + _READ_IDS]}}
            async for document in collection.find(named, session=session):
                stored = bytes(document.raw)
                work = works[stored_id(stored)]
                yield work, await offload(len(stored) + len(work.data), partial(compare, stored, work))
                await turns.next()

    async def _record(self, done: _Done, origin: Origin, session: AsyncClientSession) -> None:
        updates = [Target(pipeline, names, ids) for (pipeline, names), ids in done.updated.items()]
        entries: list[tuple[Method, Sequence[Target]]] = [
            ("update", updates),
            ("lock", [Target(pipeline, (), ids) for pipeline, ids in done.locked.items()]),
            ("unlock", [Target(pipeline, (), ids) for pipeline, ids in done.unlocked.items()]),
        ]
        for method, targets in entries:
            if targets:
                changed = sum(len(target.ids) for target in targets)
                await self._history.record(method, targets, origin, changed, session)


def _append(lists: dict[KeyT, list[str]], key: KeyT, id_: str) -> None:
    lists.setdefault(key, []).append(id_)

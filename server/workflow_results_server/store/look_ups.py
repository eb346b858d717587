"""Look-ups of few ids: those that come while one is under way in the same pipeline share the next.

PyMongo takes most of the time of a look-up, and hardly more for ten ids than for one.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workflow_results_server.documents import bson_bytes
from workflow_results_server.errors import RequestError
from workflow_results_server.store.selection import FIRST_DOCUMENTS, Batch, Selection, fetch_first
from workflow_results_server.store.shielding import in_own_context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.collection import AsyncCollection

    from workflow_results_server.store.primary import Primary

    Collection = AsyncCollection[dict[str, Any]]

_FEW: Final = 10
"""How many ids a look-up has at most that may share a command."""


class _LookUp(NamedTuple):
    """A look-up that waits, or is under way."""

    ids: Sequence[str]
    found: asyncio.Future[Batch | None]

    def end(self, found: Batch | None) -> None:
        """Return what was found to its caller, unless that is gone."""
        if not self.found.done():
            self.found.set_result(found)


class LookUps:
    """Finds documents by their ids.

    Args:
        primary: What is known of the primary.
    """

    def __init__(self, primary: Primary) -> None:
        self._primary = primary
        self._waiting: dict[str, list[_LookUp]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def find(self, collection: Collection, ids: Sequence[str], seconds: float) -> Batch | None:
        """Find the documents with some ids.

        Args:
            collection: Where to look.
            ids: The ids, each once.
            seconds: How long to wait for them at most.

        Returns:
            The documents in descending order of `_id`; None where they are to be read like others, since they are many
            or large, or MongoDB has failed or takes long.
        """
        if len(ids) > _FEW:
            return None
        loop = asyncio.get_running_loop()
        look_up = _LookUp(ids, loop.create_future())
        waiting = self._waiting.get(collection.name)
        if waiting is None:
            self._waiting[collection.name] = waiting = [look_up]
            task = in_own_context(self._run(collection, waiting, seconds))  # for all who share it
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            waiting.append(look_up)
        timer = loop.call_later(seconds, look_up.end, None)
        try:
            return await look_up.found
        finally:
            timer.cancel()

    async def _run(self, collection: Collection, waiting: list[_LookUp], seconds: float) -> None:
        """Look up until nothing waits."""
        group: list[_LookUp] = []
        try:
            while waiting:
                group = _next_group(waiting)
                documents = await self._fetch(collection, group, seconds)
                for look_up in group:
                    look_up.end(None if documents is None else _batch(documents, look_up.ids))
                del documents
        finally:
            del self._waiting[collection.name]
            for look_up in (*group, *waiting):  # there are some only after an error that nobody expected
                look_up.end(None)

    async def _fetch(self, collection: Collection, group: list[_LookUp], seconds: float) -> dict[str, bytes] | None:
        ids = {id_ for look_up in group for id_ in look_up.ids}
        try:
            seconds = await self._primary.wait_until_ready(seconds)
            data, complete = await fetch_first(collection, Selection.of_ids(list(ids)), seconds)
        except RequestError:
            return None
        if not complete:
            return None
        return {bson_bytes.stored_id(document): document for document in bson_bytes.split(data, len(ids))}


def _next_group(waiting: list[_LookUp]) -> list[_LookUp]:
    """Take off those that go together: no more than a first fetch brings."""
    group: list[_LookUp] = []
    number = 0
    while waiting and (number := number + len(waiting[0].ids)) <= FIRST_DOCUMENTS:
        group.append(waiting.pop(0))
    return group


def _batch(documents: dict[str, bytes], ids: Sequence[str]) -> Batch:
    found = sorted(documents.keys() & set(ids), reverse=True)
    return Batch(b"".join([documents[id_] for id_ in found]), len(found), found[-1] if found else "", final=True)

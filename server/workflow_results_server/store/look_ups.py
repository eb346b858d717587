"""Look-ups of few ids: those that come while one is under way in the same pipeline share the next.

PyMongo takes most of the time of a look-up, and hardly more for ten ids than for one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workflow_results.common import rules
from workflow_results_server.documents import bson_bytes
from workflow_results_server.errors import RequestError
from workflow_results_server.store.selection import FIRST_DOCUMENTS, Batch, Selection, fetch_first
from workflow_results_server.store.shielding import in_own_context
from workflow_results_server.telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import Span
    from pymongo.asynchronous.collection import AsyncCollection

    from workflow_results_server.store.primary import Primary

    Collection = AsyncCollection[dict[str, Any]]

_FEW: Final = 10
"""How many ids a look-up has at most that may share a command."""
_MOST_BYTES: Final = rules.MIB
"""What a shared command may bring: more would keep those waiting that look for little, and take memory that
`read_memory.py` does not count."""
_LARGE_SECONDS: Final = 10.0
"""How long the look-ups of a pipeline share no command once one has brought more."""


class _LookUp(NamedTuple):
    """A look-up that waits, or is under way."""

    ids: Sequence[str]
    found: asyncio.Future[dict[str, bytes] | None]
    """The documents by their ids, those of others among them; None where this one is to be read like others."""
    span: Span | None
    """Of the call that looks up, if that is traced."""

    def resolve(self, found: dict[str, bytes] | None) -> None:
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
        self._waiting: dict[str, deque[_LookUp]] = {}
        self._large: dict[str, float] = {}
        """Until when look-ups of a pipeline are read like others, since one has brought much."""
        self._running: set[asyncio.Task[None]] = set()

    async def find(self, collection: Collection, ids: Sequence[str], seconds: float, most_bytes: int) -> Batch | None:
        """Find the documents with some ids.

        Args:
            collection: Where to look.
            ids: The ids, each once.
            seconds: How long to wait for them at most.
            most_bytes: The most bytes of them.

        Returns:
            The documents in descending order of `_id`; None where they are to be read like others, since they are many
            or large, or MongoDB has failed or takes long.
        """
        if len(ids) > _FEW or self._is_large(collection.name):
            return None
        loop = asyncio.get_running_loop()
        look_up = _LookUp(ids, loop.create_future(), tracing.current_call())
        waiting = self._waiting.get(collection.name)
        if waiting is None:
            self._waiting[collection.name] = waiting = deque([look_up])
            task = in_own_context(self._run(collection, waiting, seconds))  # for all who share it
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        else:
            waiting.append(look_up)
        timer = loop.call_later(seconds, look_up.resolve, None)
        try:
            documents = await look_up.found
        finally:
            timer.cancel()
        return None if documents is None else _batch(documents, ids, most_bytes)

    def _is_large(self, name: str) -> bool:
        until = self._large.get(name)
        if until is None:
            return False
        if time.monotonic() < until:
            return True
        del self._large[name]
        return False

    async def _run(self, collection: Collection, waiting: deque[_LookUp], seconds: float) -> None:
        """Look up until nothing waits."""
        group: list[_LookUp] = []
        try:
            while waiting:
                group = _next_group(waiting)
                if not group:
                    return
                with tracing.sharing("shared look-up", [look_up.span for look_up in group]):
                    documents = await self._fetch(collection, group, seconds)
                for look_up in group:
                    look_up.resolve(documents)
                del documents
        finally:
            del self._waiting[collection.name]
            for look_up in (*group, *waiting):  # there are some only after an error that nobody expected
                look_up.resolve(None)

    async def _fetch(self, collection: Collection, group: list[_LookUp], seconds: float) -> dict[str, bytes] | None:
        ids = {id_ for look_up in group for id_ in look_up.ids}
        try:
            seconds = await self._primary.wait_until_ready(seconds)
            data, complete = await fetch_first(collection, Selection.of_ids(list(ids)), seconds)
        except RequestError:
            return None
        if not complete or len(data) > _MOST_BYTES:
            self._large[collection.name] = time.monotonic() + _LARGE_SECONDS
            return None
        return {bson_bytes.stored_id(document): document for document in bson_bytes.split(data, len(ids))}


def _next_group(waiting: deque[_LookUp]) -> list[_LookUp]:
    """Take off those that go together: no more than a first fetch brings, and none whose callers are gone."""
    group: list[_LookUp] = []
    number = 0
    while waiting:
        if waiting[0].found.done():
            waiting.popleft()
            continue
        number += len(waiting[0].ids)
        if number > FIRST_DOCUMENTS:
            break
        group.append(waiting.popleft())
    return group


def _batch(documents: dict[str, bytes], ids: Sequence[str], most_bytes: int) -> Batch | None:
    found = sorted(documents.keys() & set(ids), reverse=True)
    if sum(len(documents[id_]) for id_ in found) > most_bytes:
        return None
    return Batch(b"".join([documents[id_] for id_ in found]), len(found), found[-1] if found else "", final=True)

"""Deliberate bugs of the server: the fault tests must find each.

The product knows nothing of them. They are put into the processes of a server by `injected/sitecustomize.py`, which
Python runs at its start because that directory stands on PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

BUG_VARIABLE: Final = "WORKFLOW_RESULTS_TEST_BUG"
_GLANCE_SECONDS: Final = 0.1
_OLDER_SHARE: Final = 0.05


def _replace(owner: Any, name: str, by: Any) -> None:
    setattr(owner, name, by)


def _acknowledge_early() -> None:
    """Acknowledge what only the primary has, and not yet in its journal."""
    from pymongo.write_concern import WriteConcern

    from workflow_results_server.store import connection

    _replace(connection, "WriteConcern", lambda *_, **__: WriteConcern(1, j=False))


def _ignore_locks() -> None:
    """Update and delete what is locked."""
    from workflow_results_server.store import changes

    changes._UNLOCKED.clear()


def _resume_late() -> None:
    """Go on one result behind the one where a stream broke."""
    from workflow_results_server.requests.continuations import ReadTokens
    from workflow_results_server.store import Selection

    resumed = ReadTokens.resumed

    def late(tokens: ReadTokens, token: bytes) -> tuple[Selection, int]:
        rest, count = resumed(tokens, token)
        return (Selection(rest.filter, rest.projection, 1, rest.limit, rest.after) if token else rest), count

    _replace(ReadTokens, "resumed", late)


def _resume_early() -> None:
    """Send the result again at which a stream broke."""
    from workflow_results_server.store import Selection

    find = Selection.find

    def early(selection: Selection) -> dict[str, Any]:
        arguments = find(selection)
        if selection.after is not None:
            arguments["filter"] = {"$and": [{"_id": {"$lte": selection.after}}, selection.filter]}
        return arguments

    _replace(Selection, "find", early)


def _take_all_for_same() -> None:
    """Report that a work is deposited already, whatever is stored under its id."""
    from workflow_results_server.store import deposits

    _replace(deposits, "same_content", lambda *_: True)


def _no_transactions() -> None:
    """Make each write of a change by itself."""
    from pymongo.asynchronous.client_session import AsyncClientSession

    async def nothing(*_: Any) -> None:
        await asyncio.sleep(0)

    for name in ("start_transaction", "commit_transaction", "abort_transaction"):
        _replace(AsyncClientSession, name, nothing)


def _write_only_some() -> None:
    """Leave alone the results that a lock or unlock finds as it wants them."""
    from workflow_results_server.store.changes import Changes

    async def nothing(*_: Any) -> None:
        await asyncio.sleep(0)

    _replace(Changes, "_write_all", nothing)


def _overwrite() -> None:
    """Replace what is stored under the id of a work."""
    from bson.raw_bson import RawBSONDocument
    from pymongo import ReplaceOne

    from workflow_results_server.store import deposits

    async def insert(
        collection: Any, works: Sequence[Any], session: Any, _unfit: set[str]
    ) -> list[deposits.Outcome | None]:
        writes: list[ReplaceOne[Any]] = [
            ReplaceOne({"_id": work.id}, RawBSONDocument(work.data), upsert=True) for work in works
        ]
        await collection.bulk_write(writes, session=session)
        return [deposits.Outcome.DEPOSITED] * len(works)

    _replace(deposits, "_insert", insert)


def _read_uncommitted() -> None:
    """Read what only the primary has, which may be rolled back."""
    from pymongo.read_concern import ReadConcern

    from workflow_results_server.store import connection

    _replace(connection, "ReadConcern", lambda *_: ReadConcern("local"))


def _never_unknown() -> None:
    """Report, for each change that failed, that nothing was changed."""
    from workflow_results_server.store import mongodb_errors, store, transaction

    deadline = mongodb_errors.mongodb_deadline

    def certain(seconds: float, **options: Any) -> Any:
        return deadline(seconds, **{**options, "may_have_changed": lambda: False})

    _replace(transaction, "mongodb_deadline", certain)
    _replace(store, "mongodb_deadline", certain)


def _forget_requests() -> None:
    """Carry out a repeated request again."""
    from workflow_results_server.store.history import History

    async def answered(*_: Any) -> None:
        await asyncio.sleep(0)

    async def record(history: Any, *arguments: Any) -> None:
        method, results, origin, *more = arguments
        await recorded(history, method, results, origin._replace(request_id=""), *more)

    recorded = History.record
    _replace(History, "answered", answered)
    _replace(History, "record", record)


def _refuse_without_looking() -> None:
    """Report that all results are locked, when a write matches fewer than were named."""
    from workflow_results_server.store import changes

    async def locked(_collection: Any, ids: Sequence[str], _session: Any = None) -> dict[str, bool]:
        await asyncio.sleep(0)
        return dict.fromkeys(ids, True)

    _replace(changes, "_lock_states", locked)


def _watch_resume_late() -> None:
    """Go on one event behind the one where a watch ended."""
    from workflow_results_server.store.watching.watches import Place, Watches

    watch = Watches.watch

    async def late(watches: Any, wanted: Any, place: Place | None, *, existing: bool) -> AsyncGenerator[Any, None]:
        if place is not None and place.read is None:
            async with watches._feed.followed():
                events, _ = await watches._feed.behind(place.token, _GLANCE_SECONDS, wanted.includes)
            place = Place(events[0].token) if events else place
        async with aclosing(watch(watches, wanted, place, existing=existing)) as parts:
            async for part in parts:
                yield part

    _replace(Watches, "watch", late)


def _watch_bookmark_early() -> None:
    """Tell where a watch is behind some events before they are told."""
    from workflow_results_server.store.watching.watches import Part, Place, Watches

    told = Watches._told

    async def early(watches: Any, wanted: Any, chunk: Any) -> AsyncGenerator[Part, None]:
        if chunk.token is not None:
            yield Part(Place(chunk.token))
        async with aclosing(told(watches, wanted, chunk)) as parts:
            async for part in parts:
                yield part

    _replace(Watches, "_told", early)


def _watch_older() -> None:
    """Tell a watch, now and then, a result as it was when it was read the time before."""
    from workflow_results_server.documents import bson_bytes
    from workflow_results_server.store.watching.watches import Watches

    begin = Watches.__init__
    before: dict[tuple[str, str, str], bytes] = {}
    lots = random.Random(0)

    def older(pipeline: str, selection: Any, document: bytes) -> bytes:
        key = pipeline, bson_bytes.stored_id(document), str(selection.projection)
        known, before[key] = before.get(key, document), document
        return known if lots.random() < _OLDER_SHARE else document

    def initialize(watches: Any, feed: Any, read: Any, pipelines: Any) -> None:
        async def read_older(pipeline: str, selection: Any) -> AsyncGenerator[Any, None]:
            async with aclosing(read(pipeline, selection)) as batches:
                async for batch in batches:
                    documents = bson_bytes.split(batch.data, batch.number)
                    yield batch._replace(data=b"".join(older(pipeline, selection, each) for each in documents))

        begin(watches, feed, read_older, pipelines)

    _replace(Watches, "__init__", initialize)


BUGS: Final[dict[str, Callable[[], None]]] = {
    "acknowledge-early": _acknowledge_early,
    "forget-requests": _forget_requests,
    "ignore-locks": _ignore_locks,
    "never-unknown": _never_unknown,
    "no-transactions": _no_transactions,
    "overwrite": _overwrite,
    "read-uncommitted": _read_uncommitted,
    "refuse-without-looking": _refuse_without_looking,
    "resume-early": _resume_early,
    "resume-late": _resume_late,
    "take-all-for-same": _take_all_for_same,
    "watch-bookmark-early": _watch_bookmark_early,
    "watch-older": _watch_older,
    "watch-resume-late": _watch_resume_late,
    "write-only-some": _write_only_some,
}


def inject() -> None:
    """Put the bug in that the environment names."""
    if name := os.environ.get(BUG_VARIABLE):
        BUGS[name]()

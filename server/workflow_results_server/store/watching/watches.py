"""Watches: what one caller is told of changes, with the results as they are when it is told.

An event carries the result as it is now, not as it was then: so MongoDB evaluates queries and projections, and nothing
is kept for anybody. What has changed together is read together; and since it is read after it has changed, nothing that
is told of a result is older than what was told before.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.documents import bson_bytes
from workflow_results_server.errors import Unavailable
from workflow_results_server.store.history import OF_PIPELINE
from workflow_results_server.store.selection import Batch, Selection
from workflow_results_server.store.shielding import retrieve_outcome
from workflow_results_server.store.watching.events import Kind
from workflow_results_server.store.watching.stream import resumable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence

    from workflow_results_server.store.watching.events import Event
    from workflow_results_server.store.watching.feed import ChangeFeed

    Read = Callable[[str, Selection], AsyncGenerator[Batch, None]]

BOOKMARK_SECONDS: Final = 15.0
"""How long nothing may be told, but for where the watch is."""
_PROGRESS_SECONDS: Final = 1.0
"""How long a watch that is behind may not say how far it has come."""
_ANY_PIPELINE: Final = "any"
"""A pipeline to ask about, which need not exist."""
_MOST_WATCHES: Final = 1_000
_TOLD_TOGETHER: Final = 1_000
"""How many events are told together at most."""
_TEXT_BYTES: Final = 768 * rules.KIB
_EVENT_BYTES: Final = 200
"""What they may take together in a response, beside one large result; and what each takes beside its texts."""
_ENDS: Final = frozenset({Kind.DELETED, Kind.DROPPED})
"""What happened whether there is a result now or not."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody watches.

    Attributes:
        pipelines: The pipelines; empty for all.
        may_use: Returns whether the caller may use a pipeline, now.
        filter: A MongoDB filter.
        projection: A MongoDB projection that keeps `_id`; empty for whole results.
    """

    pipelines: frozenset[str]
    may_use: Callable[[str], object]
    filter: dict[str, Any]
    projection: dict[str, Any]

    def includes(self, pipeline: str) -> bool:
        """Return whether a pipeline is watched."""
        return (not self.pipelines or pipeline in self.pipelines) and bool(self.may_use(pipeline))


class Place(NamedTuple):
    """Where a watch is.

    Attributes:
        token: What was told are the changes up to this token of MongoDB.
        read: While results that were there before are told: the pipeline and the id up to which; else None.
    """

    token: bytes
    read: tuple[str, str] | None = None


class Told(NamedTuple):
    """One event of one result.

    Attributes:
        kind: What to tell.
        pipeline: The pipeline.
        id: The id of the result; empty if the whole pipeline is gone.
        event: Of what; None for a result that was there before.
        position: The position of the result in the batch that comes along; None if it does not.
    """

    kind: Kind
    pipeline: str
    id: str
    event: Event | None
    position: int | None


class _Chunk(NamedTuple):
    """Events whose results are read together.

    Attributes:
        events: The events by pipeline and id, in their order.
        token: The token behind them; None where more follow without a place between.
    """

    events: dict[str, dict[str, list[Event]]]
    token: bytes | None


class Part(NamedTuple):
    """What is told at once.

    Attributes:
        place: Where the watch is after it; None if it can't go on from there.
        told: The events.
        batch: Results.
        is_complete: Whether all results that were there before have been told.
    """

    place: Place | None
    told: Sequence[Told] = ()
    batch: Batch | None = None
    is_complete: bool = False


class Watches:
    """The watches of a server.

    Args:
        feed: The changes.
        read: Reads results.
        pipelines: Returns the names of all pipelines.
    """

    def __init__(self, feed: ChangeFeed, read: Read, pipelines: Callable[[], Awaitable[Collection[str]]]) -> None:
        self._feed = feed
        self._read = read
        self._pipelines = pipelines
        self._number = 0
        self._under_way: dict[object, int] = {}
        """The times of the oldest changes that watches are just telling."""

    @property
    def lag(self) -> float:
        """How long ago the oldest change was made that some watch is just telling, in seconds; 0 where none is."""
        times = [*self._under_way.values()]
        return max(0.0, time.time() - min(times) / 1_000) if times else 0.0

    @property
    def feed_lag(self) -> float:
        """How long ago MongoDB has done what was last read of its changes, in seconds; 0 if nobody watches."""
        return self._feed.lag

    async def database_id(self) -> bytes:
        """Return what tells the database from all others, also from a later one of the same name.

        Raises:
            RequestError: MongoDB failed.
        """
        return await self._feed.database_id()

    async def watch(self, wanted: Wanted, place: Place | None, *, existing: bool) -> AsyncGenerator[Part, None]:
        """Tell changes, without an end.

        Args:
            wanted: What to tell.
            place: Where to go on; None to begin now.
            existing: Whether to begin with the results that are there.

        Raises:
            Expired: The changes since then are not known any more.
            InvalidToken: There is no such place.
            RequestError: MongoDB failed, or can't evaluate the filter; or there are too many watches.
        """
        if self._number >= _MOST_WATCHES:
            message = f"the server has at most {_MOST_WATCHES:,} watches at a time: retry later"
            raise Unavailable(Reason.OVERLOADED, message, not_applied=True)
        self._number += 1
        try:
            async with self._feed.followed():
                if place is None:
                    place = Place(await self._feed.now(), ("", "") if existing else None)
                elif place.read is not None:  # the changes since then must be known once the results are told
                    await self._feed.behind(place.token, 0.0, wanted.includes)
                await self._check(wanted)
                begins = place.read is None
                if place.read is not None:
                    yield Part(place)
                    async with aclosing(self._existing(wanted, place.token, *place.read)) as parts:
                        async for part in parts:
                            yield part
                    place = Place(place.token)
                    yield Part(place, is_complete=True)
                async with aclosing(self._changes(wanted, place, begins=begins)) as parts:
                    async for part in parts:
                        yield part
        finally:
            self._number -= 1

    async def _check(self, wanted: Wanted) -> None:
        """Let MongoDB look at the filter and the projection: it must not wait for a change to say what is wrong.

        Raises:
            RequestError: It can't evaluate them.
        """
        nothing = Selection(filter=_both({"_id": {"$in": []}}, wanted.filter), projection=wanted.projection, limit=1)
        async with aclosing(self._read(next(iter(wanted.pipelines), _ANY_PIPELINE), nothing)) as batches:
            with resumable():
                async for _ in batches:
                    pass

    async def _existing(self, wanted: Wanted, token: bytes, pipeline: str, last: str) -> AsyncGenerator[Part, None]:
        """Tell the results that are there, behind one of them."""
        filter_ = _both({"_id": {"$type": "string"}}, wanted.filter)  # others are no results
        last_told = time.monotonic()
        for name in sorted(wanted.pipelines or await self._pipelines()):
            if name < pipeline or not wanted.includes(name):
                continue
            after = last if last and name == pipeline else None
            place = Place(token, (name, after or ""))
            if time.monotonic() - last_told >= _PROGRESS_SECONDS:  # there may be many pipelines without any
                yield Part(place)
                last_told = time.monotonic()
            selection = Selection(filter=filter_, projection=wanted.projection, after=after)
            async with aclosing(_with_pauses(self._read(name, selection))) as batches:
                async for batch in batches:
                    if not wanted.includes(name):  # any more
                        break
                    if batch is None:
                        yield Part(place)
                    else:
                        place = Place(token, (name, batch.last))
                        told = [Told(Kind.EXISTING, name, id_, None, at) for at, id_ in enumerate(_ids(batch))]
                        yield Part(place, told, batch)
                    last_told = time.monotonic()

    async def _changes(self, wanted: Wanted, place: Place, *, begins: bool) -> AsyncGenerator[Part, None]:
        """Tell what changes behind a place.

        Args:
            wanted: What is watched.
            place: The place.
            begins: Whether to say first that the watch has begun.
        """
        last_told = time.monotonic()
        while True:
            left = 0.0 if begins else BOOKMARK_SECONDS - (time.monotonic() - last_told)
            events, token = await self._feed.behind(place.token, left, wanted.includes)
            if begins:  # now that MongoDB has answered: to who can't go on, a place would look like progress
                yield Part(place)
                begins = False
            is_late = time.monotonic() - last_told >= (BOOKMARK_SECONDS if events else _PROGRESS_SECONDS)
            place = Place(token)
            part = None
            watched = set(filter(wanted.includes, {event.pipeline for event in events}))
            with self._telling(events):
                for chunk in _chunks((event for event in events if event.pipeline in watched), token):
                    for name in [name for name in chunk.events if not wanted.includes(name)]:  # any more
                        del chunk.events[name]
                    async with aclosing(self._told(wanted, chunk)) as parts:
                        async for part in parts:
                            yield part
            del events  # of which there may be many
            if part is None and not is_late:
                continue
            if part is None or part.place is None:
                yield Part(place)
            last_told = time.monotonic()

    @contextmanager
    def _telling(self, events: Sequence[Event]) -> Iterator[None]:
        """Let `lag` know of events while they are told."""
        this = object()
        if events:
            self._under_way[this] = events[0].time
        try:
            yield
        finally:
            self._under_way.pop(this, None)

    async def _told(self, wanted: Wanted, chunk: _Chunk) -> AsyncGenerator[Part, None]:
        """Tell events.

        Args:
            wanted: What is watched.
            chunk: The events.
        """
        place = None if chunk.token is None else Place(chunk.token)
        left = len(chunk.events)
        for pipeline, events in chunk.events.items():
            left -= 1
            filter_ = _both({"_id": {"$in": [*events]}}, wanted.filter)
            selection = Selection(filter=filter_, projection=wanted.projection, limit=len(events))
            async with aclosing(_with_pauses(self._read(pipeline, selection))) as batches:
                with resumable():
                    async for batch in batches:
                        if batch is None:
                            yield Part(None)
                            continue
                        told = [
                            Told(event.kind, pipeline, id_, event, None if event.kind is Kind.DELETED else at)
                            for at, id_ in enumerate(_ids(batch))
                            for event in events.pop(id_, ())
                        ]
                        is_last = batch.final and not events and not left
                        yield Part(place if is_last else None, told, batch)
            told = [
                Told(event.kind if event.kind in _ENDS else Kind.UNMATCHED, pipeline, id_, event, None)
                for id_, each in events.items()
                for event in each
                if event.kind is not Kind.DEPOSITED
            ]
            if told:
                yield Part(None if left else place, told)


async def _with_pauses(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch | None, None]:
    """Yield batches, and None each time that one is waited for too long to say nothing meanwhile."""
    reading: asyncio.Task[Batch | None] | None = None
    try:
        while True:
            reading = asyncio.ensure_future(anext(batches, None))
            reading.add_done_callback(retrieve_outcome)  # nobody else may: the watch may end first
            while not (await asyncio.wait((reading,), timeout=BOOKMARK_SECONDS))[0]:
                yield None
            batch = reading.result()
            if batch is None:
                return
            yield batch
    finally:
        if reading is not None and not reading.done():
            reading.cancel()
            await asyncio.wait((reading,))
        await batches.aclose()


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"$and": [one, other]} if other else one


def _chunks(events: Iterable[Event], behind: bytes) -> Iterator[_Chunk]:
    """Divide events into chunks whose results are read together.

    Args:
        events: The events, in their order.
        behind: The token behind them.
    """
    chunk: dict[str, dict[str, list[Event]]] = {}
    token = b""
    number = size = 0
    for event in events:
        texts = _EVENT_BYTES + sum(len(text.encode()) for text in (event.caller, event.reason, *event.fields))
        for id_ in event.ids or (OF_PIPELINE,):
            if chunk and (number >= _TOLD_TOGETHER or size >= _TEXT_BYTES):
                yield _Chunk(chunk, token if token != event.token else None)
                chunk = {}
                number = size = 0
            chunk.setdefault(event.pipeline, {}).setdefault(id_, []).append(event)
            token = event.token
            number += 1
            size += len(id_.encode()) + texts
        if event.kind is Kind.DROPPED:  # what comes behind it is about other results
            number = _TOLD_TOGETHER
    if chunk:
        yield _Chunk(chunk, behind)


def _ids(batch: Batch) -> list[str]:
    return [bson_bytes.stored_id(document) for document in bson_bytes.split(batch.data, batch.number)]

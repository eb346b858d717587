"""Watches of a store, without a service around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any

from tests.support.sources import LONG, tasks, until
from tests.support.works import work
from workflow_results import Results
from workflow_results_server.store import Part, Place, Store, Wanted


class Watcher:
    """A watch of a store, as the service carries it out."""

    def __init__(self, store: Store, pipeline: str, *, place: Place | None = None, existing: bool = False) -> None:
        wanted = Wanted(frozenset([pipeline]), lambda _: True, {}, {})
        self._parts = store.watches.watch(wanted, place, existing=existing)
        self.place = Place(b"")
        self.ids: list[str] = []

    async def next(self) -> Part:
        part = await asyncio.wait_for(anext(self._parts), LONG)
        self.place = part.place or self.place
        self.ids += [each.id for each in part.told]
        return part

    async def until(self, *ids: str) -> None:
        while not set(ids) <= set(self.ids):
            await self.next()

    async def close(self) -> None:
        await self._parts.aclose()


@asynccontextmanager
async def opened(store: Store, pipeline: str, **named: Any) -> AsyncIterator[Watcher]:
    """Watch, once it has begun."""
    watcher = Watcher(store, pipeline, **named)
    async with aclosing(watcher._parts):
        await watcher.next()
        yield watcher


def with_store(uri: str, test: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    """Carry out a test, after which no task of the server is under way."""

    async def within() -> None:
        store = await Store.open(uri, "workflow_results", LONG)
        try:
            await asyncio.wait_for(test(store), 2 * LONG)
        finally:
            await store.close()
        await until(lambda: not tasks())

    asyncio.run(asyncio.wait_for(within(), 3 * LONG))


def deposit(results: Results, pipeline: str, ids: list[str], **fields: Any) -> Coroutine[Any, Any, Any]:
    return asyncio.to_thread(results.deposit, [work(pipeline, id_, **fields) for id_ in ids])


def names(start: int, number: int) -> list[str]:
    return [f"{each:05}" for each in range(start, start + number)]

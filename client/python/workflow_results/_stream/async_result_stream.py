"""The asynchronous iterators over results that users get."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

from workflow_results._stream.result_stream import not_copied
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from types import TracebackType

    from typing_extensions import Self

    from workflow_results._stream.result_stream import Handed, HandedBatches

T = TypeVar("T")


class AsyncResultStream(AsyncIterator[T]):
    """An asynchronous iterator over results, or over batches of them, while they are read.

    `close()` ends it early, and so does the end of an `async with` block. If the task that waits for the next result is
    cancelled, the stream ends. Who goes on iterating all the same gets a `ResultsError`, and so does a second task that
    reads at the same time.
    """

    def __init__(self, parts: AsyncGenerator[T, None], name: str, handed: Handed | HandedBatches) -> None:
        self._parts: Any = parts  # whose state mypy does not know
        self._name = name
        self._handed = handed
        self._begun = self._closed = False

    def __aiter__(self) -> AsyncIterator[T]:
        self._begun = True
        parts: AsyncIterator[T] = self._parts  # so that `async for` takes no time of its own
        return parts if self._problem() is None else self

    async def __anext__(self) -> T:
        self._begun = True
        if problem := self._problem():
            raise ResultsError(problem)
        following: T = await anext(self._parts)
        return following

    def _problem(self) -> str | None:
        """Say why nobody can read on where the generator would raise a RuntimeError, or just end."""
        if self._parts.ag_running:
            return "another task is reading this stream"
        if self._parts.ag_frame is None and not (self._handed.all or self._closed):
            return f"this stream ended early, after {self._handed}: it was cancelled, or failed; start another one"
        return None

    async def close(self) -> None:
        """End the stream; closing twice is fine.

        Raises:
            ResultsError: Another task is reading it.
        """
        if self._parts.ag_running:
            raise ResultsError("another task is reading this stream: cancel that task instead")
        self._closed = True
        await self._parts.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        if not self._begun:
            return f"<{self._name}: not begun>"
        how = "ended after {}" if self._parts.ag_frame is None else "{} so far"
        return f"<{self._name}: {how.format(self._handed)}>"

    __reduce__ = __copy__ = __deepcopy__ = not_copied

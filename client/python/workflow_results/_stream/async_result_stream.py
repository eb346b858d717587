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

T = TypeVar("T")


class AsyncResultStream(AsyncIterator[T]):
    """An asynchronous iterator over results, or over batches of them, while they are read.

    `close()` ends it early, and so does the end of an `async with` block.
    """

    def __init__(self, parts: AsyncGenerator[T, None], name: str, handed: object) -> None:
        self._parts = parts
        self._name = name
        self._handed = handed
        self._begun = False

    def __aiter__(self) -> AsyncIterator[T]:
        self._begun = True
        return self._parts  # so that `async for` takes no time of its own

    async def __anext__(self) -> T:
        self._begun = True
        return await anext(self._parts)

    async def close(self) -> None:
        """End the stream; closing twice is fine.

        Raises:
            ResultsError: Another task is reading it.
        """
        try:
            await self._parts.aclose()
        except RuntimeError as error:
            raise ResultsError("another task is reading this stream: cancel that task instead") from error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        parts: Any = self._parts  # whose frame mypy does not know
        if not self._begun:
            return f"<{self._name}: not begun>"
        how = "ended after {}" if parts.ag_frame is None else "{} so far"
        return f"<{self._name}: {how.format(self._handed)}>"

    __reduce__ = __copy__ = __deepcopy__ = not_copied

"""The iterators over results that users get: they can be closed, and their repr shows their state."""

from __future__ import annotations

import inspect
import itertools
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from typing_extensions import Self

T = TypeVar("T")

_EMPTY: Final[tuple[Any, ...]] = ()


def not_copied(_self: object, *_: object) -> NoReturn:
    """Refuse to copy or pickle a stream."""
    raise TypeError("a stream or watch can't be copied or pickled: start another one where it is needed")


class Handed:
    """How many results a generator has yielded, counted list by list: counting each one would slow down each one.

    Attributes:
        all: Whether it has yielded all; set by asynchronous ones.

    Args:
        noun: What they are called.
    """

    def __init__(self, noun: str = "result") -> None:
        self.all = False
        self._noun = noun
        self._begun = 0
        self._current: Iterator[Any] = iter(_EMPTY)

    def each(self, results: list[T]) -> Iterator[T]:
        """Return an iterator over some results, all of which are to be yielded."""
        self._begun += len(results)
        current = iter(results)
        self._current = current
        return current

    def __str__(self) -> str:
        number = self._begun - operator.length_hint(self._current)
        return f"{number:,} {self._noun}{'' if number == 1 else 's'}"


class HandedBatches:
    """How many batches a generator has yielded.

    Attributes:
        all: Whether it has yielded all; set by asynchronous ones.
    """

    def __init__(self) -> None:
        self.all = False
        self._number = self._bytes = 0

    def count(self, batch: bytes) -> bytes:
        """Count a batch, and return it."""
        self._number += 1
        self._bytes += len(batch)
        return batch

    def each(self, batches: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
        """Yield batches."""
        try:
            for batch in batches:
                yield self.count(batch)
        finally:
            batches.close()

    def __str__(self) -> str:
        return f"{self._number:,} batch{'' if self._number == 1 else 'es'} of {self._bytes:,} bytes"


class ResultStream(itertools.chain[T]):
    """An iterator over results, or over batches of them, while they are read.

    `close()` ends it early, and so does the end of a `with` block.
    """

    # A chain of one generator: the only kind of iterator that is written in C and adds no time of its own.

    def __new__(cls, parts: Generator[T, None, None], _name: str, _handed: object) -> Self:
        """Create a chain of the parts only."""
        return super().__new__(cls, parts)

    def __init__(self, parts: Generator[T, None, None], name: str, handed: object) -> None:
        self._parts = parts
        self._name = name
        self._handed = handed

    def close(self) -> None:
        """End the stream; closing twice is fine.

        Raises:
            ResultsError: Another thread is reading it.
        """
        try:
            self._parts.close()
        except ValueError as error:
            raise ResultsError("another thread is reading this stream: close it there") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = inspect.getgeneratorstate(self._parts)
        if state == inspect.GEN_CREATED:
            return f"<{self._name}: not begun>"
        how = "ended after {}" if state == inspect.GEN_CLOSED else "{} so far"
        return f"<{self._name}: {how.format(self._handed)}>"

    __reduce__ = __copy__ = __deepcopy__ = not_copied

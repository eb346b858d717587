"""Keeps Python's garbage collector from taking most of the time in which a large list is built.

That looks again and again at all results in a list that grows, though nothing that was just decoded can be garbage:
unhindered, it takes two thirds of the time. While lists are built it runs less often; it still runs, for the sake of
the program's other threads.
"""

from __future__ import annotations

import gc
import os
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

_OBJECTS: Final = 50_000
"""How many new objects make the collector look, instead of Python's 700 to 2,000."""


class _Patience:
    """A context in which the collector runs less often; several threads may be in it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: tuple[int, int, int] = (0, 0, 0)
        self._meanwhile = self._before

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._before = gc.get_threshold()
                first, *others = self._before
                # Zero turns the collector off: then the program wants it so.
                self._meanwhile = (max(first, _OBJECTS) if first else 0, *others)  # type: ignore[assignment]
                gc.set_threshold(*self._meanwhile)

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._restore()

    def begin_in_child(self) -> None:
        """Start over: in the child of a fork, the threads that build lists are not there."""
        self._lock = threading.Lock()
        if self._inside:
            self._inside = 0
            self._restore()

    def _restore(self) -> None:
        if gc.get_threshold() == self._meanwhile:  # else the program has changed it
            gc.set_threshold(*self._before)


relaxed_gc: Final = _Patience()
os.register_at_fork(after_in_child=relaxed_gc.begin_in_child)

"""Keeps forks out of calls.

gRPC prepares for a fork and cleans up in the child, but only when no thread is inside it at that moment. Otherwise the
child shares the epoll instance and the sockets of its parent: it crashes, or eats what the parent was to read. Threads
of gRPC's own can't be kept out. So streams of results and watches that were open at a fork begin again where they were.
"""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 - see below
import logging  # noqa: F401
import os
import threading
import time
import weakref
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE: Final = 10.0
"""Seconds that a fork waits for calls in progress; after that it goes on all the same, and the child may fail."""
_POLL_SECONDS: Final = 0.01


class _Gate:
    """A context in which no fork begins; a fork waits until no thread is in it, and lets none in meanwhile.

    Attributes:
        forks (int): How many forks lie between this process and the one that made the gate.
        children (int): How many times this process has forked.
        forking (int): How many forks wait, or are under way.
    """

    def __init__(self) -> None:
        self.forks = 0
        self.children = 0
        self._awaited: list[Callable[[], bool]] = []
        self._of_parents: list[Callable[[], bool]] = []
        self._renew()

    def _renew(self) -> None:
        self._lock = threading.RLock()  # so that finalizers and the handlers of signals enter where it is held already
        self._changed = threading.Condition(self._lock)
        self._inside: dict[int, int] = {}
        """How many times each thread is inside."""
        self._leave: dict[int, Callable[[], object]] = {}
        """What makes threads leave that wait inside without an end."""
        self.forking = 0

    def __enter__(self) -> None:
        me = get_ident()
        with self._lock:
            if self.forking and me not in self._inside:  # the fork waits for a thread that is, so that one must go on
                self._changed.wait_for(lambda: not self.forking)
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *_: object) -> None:
        me = get_ident()
        with self._lock:
            if left := self._inside.pop(me, 1) - 1:  # in a child that was forked from inside, nobody is inside any more
                self._inside[me] = left
            elif self.forking:
                self._changed.notify_all()

    def enter_at_once(self) -> bool:
        """Enter if that is possible without waiting for a fork, and report whether it was.

        It is for what may be called anywhere, as finalizers are: also in the thread that forks, or within this class.
        """
        if self.forking:  # without the lock, which in a child may belong to a thread that is not there
            return False
        with self._lock:  # Ctrl-C behind an `acquire` would leave it taken forever
            if self.forking:
                return False
            self._inside[get_ident()] = self._inside.get(get_ident(), 0) + 1
            return True

    @contextmanager
    def left_by(self, leave: Callable[[], object]) -> Iterator[None]:
        """Enter to wait for something that may never come.

        Args:
            leave: Ends the wait, in whichever thread it is called; is called where a fork begins.
        """
        me = get_ident()
        with self:
            with self._lock:
                self._leave[me] = leave
                has_to_leave = self.forking > 0
            try:
                if has_to_leave:
                    leave()
                yield
            finally:
                self._leave.pop(me, None)

    def wait_for(self, has_ended: Callable[[], bool]) -> None:
        """Let forks wait for something else, too, that nobody waits for inside.

        Args:
            has_ended: Returns whether it has ended.
        """
        with self._lock:
            self._awaited = [each for each in (*self._awaited, has_ended) if not each()]

    def close(self) -> None:
        """Wait for the other threads inside, and let none in."""
        me, end = get_ident(), time.monotonic() + _PATIENCE
        with self._lock:
            self.forking += 1
            leaving = [*self._leave.values()]
        for leave in leaving:
            leave()
        with self._lock:
            self._changed.wait_for(lambda: not self._inside.keys() - {me}, _PATIENCE)
        while any(not has_ended() for has_ended in self._awaited) and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)

    def open(self) -> None:
        """Let threads in again."""
        with self._lock:
            self.children += 1
            self.forking = max(0, self.forking - 1)  # 0 after a Ctrl-C that came before `close` had counted it
            self._changed.notify_all()

    def begin_in_child(self) -> None:
        """Start over: in the child, there are no other threads. What they have left is kept, and never touched."""
        self.forks += 1
        self._of_parents += self._awaited
        self._awaited = []
        self._renew()


fork_guard: Final = _Gate()


class _Renewed(Protocol):
    """What belongs to one process."""

    def begin_in_child(self) -> None:
        """Start over in the child of a fork."""


_renewed: Final[weakref.WeakSet[_Renewed]] = weakref.WeakSet()


def renew_in_child(what: _Renewed) -> None:
    """Make something start over in the child of each fork, as long as it exists."""
    _renewed.add(what)


def _after_fork_in_child() -> None:
    fork_guard.begin_in_child()
    for each in list(_renewed):
        each.begin_in_child()


# What is registered last is called first before a fork. Those of logging and of concurrent.futures take locks that the
# threads inside may need, so that both must have been imported by now.
os.register_at_fork(before=fork_guard.close, after_in_parent=fork_guard.open, after_in_child=_after_fork_in_child)

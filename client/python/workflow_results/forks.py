"""Keeps forks out of calls.

gRPC prepares for a fork and cleans up in the child, but only when no thread is inside it at that moment. Otherwise the
child shares the epoll instance and the sockets of its parent: it crashes, or eats what the parent was to read.
"""

from __future__ import annotations

import threading
from typing import Final

_PATIENCE: Final = 10.0
"""Seconds that a fork waits for calls under way; after that it goes on all the same, and the child may fail."""


class _Gate:
    """A context in which no fork begins; a fork waits until no thread is in it, and lets none in meanwhile.

    Attributes:
        forks (int): How many forks lie between this process and the one that made the gate.
        forking (bool): Whether a fork waits.
    """

    def __init__(self) -> None:
        self.forks = 0
        self._renew()

    def _renew(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._inside = 0
        self.forking = False

    def __enter__(self) -> None:
        with self._changed:
            if self.forking:
                self._changed.wait_for(lambda: not self.forking)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._inside -= 1
            if self.forking:
                self._changed.notify_all()

    def close(self) -> None:
        """Wait for the threads inside, and let none in."""
        with self._changed:
            self.forking = True
            self._changed.wait_for(lambda: not self._inside, _PATIENCE)

    def open(self) -> None:
        """Let threads in again."""
        with self._changed:
            self.forking = False
            self._changed.notify_all()

    def begin_in_child(self) -> None:
        """Begin anew: in the child, there are no other threads."""
        self.forks += 1
        self._renew()


no_fork: Final = _Gate()

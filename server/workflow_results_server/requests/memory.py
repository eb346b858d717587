"""Memory for what is answered."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_SMALL_BYTES: Final = 64 * rules.KIB
"""Requests below are not counted: a thousand of them take less than one that is as large as may be."""


class Room:
    """Memory for requests that are being answered, or for parts of answers.

    Args:
        most: How many bytes they may have together.
        what: What they are called in messages.
    """

    def __init__(self, most: int, what: str = "requests") -> None:
        self._most = most
        self._what = what
        self._reserved = 0

    @contextmanager
    def reserve(self, size: int) -> Iterator[None]:
        """Reserve memory for one while it is answered, or sent: one alone always gets it, and a small one needs none.

        Args:
            size: Its bytes.

        Raises:
            Unavailable: There is none now.
        """
        counted = size if size >= _SMALL_BYTES else 0
        if counted and self._reserved and self._reserved + counted > self._most:
            message = f"the server has no memory left for large {self._what}: retry later"
            raise Unavailable(Reason.OVERLOADED, message, not_applied=True)
        self._reserved += counted
        try:
            yield
        finally:
            self._reserved -= counted


class Held:
    """Memory of one request that grows and shrinks.

    Args:
        room: Where it is reserved.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._parts: dict[str, int] = {}
        self._reserved = ExitStack()

    def set(self, part: str, size: int) -> None:
        """Reserve what the request holds from now on.

        Args:
            part: What of it.
            size: Its bytes.

        Raises:
            Unavailable: There is no room for that; nothing is reserved any more.
        """
        self._parts[part] = size
        self._reserved.close()
        self._reserved.enter_context(self._room.reserve(sum(self._parts.values())))

    def release(self) -> None:
        """Reserve nothing any more."""
        self._reserved.close()

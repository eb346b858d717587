"""Files that are read again when they change."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

ContentT = TypeVar("ContentT")

_logger = logging.getLogger(__name__)


class WatchedFiles(Generic[ContentT]):
    """What files hold, read again when they change.

    Args:
        paths: The files.
        read: Reads them.
        what: What they hold, as the log calls it.
        unusable: What `read` raises where the files can't be used; its text is what the log says.

    Attributes:
        content: What they hold, or did hold when they could last be used.

    Raises:
        Exception: `unusable`, at the first time.
    """

    def __init__(
        self, paths: Iterable[Path], read: Callable[[], ContentT], what: str, unusable: type[Exception]
    ) -> None:
        self._paths = tuple(paths)
        self._read = read
        self._what = what
        self._unusable = unusable
        self._seen = self._states()
        self.content = read()

    def refresh(self) -> bool:
        """Read the files again if they have changed; what can't be used is logged, and the content stays as it was.

        Returns:
            Whether the content is another one.
        """
        states = self._states()
        if states == self._seen:
            return False
        self._seen = states  # from before the files are read, so that a later change is noticed for certain
        try:
            content = self._read()
        except self._unusable as error:
            _logger.error("%s; the previous %s remain in use", error, self._what)  # noqa: TRY400 - it says all
            return False
        if content == self.content or self._states() != states:  # being replaced: the next look reads them again
            return False
        self.content = content
        return True

    def _states(self) -> list[object]:
        """Return what is different after each change of a file."""
        states: list[object] = []
        for path in self._paths:
            try:
                state = path.stat()
                states.append((state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino))
            except OSError as error:
                states.append(error.errno)
        return states

"""A file of works in a spool: documents back to back, appended to by the one process that holds it, and read by it.

It may end within a work, where a process or the machine was killed; what is before that is whole.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import stat
from typing import TYPE_CHECKING, Final

from workflow_results.common import rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_logger = logging.getLogger(__name__)

SUFFIX: Final = ".works.bson"
DAMAGED: Final = ".damaged"
"""What the name of a file gets in which something other than works was found."""
POSITION: Final = ".position"
OPENING: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_LENGTH_BYTES: Final = 4
_LEAST_BYTES: Final = 5
"""The length of an empty document."""
_READ_BYTES: Final = 256 * rules.KIB
_READ_WORKS: Final = 500
"""What is read at a time at most, a larger work alone."""


class Chunk:
    """Works that were read together.

    Attributes:
        documents: The works as BSON.
        end: Where the file goes on behind them.
        file: The file that they stand in.

    Args:
        documents: As above.
        end: As above.
        file: As above.
    """

    def __init__(self, documents: list[bytes], end: int, file: WorksFile) -> None:
        self.documents = documents
        self.end = end
        self.file = file


class WorksFile:
    """A file of works that this process holds.

    Attributes:
        path: Where it is.
        fd: Its descriptor, which has the lock.
        size: Where its last work ends.
        at: Up to where it is read.
        done: Up to where it is deposited.
        is_own: Whether this process has made it.
        is_stuck: Whether it could not be removed.
        is_damaged: Whether something follows that is no work, and not the beginning of one either.

    Args:
        path: As above.
        fd: As above.
        is_own: As above.
    """

    def __init__(self, path: Path, fd: int, *, is_own: bool) -> None:
        self.path = path
        self.fd = fd
        self.size = os.fstat(fd).st_size
        self.is_own = is_own
        self.is_stuck = self.is_damaged = False
        self.done = position_of(path)
        if self.done > self.size:
            self.done = 0
        self.at = self.done

    def read(self) -> Chunk | None:
        """Read the next works; returns None at the end, for which the beginning of a work is taken, too."""
        documents: list[bytes] = []
        at, data, start = self.at, b"", 0
        while at < self.size and len(documents) < _READ_WORKS:
            if len(data) - start < _LENGTH_BYTES:
                if documents:
                    break
                data, start = os.pread(self.fd, _READ_BYTES, at), 0
            length, left = int.from_bytes(data[start : start + _LENGTH_BYTES], "little"), self.size - at
            is_torn = left < _LENGTH_BYTES or left < length <= rules.WORK_BYTES
            if is_torn or not _LEAST_BYTES <= length <= min(left, rules.WORK_BYTES):
                if not documents:
                    self._end_at(at, is_torn=is_torn)
                break
            if start + length > len(data):
                if documents:
                    break
                data, start = os.pread(self.fd, length, at), 0
            documents.append(data[start : start + length])
            start += length
            at += length
        self.at = at
        return Chunk(documents, at, self) if documents else None

    def _end_at(self, at: int, *, is_torn: bool) -> None:
        """Take what follows for none of the file."""
        if is_torn:
            _logger.warning("%s ends within a work, which was not accepted: it is left out from byte %d", self.path, at)
        else:
            _logger.error("%s has something other than a work at byte %d: it is kept as %s", self.path, at, DAMAGED)
            self.is_damaged = True
        self.size = at

    def append(self, documents: Sequence[bytes], *, fsync: bool) -> tuple[int, OSError | None]:
        """Append works.

        Returns:
            How many of them are now in the file, the others behind them not; and the error, if it was not all.
        """
        data = memoryview(b"".join(documents))
        written, number, kept, problem = 0, 0, self.size, None
        try:
            while written < len(data):
                written += os.pwrite(self.fd, data[written:], self.size + written)
        except OSError as error:
            problem = error
        for document in documents:
            if kept + len(document) > self.size + written:
                break
            kept += len(document)
            number += 1
        try:
            if problem:
                os.ftruncate(self.fd, kept)
            if fsync:
                os.fsync(self.fd)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self.fd, self.size)
            return 0, error
        self.size = kept
        return number, problem


def position_of(path: Path) -> int:
    """Return up to where a file of works is deposited."""
    try:
        return max(0, int(position_path(path).read_bytes()))
    except (OSError, ValueError):
        return 0


def position_path(path: Path) -> Path:
    """Return where it stands how far a file of works is deposited."""
    return path.with_name(path.name.removesuffix(SUFFIX) + POSITION)


def works_name(name: str) -> str:
    """Return the name of the file of works that a position belongs to."""
    return name.removesuffix(POSITION) + SUFFIX


def write_position(file: WorksFile) -> None:
    """Note how far a file is deposited; without it, works are deposited again, which is harmless."""
    try:
        fd = os.open(position_path(file.path), OPENING | os.O_CREAT, 0o600)
        try:
            os.pwrite(fd, b"%020d\n" % file.done, 0)  # always as long, so that it is never a mixture
        finally:
            os.close(fd)
    except OSError as error:
        _logger.debug("how far %s is deposited can't be noted: %s", file.path, error)


def lengths(path: Path, start: int) -> Iterator[int]:
    """Return the lengths of the whole documents of a file from a place on, none if it is gone."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # it may be deposited meanwhile
        end = os.fstat(file.fileno()).st_size
        file.seek(start)
        while start < end:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            start += length
            if length < _LEAST_BYTES or start > end:
                return
            yield length
            file.seek(start)


def whole_until(fd: int, start: int, end: int) -> int:
    """Return where the last whole document of a file ends, from a place on where one begins."""
    while end - start >= _LEAST_BYTES:
        length = int.from_bytes(os.pread(fd, _LENGTH_BYTES, start), "little")
        if not _LEAST_BYTES <= length <= end - start:
            break
        start += length
    return start


def write_all(fd: int, data: bytes, at: int) -> None:
    """Write all of something to a place in a file."""
    written = 0
    while written < len(data):
        written += os.pwrite(fd, data[written:], at + written)


def try_to_lock(fd: int) -> bool:
    """Lock a file unless another one has locked it, and return whether."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_regular(fd: int) -> None:
    """Raise an OSError unless something is a regular file."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        raise OSError(errno.EINVAL, "Is not a regular file")

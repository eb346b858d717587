"""Files that are there only when they are complete."""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from workflow_results.archive.reading import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

UNFINISHED: Final = ".part"
"""Ends the name of a file while it is written."""
_OWNER_ONLY: Final = 0o600


class HashedFile:
    """A file that is written, and its SHA-256."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Write bytes at the end."""
        self._hash.update(data)
        self._file.write(data)

    @property
    def sha256(self) -> str:
        """The digest of all that was written, in hexadecimal."""
        return self._hash.hexdigest()


@contextmanager
def complete_file(path: Path) -> Iterator[HashedFile]:
    """Write a file that gets its name when it is complete and on disk; only its owner can read it.

    Meanwhile, its name ends with `.part`. What is left of a process that was killed is overwritten.

    Args:
        path: The file, which is replaced if it is there.

    Yields:
        What takes the content.

    Raises:
        FileError: Another process is writing it.
        OSError: It can't be written; nothing is left behind.
    """
    unfinished = path.with_name(f"{path.name}{UNFINISHED}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT, _OWNER_ONLY), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FileError(f"another process is writing {unfinished}") from error
        try:
            file.truncate()
            yield HashedFile(file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            with suppress(OSError):
                unfinished.unlink()
            raise
        unfinished.rename(path)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()

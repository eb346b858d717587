"""Works on disk while the service can't be reached: files in a directory that the processes of a machine may share.

A process writes into files of its own, `….works.bson`: works back to back as they were encoded, and nothing else. It
holds a lock on each (`flock`), which ends with the process however that ends. A file that nobody holds is adopted by
the next process that looks. How far a file is deposited stands beside it (`….position`): after a kill perhaps too
little, as depositing works again is harmless, but never too much.

Nothing here knows the service.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import secrets
import stat
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflow_results._calls.arguments import flag
from workflow_results._deposit.works_file import (
    DAMAGED,
    OPENING,
    POSITION,
    SUFFIX,
    WorksFile,
    check_regular,
    lengths,
    position_of,
    position_path,
    try_to_lock,
    whole_until,
    works_name,
    write_all,
    write_position,
)
from workflow_results._transport.forks import fork_guard, renew_in_child
from workflow_results.common import rules
from workflow_results.common.rules import quoted
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow_results._deposit.works_file import Chunk

_logger = logging.getLogger(__name__)

REFUSED: Final = "refused.bson"
"""The works of a spool that were rejected or conflict, with the reasons."""
DENIED: Final = "denied.bson"
"""The works that the caller may not deposit: back to back, as in the other files."""
_FILE_BYTES: Final = 64 * rules.MIB
"""When the next file is begun: a file gives its space back as a whole."""
_MOST_FILES: Final = 100
"""How many files of others are held at a time: each takes one of the files that a process may open."""
_TURN_SECONDS: Final = 0.005
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class Spool:
    """The files of one depositor in a directory.

    Attributes:
        directory: The directory.
        deposited: How many works from it were found to be stored.
        refused: How many went to `refused.bson`.
        denied: How many went to `denied.bson`.
        on_done: Called with the number of works that are done, if it is set.

    Args:
        directory: As above; is created if it is missing.
        most_bytes: How large the files of the directory, of all processes together, may be about; 0 if no works are to
            be added.
        fsync: Whether what is appended is on the disk when `append` returns.

    Raises:
        InvalidRequestError: The directory can't be used.
    """

    def __init__(self, directory: Path, most_bytes: int, *, fsync: bool) -> None:
        self.directory = directory
        self.deposited = self.refused = self.denied = 0
        self.on_done: Callable[[int], object] | None = None
        self._may_adopt = True
        """Whether there may be files that nobody holds."""
        self._most_bytes = most_bytes
        self._fsync = fsync
        self._held: list[WorksFile] = []
        """In the order in which they are to be deposited."""
        self._own: WorksFile | None = None
        """The one that is appended to."""
        self._last_time = 0
        self._whole: dict[tuple[int, int], int] = {}
        """Up to where files, by device and inode, are known to be whole documents."""
        self._lock = threading.RLock()
        _make(directory)
        renew_in_child(self)

    def begin_in_child(self) -> None:
        """Leave the files to the parent of a fork: what is open here, too, would stay locked when the parent ends."""
        self._lock = threading.RLock()
        for file in self._held:
            with contextlib.suppress(OSError):  # another thread of the parent was about to close it
                os.close(file.fd)
        self._held.clear()
        self._own, self._may_adopt = None, False

    @property
    def takes_works(self) -> bool:
        """Whether works may be added."""
        return self._most_bytes > 0

    @property
    def holds_works(self) -> bool:
        """Whether works in files of this process are not deposited."""
        return any(file.done < file.size for file in self._held)

    def adopt(self) -> bool:
        """Hold the files that nobody holds, the oldest first, ahead of those of this process; returns if there are."""
        with self._lock:
            if not self._may_adopt:
                return False
            try:
                return self._adopt()
            except OSError as error:
                _logger.warning("the spool %s can't be searched: %s", self.directory, error)
                self._may_adopt = False
                return False

    def _adopt(self) -> bool:
        names = sorted(path.name for path in self.directory.iterdir())
        for name in names:
            path = self.directory / name
            if name.endswith(POSITION) and not path.with_name(works_name(name)).exists():
                path.unlink(missing_ok=True)  # of a file that is gone
        held, has_adopted = {file.path.name for file in self._held}, False
        for name in names:
            if not name.endswith(SUFFIX) or name in held:
                continue
            if len(self._held) >= _MOST_FILES:
                return has_adopted
            path = self.directory / name
            try:
                file = self._hold(path)
            except FileNotFoundError:  # another process has deposited it meanwhile
                continue
            except OSError as error:
                _logger.warning("%s can't be opened, and is left: %s", path, error)
                continue
            if file is not None:
                _logger.info("works that another depositor has left in %s are deposited", path)
                self._remove_if_done(file)
                has_adopted = True
        self._may_adopt = False
        return has_adopted

    def take_denied(self) -> None:
        """Hold the works that were denied, to deposit them again, perhaps in the name of another caller."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            denied = self.directory / DENIED
            if file := self._hold(denied):
                file.path = denied.rename(self._new_path())
                self._remove_if_done(file)

    def read(self) -> Chunk | None:
        """Read the next works of the files that are held; returns None where there are none."""
        with self._lock:
            for file in [*self._held]:
                if file.at < file.size and (chunk := file.read()):
                    return chunk
                self._remove_if_done(file)
            return None

    def rewind(self) -> None:
        """Begin to read again where the works end that are deposited."""
        with self._lock:
            for file in self._held:
                file.at = file.done

    def finish(self, chunk: Chunk, refused: Sequence[bytes], denied: Sequence[bytes]) -> None:
        """Note that nothing is to be done any more for the works of a chunk, the next ones of their file.

        Args:
            chunk: The works.
            refused: What goes to `refused.bson`.
            denied: What goes to `denied.bson`.

        Raises:
            OSError: That can't be written; the works stay where they are.
        """
        with self._lock:
            file = chunk.file
            if file not in self._held:  # it was closed
                return
            self._put(REFUSED, refused)
            self._put(DENIED, denied)
            self.refused += len(refused)
            self.denied += len(denied)
            self.deposited += len(chunk.documents) - len(refused) - len(denied)
            file.done = chunk.end
            if not self._remove_if_done(file):
                write_position(file)
        if self.on_done:
            self.on_done(len(chunk.documents))

    def append(self, documents: Sequence[bytes]) -> dict[int, str]:
        """Append works to the file of this process.

        Returns:
            Why works are not in it, by their positions; all others are.
        """
        with self._lock:
            fitting, problems = self._fitting(documents)
            number, problem = self._append([documents[index] for index in fitting]) if fitting else (0, None)
            if problem:
                told = f"the spool {quoted(str(self.directory))} can't be written: {problem.strerror or problem}"
                problems.update(dict.fromkeys(fitting[number:], told))
            return problems

    def _fitting(self, documents: Sequence[bytes]) -> tuple[list[int], dict[int, str]]:
        """Return the positions of those that there is room for, and why there is none for the others."""
        left = self._most_bytes - _bytes_in(self.directory)
        fitting, problems = [], {}
        for index, document in enumerate(documents):
            if len(document) <= left:
                left -= len(document)
                fitting.append(index)
            else:
                problems[index] = (
                    f"the spool {quoted(str(self.directory))} is full: its files have {self._most_bytes:,} bytes at"
                    " most (spool_bytes)"
                )
        return fitting, problems

    def _append(self, documents: Sequence[bytes]) -> tuple[int, OSError | None]:
        file = self._own
        if file is None or file.size >= _FILE_BYTES:
            try:
                file = self._own = self._create()
            except OSError as error:
                return 0, error
        number, problem = file.append(documents, fsync=self._fsync)
        if problem:  # what the disk has behind its end is not known
            self._own = None
            self._remove_if_done(file)
        return number, problem

    def close(self) -> None:
        """Leave the files that are not deposited to others."""
        with self._lock:
            for file in [*self._held]:
                self._let_go(file)
            self._own, self._may_adopt = None, False

    def _create(self) -> WorksFile:
        while (file := self._hold(self._new_path(), os.O_CREAT | os.O_EXCL)) is None:
            pass  # another process has found it before it was locked
        if self._fsync:
            _sync_directory(self.directory)
        return file

    def _new_path(self) -> Path:
        self._last_time = max(time.time_ns() // 1_000, self._last_time + 1)
        moment = datetime.fromtimestamp(self._last_time / 1e6, timezone.utc)
        return self.directory / f"{moment:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}{SUFFIX}"

    def _hold(self, path: Path, flags: int = 0) -> WorksFile | None:
        """Open and lock a file; returns None if another process holds it, or has removed it meanwhile."""
        with fork_guard:  # or a child could keep it locked, without knowing it
            fd = os.open(path, OPENING | flags, 0o600)
            try:
                if try_to_lock(fd) and os.fstat(fd).st_nlink:
                    check_regular(fd)
                    file = WorksFile(path, fd, is_own=bool(flags))
                    others = sum(not each.is_own for each in self._held)
                    self._held.insert(len(self._held) if file.is_own else others, file)
                    return file
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)
            return None

    def _remove_if_done(self, file: WorksFile) -> bool:
        if file.done < file.size or file not in self._held or file.is_stuck:
            return False
        if file is self._own:
            self._own = None
        try:
            if file.is_damaged:
                file.path.rename(file.path.with_name(file.path.name + DAMAGED))
            else:
                file.path.unlink(missing_ok=True)
            position_path(file.path).unlink(missing_ok=True)
        except OSError as error:  # a later process deposits its works again, which is harmless
            _logger.warning("%s is deposited and can't be removed: %s", file.path, error)
            file.is_stuck = True
            return False
        self._let_go(file)
        self._may_adopt = True
        return True

    def _let_go(self, file: WorksFile) -> None:
        self._held.remove(file)
        fcntl.flock(file.fd, fcntl.LOCK_UN)  # also of a child of a fork that has not closed it yet
        os.close(file.fd)

    def _put(self, name: str, documents: Sequence[bytes]) -> None:
        """Append documents to a file that the processes share."""
        while documents and not self._try_to_put(self.directory / name, documents):
            time.sleep(_TURN_SECONDS)  # another process has it, or takes it on

    def _try_to_put(self, path: Path, documents: Sequence[bytes]) -> bool:
        with fork_guard:
            fd = os.open(path, OPENING | os.O_CREAT, 0o600)
            try:
                found = os.fstat(fd)
                if not try_to_lock(fd) or not _is_at(path, found):
                    return False
                inode, size = (found.st_dev, found.st_ino), os.fstat(fd).st_size
                end = whole_until(fd, self._whole.get(inode, 0), size)
                try:
                    os.ftruncate(fd, end)  # what a process has left that was killed
                    write_all(fd, b"".join(documents), end)
                    if self._fsync:
                        os.fsync(fd)
                except OSError:
                    os.ftruncate(fd, end)
                    raise
                self._whole[inode] = end + sum(map(len, documents))
                return True
            finally:
                fcntl.flock(fd, fcntl.LOCK_UN)
                os.close(fd)


def open_spool(directory: str | os.PathLike[str] | None, most_bytes: int, fsync: bool) -> Spool | None:
    """Return the spool that a depositor was asked to use.

    Args:
        directory: The argument `spool_dir`.
        most_bytes: The argument `spool_bytes`.
        fsync: The argument `spool_fsync`.

    Raises:
        InvalidRequestError: One of them can't be used.
    """
    if isinstance(most_bytes, bool) or not isinstance(most_bytes, int) or most_bytes <= 0:
        raise InvalidRequestError(f"spool_bytes must be a positive integer, not {rules.shorten(most_bytes)}")
    flag("spool_fsync", fsync)
    if directory is None:
        return None
    return Spool(checked_directory(directory), most_bytes, fsync=fsync)


def checked_directory(directory: str | os.PathLike[str]) -> Path:
    """Return the path of a spool, as it is whatever the working directory becomes.

    Raises:
        InvalidRequestError: It is no path.
    """
    try:
        path = os.fspath(directory)
        if not isinstance(path, str) or not path or "\0" in path:
            raise TypeError
    except TypeError:
        raise InvalidRequestError(f"spool_dir must be a path, not {rules.shorten(directory)}") from None
    return Path(path).absolute()


def works_left(directory: Path) -> int:
    """Count the works in a directory that are not deposited, those included that processes are about to deposit."""
    return sum(
        1
        for path in directory.iterdir()
        if path.name.endswith(SUFFIX) or path.name == DENIED
        for _ in lengths(path, position_of(path))
    )


def _is_at(path: Path, found: os.stat_result) -> bool:
    try:
        return os.path.samestat(found, path.lstat())
    except FileNotFoundError:
        return False


def _bytes_in(directory: Path) -> int:
    size = 0
    with contextlib.suppress(OSError), os.scandir(directory) as entries:  # the error comes when something is written
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                size += entry.stat(follow_symlinks=False).st_size
    return size


def _sync_directory(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _make(directory: Path) -> None:
    """Create a directory unless it is there, and check that nobody else may write into it.

    Raises:
        InvalidRequestError: It can't be used.
    """
    try:
        if not directory.exists():
            directory.mkdir(0o700, parents=True, exist_ok=True)
            _sync_directory(directory.parent)
        found = directory.stat()
    except OSError as error:
        raise InvalidRequestError(f"spool_dir {quoted(str(directory))}: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode):
        raise InvalidRequestError(f"spool_dir {quoted(str(directory))} is not a directory")
    if found.st_uid != os.geteuid():  # also not root, whose files the owner could not deposit
        raise InvalidRequestError(f"spool_dir {quoted(str(directory))} belongs to another user")
    if found.st_mode & _OTHERS_WRITE:
        raise InvalidRequestError(
            f"others may write into spool_dir {quoted(str(directory))}: chmod go-w it, or choose another one"
        )

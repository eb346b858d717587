"""The directory of an embedded mongod: its files, its secrets, and the locks that show who is alive.

    lock         locked by the live server, whose pid it holds
    password     of the user that the server connects as
    keyfile      the key of the replica set, which is also the password of MongoDB's superuser `__system`
    port         that mongod listens on, written before mongod is started
    mongod.log   mongod's log, locked by the live mongod (the one before it is mongod.log.1)
    db/          mongod's data files; db/mongod.lock holds mongod's pid

Both locks are flocks, which the kernel drops when their process ends, in whatever way.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: Final = "127.0.0.1"
_LOG_BYTES: Final = 64 * 1024 * 1024
"""A larger log is set aside at the next start of mongod."""
_POLL_SECONDS: Final = 0.02
_COMPLAINT_LENGTH: Final = 400
_LAST_LOG_BYTES: Final = 256 * 1024
_LEAST_ROOM_BYTES: Final = 1024 * 1024
_NO_ROOM: Final = (b"No space left on device", b"Disk quota exceeded", b'"error":28,', b'"error":122,')
"""What mongod says of it. Full as the disk is, only a part of that may be there."""


class MongodError(Exception):
    """Says in one line what is wrong with the embedded mongod, and what cures it.

    Args:
        message: The line.
        passes: Whether the problem may go away without a change here, so that it is worth trying again.
    """

    def __init__(self, message: str, *, passes: bool = False) -> None:
        super().__init__(message)
        self.passes = passes


class DataDirectory:
    """What an embedded mongod keeps on disk.

    Args:
        path: The directory. It is created, readable by its owner alone, when it is acquired.

    Attributes:
        password: The password of the user that the server connects as.
        key: The key of the replica set.
        port: The port of mongod. These three are there once the directory is acquired.
    """

    password: str
    key: str
    port: int

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.keyfile = self.path / "keyfile"
        self.log = self.path / "mongod.log"
        self.db = self.path / "db"
        self._lock: int | None = None

    def acquire(self) -> None:
        """Lock the directory for this server, and create what is missing in it.

        Raises:
            MongodError: Another live server has it, or its files cannot be read or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.db.mkdir(mode=0o700, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.truncate(self._lock, 0)
            os.write(self._lock, str(os.getpid()).encode())
            self.password = self._remember("password", secrets.token_hex)
            self.key = self._remember("keyfile", secrets.token_hex)
            self.port = int(self._remember("port", _free_port))
        except BlockingIOError:
            holder = (self.path / "lock").read_text() or "unknown"
            self.release()
            raise MongodError(f"{self.path} is in use by another server (pid {holder})") from None
        except (OSError, ValueError) as error:
            self.release()
            raise MongodError(f"cannot use the data directory {self.path}: {error}") from error

    def release(self) -> None:
        """Unlock the directory for the next server; a directory that is not locked stays so."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def choose_port(self) -> None:
        """Take another port, for one that somebody else listens on."""
        self.port = int(self._keep("port", _free_port()))

    def open_log(self) -> BinaryIO:
        """Open the log for a mongod to inherit, and lock it.

        The lock belongs to the open file: once the caller has closed his own copy, mongod alone holds it,
        from its first to its last instant.

        Raises:
            BlockingIOError: Another mongod holds it.
            OSError: It can't be written.
        """
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        log = os.fdopen(os.open(self.log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab")
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            log.close()
            raise
        return log

    def mongod_lives(self) -> bool:
        """Return whether a mongod that was started on this directory is alive, no matter who started it."""
        try:
            with self.log.open("rb") as log:
                fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def mongod_pid(self) -> int:
        """Return the pid that mongod wrote into its data files, 0 before it did."""
        try:
            return int((self.db / "mongod.lock").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def kill_mongod(self) -> None:
        """Kill the mongod of a server that could not stop it any more, if there is one."""
        while self.mongod_lives():
            if pid := self.mongod_pid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_POLL_SECONDS)

    def complaint(self, since: int) -> str:
        """Return what mongod logged as its first error, for that is what the later ones follow from.

        Args:
            since: Where in the log to begin, in bytes.
        """
        with self.log.open("rb") as log:
            log.seek(since)
            lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        plain = None
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:  # what the dynamic loader and the parser of options say, and lines cut by a full disk
                plain = plain or line
                continue
            if isinstance(entry, dict) and entry.get("s") in {"E", "F"}:
                attributes = entry.get("attr", {})
                wired_tiger = attributes.get("message")
                if isinstance(wired_tiger, dict):
                    attributes = {key: wired_tiger.get(key) for key in ("error_str", "msg")}
                return f"{entry['msg'].strip()} {json.dumps(attributes)}"[:_COMPLAINT_LENGTH]
        return (plain or "it gave no reason")[:_COMPLAINT_LENGTH]

    def is_full(self, since: int) -> bool:
        """Return whether mongod ended for want of room on the disk.

        Its log says so, or ends early: where there is no room for the data, there is none for the log.

        Args:
            since: Where in the log to begin, in bytes.
        """
        with contextlib.suppress(FileNotFoundError):  # somebody may have removed the log, or all of it
            room = os.statvfs(self.db)
            blocks = room.f_bavail if os.geteuid() else room.f_bfree
            if blocks * room.f_frsize < _LEAST_ROOM_BYTES or (room.f_files and not room.f_ffree):
                return True
            with self.log.open("rb") as log:
                log.seek(max(since, os.fstat(log.fileno()).st_size - _LAST_LOG_BYTES))
                end = log.read()
            return any(words in end for words in _NO_ROOM)
        return False

    def holds(self, db: str) -> bool:
        """Return whether a path is that of our data files, however it is spelled."""
        try:
            return os.path.samefile(db, self.db)  # noqa: PTH121 - the path comes from mongod
        except OSError:
            return False

    def _remember(self, name: str, make: Callable[[], str]) -> str:
        """Return what a file holds, or what `make` gives, kept for the next time."""
        try:
            return (self.path / name).read_text() or self._keep(name, make())
        except FileNotFoundError:
            return self._keep(name, make())

    def _keep(self, name: str, text: str) -> str:
        """Write a file that is there whole or not at all, whatever dies meanwhile."""
        new = self.path / f"{name}.new"
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / name)
        return text


def _free_port() -> str:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return str(listener.getsockname()[1])

"""The embedded mongod: a MongoDB that the server starts, supervises and stops itself.

It is a replica set of one member, listens on loopback only, has authentication on and server-side JavaScript
off, and runs in a session of its own, so that Ctrl-C in a terminal reaches the server alone:

    mongod = EmbeddedMongod(data_directory)
    uri = await mongod.start()
    await mongod.run()    # until mongod is stopped, or there is no hope for it
    await mongod.stop()

Whatever state an earlier server left the data directory in, `start` goes on from there and does what is
missing. A mongod that outlived its server is taken over. One that dies is started again for as long as that
makes sense, which `restarts.py` decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from workflow_results.common.waiting import finished
from workflow_results_server.mongod.binary import BINARY_VARIABLE, REPLICA_SET, arguments, explain, find_binary, no_room
from workflow_results_server.mongod.data_directory import HOST, DataDirectory, MongodError
from workflow_results_server.mongod.restarts import Restarts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pymongo.asynchronous.database import AsyncDatabase

__all__ = ["EmbeddedMongod", "MongodError"]

logger = logging.getLogger(__name__)

_USER: Final = "results"
# What the service needs and no more: to read and write results, and to see serverStatus and the like. Users
# and the replica set are the business of `__system`, as which only this module logs in.
_ROLES: Final = ["readWriteAnyDatabase", "clusterMonitor"]

_START_SECONDS: Final = 300.0
"""Room for the recovery of a large database."""
_ADOPTION_SECONDS: Final = 15.0
_ANSWER_SECONDS: Final = 10.0
"""How long a mongod that is started may take for an answer, so that one that hangs holds up no end."""
STOP_SECONDS: Final = 20.0
"""How long mongod may take to shut down until it is killed."""
_CANCEL_SECONDS: Final = 1.0
"""How long a cancelled task has to end until it is cancelled again."""
_POLL_SECONDS: Final = 0.02
_ORPHAN_POLL_SECONDS: Final = 0.2
_PORTS_TRIED: Final = 5
_ADDRESS_IN_USE: Final = 48
"""The exit code of a mongod that cannot listen on its port."""
_SHORTAGES: Final = {errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}

_PATHS: Final = CodecOptions[dict[str, Any]](unicode_decode_error_handler="surrogateescape")
"""A directory may have any bytes in its name."""

# MongoDB's error codes.
_USER_NOT_FOUND: Final = 11
_AUTHENTICATION_FAILED: Final = 18
_NOT_YET_INITIALIZED: Final = 94
_CONFIGURATION_IN_PROGRESS: Final = 109
_PASSING: Final = {
    _AUTHENTICATION_FAILED,  # another mongod has our port: ours is about to end
    _NOT_YET_INITIALIZED,  # the replica set is being loaded
    _CONFIGURATION_IN_PROGRESS,
}


class EmbeddedMongod:
    """A mongod of this server, on the data of one directory.

    Args:
        data_directory: Where its data, log and secrets are kept. Created at the first start.
        restarts: When it is started again if it dies.
        options: What is added to its command line.
    """

    def __init__(self, data_directory: Path, restarts: Restarts | None = None, options: Sequence[str] = ()) -> None:
        self._directory = DataDirectory(data_directory)
        self._options = options
        self._restarts = restarts or Restarts()
        self._log_start = 0
        self._process: _Process | None = None
        self._supervision: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Start mongod, or take over the one that a killed server left behind, and make it ready.

        Returns:
            The URI of a writable primary, with the password in it.

        Raises:
            MongodError: There is no mongod to run, it ends or hangs at its start, or the directory cannot be
                used or is in use by another server.
        """
        self._directory.acquire()
        try:
            if not await self._adopt():
                await self._launch_on_a_free_port()
        except BaseException:
            await self.stop()
            raise
        return (
            f"mongodb://{_USER}:{self._directory.password}@{HOST}:{self._directory.port}"
            f"/?replicaSet={REPLICA_SET}&authSource=admin"
        )

    async def run(self) -> None:
        """Supervise mongod after its start: if it dies, start it again on its port, as often as that makes sense.

        Returns after `stop`.

        Raises:
            MongodError: It can't be started any more, and that will not go away.
        """
        self._supervision = asyncio.create_task(self._supervise())
        try:
            # `stop` cancels the supervision, which must not look like a cancellation of who awaits `run`.
            await asyncio.wait({self._supervision})
            if not self._supervision.cancelled():
                self._supervision.result()
        finally:
            self._supervision.cancel()

    async def stop(self) -> None:
        """Stop mongod, which keeps its data, and end the supervision. Fine at any time, and repeatedly."""
        try:
            if self._supervision is not None:
                await _cancel(self._supervision)
            if self._process is not None:
                await _end(self._process)
                self._process = None
        finally:
            # If this call is cancelled, mongod stops all the same, and the next server waits for that.
            self._directory.release()

    def terminate(self) -> None:
        """Ask mongod to shut down, without waiting for it."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    async def _supervise(self) -> None:
        while True:
            began = time.monotonic()
            await self._until_dead()
            self._restarts.died(time.monotonic() - began)
            while not await self._is_restarted():
                pass

    async def _is_restarted(self) -> bool:
        """Start mongod again; False if that failed, and is to be tried again."""
        await asyncio.sleep(self._restarts.pause)
        try:
            await self._launch()
        except MongodError as error:
            if not self._restarts.failed(error):
                raise MongodError(f"mongod died and can't be restarted: {error}") from error
            logger.error(  # noqa: TRY400 - the message says all
                "mongod could not be restarted, next attempt in %.0f s: %s", self._restarts.pause, error
            )
            return False
        self._restarts.started()
        return True

    async def _until_dead(self) -> None:
        assert self._process is not None
        exit_code = await self._process.wait()
        logger.error(
            "mongod (pid %d) died with exit code %d%s, see %s",
            self._process.pid,
            exit_code,
            f": {no_room(self._directory)}" if self._directory.is_full(self._log_start) else "",
            self._directory.log,
        )

    async def _adopt(self) -> bool:
        """Take over the mongod that a killed server left behind; False if there is none, or no more."""
        if not self._directory.mongod_lives():
            return False
        orphan = _Orphan(self._directory)
        try:
            if await self._until_ready(orphan, _ADOPTION_SECONDS) is not None:
                return False
        except MongodError as error:
            raise MongodError(f"{error}; it was left behind by a killed server; if it hangs, kill it") from None
        self._process = orphan
        logger.warning("took over mongod (pid %d), which a killed server left behind", orphan.pid)
        return True

    async def _launch_on_a_free_port(self) -> None:
        """Start mongod on the port it had, so that its replica set stays as it is, else on another one."""
        for _ in range(_PORTS_TRIED):
            with contextlib.suppress(_PortTakenError):
                await self._launch()
                return
            # Its replica set names the old port, whose new owner mongod gives 30 s to say that it is no member.
            logger.warning("port %d is taken: trying another", self._directory.port)
            self._directory.choose_port()
        raise MongodError(f"{_PORTS_TRIED} ports in a row were taken: start the server again")

    async def _launch(self) -> None:
        """Start mongod and wait until it is ready."""
        binary = find_binary()
        try:
            log = self._directory.open_log()
        except BlockingIOError:
            raise MongodError(f"another mongod is using {self._directory.log}") from None
        except OSError as error:
            raise _lacking(f"cannot write {self._directory.log}: {error.strerror}", error) from error
        with log:
            self._log_start = log.tell()
            try:
                self._process = process = await asyncio.create_subprocess_exec(
                    binary,
                    *arguments(self._directory, self._options),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                cure = f"set {BINARY_VARIABLE} to a mongod that runs on this machine"
                raise _lacking(f"cannot run {binary}: {error.strerror}; {cure}", error) from error
        try:
            exit_code = await self._until_ready(process, _START_SECONDS)
        except MongodError:
            await _end(process)
            raise
        if exit_code == _ADDRESS_IN_USE:
            raise _PortTakenError(f"port {self._directory.port} of {HOST} is taken")
        if exit_code is not None:
            raise explain(exit_code, self._directory, self._log_start)
        logger.info("mongod started (pid %d, port %d)", process.pid, self._directory.port)

    async def _until_ready(self, process: _Process, seconds: float) -> int | None:
        """Wait until mongod is ready for the service, or give the exit code of one that ended instead."""
        ended = asyncio.ensure_future(process.wait())
        try:
            await asyncio.wait_for(_make_ready(self._directory, ended), seconds)
        except asyncio.TimeoutError:
            raise MongodError(
                f"mongod (pid {process.pid}) is not ready after {seconds:.0f} s, see {self._directory.log}"
            ) from None
        else:
            return ended.result() if ended.done() else None
        finally:
            ended.cancel()


class _PortTakenError(MongodError):
    """Somebody else listens on the port."""


def _lacking(message: str, error: OSError) -> MongodError:
    return MongodError(message, passes=error.errno in _SHORTAGES)


class _Process(Protocol):
    """What an `asyncio.subprocess.Process` and an `_Orphan` have in common."""

    @property
    def pid(self) -> int: ...

    def send_signal(self, signal: int, /) -> None: ...

    async def wait(self) -> int: ...


class _Orphan:
    """A mongod that is not our child: whether it is alive is asked of the lock that it holds."""

    def __init__(self, directory: DataDirectory) -> None:
        self._directory = directory
        self._pid = 0

    @property
    def pid(self) -> int:
        self._pid = self._directory.mongod_pid() or self._pid  # a stopping mongod takes it away
        return self._pid

    def send_signal(self, signal: int, /) -> None:
        if not self._directory.mongod_lives():
            raise ProcessLookupError
        os.kill(self.pid, signal)

    async def wait(self) -> int:
        """Wait for its end; the exit code of an orphan is not known."""
        while self._directory.mongod_lives():  # noqa: ASYNC110 (there is no event for the end of another's child)
            await asyncio.sleep(_ORPHAN_POLL_SECONDS)
        return 0


async def _make_ready(directory: DataDirectory, ended: asyncio.Future[int]) -> None:
    """Bring mongod from whatever state it is in to a writable primary that knows our user, unless it ends."""
    while not (ended.done() or await _listens(directory.port)):  # noqa: ASYNC110 (there is no event for it)
        await asyncio.sleep(_POLL_SECONDS)
    # `__system` is there before any user is, and on a member outside its set. MongoDB's localhost exception,
    # which would leave a new database open to the first who connects on this machine, stays off.
    client = AsyncMongoClient[dict[str, Any]](
        HOST,
        directory.port,
        directConnection=True,
        username="__system",
        password=directory.key,
        authSource="local",
        connectTimeoutMS=2_000,
        serverSelectionTimeoutMS=500,
        socketTimeoutMS=_ANSWER_SECONDS * 1000,
    )
    try:
        # To cancel the client instead, when mongod ends, would leave sockets open.
        while not ended.done():
            try:
                if await _take_step(client, directory):
                    return
            except ConnectionFailure:
                logger.debug("mongod does not answer yet", exc_info=True)
            except OperationFailure as error:
                if error.code not in _PASSING:
                    raise MongodError(f"mongod did not become a primary: {error}") from error
            await asyncio.sleep(_POLL_SECONDS)
    finally:
        await finished(client.close())  # also where the server ends meanwhile


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _take_step(client: AsyncMongoClient[dict[str, Any]], directory: DataDirectory) -> bool:
    """Do what the state of mongod calls for next; True if nothing is left to do."""
    options = await client.admin.command("getCmdLineOpts", codec_options=_PATHS)
    if not directory.holds(options["parsed"]["storage"]["dbPath"]):
        return False  # on a copy of the directory another mongod has our port and key; ours is about to end
    if (await client.admin.command("hello"))["isWritablePrimary"]:
        await _set_user(client.admin, directory.password)
        # A transaction of a server that was killed would keep what it wrote from everybody for a minute.
        await client.admin.command("killAllSessions", [])
        return True
    member = f"{HOST}:{directory.port}"
    config = {"_id": REPLICA_SET, "version": 1, "members": [{"_id": 0, "host": member}]}
    # replSetGetStatus would not tell a set to be initiated from one to be loaded, where replSetInitiate hangs.
    stored = await client.local["system.replset"].find_one()
    if stored is None:
        await client.admin.command("replSetInitiate", config)
    elif stored["members"][0]["host"] != member:
        await client.admin.command("replSetReconfig", config, force=True)
    return False


async def _set_user(admin: AsyncDatabase[dict[str, Any]], password: str) -> None:
    user: dict[str, Any] = {"pwd": password, "roles": _ROLES, "mechanisms": ["SCRAM-SHA-256"]}
    try:
        await admin.command("updateUser", _USER, **user)
    except OperationFailure as error:
        if error.code != _USER_NOT_FOUND:
            raise
        await admin.command("createUser", _USER, **user)


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end. `wait_for` loses a cancellation that meets its end, before Python 3.12."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_SECONDS)


async def _end(process: _Process) -> None:
    """Shut mongod down, and kill it if that takes too long."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except asyncio.TimeoutError:
            logger.warning("mongod (pid %d) did not stop in %.0f s: killing it", process.pid, STOP_SECONDS)
            process.send_signal(signal.SIGKILL)
            await process.wait()

"""A replica set of three real mongods on loopback, which know each other by the ports of proxies."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pymongo
from pymongo.errors import PyMongoError

from workflow_results_server.mongod.binary import find_binary

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.network import Network

NAME: Final = "rs0"
MEMBERS: Final = 3
_WAIT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
_ASK_MS: Final = 500
_TRANSITION: Final = '"msg":"Replica set state transition"'
"""Of the member itself; those of others are logged, too."""
_ELECTED: Final = '"newState":"PRIMARY"'
_ROLLED_BACK: Final = '"newState":"ROLLBACK"'
_SETTINGS: Final = {"electionTimeoutMillis": 1_000, "heartbeatIntervalMillis": 200}
_TRANSACTION_SECONDS: Final = 10
"""After how long MongoDB gives up a transaction that a killed server has left open; a minute unless told otherwise."""


class NotReady(Exception):
    """Something did not come about in time."""


def free_ports(number: int) -> list[int]:
    """Find ports of loopback that are free."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_for(what: str, condition: Callable[[], Any], seconds: float = _WAIT_SECONDS) -> Any:
    """Wait until something is true, and return it.

    Raises:
        NotReady: It did not come about in time.
    """
    end = time.monotonic() + seconds
    while not (met := condition()):
        if time.monotonic() > end:
            raise NotReady(f"{what}: not within {seconds:g} s")
        time.sleep(_POLL_SECONDS)
    return met


@dataclass
class Member:
    """One mongod.

    Attributes:
        name: "m0", "m1" or "m2"; its link has the same.
        port: Where it listens.
        known_port: Where its proxy listens, which is how all others know it.
        directory: Of its data and log.
        process: The process.
        client: Goes past the proxies.
    """

    name: str
    port: int
    known_port: int
    directory: Path
    client: pymongo.MongoClient[dict[str, Any]]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, again if it was killed."""
        self.directory.mkdir(exist_ok=True)
        command = [
            *(find_binary(), "--dbpath", str(self.directory), "--port", str(self.port), "--bind_ip", "127.0.0.1"),
            *("--replSet", NAME, "--nounixsocket", "--quiet", "--oplogSize", "256"),
            *("--wiredTigerCacheSizeGB", "0.25", "--setParameter", "diagnosticDataCollectionEnabled=false"),
            *("--setParameter", f"transactionLifetimeLimitSeconds={_TRANSACTION_SECONDS}"),
            *("--logpath", str(self.directory / "log"), "--logappend"),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(_WAIT_SECONDS)

    def hello(self) -> dict[str, Any]:
        """Ask it for its role; empty if it does not answer soon."""
        with suppress(PyMongoError), pymongo.timeout(_ASK_MS / 1_000):
            return self.client.admin.command("hello")
        return {}


class ReplicaSet:
    """The mongods.

    Args:
        directory: Of their data.
        network: Where their proxies are.
    """

    def __init__(self, directory: Path) -> None:
        ports = free_ports(2 * MEMBERS)
        self.members = [
            Member(
                name=f"m{number}",
                port=ports[2 * number],
                known_port=ports[2 * number + 1],
                directory=directory / f"m{number}",
                client=_client(ports[2 * number]),
            )
            for number in range(MEMBERS)
        ]

    @property
    def uri(self) -> str:
        """Where the server finds them: behind the proxies."""
        hosts = ",".join(f"127.0.0.1:{member.known_port}" for member in self.members)
        return f"mongodb://{hosts}/?replicaSet={NAME}"

    def start(self, network: Network) -> None:
        """Start and initiate them, and wait for a primary."""
        for member in self.members:
            network.link(member.name, member.known_port, member.port)
            member.start()
        wait_for("mongod answers", lambda: all(member.hello() for member in self.members))
        members = [
            {"_id": number, "host": f"127.0.0.1:{member.known_port}"} for number, member in enumerate(self.members)
        ]
        config = {"_id": NAME, "members": members, "settings": _SETTINGS}
        self.members[0].client.admin.command("replSetInitiate", config)
        self.wait_healthy()

    def wait_healthy(self, seconds: float = _WAIT_SECONDS) -> Member:
        """Wait for a primary and for two secondaries, and return the primary.

        Raises:
            NotReady: They did not come about in time.
        """

        def healthy() -> Member | None:
            roles = [member.hello() for member in self.members]
            writable = [member for member, role in zip(self.members, roles, strict=True) if _is_primary(role)]
            secondary = sum(bool(role.get("secondary")) for role in roles)
            return writable[0] if len(writable) == 1 and secondary == MEMBERS - 1 else None

        member: Member = wait_for("all members are healthy", healthy, seconds)
        return member

    def happened(self) -> str:
        """Return what the logs of the members hold."""
        transitions = [
            line
            for member in self.members
            for line in (member.directory / "log").read_text(errors="replace").splitlines()
            if _TRANSITION in line
        ]
        elections, rollbacks = (sum(state in line for line in transitions) for state in (_ELECTED, _ROLLED_BACK))
        return f"{elections} elections, {rollbacks} rollbacks"

    def stop(self) -> None:
        """Kill them: nothing of theirs is needed any more."""
        for member in self.members:
            member.client.close()
            if member.process is not None and member.process.poll() is None:
                member.signal(signal.SIGKILL)

    def source_of(self, port: int) -> str:
        """Return which member a connection comes from, by its port; "" for none."""
        if not (inode := _inode(port)):
            return ""
        for member in self.members:
            if member.process is not None and inode in _sockets(member.process.pid):
                return member.name
        return ""


def _client(port: int) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=_ASK_MS, heartbeatFrequencyMS=500
    )


def _is_primary(hello: dict[str, Any]) -> bool:
    return bool(hello.get("isWritablePrimary"))


def _inode(port: int) -> str:
    """Find the socket that is bound to a port of loopback and connected."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == f"0100007F:{port:04X}" and fields[9] != "0":
            return fields[9]
    return ""


def _sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets of a process."""
    found = set()
    with suppress(OSError):  # it may just have been killed, or have closed one
        for descriptor in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - faster
            with suppress(OSError):
                if match := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{descriptor}")):  # noqa: PTH115
                    found.add(match[1])
    return found

"""One run: start everything, let clients work under faults, heal, and read what is left."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from pymongo import ReadPreference

from tests.support.network import Network
from tests.system.faults import nemesis, workload
from tests.system.faults.client import WATCHERS
from tests.system.faults.history import FAULTS_FILE, HAPPENED_FILE, LOGS, RUN_FILE, Recorder
from tests.system.faults.nemesis import SERVER_LINK, Nemesis
from tests.system.faults.replica_set import NotReady, ReplicaSet, free_ports, wait_for
from tests.system.faults.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo import MongoClient

CLIENTS: Final = 8
_WATCHERS: Final = 2
_TOLD_SECONDS: Final = 60.0
"""How long those who watch may take until they have been told everything."""
_DATABASE: Final = "workflow_results"
_HISTORY: Final = "_history"
_ENTRY: Final = ("reason", "method", "pipeline", "ids")
_ALIKE_SECONDS: Final = 60.0
_END_SECONDS: Final = 90.0
_FILL_SECONDS: Final = 300.0


class Run:
    """A run.

    Args:
        directory: Where history, logs and data go.
        seed: Decides about faults and calls.
        seconds: How long the clients work.
        bug: The deliberate bug of the server; empty for none.
        say: Tells how it goes.
    """

    def __init__(self, directory: Path, seed: int, seconds: float, bug: str, say: Callable[[str], None]) -> None:
        self._directory = directory
        self._seed = seed
        self._seconds = seconds
        self._bug = bug
        self._say = say
        self._target = ""
        self._clients: list[subprocess.Popen[bytes]] = []

    def all(self) -> None:
        """Do everything."""
        faults = nemesis.schedule(self._seed, self._seconds)
        self._describe(faults)
        replica_set = ReplicaSet(self._directory)
        with ExitStack() as stack:
            network = Network(replica_set.source_of, self._seed)
            stack.callback(network.close)
            stack.callback(replica_set.stop)
            replica_set.start(network)
            server_port, port = free_ports(2)
            network.link(SERVER_LINK, port, server_port)
            self._target = f"127.0.0.1:{port}"
            service = Service(server_port, replica_set.uri, self._directory / LOGS[0], self._bug)
            stack.callback(service.kill)
            service.start()
            stack.callback(self._kill_clients)
            self._finish(self._client("fill", 0))
            self._say(f"everything runs: {len(faults)} faults in {self._seconds:g} s, seed {self._seed}")
            began = time.monotonic()
            clients = [self._client(f"c{number}", began + self._seconds) for number in range(CLIENTS)]
            watchers = [self._client(f"{WATCHERS}{number}", began + self._seconds) for number in range(_WATCHERS)]
            striking = Nemesis(replica_set, service, network, self._directory / FAULTS_FILE, self._tell)
            striking.run(faults, began)
            self._finish_by(began + self._seconds + _END_SECONDS, clients)
            self._say("the clients are done")
            service.stop()  # what it has begun is finished
            service.start()
            replica_set.wait_healthy()
            self._finish(self._client("final", 0), _END_SECONDS)
            self._finish_by(time.monotonic() + _TOLD_SECONDS, watchers)
            self._dump(replica_set)
            (self._directory / HAPPENED_FILE).write_text(replica_set.happened())

    def _describe(self, faults: list[nemesis.Fault]) -> None:
        bug = f" --bug {self._bug}" if self._bug else ""
        command = f".venv/bin/python -m tests.system.faults --seconds {self._seconds:g} --seed {self._seed}{bug}"
        told = {"seed": self._seed, "seconds": self._seconds, "bug": self._bug, "command": command}
        text = json.dumps({**told, "schedule": [asdict(fault) for fault in faults]}, indent=1)
        (self._directory / RUN_FILE).write_text(text)

    def _client(self, name: str, until: float) -> subprocess.Popen[bytes]:
        with (self._directory / LOGS[1]).open("ab") as log:
            command = [sys.executable, "-m", "tests.system.faults.client", self._target, str(self._directory), name]
            client = subprocess.Popen([*command, str(self._seed), str(until)], stdout=log, stderr=log)
        self._clients.append(client)
        return client

    def _finish(self, client: subprocess.Popen[bytes], seconds: float = _FILL_SECONDS) -> None:
        """Wait for the end of a client, which must be a good one."""
        if status := client.wait(seconds):
            raise ChildProcessError(f"a client ended with {status}: {LOGS[1]} tells more")

    def _finish_by(self, end: float, clients: list[subprocess.Popen[bytes]]) -> None:
        """Wait for the ends of clients, and kill those that take too long."""
        for client in clients:
            with suppress(subprocess.TimeoutExpired):  # the checker will tell which call is not answered
                self._finish(client, max(0.0, end - time.monotonic()))
            client.kill()

    def _kill_clients(self) -> None:
        for client in self._clients:
            client.kill()
            client.wait(_END_SECONDS)

    def _tell(self, text: str) -> None:
        lines = sum(path.read_bytes().count(b'"kind"') for path in self._directory.glob("c*.jsonl"))
        self._say(f"{lines:6} operations; {text}")

    def _dump(self, replica_set: ReplicaSet) -> None:
        """Record what each member holds, once all hold the same, or do not come to."""
        dumps: list[dict[str, dict[str, Any]]] = []

        def alike() -> bool:
            dumps[:] = [_contents(member.client) for member in replica_set.members]
            return dumps[0] == dumps[1] == dumps[2]

        with suppress(NotReady):  # the checker will tell
            wait_for("the members hold the same", alike, _ALIKE_SECONDS)
        for member, dump in zip(replica_set.members, dumps, strict=True):
            with Recorder(self._directory, member.name) as recorder:
                for pipeline, told in dump.items():
                    name = recorder.begin("history" if pipeline == _HISTORY else "dump", pipeline=pipeline)
                    recorder.end(name, "ok", **told)


def _contents(client: MongoClient[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Read all that one member holds."""
    database = client.get_database(_DATABASE, read_preference=ReadPreference.SECONDARY_PREFERRED)
    contents = {}
    for pipeline in (*workload.PIPELINES, workload.LARGE):
        found = [
            [result["_id"], *(workload.compact(result) if result["_id"] == result["id"] else ["another id"])]
            for result in database[pipeline].find(sort=[("_id", -1)])
        ]
        contents[pipeline] = workload.without_archived(found) if pipeline == workload.ARCHIVE else {"found": found}
    entries = database[_HISTORY].find(sort=[("order", 1), ("_id", 1)])
    return contents | {_HISTORY: {"found": [[each[name] for name in _ENTRY] for each in entries]}}

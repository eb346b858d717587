"""The services of `deploy/compose` as plain processes on loopback, with the settings that stand in its files.

Each has a folder for its root, in which its volumes and secrets lie where its container would have them. What it is
told about the network is rewritten: all is loopback here, and ports are free ones. Each server has an address of its
own, and a name server of the tests knows it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from tests.support.launcher import COMMAND, listening
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE, eventually
from tests.system.faults.replica_set import free_ports
from workflow_results_server.mongod.binary import find_binary

DEPLOY = REPOSITORY / "deploy"
DOCKER_COMPOSE = os.environ.get("DOCKER_COMPOSE", str(REPOSITORY / ".venv-deploy/bin/docker-compose"))
LOOPBACK = "127.0.0.1"
NAME_OUTSIDE = "results.example.org"
"""By which others than the containers know the servers."""
SERVERS = {"server1": "127.0.0.1", "server2": "127.0.0.2"}
PROGRAMS = {"/opt/workflow-results/bin/python": sys.executable, "workflow-results": COMMAND, "mongod": find_binary()}
ENVIRONMENT = {**os.environ, "PATH": f"{Path(COMMAND).parent}:{os.environ['PATH']}"}
"""In which `setup` finds our command."""
NAMES = {**{name: [address] for name, address in SERVERS.items()}, "results": [*SERVERS.values()]}


def image() -> dict[str, Any]:
    """Return the command, the health check and the environment of the image."""
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ").rpartition("\nFROM ")[2]
    arrays = dict(re.findall(r"^(ENTRYPOINT|CMD|HEALTHCHECK)\b.*?(\[.*\])$", text, re.MULTILINE))
    environment = re.search(r"^ENV (.*)$", text, re.MULTILINE)
    assert environment
    variables = dict(each.split("=", 1) for each in shlex.split(environment[1]))
    del variables["PATH"]
    return {"environment": variables, **{name: json.loads(array) for name, array in arrays.items()}}


def copy_compose(folder: Path) -> None:
    """Copy the folder of the compose file, without what `setup` has made there."""
    shutil.copytree(DEPLOY / "compose", folder, ignore=shutil.ignore_patterns("secrets", "data", ".env"))


def configuration(folder: Path) -> dict[str, Any]:
    """Return what Docker Compose makes of the compose file in a folder."""
    file = str(folder / "compose.yaml")
    command = [DOCKER_COMPOSE, "--file", file, "--profile", "*", "config", "--format", "json"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE)
    return dict(json.loads(told.stdout))


class Composed:
    """The services of a copy of `deploy/compose`.

    Args:
        folder: Where the copy is made.
        name_server: The address of one that knows NAMES.

    Attributes:
        folder: The copy.
        said: What `setup` said.
    """

    def __init__(self, folder: Path, name_server: str) -> None:
        self._name_server = name_server
        self.folder = folder / "compose"
        copy_compose(self.folder)
        command = [str(self.folder / "setup"), NAME_OUTSIDE]
        self.said = subprocess.run(
            command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, timeout=PATIENCE
        ).stdout
        self.services: dict[str, dict[str, Any]] = configuration(self.folder)["services"]
        self._image = image()
        self._ports = self._assign_ports()
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._completed: set[str] = set()
        options = self.folder / "secrets/server/serve.yml"
        options.write_text(self._here("", options.read_text()))
        for name in self.services:
            self._lay_out(name)

    def start(self, name: str) -> None:
        """Start a service, and before it those that it depends on; one that runs already is left alone."""
        if name in self._processes or name in self._completed:
            return
        service = self.services[name]
        for other, dependency in (service.get("depends_on") or {}).items():
            self.start(other)
            if dependency["condition"] == "service_completed_successfully":
                if other in self._processes:
                    assert self._wait(other) == 0, self.log(other)
                    self._completed.add(other)
            else:
                eventually(partial(self.is_healthy, other), otherwise=f"{other}: {self.log(other)}")
        entrypoint = service.get("entrypoint") or self._image["ENTRYPOINT"]
        command = self._translated(name, [*entrypoint, *(service.get("command") or [])])
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                command,
                env=self._environment(name),
                cwd=self._root(name),
                stdout=subprocess.PIPE if name.startswith("server") else log,
                stderr=log,
                text=True,
            )
        self._processes[name] = process
        if process.stdout:
            for _port in service["ports"]:
                listening(process)

    def run(self, name: str) -> str:
        """Run a service to its end, and return what it says."""
        self._completed.discard(name)
        self.start(name)
        assert self._wait(name) == 0, self.log(name)
        return self.log(name)

    def stop(self, name: str) -> int:
        """Stop a service as Docker does, and return its exit status."""
        self._processes[name].send_signal(signal.SIGTERM)
        return self._wait(name)

    def kill(self) -> None:
        """End all services, at once."""
        for name in list(self._processes):
            self._processes[name].kill()
            self._wait(name)

    def log(self, name: str) -> str:
        """Return what a service has logged."""
        return self._log(name).read_text()

    def is_healthy(self, name: str) -> bool:
        """Ask a service by the health check of our image, or a member of the replica set by what its check asks."""
        if name.startswith("mongo"):
            with (
                suppress(PyMongoError),
                pymongo.MongoClient[Any](self.mongo_uri(name), serverSelectionTimeoutMS=500) as client,
            ):
                client.admin.command("ping")
                return True
            return False
        command = self._translated(name, self._image["HEALTHCHECK"])
        environment = {**self._environment(name), "WORKFLOW_RESULTS_TARGET": self.target(name)}
        asked = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return asked.returncode == 0 and asked.stdout == "SERVING\n"

    def mongo_uri(self, name: str) -> str:
        """Return the address of a member of the replica set, without a user."""
        return f"mongodb://{LOOPBACK}:{self._ports[name, '27017']}/?directConnection=true"

    def target(self, name: str = "results") -> str:
        """Return the target of a server, or of both."""
        return f"dns://{self._name_server}/{name}:{self._ports['server1', '50051']}"

    def address(self, name: str, port: str) -> str:
        """Return where a server answers that listens on a port of its container."""
        return f"{SERVERS[name]}:{self._ports[name, port]}"

    def _assign_ports(self) -> dict[tuple[str, str], int]:
        """Find a port of this machine for each port of each service; servers have the same ones."""
        targets = [str(port["target"]) for port in self.services["server1"]["ports"]]
        members = [name for name in self.services if name.startswith("mongo")]
        free = free_ports(len(targets) + len(members))
        ports = {(server, target): here for target, here in zip(targets, free, strict=False) for server in SERVERS}
        return {**ports, **{(name, "27017"): here for name, here in zip(members, free[len(targets) :], strict=True)}}

    def _lay_out(self, name: str) -> None:
        """Put the volumes and secrets of a service into the folder of its root."""
        service = self.services[name]
        mounts = {volume["target"]: volume["source"] for volume in service.get("volumes", ())}
        files = {secret["target"]: secret["source"] for secret in service.get("secrets", ())}
        mounts |= {target: self.folder / "secrets/mongo" / source for target, source in files.items()}
        for target, source in mounts.items():
            link = self._root(name) / target.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(source)

    def _wait(self, name: str) -> int:
        """Wait for the end of a service, and return its exit status; kill one that hangs."""
        process = self._processes.pop(name)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _root(self, name: str) -> Path:
        root = self.folder / "roots" / name
        root.mkdir(parents=True, exist_ok=True)
        return root

    def _log(self, name: str) -> Path:
        return self._root(name) / "log"

    def _environment(self, name: str) -> dict[str, str]:
        """Return the environment of a service, and nothing of ours."""
        service = self.services[name]
        is_ours = service["image"] == "workflow-results"
        variables = {**(self._image["environment"] if is_ours else {}), **(service.get("environment") or {})}
        told = dict(zip(variables, self._translated(name, list(variables.values())), strict=True))
        if (name, "50051") in self._ports:
            told["WORKFLOW_RESULTS_SERVE_PORT"] = str(self._ports[name, "50051"])
        return {"PATH": os.defpath, "HOME": "/", **told}

    def _translated(self, name: str, words: list[str]) -> list[str]:
        """Translate the words of a command, or the values of an environment, into those of this machine."""
        return [self._here(name, word) for word in words]

    def _here(self, name: str, text: str) -> str:
        if text in PROGRAMS:
            return PROGRAMS[text]
        if (name, text) in self._ports:
            return str(self._ports[name, text])
        if text.startswith("/") and (inside := self._root(name) / text.lstrip("/")).exists():
            return str(inside)
        if text == "dns:///results:50051":
            return self.target()
        for (other, port), here in self._ports.items():
            text = text.replace(f"{other}:{port}", f"{LOOPBACK}:{here}")
        return text.replace("0.0.0.0", SERVERS.get(name, LOOPBACK))

"""Upgrades two servers behind one name from the last release to this version, one after the other, and back again.

Meanwhile, a client of each version works without a pause. No call may fail, and nothing acknowledged may be lost.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from tests.support.launcher import COMMAND, Service, embedded_uri
from tests.system.upgrade.release import Release, commands_of, last_release
from tests.system.upgrade.running import KINDS, Failed, RunningClient
from workflow_results import Results

_SURVEY: Final = "survey"
_NUMBER: Final = 700
_BYTES: Final = 20_000
"""Of each result of the survey, so that a stream does not fit into the buffers below it."""
_PROGRESS_SECONDS: Final = 600.0
_DRAIN_SECONDS: Final = "1"
"""Shorter than a stream takes, so that it has to go on at the other server."""


def main() -> int:
    """Run the test; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make test-upgrade", description=__doc__)
    parser.add_argument("--from", dest="tag", default="", help="the tag of a release, instead of the last one")
    try:
        release = last_release(parser.parse_args().tag)
    except LookupError as error:
        parser.error(str(error))
    if release.why:
        print(f"{release.why}: testing HEAD with HEAD", flush=True)
    else:
        print(f"testing {release.name} with this version", flush=True)
    with tempfile.TemporaryDirectory(prefix="upgrade-") as directory, ExitStack() as stack:
        try:
            return _run(release, Path(directory), stack)
        except (Failed, AssertionError) as error:
            print(f"FAILED: {error}")
            return 1


def _run(release: Release, place: Path, stack: ExitStack) -> int:
    old, new = commands_of(release), Path(COMMAND).parent
    mongod = Service("--data-dir", str(place / "data"), log=place / "mongod.log")
    stack.callback(mongod.kill)
    servers = [_server(old, place / f"server-{name}.log", place / "data") for name in "ab"]
    for server in servers:
        stack.callback(server.kill)
    _fill(servers[0].target)
    target = "ipv4:" + ",".join(server.target for server in servers)
    clients = []
    for name, commands in (("old", old), ("new", new)):
        clients.append(RunningClient(commands, [target, name, _SURVEY, str(_NUMBER)], place))
        stack.callback(clients[-1].kill)
    _await_progress(clients, f"two servers of {release.name}")
    for commands, version in ((new, "this version"), (old, release.name)):
        for number, server in enumerate(servers, 1):
            assert server.stop() == 0, f"a server has not stopped well: {server.log.read_text()}"
            _await_progress(clients, f"server {number} is away")
            server.command = str(commands / "workflow-results")
            server.start()
            _await_progress(clients, f"server {number} is now of {version}")
    reports = [client.end() for client in clients]
    with Results(target, timeout=60) as results:
        for client, report in zip(clients, reports, strict=True):
            _check(results, client.name, report)
    for server in servers:
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text(), server.log.read_text()
    for client, report in zip(clients, reports, strict=True):
        done = ", ".join(f"{number} {kind}" for kind, number in sorted(report["done"].items()))
        print(f"client {client.name}, {report['version']}, of servers {', '.join(report['versions'])}:")
        print(f"  {done}; {report['resumed']} streams went on at another server")
    assert any(report["resumed"] for report in reports), "no stream has outlasted its server: nothing was shown"
    print("no call has failed, and nothing was lost")
    return 0


def _server(commands: Path, log: Path, data: Path) -> Service:
    environment = {"WORKFLOW_RESULTS_SERVE_MONGO_URI": embedded_uri(data)}
    command = str(commands / "workflow-results")
    return Service("--drain-seconds", _DRAIN_SECONDS, log=log, environment=environment, command=command)


def _fill(target: str) -> None:
    works: list[dict[str, Any]] = [
        {"pipeline": _SURVEY, "id": f"{n:06}", "status": "success", "event": [n], "results": {"data": bytes(_BYTES)}}
        for n in range(_NUMBER)
    ]
    with Results(target, timeout=60) as results:
        assert results.deposit(works) == {_SURVEY: True}


def _await_progress(clients: list[RunningClient], step: str) -> None:
    """Wait until each client has done everything again, from beginning to end.

    Raises:
        Failed: A client has ended, or did not get on.
    """
    began = time.monotonic()
    before = [client.done() for client in clients]
    while missing := [
        f"{client.name}: {kind}"
        for client, had in zip(clients, before, strict=True)
        for kind in KINDS
        if client.done()[kind] < had[kind] + 2  # the first of them may have begun before
    ]:
        if time.monotonic() > began + _PROGRESS_SECONDS:
            raise Failed(f"{step}: stuck are {', '.join(missing)}")
        time.sleep(0.05)
    print(f"{step}: all kinds of calls went on, {time.monotonic() - began:.0f} s", flush=True)


def _check(results: Results, name: str, report: dict[str, Any]) -> None:
    """Compare what is there with what was acknowledged.

    Raises:
        Failed: Something is lost, is there twice, or was not asked for.
    """
    for pipeline, ids in report["acknowledged"].items():
        stored = Counter(result["id"] for result in results.stream(pipeline, {}, {"id": True}))
        if stored != Counter(ids):
            lost, more = Counter(ids) - stored, stored - Counter(ids)
            raise Failed(f"{name}: {pipeline} lacks {len(lost)}, and has {len(more)} too many, like {min(lost | more)}")
    locked = {result["id"] for result in results.stream(f"{name}-changes", {"results.locked": True}, {"id": True})}
    if locked != set(report["locked"]):
        raise Failed(f"{name}: locks differ in {locked ^ set(report['locked'])}")


if __name__ == "__main__":
    sys.exit(main())

"""The compose file: what its script makes, what its services do, and a restart of its servers one after the other."""

from __future__ import annotations

import itertools
import os
import re
import ssl
import subprocess
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.errors import OperationFailure

from tests.deploy.composed import ENVIRONMENT, NAME_OUTSIDE, NAMES, SERVERS, Composed, copy_compose
from tests.deploy.names import names
from tests.support.waiting import PATIENCE, eventually, join
from workflow_results import Results, UnauthenticatedError

PIPELINE = "example-rolling"
CALLS = 20
"""How many calls of each kind must come in before the next step."""


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    with names(NAMES) as name_server:
        services = Composed(tmp_path_factory.mktemp("deploy"), name_server)
        try:
            for server in SERVERS:
                services.start(server)
            yield services
        finally:
            services.kill()


@pytest.fixture
def results(composed: Composed) -> Iterator[Results]:
    secrets = composed.folder / "secrets/client"
    token = (secrets / "token").read_text().strip()
    with Results(composed.target(), token=token, ca_file=str(secrets / "ca.pem")) as client:
        yield client


@pytest.mark.parametrize("server", SERVERS)
def test_servers_are_healthy(composed: Composed, server: str) -> None:
    eventually(partial(composed.is_healthy, server), otherwise=composed.log(server))


def test_the_example_deposits_streams_and_locks(composed: Composed) -> None:
    assert composed.run("client") == "100 results, 9 of them locked\n"


def test_a_token_is_needed(composed: Composed) -> None:
    ca_file = str(composed.folder / "secrets/client/ca.pem")
    with Results(composed.target(), ca_file=ca_file, token="") as stranger, pytest.raises(UnauthenticatedError):
        stranger.count(PIPELINE, {})


@pytest.mark.parametrize("server", SERVERS)
def test_http_is_served_over_tls(composed: Composed, server: str) -> None:
    context = ssl.create_default_context(cafile=str(composed.folder / "secrets/client/ca.pem"))
    context.check_hostname = False  # the name is that of the container
    with _opened(f"https://{composed.address(server, '8005')}/version", context) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("host", ["results", "server2", NAME_OUTSIDE])
def test_http_is_served_by_the_names_of_the_certificate(composed: Composed, host: str) -> None:
    context = ssl.create_default_context(cafile=str(composed.folder / "secrets/client/ca.pem"))
    context.check_hostname = False
    url = urllib.request.Request(f"https://{composed.address('server1', '8005')}/version", headers={"Host": host})
    with _opened(url, context) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("server", SERVERS)
def test_metrics_are_served(composed: Composed, server: str) -> None:
    with _opened(f"http://{composed.address(server, '9464')}/metrics") as answer:  # loopback is without TLS
        assert b"workflow_results_mongodb_up" in answer.read()


def test_mongodb_asks_for_a_password(composed: Composed) -> None:
    with pymongo.MongoClient[Any](composed.mongo_uri("mongo1")) as client, pytest.raises(OperationFailure) as refused:
        client.workflow_results.list_collection_names()
    assert refused.value.code == 13  # Unauthorized


def test_the_user_of_the_servers_may_use_their_database_alone(composed: Composed) -> None:
    password = (composed.folder / "secrets/mongo/results").read_text()
    uri = composed.mongo_uri("mongo1").replace("://", f"://results:{password}@")
    with pymongo.MongoClient[Any](uri) as client:
        assert client.workflow_results.command("ping")["ok"]
        client.workflow_results.list_collection_names()
        with pytest.raises(OperationFailure):
            client.other.works.find_one()
        with pytest.raises(OperationFailure):
            client.admin.command("usersInfo", 1)


def test_the_replica_set_is_made_once(composed: Composed) -> None:
    composed.run("replica-set")
    with pymongo.MongoClient[Any](composed.mongo_uri("mongo1")) as client:
        assert len(client.admin.command("hello")["hosts"]) == 3


def test_secrets_are_for_their_owner_alone(composed: Composed) -> None:
    for path in (composed.folder / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_setup_overwrites_nothing(composed: Composed) -> None:
    before = {path: path.read_bytes() for path in (composed.folder / "secrets").rglob("*") if path.is_file()}
    again = subprocess.run([composed.folder / "setup"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert again.returncode == 1
    assert "there already" in again.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_setup_says_when_the_certificate_expires(composed: Composed) -> None:
    assert re.match(r"server\.pem expires at \d{4}-\d\d-\d\d \d\d:\d\d UTC: ", composed.said)


def test_setup_that_runs_twice_at_a_time_is_done_once(tmp_path: Path) -> None:
    copy_compose(folder := tmp_path / "compose")
    running = [subprocess.Popen([folder / "setup"], env=ENVIRONMENT) for _ in range(2)]
    assert sorted(bool(each.wait(PATIENCE)) for each in running) == [False, True]
    assert (folder / "secrets/server/serve.yml").exists()
    assert (folder / ".env").exists()


def test_setup_leaves_nothing_if_it_is_stopped(tmp_path: Path) -> None:
    copy_compose(folder := tmp_path / "a folder")
    before = set(folder.iterdir())
    stops = tmp_path / "stops"
    stops.write_text("#!/bin/sh\nkill -TERM $PPID\n")
    stops.chmod(0o700)
    (tmp_path / "elsewhere/a folder").mkdir(parents=True)
    environment = {**os.environ, "WORKFLOW_RESULTS": "../stops", "CDPATH": str(tmp_path / "elsewhere")}
    command = ["sh", "a folder/setup"]
    stopped = subprocess.run(command, cwd=tmp_path, env=environment, timeout=PATIENCE, check=False)
    assert stopped.returncode == 1
    assert set(folder.iterdir()) == before


def test_a_restart_of_one_server_after_the_other_fails_no_call(composed: Composed, results: Results) -> None:
    done = threading.Event()
    calls: Counter[str] = Counter()
    errors: list[BaseException] = []
    numbers = itertools.count()

    def deposit() -> None:
        works = [{"id": f"{next(numbers):06}", "pipeline": PIPELINE, "status": "success"} for _ in range(10)]
        assert results.deposit(works) == {PIPELINE: True}

    def stream() -> None:
        ids = [result["id"] for result in results.stream(PIPELINE, {}, {"id": True})]
        assert len(ids) == len(set(ids))

    def lock() -> None:
        locked = f"locked-{next(numbers):06}"
        results.deposit([{"id": locked, "pipeline": PIPELINE, "status": "success"}])
        assert results.lock(PIPELINE, [locked], request_id=locked)

    def again_and_again(call: Callable[[], None]) -> None:
        while not done.is_set():
            try:
                call()
            except BaseException as error:  # noqa: BLE001 - what fails is what this is about
                errors.append(error)
            calls[call.__name__] += 1

    threads = [
        threading.Thread(target=again_and_again, args=(call,), name=call.__name__, daemon=True)
        for call in (deposit, stream, lock)
    ]

    def all_go_on() -> None:
        before = calls.copy()
        eventually(lambda: all(calls[each.name] >= before[each.name] + CALLS for each in threads), 2 * PATIENCE)

    for thread in threads:
        thread.start()
    try:
        for server in SERVERS:
            all_go_on()
            assert composed.stop(server) == 0, composed.log(server)
            all_go_on()
            composed.start(server)
            eventually(partial(composed.is_healthy, server), otherwise=composed.log(server))
        all_go_on()
    finally:
        done.set()
        join(*threads)
    assert not errors
    assert results.count(PIPELINE, {}) == next(numbers)


def _opened(url: str | urllib.request.Request, context: ssl.SSLContext | None = None) -> Any:
    return urllib.request.urlopen(url, context=context, timeout=PATIENCE)

"""`--http-quarantine`: works that are rejected are put aside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.asking import ask
from tests.support.callers import entry, write
from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import Results

TOKEN = "wr_depositor"


@pytest.fixture(scope="module")
def server(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server with a database of its own, where works are put aside."""
    directory = tmp_path_factory.mktemp("quarantine")
    tokens = write(directory / "tokens.yml", {"daemon": entry("depositor", "*", token=TOKEN)})
    arguments = ("--mongo-uri", mongo_uri, "--database", "quarantine", "--http-port", "0", "--http-quarantine")
    running = Service(*arguments, "--tokens", str(tokens), log=directory / "log")
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


@pytest.fixture
def rejected(server: Service, mongo: Any) -> Iterator[Any]:
    """The collection of what is put aside."""
    yield mongo["quarantine"]["_rejected"]
    mongo["quarantine"]["_rejected"].drop()


def post(server: Service, *works: str) -> tuple[int, Any]:
    body = f"[{', '.join(works)}]".encode()
    return ask(server, "POST", "/results", body, {"x-access-token": TOKEN})[:2]


def test_rejected_works_count_as_stored_and_are_kept_whole(server: Service, rejected: Any) -> None:
    p = uuid4().hex
    odd = f'{{"id": "odd", "pipeline": "{p}", "status": "success",  "n": 1e999, "t": "\\ud800"}}'
    bad = json.dumps(work(p, id="bad") | {"status": "running"})
    assert post(server, json.dumps(work(p, id="a")), bad, odd, "5", '{"pipeline": "_x"}') == (
        200,
        {p: 3, "_rejected": 2},
    )
    assert post(server, bad) == (200, {p: 1})  # again, as after a lost answer
    found = {each["work"]: each for each in rejected.find()}
    assert found.keys() == {odd, bad, "5", '{"pipeline": "_x"}'}
    aside = found[bad]
    assert {name: aside[name] for name in ("caller", "pipeline", "id", "reason", "part", "parts")} == {
        "caller": "daemon",
        "pipeline": p,
        "id": "bad",
        "reason": "INVALID_STATUS",
        "part": 1,
        "parts": 1,
    }
    assert "'success' or 'failure'" in aside["message"]
    with Results(server.target, token=TOKEN, tls=False) as results:
        assert [each["id"] for each in results.view(p, {})] == ["a"]
        assert not {name for name in results.status() if name.startswith("_")}
    assert "works were put aside" in server.log.read_text()


def test_names_that_are_no_text_are_put_aside_as_they_can_be_shown(server: Service, rejected: Any) -> None:
    assert post(server, '{"id": "\\ud800", "pipeline": "a\\r\\n"}') == (200, {"_rejected": 1})
    (aside,) = rejected.find()
    assert (aside["id"], aside["pipeline"]) == ("\\ud800", "a\\r\\n")


def test_conflicts_are_refused_all_the_same(server: Service, rejected: Any) -> None:
    p = uuid4().hex
    assert post(server, json.dumps(work(p, id="a"))) == (200, {p: 1})
    assert post(server, json.dumps(work(p, id="a", other=1)), "5")[0] == 409
    assert [each["work"] for each in rejected.find()] == ["5"]


def test_a_large_work_is_kept_in_parts(server: Service, rejected: Any) -> None:
    text = json.dumps(work(uuid4().hex, id="a", text="é" * (1 << 21), bytes="x" * (1 << 24)), ensure_ascii=False)
    assert post(server, text)[0] == 200
    parts = list(rejected.find().sort("part"))
    assert ("".join(each["work"] for each in parts), len(parts)) == (text, parts[0]["parts"])
    assert {(each["reason"], each["id"]) for each in parts} == {("TOO_LARGE", "a")}


def test_there_is_no_room_for_more_than_a_gibibyte(server: Service, rejected: Any) -> None:
    rejected.insert_many({"work": "x" * (15 << 20)} for _ in range(69))
    status, body = post(server, "5")
    assert (status, body["receipts"][0]["outcome"]) == (400, "REJECTED")
    assert "the quarantine is full" in server.log.read_text()


def test_nobody_deposits_into_the_quarantine(server: Service, rejected: Any) -> None:
    assert post(server, json.dumps(work("_rejected", id="a"))) == (200, {"_rejected": 1})
    assert [each["pipeline"] for each in rejected.find()] == ["_rejected"]
    assert rejected.find_one({"_id": "a"}) is None


def test_who_may_not_deposit_puts_nothing_aside(serve: Callable[..., Service], mongo: Any, tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens.yml", {"reader": entry("reader", "*", token=TOKEN)})
    arguments = ("--database", "quarantine", "--http-port", "0", "--http-quarantine")
    server = serve(*arguments, "--tokens", str(tokens))
    assert post(server, "5")[0] == 403
    assert mongo["quarantine"]["_rejected"].find_one() is None

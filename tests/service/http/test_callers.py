"""Who may call the door: by token, or as the anonymous caller of the file."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.support.asking import ask
from tests.support.callers import entry, write
from tests.support.launcher import Service, run
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import Results

Serve = Callable[..., Service]
READER, CURATOR = "wr_reader", "wr_curator"


@pytest.fixture
def callers() -> dict[str, Any]:
    return {"reader": entry("reader", "frb*", token=READER), "curator": entry("curator", "*", token=CURATOR)}


def asked(server: Service, path: str, pipeline: str, **headers: str) -> tuple[int, Any]:
    status, body, _ = ask(server, "POST", path, json.dumps({"query": {"pipeline": pipeline}}).encode(), headers)
    return status, body if status == 200 else body["reason"]


def test_tokens_come_in_two_headers(serve: Serve, callers: dict[str, Any], tmp_path: Path) -> None:
    server = serve("--http-port", "0", "--tokens", str(write(tmp_path / "tokens.yml", callers)))
    for headers in ({"x-access-token": READER}, {"authorization": f"Bearer {READER}"}, {"authorization": READER}):
        assert asked(server, "/view/count", "frb", **headers) == (200, 0)
        assert asked(server, "/view/count", "other", **headers) == (403, "PIPELINE")
    for headers in ({}, {"x-access-token": "ghp_of_another_service"}, {"authorization": "Basic d3I6"}):
        assert asked(server, "/view/count", "frb", **headers) == (401, "TOKEN_MISSING")
    assert asked(server, "/view/count", "frb", **{"x-access-token": "wr_unknown"}) == (401, "TOKEN_INVALID")
    assert ask(server, "HEAD", "/version")[0] == ask(server, "GET", "/version")[0] == 200
    _, refusal, headers = ask(server, "GET", "/status")
    assert headers["www-authenticate"] == "Bearer"
    assert refusal["message"] == "this server requires a token, as `authorization: Bearer <token>`"
    log = server.log.read_text()
    assert "caller=reader" in log
    for secret in (READER, "ghp_of_another_service", "wr_unknown"):
        assert secret not in log


def test_the_anonymous_caller_reads_some_pipelines(serve: Serve, callers: dict[str, Any], tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens.yml", {**callers, "anonymous": entry("reader", "public*")})
    server = serve("--http-port", "0", "--tokens", str(tokens))
    with Results(server.target, token=CURATOR, tls=False) as results:
        results.deposit([work("public", id="a"), work("frb", id="a")])
    assert asked(server, "/view/count", "public") == (200, 1)
    assert asked(server, "/view/count", "public", **{"x-access-token": "ghp_of_another_service"}) == (200, 1)
    assert asked(server, "/view/count", "frb") == (403, "PIPELINE")
    assert ask(server, "GET", "/status")[1] == {"public": 1}
    assert ask(server, "DELETE", "/results?public=a")[:1] == (403,)


@pytest.mark.parametrize("wrong", [entry("depositor", "*"), entry("reader", "*", token="wr_x")])
def test_the_anonymous_caller_only_reads(wrong: dict[str, Any], tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens.yml", {"anonymous": wrong})
    done = run("serve", "--data-dir", str(tmp_path / "data"), "--tokens", str(tokens))
    assert (done.returncode, "stands for those who show no token" in done.stderr) == (1, True)


def test_changes_are_for_curators_of_the_pipeline(serve: Serve, tmp_path: Path) -> None:
    tokens = write(tmp_path / "tokens.yml", {"curator": entry("curator", "own*", token=CURATOR)})
    server = serve("--http-port", "0", "--tokens", str(tokens))
    headers = {"x-access-token": CURATOR}
    own, other = [{"id": "a", "pipeline": "own"}], [{"id": "a", "pipeline": "other"}]

    def sent(method: str, path: str, works: Any) -> tuple[int, Any]:
        status, body, _ = ask(server, method, path, json.dumps(works).encode(), headers)
        return status, body.get("reason", body)

    assert sent("POST", "/results", [work("own", id="a", results={"locked": True})]) == (200, {"own": 1})
    assert sent("PUT", "/results", [own[0] | {"results": {"locked": False}}]) == (200, {"own": 1})
    assert sent("PUT", "/results", own + other) == (403, "PIPELINE")
    assert sent("DELETE", "/results?own=a&other=a", None) == (403, "PIPELINE")
    with Results(server.target, token=CURATOR, tls=False) as results:
        (entry_,) = results.history("own", "a")
        assert (entry_.method, entry_.caller) == ("unlock", "curator")
    assert sent("DELETE", "/results?own=a", None) == (200, {"own": 1})


def test_who_is_removed_is_stopped_in_the_middle_of_a_deposit(serve: Serve, tmp_path: Path, pipeline: str) -> None:
    path = write(tmp_path / "tokens.yml", {"daemon": entry("depositor", "*", token="wr_a")})
    server = serve("--http-port", "0", "--tokens", str(path))
    head = "POST /results HTTP/1.1\r\nHost: localhost\r\nx-access-token: wr_a\r\nContent-Length: 1000000000\r\n\r\n["
    where = urlsplit(server.http)
    assert where.port
    with socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as peer:
        peer.sendall(head.encode())
        write(path, {"other": entry("depositor", "*", token="wr_b")})
        while not select.select([peer], [], [], 0.1)[0]:
            works = [work(pipeline, id=uuid4().hex, text="x" * 10_000) for _ in range(200)]
            peer.sendall("".join(f"{json.dumps(each)}," for each in works).encode())
        answer = b""
        while b"}" not in answer:
            answer += peer.recv(1 << 16)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"TOKEN_INVALID" in answer

"""Who may call the door: by token, or as the anonymous caller of the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.asking import ask
from tests.support.callers import entry, write
from tests.support.launcher import Service, run
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
    assert ask(server, "GET", "/status")[2]["www-authenticate"] == "Bearer"
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

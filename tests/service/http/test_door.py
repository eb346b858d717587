"""The door itself: who is let in, and what is said to those who are not."""

from __future__ import annotations

import pytest

from tests.support.asking import ask
from tests.support.launcher import Service
from workflow_results.version import __version__


def test_version_is_for_everyone_and_slashes_count_once(door: Service) -> None:
    for path in ("/version", "//version", "///version"):
        assert ask(door, "GET", path)[:2] == (200, {"version": __version__})
        assert ask(door, "HEAD", path)[:2] == (200, None)


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/results", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "/view", 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"/version?{'a' * (1 << 20)}", 414, "URL_TOO_LONG"),
    ],
)
def test_what_there_is_not(door: Service, method: str, path: str, status: int, reason: str) -> None:
    answered, body, _ = ask(door, method, path)
    assert (answered, body["status"], body["reason"]) == (status, status, reason)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "a@127.0.0.1", "[", ""])
def test_foreign_hosts_are_refused(door: Service, host: str) -> None:
    for method, path in (("GET", "/version"), ("POST", "/view"), ("GET", "/nothing")):
        assert ask(door, method, path, headers={"Host": host})[1]["reason"] == "HOST_NOT_ALLOWED"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8005", "0.0.0.0:8005"])
def test_names_of_this_machine_are_ours(door: Service, host: str) -> None:
    assert ask(door, "GET", "/version", headers={"Host": host})[0] == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "x"}],
)
def test_pages_of_other_sites_change_nothing(door: Service, headers: dict[str, str]) -> None:
    status, body, answered = ask(door, "POST", "/view/count", b'{"query": {"pipeline": "p"}}', headers)
    assert (status, body["reason"]) == (403, "ORIGIN_NOT_ALLOWED")
    assert "access-control-allow-origin" not in answered


def test_own_pages_may_call(door: Service) -> None:
    body = b'{"query": {"pipeline": "p"}}'
    own = ask(door, "POST", "/view/count", body, {"Origin": door.http, "Sec-Fetch-Site": "same-origin"})
    assert own[:2] == (200, 0)


def test_every_answer_tells_browsers_what_they_may_do(door: Service) -> None:
    for path in ("/version", "/nothing"):
        headers = ask(door, "GET", path)[2]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'self'; frame-ancestors 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-request-id"]
        assert "server" not in headers

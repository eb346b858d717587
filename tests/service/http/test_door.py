"""The door itself: who is let in, and what is said to those who are not."""

from __future__ import annotations

from collections.abc import Callable

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
    for method, path in (("POST", "/view/count"), ("PUT", "/results"), ("DELETE", "/results")):
        status, body, answered = ask(door, method, path, b'{"query": {"pipeline": "p"}}', headers)
        assert (status, body["reason"]) == (403, "ORIGIN_NOT_ALLOWED")
        assert "access-control-allow-origin" not in answered


def test_own_pages_may_call(door: Service) -> None:
    body = b'{"query": {"pipeline": "p"}}'
    own = ask(door, "POST", "/view/count", body, {"Origin": door.http, "Sec-Fetch-Site": "same-origin"})
    assert own[:2] == (200, 0)
    assert ask(door, "POST", "/view/count", body, {"Origin": f"{door.http}0"})[0] == 403  # another port


def test_every_answer_tells_browsers_what_they_may_do(door: Service) -> None:
    for path, host in (("/version", "localhost"), ("/nothing", "localhost"), ("/version", "evil.example")):
        headers = ask(door, "GET", path, headers={"Host": host})[2]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'self'; frame-ancestors 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-request-id"]
        assert "server" not in headers


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/version", "GET, HEAD"), ("//status", "GET, HEAD"), ("/results", "POST, PUT, DELETE"), ("/view", "POST")],
)
def test_what_is_allowed_is_told(door: Service, path: str, allowed: str) -> None:
    status, body, headers = ask(door, "OPTIONS", path, headers={"Origin": "http://evil.example"})
    assert (status, body, headers["allow"]) == (204, None, allowed)
    assert not headers.keys() & {"content-length", "content-type", "access-control-allow-methods"}
    assert "access-control-allow-origin" not in headers
    assert ask(door, "TRACE", path)[2]["allow"] == allowed


def test_pages_of_listed_origins_may_call(serve: Callable[..., Service]) -> None:
    origin = "https://plots.example.org"
    server = serve("--http-port", "0", "--http-cors-origin", origin, "--http-allowed-host", "Results.example.org")
    preflight = {"Origin": origin, "Access-Control-Request-Method": "PUT", "Sec-Fetch-Site": "cross-site"}
    status, _, headers = ask(server, "OPTIONS", "/results", headers=preflight)
    assert (status, headers["access-control-allow-origin"], headers["vary"]) == (204, origin, "origin")
    assert "PUT" in headers["access-control-allow-methods"]
    assert "x-access-token" in headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in headers
    for path, status in (("/results", 200), ("/nothing", 404)):  # errors can be read as well
        answered = ask(server, "POST", path, b"[]", {"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        assert (answered[0], answered[2]["access-control-allow-origin"]) == (status, origin)
    for other in (f"{origin}.evil.example", "http://plots.example.org", f"{origin}:8443", "null"):
        status, body, headers = ask(server, "POST", "/results", b"[]", {"Origin": other})
        assert (status, body["reason"]) == (403, "ORIGIN_NOT_ALLOWED")
        assert "access-control-allow-origin" not in headers
    assert ask(server, "GET", "/version", headers={"Host": "results.EXAMPLE.org:80"})[0] == 200
    assert ask(server, "GET", "/version", headers={"Host": "x.results.example.org"})[0] == 403


def test_what_proxies_say_is_not_believed(door: Service) -> None:
    for name in ("X-Forwarded-Host", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Original-URL"):
        assert ask(door, "GET", "/version", headers={name: "evil.example"})[0] == 200
        refused = ask(door, "GET", "/version", headers={"Host": "evil.example", name: "localhost"})
        assert refused[1]["reason"] == "HOST_NOT_ALLOWED"

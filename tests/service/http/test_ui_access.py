"""Who may see and change what on the page: tokens in cookies, roles, and pages of other sites."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import callers
from tests.support.browsing import Browser
from tests.support.launcher import Service
from workflow_results import Results

PIPELINE = "ui-access"
OTHER = "ui-access-other"
ROLES = ("reader", "depositor", "curator", "admin")


def token(name: str) -> str:
    return f"wr_{name:x<43}"


@pytest.fixture(scope="module")
def guarded(mongo_uri: str, service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server that knows a caller for each role."""
    folder = tmp_path_factory.mktemp("guarded")
    entries = {role: callers.entry(role, "ui-access", token=token(role)) for role in ROLES if role != "admin"}
    entries["admin"] = callers.entry("admin", "*", token=token("admin"))
    tokens = callers.write(folder / "tokens.yml", entries)
    with Results(service.target) as results:
        works = [{"id": id_, "pipeline": name, "status": "success"} for name in (PIPELINE, OTHER) for id_ in ("a", "b")]
        assert results.deposit(works) == {PIPELINE: True, OTHER: True}
    log = folder / "log"
    running = Service(
        "--mongo-uri", mongo_uri, "--http-port", "0", "--tokens", str(tokens), "--log-level", "debug", log=log
    )
    yield running
    assert running.stop() == 0
    said = log.read_text()
    assert "Traceback" not in said, said
    assert "wr_" not in said, "a token stands in the log"


READS: list[tuple[str, dict[str, Any]]] = [
    ("results", {}),
    ("result", {"id": "a"}),
    ("top", {"by": "x"}),
    ("count", {}),
    ("values", {"field": "status"}),
    ("columns", {}),
    ("points", {"fields": ["x"]}),
    ("export", {}),
]


def get_history(browser: Browser, pipeline: str) -> int:
    return browser.get(f"/ui/api/history?pipeline={pipeline}&id=a").status


def test_without_a_token_there_is_the_page_and_nothing_else(guarded: Service) -> None:
    nobody = Browser(guarded)
    assert nobody.get("/ui/").status == 200
    session = nobody.get("/ui/api/session")
    assert session.status == 200
    assert session.json == {
        "caller": None,
        "role": None,
        "pipelines": [],
        "can_lock": False,
        "open": False,
        "anonymous": False,
        "problem": "this server asks for a token",
        "plots": False,
    }
    for path, asked in [*READS, ("lock", {"ids": ["a"]}), ("unlock", {"ids": ["a"]}), ("watch", {})]:
        refused = nobody.ask(path, pipeline=PIPELINE, **asked)
        assert (refused.status, refused.reason) == (401, "TOKEN_MISSING"), path
    assert get_history(nobody, PIPELINE) == 401
    assert nobody.get("/ui/api/pipelines").status == 401
    assert nobody.get(f"/ui/api/plot?pipeline={PIPELINE}&id=a").status == 401


@pytest.mark.parametrize("role", ROLES)
def test_roles(guarded: Service, role: str) -> None:
    browser = Browser(guarded, token(role))
    session = browser.get("/ui/api/session").json
    may_lock = role in ("curator", "admin")
    assert (session["caller"], session["role"], session["can_lock"], session["problem"]) == (role, role, may_lock, None)
    for path, asked in READS:
        assert browser.ask(path, pipeline=PIPELINE, **asked).status == 200, path
        other = browser.ask(path, pipeline=OTHER, **asked)
        assert other.status == (200 if role == "admin" else 403), path
    for name, status in ((PIPELINE, 404), (OTHER, 404 if role == "admin" else 403)):
        assert browser.get(f"/ui/api/plot?pipeline={name}&id=a").status == status
    assert get_history(browser, PIPELINE) == 200
    assert get_history(browser, OTHER) == (200 if role == "admin" else 403)
    assert browser.ask("rates", pipelines=[PIPELINE]).status == 200
    assert browser.ask("rates", pipelines=[PIPELINE, OTHER]).status == (200 if role == "admin" else 403)
    names = {each["name"] for each in browser.get("/ui/api/pipelines").json["pipelines"]}
    assert PIPELINE in names
    assert (OTHER in names) == (role == "admin")
    for change in ("lock", "unlock"):
        changed = browser.ask(change, pipeline=PIPELINE, ids=["b"], reason="test")
        assert changed.status == (200 if may_lock else 403)
        assert browser.ask(change, pipeline=OTHER, ids=["b"]).status == (200 if role == "admin" else 403)


def test_lock_and_unlock_stand_in_the_history(guarded: Service) -> None:
    curator = Browser(guarded, token("curator"))
    assert curator.ask("lock", pipeline=PIPELINE, ids=["a"], reason="why <b>not</b>").json == {"changed": 1}
    assert curator.ask("result", pipeline=PIPELINE, id="a").json["results"] == {"locked": True}
    assert curator.ask("unlock", pipeline=PIPELINE, ids=["a", "a"]).json == {"changed": 1}
    entries = curator.get(f"/ui/api/history?pipeline={PIPELINE}&id=a").json["entries"]
    assert [(each["method"], each["caller"], each["reason"]) for each in entries[:2]] == [
        ("unlock", "curator", ""),
        ("lock", "curator", "why <b>not</b>"),
    ]
    refused = curator.ask("lock", pipeline=PIPELINE, ids=["a", "nothing"])
    assert (refused.status, refused.reason) == (409, "REFUSED")
    assert refused.json["refusals"] == [{"id": "nothing", "reason": "NOT_FOUND"}]
    assert curator.ask("result", pipeline=PIPELINE, id="a").json["results"] == {"locked": False}
    assert curator.ask("lock", pipeline=PIPELINE, ids=[]).json == {"changed": 0}
    assert curator.ask("lock", pipeline=PIPELINE, ids=["a"], reason="x" * 5000).status == 400


def test_pages_of_a_history_belong_to_it(guarded: Service) -> None:
    curator = Browser(guarded, token("curator"))
    assert curator.get(f"/ui/api/history?pipeline={PIPELINE}&id=a&page=0").status == 400
    assert curator.get(f"/ui/api/history?pipeline={PIPELINE}").status == 400
    assert curator.get("/ui/api/history?%ff").status == 400


def test_login_sets_a_cookie_that_scripts_cannot_read(guarded: Service) -> None:
    nobody = Browser(guarded)
    given = nobody.send("POST", "/ui/login", {"token": f" {token('reader')}\n"})
    assert (given.status, given.json) == (200, {"caller": "reader"})
    port = nobody.host.rpartition(":")[2]
    cookie, *attributes = given.headers["set-cookie"].split("; ")
    assert cookie == f"workflow-results-{port}={token('reader')}"
    assert attributes == ["Path=/ui", "Max-Age=2592000", "HttpOnly", "SameSite=Strict"]
    gone = nobody.send("POST", "/ui/logout", {})
    assert gone.headers["set-cookie"].startswith(f"workflow-results-{port}=; Path=/ui; Max-Age=0; HttpOnly")


@pytest.mark.parametrize(
    "wrong", ["", "ghp_secret", "wr_unknown", "wr_a;b", "wr_a\r\nset-cookie: x=y", "wr_" + "a" * 500, "wr_ü"]
)
def test_wrong_tokens_set_no_cookie(guarded: Service, wrong: str) -> None:
    refused = Browser(guarded).send("POST", "/ui/login", {"token": wrong})
    assert (refused.status, refused.reason) == (401, "TOKEN_INVALID")
    assert "set-cookie" not in refused.headers
    if wrong:
        assert wrong not in refused.body.decode()


def test_a_cookie_opens_the_page_alone(guarded: Service) -> None:
    browser = Browser(guarded, token("admin"))
    assert browser.get("/status").status == 401
    assert browser.send("POST", "/view", {"query": {"pipeline": PIPELINE}}).status == 401


def test_a_cookie_says_nothing_in_requests_that_other_pages_cause(guarded: Service) -> None:
    browser = Browser(guarded, token("admin"))
    path = "/ui/api/pipelines"
    assert browser.send("GET", path).status == 200
    for headers in (
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "null"},
    ):
        assert browser.send("GET", path, **headers).status == 401
        refused = browser.send("POST", "/ui/api/lock", {"pipeline": PIPELINE, "ids": ["a"]}, **headers)
        assert (refused.status, refused.reason) == (403, "ORIGIN_NOT_ALLOWED")
    other = browser.send("GET", path, cookie=f"workflow-results-1={token('admin')}")
    assert other.status == 401, "the cookie of a server on another port"


def test_sites_that_may_call_get_no_cookie_of_ours(mongo_uri: str, tmp_path: Path) -> None:
    tokens = callers.write(tmp_path / "tokens.yml", {"admin": callers.entry("admin", "*", token=token("admin"))})
    origin = "http://127.0.0.1:3000"
    arguments = ["--mongo-uri", mongo_uri, "--http-port", "0", "--tokens", str(tokens), "--http-cors-origin", origin]
    running = Service(*arguments, log=tmp_path / "log")
    try:
        browser = Browser(running, token("admin"))
        asked = {"pipeline": PIPELINE, "ids": ["a"]}
        refused = browser.send("POST", "/ui/api/lock", asked, origin=origin, sec_fetch_site="same-site")
        assert (refused.status, refused.reason) == (401, "TOKEN_MISSING")
        assert "access-control-allow-credentials" not in refused.headers
    finally:
        running.stop()


def test_an_expired_caller_is_out(mongo_uri: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens.yml"
    expired = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
    callers.write(path, {"admin": callers.entry("admin", "*", token=token("admin"), expires=expired)})
    running = Service("--mongo-uri", mongo_uri, "--http-port", "0", "--tokens", str(path), log=tmp_path / "log")
    try:
        session = Browser(running, token("admin")).get("/ui/api/session").json
        assert session["caller"] is None
        assert session["problem"] == "caller admin has expired: ask for a new token"
        refused = Browser(running).send("POST", "/ui/login", {"token": token("admin")})
        assert (refused.status, refused.reason) == (401, "TOKEN_EXPIRED")
    finally:
        running.stop()

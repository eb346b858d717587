"""Arguments and environment, TLS and tokens: how clients find the service, who they are, and what goes wrong."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.languages import LANGUAGES
from tests.clients.testee import Failed, Testee
from tests.support.callers import entry, write
from tests.support.certificates import Authority
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE

_QUERY = "0500000000"
_names = itertools.count()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"))


def serving(authority: Authority, mongo_uri: str, name: str, *options: str) -> Iterator[Service]:
    """Run a server with TLS, and a caller with a token and one with a certificate."""
    callers = {"reader": entry("reader", "p", token="a-token-to-read"), "lab": entry("depositor", "p")}
    tokens = write(authority.folder / f"{name}.yml", callers)
    running = Service(
        *authority.server(name),
        *("--tokens", str(tokens)),
        *options,
        log=authority.folder / f"{name}.log",
        environment={"WORKFLOW_RESULTS_SERVE_MONGO_URI": mongo_uri},
    )
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def secure(authority: Authority, mongo_uri: str) -> Iterator[Service]:
    """A server with TLS that asks for tokens."""
    yield from serving(authority, mongo_uri, "secure")


@pytest.fixture(scope="module")
def mutual(authority: Authority, mongo_uri: str) -> Iterator[Service]:
    """A server with TLS that asks for client certificates."""
    yield from serving(authority, mongo_uri, "mutual", "--tls-client-ca", str(authority.file))


@pytest.fixture
def connect(testee: Testee) -> Iterator[Callable[..., str]]:
    """Return what makes a client, and returns its name."""
    made = []

    def connected(target: str, **settings: Any) -> str:
        name = f"settings-{next(_names)}"
        testee("connect", client=name, target=target, **{"timeout": PATIENCE, **settings})
        made.append(name)
        return name

    yield connected
    for name in made:
        testee("close", client=name)


def count(testee: Testee, client: str, **fields: Any) -> int:
    """Count results, for which a caller has to be allowed to read."""
    number: int = testee("count", client=client, **{"pipeline": "p", "query": _QUERY, **fields})["count"]
    return number


def refused(call: Callable[[], object]) -> dict[str, Any]:
    """Return the error of a call that must fail."""
    with pytest.raises(Failed) as caught:
        call()
    return caught.value.error


def test_tls_and_a_token(testee: Testee, secure: Service, authority: Authority, connect: Callable[..., str]) -> None:
    client = connect(secure.target, ca_file=str(authority.file), token="a-token-to-read")
    assert count(testee, client) == 0
    error = refused(lambda: testee("lock", client=client, pipeline="p", ids=["a"]))
    assert (error["kind"], error["reason"]) == ("permission_denied", "ROLE")
    error = refused(lambda: count(testee, client, pipeline="q"))
    assert (error["kind"], error["reason"]) == ("permission_denied", "PIPELINE")


@pytest.mark.parametrize(("token", "reason"), [("", "TOKEN_MISSING"), ("another-token-to-read", "TOKEN_INVALID")])
def test_tokens_that_do_not_count(
    testee: Testee, secure: Service, authority: Authority, connect: Callable[..., str], token: str, reason: str
) -> None:
    client = connect(secure.target, ca_file=str(authority.file), token=token)
    error = refused(lambda: count(testee, client))
    assert (error["kind"], error["reason"]) == ("unauthenticated", reason)


def test_a_client_certificate(
    testee: Testee, mutual: Service, authority: Authority, connect: Callable[..., str]
) -> None:
    certificate, key = map(str, authority.issue("lab", "lab.example", common_name="lab"))
    client = connect(mutual.target, ca_file=str(authority.file), cert_file=certificate, key_file=key, token="")
    assert count(testee, client) == 0
    without = connect(mutual.target, ca_file=str(authority.file), token="a-token-to-read", timeout=2)
    assert refused(lambda: count(testee, without))["kind"] == "unavailable"


def test_a_server_that_is_not_trusted(
    testee: Testee, secure: Service, other_authority: Authority, connect: Callable[..., str]
) -> None:
    client = connect(secure.target, ca_file=str(other_authority.file), token="a-token-to-read", timeout=3)
    error = refused(lambda: count(testee, client))
    assert error["kind"] == "unavailable"
    assert secure.target in error["message"]


def test_plain_text_where_tls_is_wanted(testee: Testee, secure: Service, connect: Callable[..., str]) -> None:
    client = connect(secure.target, token="", timeout=2)
    assert refused(lambda: count(testee, client))["kind"] == "unavailable"


def test_nothing_answers(testee: Testee, connect: Callable[..., str], unused_tcp_target: str) -> None:
    client = connect(unused_tcp_target, timeout=1)
    for call in (
        lambda: count(testee, client),
        lambda: testee("view", client=client, pipeline="p"),
        lambda: testee("lock", client=client, pipeline="p", ids=["a"]),
    ):
        error = refused(call)
        assert error["kind"] == "unavailable"
        assert not error["outcome_unknown"]
        assert unused_tcp_target in error["message"]
        assert "WORKFLOW_RESULTS_TARGET" in error["message"]


@pytest.fixture
def unused_tcp_target() -> str:
    """A target where nothing listens: a port below those that are given away."""
    return "127.0.0.1:2"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"target": "http://localhost:50051"}, "http"),
        ({"target": "localhost"}, "localhost"),
        ({"target": "localhost:0"}, "localhost"),
        ({"target": "localhost:65536"}, "localhost"),
        ({"target": ""}, "target"),
        ({"ca_file": "/nowhere/ca.pem"}, "/nowhere/ca.pem"),
        ({"cert_file": "/nowhere/cert.pem"}, "key_file"),
        ({"tls": False, "ca_file": "/nowhere/ca.pem"}, "tls"),
        ({"token": "with a space"}, "token"),
        ({"token": "with a\nline"}, "token"),
        ({"target": "results.example:50051", "token": "secret"}, "plain text"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": -1}, "timeout"),
    ],
)
def test_settings_that_cannot_be_used(testee: Testee, settings: dict[str, Any], named: str) -> None:
    error = refused(lambda: testee("connect", client="refused", **{"target": "localhost:50051", **settings}))
    assert error["kind"] == "invalid_request"
    assert (
        named.replace("_", "") in error["message"].replace("_", "").lower()
    )  # certFile is cert_file in some languages
    assert "secret" not in error["message"]


def test_a_token_in_plain_text_that_is_wanted(testee: Testee, connect: Callable[..., str]) -> None:
    connect("results.example:50051", token="secret", tls=False)


@pytest.fixture
def with_environment(language: str) -> Iterator[Callable[..., Testee]]:
    """Return what starts a testee with variables in its environment."""
    started = []

    def start(**environment: str) -> Testee:
        started.append(Testee(LANGUAGES[language].command(), environment))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_settings_of_the_environment(
    with_environment: Callable[..., Testee], mutual: Service, authority: Authority, service: Service
) -> None:
    certificate, key = authority.issue("lab", "lab.example", common_name="lab")
    testee = with_environment(
        WORKFLOW_RESULTS_TARGET=mutual.target,
        WORKFLOW_RESULTS_CA_FILE=str(authority.file),
        WORKFLOW_RESULTS_CERT_FILE=str(certificate),
        WORKFLOW_RESULTS_KEY_FILE=str(key),
        WORKFLOW_RESULTS_TIMEOUT=str(PATIENCE),
    )
    testee("connect", client="all")
    assert count(testee, "all") == 0
    testee("connect", client="plain", target=service.target, tls=False)
    assert count(testee, "plain") == 0


@pytest.mark.parametrize(
    "variables",
    [{"WORKFLOW_RESULTS_TOKEN": "a-token-to-read", "WORKFLOW_TOKEN": "x"}, {"WORKFLOW_TOKEN": "a-token-to-read"}],
)
def test_tokens_of_the_environment(
    with_environment: Callable[..., Testee], secure: Service, authority: Authority, variables: dict[str, str]
) -> None:
    testee = with_environment(**variables)
    testee("connect", client="token", target=secure.target, ca_file=str(authority.file), timeout=PATIENCE)
    assert count(testee, "token") == 0


def test_environments_that_cannot_be_used(with_environment: Callable[..., Testee], tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    testee = with_environment(WORKFLOW_RESULTS_TIMEOUT="soon", WORKFLOW_RESULTS_CA_FILE=missing)
    assert "WORKFLOW_RESULTS_TIMEOUT" in refused(lambda: testee("connect", client="a", tls=False))["message"]
    error = refused(lambda: testee("connect", client="a", timeout=1))
    assert error["kind"] == "invalid_request"
    assert missing in error["message"]
    assert "WORKFLOW_RESULTS_CA_FILE" in error["message"]

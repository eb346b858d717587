"""Tokens and certificates of a client: those that cannot be used, and where a token may go."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import Authority
from workflow_results import (
    GRPCContext,
    InvalidRequestError,
    Results,
)
from workflow_results._transport.credentials import is_loopback


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_arguments_of_the_client_that_cannot_be_used(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("client", "worker")
    other = authority.issue("other", "worker")[1]
    junk = tmp_path / "junk"
    junk.write_text("junk")
    missing = tmp_path / "missing"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"ca_file": missing}, f"ca_file can't be read: {missing}: No such file"),
        ({"ca_file": tmp_path}, "ca_file can't be read"),
        ({"ca_file": junk}, "ca_file must contain certificates as PEM"),
        ({"ca_file": 3}, "ca_file must be the path of a file, not 3"),
        ({"ca_file": ""}, "ca_file must be the path of a file, not ''"),
        ({"cert_file": certificate}, "cert_file and key_file belong together"),
        ({"key_file": key}, "cert_file and key_file belong together"),
        ({"cert_file": certificate, "key_file": missing}, f"cert_file and key_file can't be read: {missing}"),
        ({"cert_file": certificate, "key_file": other}, "cert_file and key_file must be a certificate and its key"),
        ({"tls": "yes"}, "tls must be True, False or None"),
        ({"tls": False, "ca_file": authority.file}, "ca_file can't be used with tls=False"),
    ]
    for arguments, message in wrong:
        for make in (Results, lambda **given: GRPCContext(**given)):
            with pytest.raises(InvalidRequestError) as caught:
                make(**arguments)
            assert message in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "arguments", "message"),
    [
        (["CA"], {}, "WORKFLOW_RESULTS_CA_FILE can't be read: "),
        (["CA"], {"ca_file": "other"}, "ca_file can't be read: other: "),
        (["CERT"], {}, "WORKFLOW_RESULTS_CERT_FILE and key_file belong together"),
        (["KEY"], {}, "cert_file and WORKFLOW_RESULTS_KEY_FILE belong together"),
        (["KEY"], {"cert_file": "other"}, "cert_file and WORKFLOW_RESULTS_KEY_FILE can't be read: other: "),
        (["CERT", "KEY"], {}, "WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE can't be read: "),
    ],
)
def test_files_that_the_environment_names_are_called_so(
    variables: list[str], arguments: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in variables:
        monkeypatch.setenv(f"WORKFLOW_RESULTS_{variable}_FILE", "missing")
    with pytest.raises(InvalidRequestError, match=f"^{message}"):
        Results("localhost:1", **arguments)


@pytest.mark.parametrize(
    ("target", "loopback"),
    [
        ("localhost:1", True),
        ("127.8.9.1:1", True),
        ("[::1]:1", True),
        ("dns:localhost:1", True),
        ("dns:///localhost:1", True),
        ("ipv4:127.0.0.1:1,127.0.0.2:2", True),
        ("ipv6:[::1]:1", True),
        ("unix:/run/results", True),
        ("unix:///run/results", True),
        ("unix-abstract:results", True),
        ("results.example.org:1", False),
        ("localhost.example.org:1", False),
        ("10.0.0.1:1", False),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("ipv4:127.0.0.1:1,10.0.0.1:1", False),
        ("ipv4:10.0.0.1:1,127.0.0.1:1", False),
        ("dns://10.0.0.1/localhost:1", False),
        ("dns://10.0.0.1/127.0.0.1:1", False),
        ("xds:///localhost:1", False),
        ("unixes.example.org:1", False),
        ("127.0.0.dns:1:50051", False),
        ("localdns:host:1", False),
    ],
)
def test_a_token_goes_to_another_machine_by_tls_alone(target: str, loopback: bool, authority: Authority) -> None:
    assert is_loopback(target) == loopback
    Results(target, token="secret", ca_file=authority.file).close()
    Results(target, token="secret", tls=True).close()
    Results(target, token="secret", tls=False).close()
    Results(target).close()
    if loopback:
        Results(target, token="secret").close()
        return
    with pytest.raises(InvalidRequestError, match="ca_file=") as caught:
        Results(target, token="secret")
    assert "tls=False" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_token_of_the_environment_is_told_and_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    there = "10.255.255.1:1"
    monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", there)
    for variable in ("WORKFLOW_TOKEN", "WORKFLOW_RESULTS_TOKEN"):
        monkeypatch.setenv(variable, "secret")
        for make in (Results, GRPCContext):
            with pytest.raises(
                InvalidRequestError, match=f'the token of {variable} would be sent .* token="" sends no token'
            ):
                make()
            with pytest.raises(InvalidRequestError, match="the token of the argument would be sent"):
                make(token="other")
        for results in (Results(token=""), GRPCContext(token="").results):
            assert repr(results._channel._credentials) == "<Credentials: none>"
            results.close()


def test_secrets_are_neither_shown_nor_pickled(authority: Authority) -> None:
    certificate, key = authority.issue("client", "worker")
    results = Results(
        "a.example.org:1", token="the-secret", ca_file=authority.file, cert_file=certificate, key_file=key
    )
    context = GRPCContext(token="the-secret")
    secrets = ["the-secret", *key.read_text().splitlines()[1:-1]]
    shown = [repr(each) + str(vars(each)) for each in (results, context, results._channel)]
    assert repr(results._channel._credentials) == "<Credentials: TLS, a certificate, a token>"
    assert not [secret for secret in secrets if secret in "".join(shown)]
    for each in (results, context, results._channel._credentials):
        with pytest.raises(TypeError):
            pickle.dumps(each)
    results.close()

"""TLS: certificates that are replaced, connections that fail, and what a client may be told about them."""

from __future__ import annotations

import pickle
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.callers import entry, write
from tests.support.certificates import Authority
from tests.support.launcher import Service
from tests.support.waiting import PATIENCE
from tests.support.works import work
from workflow_results import (
    GRPCContext,
    InvalidRequestError,
    Results,
    ServiceUnavailableError,
    UnauthenticatedError,
)
from workflow_results._transport.credentials import is_loopback

Serve = Callable[..., Service]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def presented(target: str) -> str:
    """The certificate that a new connection gets."""
    host, _, port = target.rpartition(":")
    return ssl.get_server_certificate((host, int(port)), timeout=PATIENCE)


@pytest.mark.parametrize("workers", [1, 2])
def test_replaced_certificates_are_used_and_streams_go_on(
    serve: Serve, authority: Authority, pipeline: str, workers: int
) -> None:
    server = serve(*authority.server(), "--workers", str(workers))
    works = [work(pipeline, f"{number:03}", data=bytes(500_000)) for number in range(60)]
    with Results(server.target, ca_file=authority.file) as results:
        assert results.deposit(works) == {pipeline: True}
        stream = results.stream(pipeline, {})
        read = [next(stream)]
        before = presented(server.target)
        certificate, _ = authority.issue("server", "localhost", "127.0.0.1")
        new = certificate.read_text()
        assert new != before
        for _ in range(workers * 4):  # the kernel spreads connections over the workers
            assert presented(server.target) == new
        read += stream
        assert len(read) == 60
    with Results(server.target, ca_file=authority.file) as results:
        assert results.count(pipeline, {}) == 60
    assert "Traceback" not in server.log.read_text()


def test_certificates_that_cannot_be_used_leave_the_last_good_ones(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    server = serve(*authority.server())
    before = presented(server.target)
    good = (tmp_path / "server.key").read_bytes()

    def complaints() -> int:
        return server.log.read_text().count("the certificates from before stay")

    authority.issue("other", "localhost")
    breaks: list[Callable[[], object]] = [
        lambda: (tmp_path / "server.key").write_bytes((tmp_path / "other.key").read_bytes()),
        lambda: (tmp_path / "server.key").write_text("no key"),
        lambda: (tmp_path / "server.key").unlink(),
    ]
    for number, break_ in enumerate(breaks, 1):
        break_()
        for _ in range(3):
            assert presented(server.target) == before
            assert complaints() == number  # once for each change
    (tmp_path / "server.key").write_bytes(good)
    assert presented(server.target) == before
    new = authority.issue("server", "127.0.0.1")[0].read_text()
    assert presented(server.target) == new
    assert complaints() == len(breaks)


def test_a_replaced_client_authority_decides_about_new_connections(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(first.file.read_bytes())
    target = serve(*authority.server(), "--tls-client-ca", str(trusted)).target

    def lets_in(by: Authority, seconds: float) -> bool:
        """Return whether a server lets somebody in; who is not let in waits for all of these seconds."""
        certificate, key = by.issue("client", "worker")
        with Results(target, ca_file=authority.file, cert_file=certificate, key_file=key, timeout=seconds) as results:
            try:
                results.status()
            except ServiceUnavailableError as error:
                assert "cert_file and key_file" in str(error)
                return False
        return True

    assert (lets_in(first, PATIENCE), lets_in(second, 2)) == (True, False)
    trusted.write_bytes(second.file.read_bytes())
    assert (lets_in(first, 2), lets_in(second, PATIENCE)) == (False, True)


def test_failed_handshakes_say_in_time_what_would_help(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    plain, secure = serve().target, serve(*authority.server()).target
    misnamed_identity = authority.issue("misnamed", "example.org")
    misnamed = serve("--tls-cert", str(misnamed_identity[0]), "--tls-key", str(misnamed_identity[1])).target
    overdue = authority.issue("overdue", "127.0.0.1", expired=True)
    expired = serve("--tls-cert", str(overdue[0]), "--tls-key", str(overdue[1])).target
    mutual = serve(*authority.server("mutual"), "--tls-client-ca", str(authority.file)).target
    foreign = Authority(tmp_path, "foreign")
    strangers = foreign.issue("stranger", "worker")
    late = authority.issue("late", "worker", expired=True)
    ca: dict[str, Any] = {"ca_file": authority.file}
    failures: list[tuple[str, dict[str, Any], str]] = [
        (secure, {"ca_file": foreign.file}, "certificate is not trusted"),
        (secure, {"tls": True}, "certificate is not trusted"),
        (expired, ca, "may have expired"),
        (misnamed, ca, "certificate is for another name"),
        (plain, ca, "the server speaks plain text"),
        (secure, {}, "Or it wants TLS: give ca_file="),
        (mutual, ca, "Or it wants a client certificate"),
        (mutual, {**ca, "cert_file": late[0], "key_file": late[1]}, "that has not expired"),
        (mutual, {**ca, "cert_file": strangers[0], "key_file": strangers[1]}, "an authority that it trusts"),
    ]
    for target, arguments, hint in failures:
        for call in (Results.status, lambda results: results.lock("a", ["b"])):
            for seconds in (0.5, 2, 8, 32):
                given = {"timeout": seconds, **arguments}
                with Results(target, **given) as results, pytest.raises(ServiceUnavailableError) as caught:
                    call(results)
                if hint in str(caught.value):  # else, on a busy machine, the handshake has not even failed in time
                    break
            assert hint in str(caught.value), (arguments, str(caught.value))
            assert target in str(caught.value)
            assert not caught.value.outcome_unknown
    with Results(f"localhost:{secure.rpartition(':')[2]}", **ca) as results:
        assert results.info()["server"]["api"] == "workflow_results.v1"


def test_a_hint_is_kept_while_another_address_of_the_name_refuses_connections(
    serve: Serve, authority: Authority, tmp_path: Path
) -> None:
    port = serve(*authority.server()).target.rpartition(":")[2]
    foreign = Authority(tmp_path, "foreign")

    def told(name: str) -> str:
        with Results(name, ca_file=foreign.file, timeout=5) as results:
            with pytest.raises(ServiceUnavailableError) as caught:
                results.status()
            return str(caught.value)

    names = [f"localhost:{port}", f"ipv4:127.0.0.1:{port},127.0.0.2:{port}"] * 4
    with ThreadPoolExecutor(len(names)) as pool:
        for text in pool.map(told, names):
            assert "certificate is not trusted" in text


def test_everything_works_over_tls_with_a_client_certificate(
    serve: Serve, authority: Authority, tmp_path: Path, pipeline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = write(tmp_path / "tokens.yml", {"worker": entry("curator", pipeline)})
    target = serve(
        *authority.server(), "--tls-client-ca", str(authority.file), "--tokens", str(tokens), "--log-level", "debug"
    ).target
    certificate, key = authority.issue("client", "worker")
    monkeypatch.setenv("WORKFLOW_RESULTS_TARGET", target)
    monkeypatch.setenv("WORKFLOW_RESULTS_CA_FILE", str(authority.file))
    monkeypatch.setenv("WORKFLOW_RESULTS_CERT_FILE", str(certificate))
    monkeypatch.setenv("WORKFLOW_RESULTS_KEY_FILE", str(key))
    with GRPCContext().results as results:
        with results.depositor() as depositor:
            for number in range(300):
                depositor.deposit(work(pipeline, f"{number:03}"))
        assert len(results.view(pipeline, {}, limit=-1)) == 300
        assert results.lock(pipeline, ["000"])
    program = f"""
import os
from workflow_results import Results
results = Results()
assert results.count({pipeline!r}, {{}}) == 300
if not (child := os.fork()):
    os._exit(results.get_locked_count({pipeline!r}))
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
"""
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_name_with_a_nul_is_not_what_stands_before_it(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    """There, gRPC for Python ends the names of certificates."""
    tokens = write(tmp_path / "tokens.yml", {"boss": entry("admin", "*"), "boß": entry("admin", "*")})
    target = serve(*authority.server(), "--tls-client-ca", str(authority.file), "--tokens", str(tokens)).target

    def caller(name: str, *identities: str) -> str:
        certificate, key = authority.issue("client", *identities, common_name=name)
        with Results(target, ca_file=authority.file, cert_file=certificate, key_file=key) as results:
            try:
                results.info()
            except UnauthenticatedError as error:
                return str(error)
        return "is let in"

    for whole in ("boss", "boß"):
        assert caller(whole) == "is let in"
        assert repr(f"{whole}\0") in caller(f"{whole}\0.example.org")
    assert caller("nobody", "boss\0@example.org") != "is let in"


def test_arguments_of_the_client_that_cannot_be_used(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("client", "worker")
    other = authority.issue("other", "worker")[1]
    junk = tmp_path / "junk"
    junk.write_text("junk")
    missing = tmp_path / "missing"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"ca_file": missing}, f"ca_file can't be read: {missing}: No such file"),
        ({"ca_file": tmp_path}, "ca_file can't be read"),
        ({"ca_file": junk}, "ca_file must hold certificates as PEM"),
        ({"ca_file": 3}, "ca_file must be the path of a file, not 3"),
        ({"ca_file": ""}, "ca_file must be the path of a file, not ''"),
        ({"cert_file": certificate}, "cert_file and key_file belong together"),
        ({"key_file": key}, "cert_file and key_file belong together"),
        ({"cert_file": certificate, "key_file": missing}, f"cert_file and key_file can't be read: {missing}"),
        ({"cert_file": certificate, "key_file": other}, "cert_file and key_file must be a certificate and its key"),
        ({"tls": "yes"}, "tls must be True, False or None"),
        ({"tls": False, "ca_file": authority.file}, "ca_file is of no use with tls=False"),
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
                InvalidRequestError, match=f'the token of {variable} would be sent .* token="" sends none'
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

"""TLS: certificates that are replaced, connections that fail, and what a client may be told about them."""

from __future__ import annotations

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
    Results,
    ServiceUnavailableError,
    UnauthenticatedError,
)

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
        return server.log.read_text().count("the previous certificates remain in use")

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
        (plain, ca, "the server uses plain text"),
        (secure, {}, "Or does it require TLS? Then set ca_file="),
        (mutual, ca, "Or does it require a client certificate"),
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

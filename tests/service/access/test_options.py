"""The options of `serve` that keep others out, and the command that writes the tokens file."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.launcher import Service, run
from workflow_results import Results
from workflow_results_server.access.tokens import digest_of, read
from workflow_results_server.settings import Settings

Serve = Callable[..., Service]
NOWHERE = ["serve", "--port", "0", "--mongo-uri", "mongodb://127.0.0.1:1/?replicaSet=rs0"]
"""A server that is refused before it looks for this MongoDB."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.yml"
    assert run("token", "create", "someone", "--role", "admin", "--tokens", str(path)).returncode == 0
    return path


def refusal(*arguments: str) -> str:
    """The one line with which a server refuses to start."""
    done = run(*NOWHERE, *arguments)
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "results.example.org", "localhost.example.org"])
def test_others_are_let_in_with_tls_and_tokens_alone(authority: Authority, tokens: Path, host: str) -> None:
    with_tls, with_tokens = authority.server(), ["--tokens", str(tokens)]
    both = refusal("--host", host)
    assert f"--host {host} makes the server reachable" in both
    assert "--tls-cert with --tls-key and --tokens" in both
    assert "workflow-results token create" in both
    without_tokens = refusal("--host", host, *with_tls)
    assert "which requires --tokens;" in without_tokens
    without_tls = refusal("--host", host, *with_tokens)
    assert "which requires --tls-cert with --tls-key." in without_tls
    everything, read = "everyone who can reach it may do everything", "everyone on the way can read and change"
    for line, consequences in (
        (both, f"{read} results and {everything}"),
        (without_tokens, everything),
        (without_tls, f"{read} tokens and results"),
    ):
        assert line.endswith(f"Or use --insecure; then {consequences}")


def test_a_server_for_everyone(serve: Serve, authority: Authority, tokens: Path) -> None:
    """None of these listens where others are: those that are let through look for a MongoDB that is not there."""
    guarded = run(*NOWHERE, "--host", "0.0.0.0", *authority.server(), "--tokens", str(tokens))
    assert "WARNING" not in guarded.stderr
    assert guarded.stderr.splitlines()[-1].startswith("workflow-results: no MongoDB with a primary")
    insecure = run(*NOWHERE, "--host", "0.0.0.0", "--insecure", "--tokens", str(tokens))
    warning, _, rest = insecure.stderr.partition("\n")
    assert re.search(r"WARNING .*INSECURE: 0\.0\.0\.0 .* without --tls-cert", warning)
    assert rest.splitlines()[-1].startswith("workflow-results: no MongoDB with a primary")
    for host in ("localhost", "127.0.0.1", "127.0.0.2", "::1"):
        Settings(host=host).check()
    assert "INSECURE" not in serve("--host", "127.0.0.2").log.read_text()


def test_metrics_for_everyone(authority: Authority, tokens: Path) -> None:
    arguments = ["--metrics-port", "0", "--metrics-host", "0.0.0.0"]
    assert refusal(*arguments).endswith(
        "Or use --insecure; then everyone on the way can read metrics and everyone who can reach the port may read the"
        " metrics"
    )
    assert refusal(*arguments, "--tokens", str(tokens)).endswith("then everyone on the way can read tokens and metrics")
    insecure = run(*NOWHERE, *arguments, "--insecure", *authority.server())
    (warning,) = [line for line in insecure.stderr.splitlines() if "WARNING" in line]
    assert "INSECURE: the metrics at 0.0.0.0 can be reached from other machines without --tokens, as" in warning
    assert Settings(metrics_host="0.0.0.0").lacking_for_metrics == {}  # there are none without a port


def test_files_and_options_that_cannot_be_used(authority: Authority, tokens: Path, tmp_path: Path) -> None:
    certificate, key = (str(file) for file in authority.issue("server", "localhost"))
    other = str(authority.issue("other", "localhost")[1])
    missing, junk = str(tmp_path / "missing"), tmp_path / "junk"
    junk.write_text("junk")
    wrong = {
        ("--tls-cert", certificate): "--tls-cert and --tls-key belong together",
        ("--tls-key", key): "--tls-cert and --tls-key belong together",
        ("--tls-client-ca", certificate): "--tls-client-ca needs --tls-cert and --tls-key",
        ("--tls-cert", certificate, "--tls-key", other): "--tls-cert and --tls-key must be a certificate and its key",
        ("--tls-cert", missing, "--tls-key", key): f"--tls-cert and --tls-key can't be read: {missing}: No such file",
        ("--tls-cert", certificate, "--tls-key", str(tmp_path)): "--tls-cert and --tls-key can't be read",
        ("--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", str(junk)): "--tls-client-ca must contain",
        ("--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", missing): "--tls-client-ca can't be read",
        ("--tokens", missing): f"tokens file {missing} can't be read: No such file",
        ("--tokens", str(junk)): f"tokens file {junk} must contain one mapping",
        ("--tokens", str(tmp_path)): "can't be read: Is a directory",
        ("--metrics-pipeline", "frb-*"): "--metrics-pipeline must be 1 to",
    }
    for arguments, message in wrong.items():
        line = refusal(*arguments, "--workers", "2")
        assert line.startswith("workflow-results: ")
        assert message in line


def create(path: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("token", "create", name, *arguments, "--tokens", str(path))


def test_a_token_is_made_shown_once_and_lets_in(serve: Serve, tmp_path: Path, pipeline: str) -> None:
    path = tmp_path / "new" / "tokens.yml"
    globs = (f"{pipeline}-a*", f"{pipeline}-b*")
    made = create(path, "frb-worker", "--role", "depositor", "--pipelines", *globs, "--days", "30")
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"wr_[A-Za-z0-9_-]{43}\n", made.stdout)
    secret = made.stdout.strip()
    assert secret not in made.stderr
    assert f"workflow-results serve --tokens {path}" in made.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert secret not in path.read_text()
    caller = read(path).by_digest[digest_of(secret)]
    assert (caller.name, str(caller.role), caller.pipelines) == ("frb-worker", "depositor", globs)
    assert caller.expires
    assert timedelta(days=29) < caller.expires - datetime.now(timezone.utc) <= timedelta(days=30)
    with Results(serve("--tokens", str(path)).target, token=secret) as results:
        assert results.status() == {}

    listed = run("token", "list", WORKFLOW_RESULTS_SERVE_TOKENS=str(path))
    assert listed.stdout.splitlines()[1].split()[:4] == ["frb-worker", "depositor", ",".join(globs), "token"]
    assert secret not in listed.stdout + listed.stderr
    assert run("token", "remove", "frb-worker", "--tokens", str(path)).returncode == 0
    assert read(path).by_name == {}
    gone = run("token", "remove", "frb-worker", "--tokens", str(path))
    assert (gone.returncode, gone.stderr) == (1, f"Error: there is no caller frb-worker in {path}\n")

"""The options of `serve` that keep others out, and the command that writes the tokens file."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from tests.support.launcher import COMMAND, Service, run
from tests.support.paths import DOCS
from tests.support.waiting import PATIENCE
from workflow_results import Results
from workflow_results_server.access.tokens import TokensError, digest_of, read, remove
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
    assert f"--host {host} lets others" in both
    assert "--tls-cert with --tls-key and --tokens" in both
    assert "workflow-results token create" in both
    without_tokens = refusal("--host", host, *with_tls)
    assert "which needs --tokens;" in without_tokens
    without_tls = refusal("--host", host, *with_tokens)
    assert "which needs --tls-cert with --tls-key." in without_tls
    everything, read = "everyone who can reach it may do everything", "everyone on the way can read and change"
    for line, consequences in (
        (both, f"{read} results and {everything}"),
        (without_tokens, everything),
        (without_tls, f"{read} tokens and results"),
    ):
        assert line.endswith(f"Or give --insecure, where {consequences}")


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
        ("--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", str(junk)): "--tls-client-ca must hold",
        ("--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", missing): "--tls-client-ca can't be read",
        ("--tokens", missing): f"tokens file {missing} can't be read: No such file",
        ("--tokens", str(junk)): f"tokens file {junk} must hold one mapping",
        ("--tokens", str(tmp_path)): "can't be read: Is a directory",
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


def test_pipelines_take_all_values_that_follow(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yml"
    assert create(path, "a", "--pipelines", "x", "y", "--role", "reader", "--pipelines", "z").returncode == 0
    assert create(path, "b", "--pipelines=x-[0-9]?", "--role", "reader").returncode == 0
    assert create(path, "c", "--role", "admin", "--certificate").stdout == ""
    assert create(path, "d", "--role", "admin", "--pipelines", "x-*").returncode == 0
    pipelines = {name: caller.pipelines for name, caller in read(path).by_name.items()}
    assert pipelines == {"a": ("x", "y", "z"), "b": ("x-[0-9]?",), "c": ("*",), "d": ("x-*",)}
    assert read(path).by_name["c"].digest is None
    assert [line.split()[3] for line in run("token", "list", "--tokens", str(path)).stdout.splitlines()[1:]] == [
        "token",
        "token",
        "certificate",
        "token",
    ]


def test_arguments_that_cannot_be_used_change_nothing(tokens: Path) -> None:
    before = tokens.read_bytes()
    wrong = {
        ("a", "--role", "reader"): "--pipelines must be a list of at least one glob",
        ("a", "--role", "reader", "--pipelines"): "--pipelines must be followed by at least one glob",
        ("a", "--role", "reader", "--pipelines", "_x*"): "--pipelines must hold globs",
        ("a", "--role", "king", "--pipelines", "x"): "'king' is not one of",
        ("a", "--pipelines", "x"): "Missing option '--role'",
        ("--role", "reader", "--pipelines", "x-*", "bob"): "NAME must come before it, as in: create NAME --role ROLE",
        ("--role", "admin"): "Missing argument 'NAME'",
        ("a\nb", "--role", "admin"): "NAME must hold visible characters alone",
        ("", "--role", "admin"): "NAME must be a text of 1",
        ("a", "--role", "admin", "--days", "0"): "--days",
        ("someone", "--role", "admin"): "there is a caller someone in",
    }
    for arguments, message in wrong.items():
        done = create(tokens, *arguments)
        assert done.returncode != 0
        assert message in done.stderr
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
    assert tokens.read_bytes() == before
    nothing = run("token", "create")
    assert (nothing.returncode, "Traceback" in nothing.stderr) == (2, False), nothing.stderr


def test_a_token_that_cannot_be_printed_is_not_lost_in_silence(tokens: Path) -> None:
    for number, redirection in enumerate((">/dev/full", ">&-")):
        command = f'"$0" token create "a {number}" --role admin --tokens "$1" {redirection}'
        done = subprocess.run(
            ["bash", "-c", command, COMMAND, str(tokens)],
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 1, done.stderr
        assert done.stderr.startswith("Error: the token can't be written to standard output, and is lost: ")
        assert f"The caller a {number} is there all the same: give it another token by --replace" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert f"a {number}" in read(tokens).by_name


def test_replacing_a_token_voids_the_one_before(tokens: Path) -> None:
    (before,) = read(tokens).by_digest
    done = create(tokens, "someone", "--role", "reader", "--pipelines", "x", "--replace")
    after = read(tokens)
    assert before not in after.by_digest
    assert after.by_digest[digest_of(done.stdout.strip())].pipelines == ("x",)


def test_a_file_that_is_broken_is_not_written_over(tokens: Path) -> None:
    tokens.write_text("callers: [")
    for command in (["create", "a", "--role", "admin"], ["remove", "someone"], ["list"]):
        done = run("token", *command, "--tokens", str(tokens))
        assert (done.returncode, done.stdout) == (1, "")
        assert "can't be read as YAML" in done.stderr
    assert tokens.read_text() == "callers: ["


def test_writing_keeps_what_stands_there_and_follows_links(tmp_path: Path) -> None:
    path, link = tmp_path / "tokens.yml", tmp_path / "link.yml"
    path.write_text('callers: {by-hand: {role: curator, pipelines: ["*"], expires: 2030-01-31T12:00:00+01:00}}')
    path.chmod(0o640)
    before = read(path).by_name["by-hand"]
    link.symlink_to(path)
    assert create(link, "a", "--role", "admin").returncode == 0
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert read(path).by_name["by-hand"] == before
    assert set(read(path).by_name) == {"by-hand", "a"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_who_could_read_the_file_can_read_the_next_one(tokens: Path) -> None:
    """Else a server of that group would go on with the callers from before."""
    os.chown(tokens, 12, 34)
    tokens.chmod(0o4640)
    assert run("token", "remove", "someone", "--tokens", str(tokens)).returncode == 0
    after = tokens.stat()
    assert (after.st_uid, after.st_gid, stat.S_IMODE(after.st_mode)) == (12, 34, 0o640)


def test_a_file_whose_owner_would_change_is_not_written(tokens: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = tokens.read_bytes()
    mine = tokens.stat()

    def denied(*_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fstat", lambda _: os.stat_result((*mine[:4], mine.st_uid + 1, *mine[5:])))
    monkeypatch.setattr(os, "fchown", denied)
    with pytest.raises(TokensError, match="only its owner or root can keep its owner and group"):
        remove(tokens, "someone")
    assert tokens.read_bytes() == before
    assert {path.name for path in tokens.parent.iterdir()} == {"tokens.yml", ".tokens.yml.lock"}


def test_tokens_that_are_made_at_a_time_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yml"
    names = [f"caller-{number}" for number in range(12)]
    commands = [[COMMAND, "token", "create", name, "--role", "admin", "--tokens", str(path)] for name in names]
    started = [
        subprocess.Popen(each, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for each in commands
    ]
    secrets = [process.communicate(timeout=PATIENCE)[0].strip() for process in started]
    callers = read(path)
    assert set(callers.by_name) == set(names)
    assert {callers.by_digest[digest_of(secret)].name for secret in secrets} == set(names)


def test_the_docs_show_a_file_that_can_be_used(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "operate" / "security.md").read_text(), re.DOTALL)
    path = tmp_path / "tokens.yml"
    path.write_text(example)
    callers = read(path)
    assert set(callers.by_name) == {"frb-worker", "worker.example.org"}
    assert callers.by_digest[digest_of("an example")].pipelines == ("frb-*",)


def test_the_file_is_where_configurations_are(tmp_path: Path) -> None:
    assert run("token", "create", "a", "--role", "admin", HOME=str(tmp_path)).returncode == 0
    assert read(tmp_path / ".config" / "workflow-results" / "tokens.yml").by_name.keys() == {"a"}
    assert run("token", "list", XDG_CONFIG_HOME=str(tmp_path / ".config")).stdout.splitlines()[1].startswith("a ")

"""`workflow-results token`: what it writes into the tokens file, and what it leaves alone."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.launcher import COMMAND, run
from tests.support.odd_texts import BARE, ESCAPED, FORGED
from tests.support.paths import DOCS
from tests.support.waiting import PATIENCE
from workflow_results.cli import main
from workflow_results_server.access.tokens import TokensError, digest_of, read, remove


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.yml"
    assert run("token", "create", "someone", "--role", "admin", "--tokens", str(path)).returncode == 0
    return path


def create(path: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("token", "create", name, *arguments, "--tokens", str(path))


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
        ("a", "--role", "reader"): "--pipelines is needed for the role reader, such as --pipelines 'frb-*'. See '",
        ("a", "--role", "reader", "--pipelines"): "--pipelines must be followed by at least one glob",
        ("a", "--role", "reader", "--pipelines", "_x*"): "--pipelines must contain only globs",
        ("a", "--role", "king", "--pipelines", "x"): "'king' is not one of",
        ("a", "--pipelines", "x"): "Missing option '--role'",
        ("--role", "reader", "--pipelines", "x-*", "bob"): "NAME must come before it, as in: create NAME --role ROLE",
        ("--role", "admin"): "Missing argument 'NAME'",
        ("a\nb", "--role", "admin"): "NAME must contain only visible characters",
        ("", "--role", "admin"): "NAME must be a string of 1",
        ("a", "--role", "admin", "--days", "0"): "--days",
        ("someone", "--role", "admin"): "caller someone already exists in",
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
        assert done.stderr.startswith("Error: the token can't be written to standard output and is lost: ")
        assert f"The caller a {number} was created: give it a new token with --replace" in done.stderr
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


@pytest.mark.slow
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


def test_names_in_arguments_of_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "tokens.yml"
    assert run("token", "create", "someone", "--role", "admin", "--tokens", str(path)).returncode == 0
    done = CliRunner().invoke(main, ["token", "remove", FORGED, "--tokens", str(path)])
    assert done.output == f"Error: there is no caller {ESCAPED} in {path}\n"
    wrong = CliRunner().invoke(main, ["serve", "--config", str(tmp_path / FORGED)])
    assert BARE in wrong.output
    assert all(line.isprintable() for line in wrong.output.splitlines())

"""What `workflow-results certificate` writes works, as it says."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from click.testing import CliRunner, Result
from cryptography import x509

from tests.support import launcher
from tests.support.launcher import Service
from workflow_results import Results
from workflow_results.cli import main

NAMES = ("ca.pem", "server.pem", "server.key")


def certificate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["certificate", *arguments], prog_name="workflow-results")


def test_a_server_and_a_client_get_along_by_the_lines_that_it_prints(
    serve: Callable[..., Service], tmp_path: Path
) -> None:
    folder = tmp_path / "trial"
    done = certificate("-o", str(folder), "--host", "db1.example.org", "--host", "10.1.2.3")
    assert done.exit_code == 0, done.output
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in folder.iterdir()}
    assert modes.keys() == set(NAMES)
    assert modes["server.key"] == 0

    made = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    assert made.not_valid_after_utc - datetime.now(timezone.utc) < timedelta(days=31)
    assert f"server.pem expires at {made.not_valid_after_utc:%Y-%m-%d %H:%M} UTC" in done.output
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "db1.example.org"]
    assert list(map(str, names.get_values_for_type(x509.IPAddress))) == ["127.0.0.1", "::1", "10.1.2.3"]

    lines = [line.strip() for line in done.output.splitlines() if line.startswith("  ")]
    assert 'Results("db1.example.org:50051")' in lines[-1]
    create, command = (
        shlex.split(line.removeprefix("export WORKFLOW_RESULTS_TOKEN=$(").rstrip(")")) for line in lines[:2]
    )
    created = launcher.run(*create[1:])
    assert created.returncode == 0, created.stderr
    assert command[2:4] == ["--host", "0.0.0.0"]
    service = serve(*command[4:])
    secret = created.stdout.strip()
    with Results(service.target, token=secret, ca_file=folder / "ca.pem") as results:
        assert results.status() is not None


def test_for_this_machine_alone_no_tokens_are_needed(serve: Callable[..., Service], tmp_path: Path) -> None:
    done = certificate("-o", str(tmp_path))
    assert "token" not in done.output
    (command,) = [shlex.split(line) for line in done.output.splitlines() if "serve" in line and line.startswith("  ")]
    service = serve(*command[2:])
    with Results(service.target.replace("127.0.0.1", "localhost"), ca_file=tmp_path / "ca.pem") as results:
        assert results.status() is not None

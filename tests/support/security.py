"""What the tests of TLS, tokens and roles share."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import grpc
import trustme
import yaml

from wire import PATIENCE, patient
from workflow_results_server.access.tokens import digest_of

COMMAND = str(Path(sys.executable).with_name("workflow-results"))
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


class Authority:
    """A certificate authority of tests, and the files of what it has issued."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self._ca = trustme.CA()
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def issue(self, name: str, *identities: str, common_name: str | None = None, expired: bool = False) -> list[Path]:
        """Write a certificate and its key, over those of the same name; returns the two files."""
        lifetime: dict[str, Any] = {"not_before": NOW - 2 * DAY, "not_after": NOW - DAY} if expired else {}
        issued = self._ca.issue_cert(*identities, common_name=common_name, **lifetime)
        files = [self.folder / f"{name}.pem", self.folder / f"{name}.key"]
        contents = [b"".join(pem.bytes() for pem in issued.cert_chain_pems), issued.private_key_pem.bytes()]
        for file, content in zip(files, contents, strict=True):
            new = file.with_suffix(".new")
            new.write_bytes(content)
            new.replace(file)
        return files

    def server(self, name: str = "server") -> list[str]:
        """The options of a server with a new certificate."""
        certificate, key = self.issue(name, "localhost", "127.0.0.1")
        return ["--tls-cert", str(certificate), "--tls-key", str(key)]

    def channel(self, target: str, identity: list[Path] | None = None) -> grpc.Channel:
        certificate, key = [file.read_bytes() for file in identity or []] or (None, None)
        credentials = grpc.ssl_channel_credentials(self.file.read_bytes(), key, certificate)
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 17 << 20)]
        return patient(grpc.secure_channel(target, credentials, options))


def entry(role: str, *pipelines: str, token: str | None = None, **fields: Any) -> dict[str, Any]:
    """A caller of a tokens file."""
    made = {"role": role, "pipelines": list(pipelines), **fields}
    return made if token is None else {**made, "token": f"sha256:{digest_of(token)}"}


def write(path: Path, callers: dict[str, Any]) -> Path:
    """Write a tokens file, by the hand of an administrator."""
    new = path.with_suffix(".new")
    new.write_text(yaml.safe_dump({"callers": callers}))
    return new.replace(path)


def bearer(token: str | None) -> list[tuple[str, str]]:
    return [] if token is None else [("authorization", f"Bearer {token}")]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `workflow-results` to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

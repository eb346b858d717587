"""A certificate authority of tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import grpc
import trustme

from tests.support.wire import patient

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

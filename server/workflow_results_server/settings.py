"""The settings of a server, checked before it starts."""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import NoneType
from typing import Final

from workflow_results.common.loopback import is_loopback_host
from workflow_results.common.rules import pipeline_problem
from workflow_results_server.store import ConnectionRefused, checked_uri

_DATABASE: Final = re.compile(r"[A-Za-z0-9_-]{1,63}")
_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "host": str,
    "port": int,
    "database": str,
    "workers": int,
    "call_seconds": (int, float),
    "drain_seconds": (int, float),
    "connection_seconds": (int, float),
    "max_connections": int,
    "max_pipelines": int,
    "http_port": (int, NoneType),
    "http_max_body": int,
    "metrics_host": str,
    "metrics_port": (int, NoneType),
}
"""What a file of options might give otherwise."""
_PATHS: Final = ("tls_cert", "tls_key", "tls_client_ca", "tokens", "plots_root")
_LISTS: Final = ("http_allowed_host", "http_cors_origin", "metrics_pipeline")
_PORT_MOST: Final = 65_535
_WORKERS_MOST: Final = 256
_CONNECTIONS_MOST: Final = 1_000_000
_PIPELINES_MOST: Final = 1_000_000


class SettingsError(Exception):
    """A setting can't be used; the message names it and says what would be right."""


def default_data_directory() -> Path:
    """Return where the embedded MongoDB keeps its data by default (XDG Base Directory Specification).

    Raises:
        SettingsError: This user has no home directory.
    """
    try:
        return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "workflow-results"
    except RuntimeError as error:
        raise SettingsError("--data-dir must be given: this user has no home directory") from error


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a server.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 for any free port.
        mongo_uri: The MongoDB to use; None to start an embedded one.
        data_directory: Where the embedded MongoDB keeps its data; None for `default_data_directory`.
        database: The database of the results.
        workers: The number of processes that answer calls.
        call_seconds: The longest time for a unary call, and for the next batch of a read.
        drain_seconds: How long calls in progress may take when the server stops, or ends a connection.
        connection_seconds: The greatest age of a connection, so that clients find added servers; 0 for no limit.
        max_connections: The most connections per worker; 0 for as many as its limit of open files allows.
        max_pipelines: The most pipelines; 0 for as many as MongoDB's limit of open files allows.
        http_port: The port of the HTTP door; 0 for any free port, None for no such door.
        http_allowed_host: Names by which HTTP clients know this server, beside `host` and those of loopback.
        http_cors_origin: Origins of other sites whose pages may call.
        http_max_body: The most bytes of a body.
        http_quarantine: Whether works that are rejected are put aside, and count as stored for who deposits them.
        plots_root: The directory of the plots that the dashboard shows; None to show their paths alone.
        metrics_port: The port of the metrics; 0 for any free port, None for no such port.
        metrics_host: The address on which they can be had.
        metrics_pipeline: The pipelines whose works are counted apart.
        reflection: Whether clients can ask for the API (gRPC server reflection).
        tls_cert: The certificate of the server, with what leads to its authority; None for plain text.
        tls_key: Its key.
        tls_client_ca: The authorities of client certificates, which all clients need then.
        tokens: The file of the callers; None where everyone may do everything.
        insecure: Whether others than this machine may reach a server without TLS, or without callers.
        log_level: The lowest level that is logged.
        log_format: "text" or "json".
    """

    host: str = "127.0.0.1"
    port: int = 50051
    mongo_uri: str | None = field(default=None, repr=False)
    data_directory: Path | None = None
    database: str = "workflow_results"
    workers: int = 1
    call_seconds: float = 60.0
    drain_seconds: float = 30.0
    connection_seconds: float = 0.0
    max_connections: int = 0
    max_pipelines: int = 0
    http_port: int | None = None
    http_allowed_host: tuple[str, ...] = ()
    http_cors_origin: tuple[str, ...] = ()
    http_max_body: int = 1024**3
    http_quarantine: bool = False
    plots_root: Path | None = None
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    metrics_pipeline: tuple[str, ...] = ()
    reflection: bool = True
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    tokens: Path | None = None
    insecure: bool = False
    log_level: str = "info"
    log_format: str = "text"

    def check(self) -> None:
        """Check all settings.

        Raises:
            SettingsError: One can't be used.
        """
        for name, kind in _KINDS.items():
            if not isinstance(value := getattr(self, name), kind) or (
                isinstance(value, float) and not math.isfinite(value)
            ):
                raise SettingsError(f"--{name.replace('_', '-')} can't be {value!r}")
        for name in ("host", "metrics_host"):
            if not getattr(self, name):
                message = f"--{name.replace('_', '-')} must be an address or a name, like 127.0.0.1, not empty"
                raise SettingsError(message)
        self._check_ports()
        if self.http_max_body < 1:
            raise SettingsError("--http-max-body must be positive")
        if self.plots_root is not None and not self.plots_root.is_dir():
            raise SettingsError(f"--plots-root must be a directory: {self.plots_root}")
        if not 1 <= self.workers <= _WORKERS_MOST:
            raise SettingsError(f"--workers must be from 1 to {_WORKERS_MOST}, not {self.workers}")
        if not _DATABASE.fullmatch(self.database) or self.database in ("admin", "config", "local"):
            raise SettingsError(
                "--database must be 1 to 63 letters, digits, '-' and '_', and not one of MongoDB's own:"
                f" {self.database!r}"
            )
        if self.call_seconds <= 0 or self.drain_seconds < 0 or self.connection_seconds < 0:
            raise SettingsError(
                "--call-seconds must be positive, --drain-seconds and --connection-seconds not negative"
            )
        if not 0 <= self.max_connections <= _CONNECTIONS_MOST:
            raise SettingsError(
                f"--max-connections must be from 0 to {_CONNECTIONS_MOST:,}, not {self.max_connections}"
            )
        if not 0 <= self.max_pipelines <= _PIPELINES_MOST:
            raise SettingsError(f"--max-pipelines must be from 0 to {_PIPELINES_MOST:,}, not {self.max_pipelines}")
        for pipeline in self.metrics_pipeline:
            if problem := pipeline_problem(pipeline):
                raise SettingsError(f"--metrics-pipeline {problem}")
        self._check_access()
        if self.mongo_uri is not None:
            try:
                checked_uri(self.mongo_uri)
            except ConnectionRefused as error:
                raise SettingsError(str(error)) from error

    def _check_ports(self) -> None:
        ports: dict[int, str] = {}
        for option, port in (
            ("--port", self.port),
            ("--http-port", self.http_port),
            ("--metrics-port", self.metrics_port),
        ):
            if port is not None and not 0 <= port <= _PORT_MOST:
                raise SettingsError(f"{option} must be from 0 to {_PORT_MOST}, not {port}")
            if port and port in ports:
                raise SettingsError(f"{option} must be another port than {ports[port]}")
            if port:
                ports[port] = option

    def _check_access(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingsError("--tls-cert and --tls-key belong together: give both, or neither for plain text")
        if self.tls_client_ca and not self.tls_cert:
            raise SettingsError("--tls-client-ca needs --tls-cert and --tls-key")
        if self.tls_client_ca and self.http_port is not None and not self.tokens:
            raise SettingsError("--http-port with --tls-client-ca needs --tokens: HTTP takes no client certificates")
        cure = "; `workflow-results token create` creates the file" if self.tokens is None else ""
        for what, lacking in (
            (f"--host {self.host} makes the server reachable", self.lacking),
            (f"--metrics-host {self.metrics_host} makes metrics readable", self.lacking_for_metrics),
        ):
            if lacking and not self.insecure:
                raise SettingsError(
                    f"{what} from other machines, which requires {' and '.join(lacking)}{cure}."
                    f" Or use --insecure; then {' and '.join(lacking.values())}"
                )

    @property
    def lacking(self) -> dict[str, str]:
        """The options that keep others out, and are not given although others can reach it: what comes of each."""
        consequences = {}
        if not is_loopback_host(self.host):
            if self.tls_cert is None:
                sent = "results" if self.tokens is None else "tokens and results"
                consequences["--tls-cert with --tls-key"] = f"everyone on the way can read and change {sent}"
            if self.tokens is None:
                consequences["--tokens"] = "everyone who can reach it may do everything"
        return consequences

    @property
    def lacking_for_metrics(self) -> dict[str, str]:
        """The same for the metrics."""
        consequences = {}
        if self.metrics_port is not None and not is_loopback_host(self.metrics_host):
            if self.tls_cert is None:
                sent = "metrics" if self.tokens is None else "tokens and metrics"
                consequences["--tls-cert with --tls-key"] = f"everyone on the way can read {sent}"
            if self.tokens is None:
                consequences["--tokens"] = "everyone who can reach the port may read the metrics"
        return consequences

    def to_json(self) -> str:
        """Write the settings for a worker process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        lists = {name: tuple(fields[name]) for name in _LISTS}
        paths = {name: fields[name] and Path(fields[name]) for name in _PATHS}
        # MongoDB is the business of who started the worker.
        return cls(**{**fields, **lists, **paths, "data_directory": None})

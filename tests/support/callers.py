"""Callers: the entries of a tokens file, and the metadata with which they call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from workflow_results_server.access.tokens import digest_of


def entry(role: str, *pipelines: str, token: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a caller of a tokens file."""
    made = {"role": role, "pipelines": list(pipelines), **fields}
    return made if token is None else {**made, "token": f"sha256:{digest_of(token)}"}


def write(path: Path, callers: dict[str, Any]) -> Path:
    """Write a tokens file, as an administrator does by hand."""
    new = path.with_suffix(".new")
    new.write_text(yaml.safe_dump({"callers": callers}))
    return new.replace(path)


def bearer(token: str | None) -> list[tuple[str, str]]:
    """Return the metadata of a caller with a token."""
    return [] if token is None else [("authorization", f"Bearer {token}")]

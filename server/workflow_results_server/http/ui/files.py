"""The page itself: its files, read once at the start."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflow_results_server.http.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow_results_server.http.chain import Handler, Routes
    from workflow_results_server.http.requests import Call

FOLDER: Final = Path(__file__).with_name("assets")
_PAGE: Final = "index.html"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
}
_DIGEST_LENGTH: Final = 16
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_OWN_REFERRER: Final = {"referrer-policy": "same-origin"}
"""With `no-referrer`, browsers say of the form that exports results that it comes from nowhere: `Origin: null`."""
_COMPRESSED_FROM: Final = 1024


def routes() -> Routes:
    """Return the page and its files, each by its method and path.

    The paths of the files hold a digest of all of them, so that browsers keep them for ever, and never mix those of two
    versions. Only what is in the folder at the start has a path: none of them can lead out of it.
    """
    contents = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in _TYPES and path.is_file()
    }
    digest = _digest(b"\0".join(part for name, data in contents.items() for part in (name.encode(), data)))
    page = contents.pop(_PAGE).replace(b"{digest}", digest.encode())
    served = {("GET", "/ui/"): _file(page, _PAGE, "no-cache", _OWN_REFERRER)}
    for name, data in contents.items():
        served["GET", f"/ui/assets/{digest}/{name}"] = _file(data, name, _FOR_EVER)
    return served


def _file(data: bytes, name: str, caching: str, more: Mapping[str, str] | None = None) -> Handler:
    tag = f'"{_digest(data)}"'
    compressed = gzip.compress(data, mtime=0) if len(data) >= _COMPRESSED_FROM else None
    content_type = _TYPES[Path(name).suffix]
    headers = {"etag": tag, "cache-control": caching, "vary": "accept-encoding", **(more or {})}

    async def answer(call: Call) -> Answer:
        call.name = "page"
        if tag in call.headers.get("if-none-match", ""):
            return Answer(b"", 304, content_type, headers)
        if compressed is not None and "gzip" in call.headers.get("accept-encoding", ""):
            return Answer(compressed, 200, content_type, {**headers, "content-encoding": "gzip"})
        return Answer(data, 200, content_type, headers)

    return answer


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:_DIGEST_LENGTH]

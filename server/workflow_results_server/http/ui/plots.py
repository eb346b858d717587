"""Plots of results, out of one directory: images are shown, and anything else is only saved."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from workflow_results.common import rules
from workflow_results.common.bson_codec import decode
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.ui.asked import Asked, projection_of
from workflow_results_server.http.ui.session import authorize
from workflow_results_server.requests import fields
from workflow_results_server.store import Selection

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from typing import Any

    from workflow_results_server.http.requests import Call
    from workflow_results_server.store import Store

_PIECE: Final = 256 * rules.KIB
_SIGNED: Final = 16
_HEADERS: Final = {"cache-control": "no-store", "content-security-policy": "default-src 'none'; sandbox"}
"""What is shown stands alone: whatever a file holds, nothing in it is run."""


class Plots:
    """The handler.

    Args:
        store: Where the results are.
        root: The directory; None where plots are not served.
    """

    def __init__(self, store: Store, root: Path | None) -> None:
        self._store = store
        self._root = root

    async def plot(self, call: Call) -> Answer:
        """Answer a plot of a result, by its place among them: no path comes from the caller."""
        check = authorize(call, "GetById")
        asked = Asked.of_url(call)
        pipeline, id_ = asked.pipeline(), fields.id_(asked.text("id"))
        index = asked.number("index", 0, 0, 100_000)
        check((pipeline,))
        if self._root is None:
            raise HttpError(404, "PLOTS_NOT_SERVED", "this server serves no plots: see serve --plots-root")
        path = await self._path(pipeline, id_, index)
        file = await _open(self._root, path)
        name = quote(path.rpartition("/")[2])
        try:
            kind = _image_type(await asyncio.to_thread(os.pread, file, _SIGNED, 0))
        except BaseException:
            os.close(file)
            raise
        saved = {} if kind else {"content-disposition": f"attachment; filename*=UTF-8''{name}"}
        return Answer(_pieces(file), 200, kind or "application/octet-stream", {**_HEADERS, **saved})

    async def _path(self, pipeline: str, id_: str, index: int) -> str:
        selection = Selection(filter={"_id": id_}, projection=await projection_of(["plots"]), limit=1)
        plots: Any = None
        async for batch in self._store.read(pipeline, selection):
            plots = decode(batch.data)[0].get("plots")
        if not isinstance(plots, list) or index >= len(plots) or not isinstance(plots[index], str):
            raise HttpError(404, "NOT_FOUND", f"result {rules.quoted(id_)} has no plot {index}")
        return str(plots[index])


async def _open(root: Path, path: str) -> int:
    """Open a file as `_opened` does, in a thread; when the caller leaves meanwhile, it is closed again."""
    opening = asyncio.ensure_future(asyncio.to_thread(_opened, root, path))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise


def _close(opened: asyncio.Future[int]) -> None:
    if not opened.exception():
        os.close(opened.result())


def _opened(root: Path, path: str) -> int:
    """Open a file below a directory.

    The path of a plot may be absolute, below the directory or as if that were the root of it all. Where it leads is
    looked up first, links resolved; then it is opened step by step without following any link, so that none that is
    put there meanwhile leads out.

    Raises:
        HttpError: There is no such file there.
    """
    missing = HttpError(404, "NOT_FOUND", "there is no such plot below the directory of plots")
    try:
        top = Path(os.path.realpath(root, strict=True))
        for start in (path, f"{top}/{path}"):
            found = Path(os.path.realpath(start if start.startswith("/") else f"{top}/{start}"))
            if found != top and found.is_relative_to(top) and found.is_file():
                return _descended(top, found.relative_to(top).parts)
    except (OSError, ValueError):
        raise missing from None
    raise missing


def _descended(top: Path, parts: tuple[str, ...]) -> int:
    at = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for number, part in enumerate(parts, 1):
        kind = os.O_NONBLOCK if number == len(parts) else os.O_DIRECTORY
        try:
            below = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | kind, dir_fd=at)
        finally:
            os.close(at)
        at = below
    if not stat.S_ISREG(os.fstat(at).st_mode):
        os.close(at)
        raise OSError
    return at


def _image_type(beginning: bytes) -> str:
    """Return the type of an image by how its file begins, whatever its name says; empty for all other files."""
    if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if beginning.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP" else ""


async def _pieces(file: int) -> AsyncGenerator[bytes, None]:
    try:
        at = 0
        while piece := await asyncio.to_thread(os.pread, file, _PIECE, at):
            at += len(piece)
            yield piece
    finally:
        os.close(file)

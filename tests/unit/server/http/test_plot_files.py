"""Files of plots are closed, whoever leaves meanwhile."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from workflow_results_server.http.ui import plots


def is_open(file: int) -> bool:
    try:
        os.fstat(file)
    except OSError:
        return False
    return True


def test_a_file_that_is_opened_for_nobody_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plot.png").write_bytes(b"plot")
    begun, go_on = threading.Event(), threading.Event()
    files: list[int] = []
    opened = plots._opened

    def slowly(root: Path, path: str) -> int:
        begun.set()
        assert go_on.wait(30)
        files.append(opened(root, path))
        return files[0]

    async def leave() -> None:
        task = asyncio.create_task(plots._open(tmp_path, "plot.png"))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await asyncio.wait_for(closed(), 30)

    async def closed() -> None:
        while not files or is_open(files[0]):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)

    monkeypatch.setattr(plots, "_opened", slowly)
    asyncio.run(leave())

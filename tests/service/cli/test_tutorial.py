"""The tutorial, as a reader follows it."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.support.launcher import COMMAND
from tests.support.processes import processes_with
from tests.support.tutorial import PAGE, follow
from tests.support.waiting import eventually


def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    with socket.socket() as free:  # the page starts the server itself
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    follow(PAGE.read_text(), Path(COMMAND).parent, tmp_path, port)
    assert not (tmp_path / "reader" / "data").exists()
    eventually(lambda: processes_with(tmp_path) == [])

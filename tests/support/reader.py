"""Follows a page as a reader does: writes the files that it shows, types its commands, and compares what they print."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.paths import DOCS
from tests.support.waiting import PATIENCE

PAGE = DOCS / "guide" / "tutorial.md"
INSTALL = re.compile(r"^## Install\n.*?(?=^## )", re.DOTALL | re.MULTILINE)
BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`(?P<name>\w+\.\w+)`[^`]*:$")
"""At the end of what is before a block: the name of the file whose content it is."""
CHANGING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
"""What is another each time: times."""


class Step(NamedTuple):
    """Commands to type, the files that they need, and what they print together."""

    files: dict[str, str]
    commands: str
    printed: str


def steps(page: str) -> list[Step]:
    """Read the steps of a page, those of its section on installing aside."""
    return list(_steps(INSTALL.sub("", page)))


def _steps(page: str) -> Iterator[Step]:
    files: dict[str, str] = {}
    commands = printed = ""
    end = 0
    for block in BLOCK.finditer(page):
        prose, end = page[end : block.start()].strip(), block.end()
        if block["language"] == "text":
            if printed or prose:
                raise AssertionError(f"nothing was typed just before {block[0]}")
            printed = block["text"]
            continue
        if commands:
            yield Step(files, commands, printed)
            files, commands, printed = {}, "", ""
        if block["language"] == "sh":
            commands = block["text"]
        else:
            named = FILE.search(prose)
            assert named, f"no file is named before {block[0]}"
            files[named["name"]] = block["text"]
    yield Step(files, commands, printed)


def follow(page: str, commands: Path, place: Path, port: int) -> None:
    """Do what a page says in one shell, and compare what it prints.

    Args:
        page: The text of the page.
        commands: The directory that has `workflow-results` and `python`, since nothing is installed.
        place: An empty directory; the shell is in the folder `reader` of it.
        port: That of the server that the page uses or starts, in place of the default.

    Raises:
        AssertionError: Something else was printed, a command failed, or the end was not reached.
    """
    todo = steps(page)
    reader = place / "reader"
    reader.mkdir()
    script = ["set -eu"]
    for number, step in enumerate(todo):
        files = place / f"files-{number}"
        files.mkdir()
        for name, text in step.files.items():
            (files / name).write_text(text)
        script.append(f"cp -r {files}/. .")
        script.append(f"{{\n{step.commands}}} >{place}/printed-{number} 2>&1")
    status = _typed("\n".join(script), commands, reader, port)
    for number, step in enumerate(todo):
        printed = place / f"printed-{number}"
        assert printed.exists(), f"not reached: {step.commands}"
        assert _lines(printed.read_text()) == _lines(step.printed), step.commands
    assert status == 0


def _typed(script: str, commands: Path, reader: Path, port: int) -> int:
    """Run a script to its end, and end what it leaves running; returns its exit status."""
    settings = {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "WORKFLOW_RESULTS_SERVE_PORT": f"{port}",
        "WORKFLOW_RESULTS_TARGET": f"localhost:{port}",
        "WORKFLOW_RESULTS_TIMEOUT": f"{PATIENCE}",
    }
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=reader,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return shell.wait(5 * PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
        shell.wait(PATIENCE)


def _lines(text: str) -> list[str]:
    return [CHANGING.sub("TIME", line).rstrip() for line in text.splitlines()]

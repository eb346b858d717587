"""The shell: what `docs/guide/shell.md` says to type, typed, and what it says comes out of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.launcher import Service
from tests.support.paths import REPOSITORY
from tests.support.waiting import PATIENCE

TOOLS = REPOSITORY / "build" / "tools"
GRPCURL = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4"
GUIDE = (REPOSITORY / "docs" / "guide" / "shell.md").read_text()
BLOCKS = re.findall(r"^```(sh|json|text)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def path(request: pytest.FixtureRequest) -> str:
    """A PATH with grpcurl and jq."""
    for tool in ("go", "jq"):
        if shutil.which(tool) is None:
            give_up = pytest.fail if request.config.getoption("--all-tools") else pytest.skip
            give_up(f"the shell needs {tool}")
    if not (TOOLS / "grpcurl").exists():
        subprocess.run(["go", "install", GRPCURL], env={**os.environ, "GOBIN": str(TOOLS)}, check=True)
    return f"{TOOLS}{os.pathsep}{os.environ['PATH']}"


def test_guide(service: Service, path: str, tmp_path: Path) -> None:
    script, expected = [], []
    for kind, block in BLOCKS:
        if kind == "sh":
            script.append(block.replace("localhost:50051", service.target))
        else:
            script.append("echo ---\n")  # between what one block says and the next one
            expected.append(block)
    ran = subprocess.run(
        ["bash", "-c", "".join(script)],
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    *blocks, rest = ran.stdout.split("---\n")
    assert [*blocks, rest] == [*expected, ""], ran.stderr


def test_every_block_is_run() -> None:
    assert [kind for kind, _ in BLOCKS].count("sh") == 8

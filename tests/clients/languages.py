"""The languages that have a client, and how the program that stands for each is built and started."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from typing import NamedTuple

from tests.support.paths import REPOSITORY


class Language(NamedTuple):
    """A language that has a client.

    Attributes:
        name: Its name, and that of the folder of its client.
        tools: The programs that its client is built with.
        packages: The names that pkg-config knows of the libraries that its client is built with.
        checks: The targets of its client that check it.
    """

    name: str
    tools: tuple[str, ...]
    packages: tuple[str, ...] = ()
    checks: tuple[str, ...] = ("lint", "test")

    def missing(self) -> str:
        """Return what its client can't be built without, and is not there; empty if nothing is missing."""
        tools = [tool for tool in self.tools if shutil.which(tool) is None]
        packages = [name for name in self.packages if not _pkg_config_has(name)]
        return ", ".join(tools + packages)

    @property
    def folder(self) -> str:
        """Where its client is, from the root of the repository."""
        return f"client/{self.name}"

    def make(self, target: str) -> bool:
        """Make a target of its client, and return whether that went well. For Python, the repository has them."""
        command = ["make", "--silent", "-C", self.folder, target]
        return self.name == "python" or subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0

    def command(self, target: str = "testee-command") -> list[str]:
        """Return how its testee, which has been built, is started from the root of the repository.

        Args:
            target: The target of its client that says so; `bench-command` for what measures the driver of MongoDB.
        """
        if self.name == "python":
            return [sys.executable, "-m", "tests.clients.python_testee"]
        asked = ["make", "--silent", "--no-print-directory", "-C", self.folder, target]
        return shlex.split(subprocess.run(asked, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout)


def _pkg_config_has(name: str) -> bool:
    return subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0


LANGUAGES = {
    each.name: each
    for each in (
        Language("python", ()),
        Language("go", ("go",), checks=("check-generated", "lint", "test")),
        Language("typescript", ("node", "npm"), checks=("check-generated", "lint", "test")),
        Language("java", ("java", "javac", "mvn")),
        Language("rust", ("cargo",)),
        Language(
            "cpp",
            ("cmake", "g++", "protoc", "grpc_cpp_plugin", "pkg-config"),
            ("grpc++", "libbson-1.0", "protobuf"),
            checks=("test",),  # clang-tidy takes as long as all the others together: `make -C client/cpp lint`
        ),
    )
}

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
        packages: The Debian packages that its client is built with, besides the tools.
    """

    name: str
    tools: tuple[str, ...]
    packages: tuple[str, ...] = ()

    def missing(self) -> str:
        """Return what its client can't be built without, and is not there; empty if nothing is missing."""
        tools = [tool for tool in self.tools if shutil.which(tool) is None]
        packages = [name for name in self.packages if not _pkg_config_has(name)]
        return ", ".join(tools + packages)

    def build(self) -> None:
        """Build its client and the testee."""
        if self.name != "python":
            subprocess.run(["make", "--silent", "-C", f"client/{self.name}", "build"], cwd=REPOSITORY, check=True)

    def command(self) -> list[str]:
        """Return how its testee is started, from the root of the repository."""
        if self.name == "python":
            return [sys.executable, "-m", "tests.clients.python_testee"]
        asked = ["make", "--silent", "-C", f"client/{self.name}", "testee-command"]
        return shlex.split(subprocess.run(asked, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout)


def _pkg_config_has(name: str) -> bool:
    return subprocess.run(["pkg-config", "--exists", name], check=False).returncode == 0


LANGUAGES = {
    each.name: each
    for each in (
        Language("python", ()),
        Language("go", ("go",)),
        Language("typescript", ("node", "npm")),
        Language("java", ("java", "javac", "mvn")),
        Language("rust", ("cargo",)),
        Language(
            "cpp", ("cmake", "g++", "protoc", "grpc_cpp_plugin", "pkg-config"), ("grpc++", "libbson-1.0", "protobuf")
        ),
    )
}

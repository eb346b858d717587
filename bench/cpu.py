"""The processor time that a way takes, by the processes that spend it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    import psutil
    from typing_extensions import Self


class Cpu(NamedTuple):
    """The processor time of a work or a call, in seconds.

    Attributes:
        client: Of the clients; None if it was not measured.
        server: Of the server with its workers; None if the way has none.
        mongod: Of MongoDB.
    """

    client: float | None
    server: float | None
    mongod: float


class Meter:
    """Measures the processor time that is spent during a `with` block.

    Args:
        server: The processes of the server; none if the way has no server.
        mongod: The process of MongoDB.
    """

    def __init__(self, server: Sequence[psutil.Process], mongod: psutil.Process) -> None:
        self._server = server
        self._mongod = mongod
        self._began = self._ended = (0.0, 0.0, 0.0)

    def per(self, number: int) -> Cpu:
        """Return what each of a number of works or calls has taken, where this process was the client."""
        client, server, mongod = ((end - begin) / number for begin, end in zip(self._began, self._ended, strict=True))
        return Cpu(client, server if self._server else None, mongod)

    def __enter__(self) -> Self:
        self._began = self._read()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended = self._read()

    def _read(self) -> tuple[float, float, float]:
        return time.process_time(), sum(map(_spent, self._server)), _spent(self._mongod)


def _spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)

"""What is as it is when Prometheus asks: no call counts it."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily

from workflow_results.common import native
from workflow_results.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.store import Store

_TABLES: Final = (Path("/proc/self/net/tcp"), Path("/proc/self/net/tcp6"))
_ESTABLISHED: Final = "01"
"""Linux's tables of connections, and what they say of one (net/tcp_states.h)."""


class Gauges:
    """The state of a server, as a collector of Prometheus's client.

    Args:
        store: Its store.
        intake: Where works come in.

    Attributes:
        mongodb_is_up: Whether MongoDB answered when it was asked last.
    """

    def __init__(self, store: Store, intake: Intake) -> None:
        self.mongodb_is_up = True
        self._store = store
        self._intake = intake

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return all metrics."""
        yield _gauge("mongodb_up", "Whether MongoDB answers: 1 or 0.", float(self.mongodb_is_up))
        held = GaugeMetricFamily(
            "workflow_results_memory_bytes",
            "Bytes of works on their way into MongoDB, of works that wait for room, and of results that are read.",
            labels=["of"],
        )
        held.add_metric(["works"], self._intake.reserved)
        held.add_metric(["waiting_works"], self._intake.waiting)
        held.add_metric(["reads"], self._store.bytes_read)
        yield held
        yield _gauge(
            "watch_lag_seconds",
            "How long ago the oldest change was made that some watch is just being told; 0 where none is.",
            self._store.watches.lag,
        )
        yield _gauge(
            "change_stream_lag_seconds",
            "How long ago the last thing was done that MongoDB's change stream has told of; 0 if nobody watches.",
            self._store.watches.feed_lag,
        )
        about = {
            "version": __version__,
            "python_version": platform.python_version(),
            "mongodb_version": self._store.mongodb_version,
            "checker": native.NAME,
        }
        info = GaugeMetricFamily("workflow_results_build_info", "What runs here: 1.", labels=list(about))
        info.add_metric(list(about.values()), 1)
        yield info


class Connections:
    """The connections to the ports of a server, as a collector of Prometheus's client. Only Linux tells them.

    Args:
        ports: The ports, by the names of their doors.
    """

    def __init__(self, ports: Mapping[str, int]) -> None:
        self._ports = ports

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return all metrics."""
        number = dict.fromkeys(self._ports.values(), 0)
        for table in filter(Path.exists, _TABLES):
            for line in table.read_text().splitlines()[1:]:
                _, local, _, state, *_ = line.split()
                port = int(local.rpartition(":")[2], 16)
                if state == _ESTABLISHED and port in number:
                    number[port] += 1
        connections = GaugeMetricFamily("workflow_results_connections", "Open connections of clients.", labels=["door"])
        for door, port in self._ports.items():
            connections.add_metric([door], number[port])
        yield connections


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"workflow_results_{name}", documentation, value=value)

"""What this process counts of RPCs, by gRPC's proposal A66: https://github.com/grpc/proposal/blob/master/A66-otel-stats.md.

A call only notes how it has ended. What Prometheus's client does with that is done for many calls together: in the
midst of a call it would take seven times as long, as nothing of it is in the processor's caches then.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from prometheus_client import Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from workflow_results_server.telemetry.metrics import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    Ended = tuple[str, str, float, int, int]

_SECONDS: Final = (
    *(0, 0.00001, 0.00005, 0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01),
    *(0.013, 0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8),
    *(1, 2, 5, 10, 20, 50, 100),
)
_SIZES: Final = (0, *(2.0**power for power in (10, 11, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32)))
"""The bounds of A66."""
_HISTOGRAMS: Final = (
    ("grpc_server_call_duration_seconds", "RPCs that have ended, by how long they took.", _SECONDS),
    (
        "grpc_server_call_rcvd_total_compressed_message_size_bytes",
        "RPCs that have ended, by the bytes of all their requests.",
        _SIZES,
    ),
    (
        "grpc_server_call_sent_total_compressed_message_size_bytes",
        "RPCs that have ended, by the bytes of all their responses.",
        _SIZES,
    ),
)
_TOGETHER: Final = 100
"""How many calls are counted together: for a third of a millisecond, in which no other one is answered."""


class CallCounts:
    """Counts the RPCs of one method.

    Attributes:
        method: Its full name.
        started: How many have begun.
        ended: How many of them have ended.

    Args:
        method: Its full name.
        calls: Where they belong.
    """

    def __init__(self, method: str, calls: Calls) -> None:
        self.method = method
        self.started = self.ended = 0
        self._calls = calls

    def start(self) -> None:
        """Count one that begins."""
        self.started += 1

    def end(self, status: str, seconds: float, received: int, sent: int) -> None:
        """Count one that ends.

        Args:
            status: The name of its status code.
            seconds: How long it took.
            received: The bytes of its requests.
            sent: The bytes of its responses.
        """
        self.ended += 1
        self._calls.add((self.method, status, seconds, received, sent))


class Calls:
    """Counts the RPCs of all methods, as a collector of Prometheus's client."""

    def __init__(self) -> None:
        self._methods: dict[str, CallCounts] = {}
        self._ended: deque[Ended] = deque()
        self._kinds = [
            Histogram(name, about, ("grpc_method", "grpc_status"), buckets=bounds, registry=None)
            for name, about, bounds in _HISTOGRAMS
        ]
        self._histograms: dict[tuple[str, str], list[Histogram]] = {}

    def of(self, path: str) -> CallCounts:
        """Return what counts the RPCs of a method.

        Args:
            path: Its path, like `/workflow_results.v1.ResultsService/View`.
        """
        counts = self._methods.get(path)
        if counts is None:
            counts = self._methods[path] = CallCounts(path.strip("/"), self)
        return counts

    def add(self, ended: Ended) -> None:
        """Note an RPC that has ended: its method, status code, seconds, and the bytes of its requests and responses."""
        self._ended.append(ended)
        if len(self._ended) >= _TOGETHER:
            self._observe()

    def collect(self) -> Iterator[Metric]:
        """Return all metrics."""
        self._observe()
        started = CounterMetricFamily("grpc_server_call_started", "RPCs that have begun.", labels=["grpc_method"])
        in_progress = GaugeMetricFamily(
            "workflow_results_calls_in_progress",
            "RPCs that have begun and not ended: readers, watches and depositors among them.",
            labels=["grpc_method"],
        )
        for counts in list(self._methods.values()):  # a thread collects
            ended = counts.ended  # before those that begin meanwhile
            in_progress.add_metric([counts.method], counts.started - ended)
            started.add_metric([counts.method], counts.started)
        yield started
        yield in_progress
        for kind in self._kinds:
            yield from kind.collect()

    def _observe(self) -> None:
        while self._ended:
            try:
                method, status, *amounts = self._ended.popleft()
            except IndexError:  # another thread does the same
                return
            histograms = self._histograms.get((method, status))
            if histograms is None:
                made = [kind.labels(method, status) for kind in self._kinds]
                histograms = self._histograms[method, status] = made
            for histogram, amount in zip(histograms, amounts, strict=True):
                histogram.observe(amount)


CALLS: Final = Calls()
REGISTRY.register(CALLS)

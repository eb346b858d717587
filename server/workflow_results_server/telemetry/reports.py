"""The metrics of several processes as one: sums of what each has reported last, and of what ended ones have counted."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from prometheus_client import CollectorRegistry

    Key = tuple[str, tuple[tuple[str, str], ...]]
    """A sample's name and labels."""

_COUNTING: Final = frozenset({"counter", "histogram"})
"""The types whose values stand for what has happened, which is so for ever."""
_CREATED: Final = "_created"
"""When each number began to count, which nobody asks for and doubles their number."""
_COMBINED: Final[dict[str, Callable[[float, float], float]]] = {
    "process_max_fds": max,
    "process_open_fds": max,
    "process_start_time_seconds": min,
    "workflow_results_build_info": max,
    "workflow_results_change_stream_lag_seconds": max,
    "workflow_results_mongodb_up": min,
    "workflow_results_watch_lag_seconds": max,
}
"""How values of several processes make one, where it is not their sum."""


class _Sums:
    """Metrics, to which others can be added."""

    def __init__(self) -> None:
        self._metrics: dict[str, tuple[str, str, dict[Key, float]]] = {}

    def add(self, metrics: list[Any], *, ended: bool = False) -> None:
        """Add what a process has reported.

        Args:
            metrics: Its report.
            ended: Whether it is no more, so that only counts are left of it.
        """
        for name, documentation, type_, samples in metrics:
            if ended and type_ not in _COUNTING:
                continue
            _, _, sums = self._metrics.setdefault(name, (documentation, type_, {}))
            combine = _COMBINED.get(name)
            for sample, labels, value in samples:
                key = sample, tuple(labels.items())
                if key not in sums:
                    sums[key] = value
                else:
                    sums[key] = combine(sums[key], value) if combine else sums[key] + value

    def report(self) -> list[Any]:
        """Return the sums as a process would report them."""
        return [
            [name, documentation, type_, [[sample, dict(labels), value] for (sample, labels), value in sums.items()]]
            for name, (documentation, type_, sums) in self._metrics.items()
        ]


def report(registry: CollectorRegistry) -> bytes:
    """Write the metrics of this process on a line."""
    return json.dumps(_read(registry), separators=(",", ":")).encode() + b"\n"


def _read(registry: CollectorRegistry) -> list[Any]:
    return [
        [
            metric.name,
            metric.documentation,
            metric.type,
            [[each.name, each.labels, each.value] for each in metric.samples if not each.name.endswith(_CREATED)],
        ]
        for metric in registry.collect()
    ]


class Totals:
    """The metrics of this process and of others, as a collector of Prometheus's client.

    Args:
        registry: The metrics of this process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._reports: dict[Hashable, list[Any]] = {}
        self._ended: list[Any] = []
        self._changing = threading.Lock()
        """A thread collects, for which an ended process must stand in one of the two: not in both, and not in none."""

    def take(self, process: Hashable, line: bytes) -> None:
        """Take the report of a process; it takes the place of its last one.

        Args:
            process: The process.
            line: What `report` wrote there. Half a line, as of a process that was killed, is passed over.
        """
        if line.endswith(b"\n"):
            self._reports[process] = json.loads(line)

    def end(self, process: Hashable) -> None:
        """Keep what a process has counted, that is no more."""
        sums = _Sums()
        sums.add(self._ended)
        sums.add(self._reports.get(process, []), ended=True)
        ended = sums.report()
        with self._changing:
            self._ended = ended
            self._reports.pop(process, None)

    def collect(self) -> Iterator[Metric]:
        """Return all metrics."""
        with self._changing:
            others = [self._ended, *self._reports.values()]
        sums = _Sums()
        for each in (_read(self._registry), *others):
            sums.add(each)
        for name, documentation, type_, samples in sums.report():
            metric = Metric(name, documentation, type_)
            for sample, labels, value in samples:
                metric.add_sample(sample, labels, value)
            yield metric

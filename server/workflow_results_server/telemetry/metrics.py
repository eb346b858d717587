"""What this process counts, in Prometheus's terms. docs/operate/metrics.md says what each number means.

No label has values that callers can make up. `calls.py` counts RPCs. The names and bounds of HTTP are OpenTelemetry's.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Collection

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""Those of https://opentelemetry.io/docs/specs/semconv/http/http-metrics/."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"})
OTHER_METHOD: Final = "_OTHER"
_CHILDREN: Final = 10_000
"""More than there are methods and statuses."""

_REQUEST_DURATION: Final = Histogram(
    "http_server_request_duration_seconds",
    "HTTP requests that have ended, by how long they took.",
    ("http_request_method", "http_route", "http_response_status_code", "url_scheme"),
    buckets=_REQUEST_SECONDS,
    registry=REGISTRY,
)
_WORKS: Final = Counter(
    "workflow_results_works",
    "Works of deposits, by what became of them; by pipeline for those of --metrics-pipeline.",
    ["pipeline", "outcome"],
    registry=REGISTRY,
)
WORKS_PER_INSERT: Final = Histogram(
    "workflow_results_works_per_insert",
    "Inserts into MongoDB, by the works that share one.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000),
    registry=REGISTRY,
)
TRANSACTION_RETRIES: Final = Counter(
    "workflow_results_transaction_retries",
    "Transactions that were tried again, as others had changed the same results.",
    registry=REGISTRY,
)
CHANGE_STREAM_RESTARTS: Final = Counter(
    "workflow_results_change_stream_restarts",
    "How often MongoDB's change stream, which all watches share, was lost and opened again.",
    registry=REGISTRY,
)
QUARANTINED_WORKS: Final = Counter(
    "workflow_results_quarantined_works", "Rejected works that were put aside (--http-quarantine).", registry=REGISTRY
)

WORKERS: Final = Gauge("workflow_results_workers", "Worker processes that accept calls (--workers).", registry=REGISTRY)
WORKER_RESTARTS: Final = Counter(
    "workflow_results_worker_restarts", "Worker processes that died and were started again.", registry=REGISTRY
)


@lru_cache(_CHILDREN)
def _requests_of(method: str, route: str, status: int, scheme: str) -> Histogram:
    return _REQUEST_DURATION.labels(method, route, status, scheme)


def count_request(method: str, route: str, status: int, scheme: str, seconds: float) -> None:
    """Count an HTTP request that ends.

    Args:
        method: Its method, whatever the caller wrote.
        route: What it asked for, if that is known; else empty.
        status: The status of the answer.
        scheme: `http` or `https`.
        seconds: How long it took.
    """
    _requests_of(method if method in METHODS else OTHER_METHOD, route, status, scheme).observe(seconds)


class WorkCounts:
    """Counts works by what became of them.

    Args:
        pipelines: The pipelines that are counted apart, as an operator has named them.
        outcomes: What may become of works. Prometheus must have seen a count at 0 to notice the first ones.
    """

    def __init__(self, pipelines: Collection[str], outcomes: Collection[str]) -> None:
        self._pipelines = frozenset(pipelines)
        for each in product(("", *self._pipelines), outcomes):
            _WORKS.labels(*each)

    def add(self, pipeline: str | None, outcome: str, number: int = 1) -> None:
        """Count works.

        Args:
            pipeline: Their pipeline, if it is known.
            outcome: What became of them.
            number: How many they are.
        """
        _WORKS.labels(pipeline if pipeline in self._pipelines else "", outcome).inc(number)

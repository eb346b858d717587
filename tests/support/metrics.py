"""Metrics, as Prometheus reads them."""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from tests.support.launcher import Service
from tests.support.waiting import PATIENCE

RPC = "workflow_results.v1.ResultsService/"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
"""Values by name and labels."""


class Metrics:
    """What a server said of itself at a time.

    Args:
        text: That, in Prometheus's format.

    Attributes:
        samples: The values by name and labels.
        types: The types by the name of the metric.
    """

    def __init__(self, text: str) -> None:
        self.samples: Samples = {}
        self.types: dict[str, str] = {}
        for family in text_string_to_metric_families(text):
            self.types[family.name] = family.type
            for sample in family.samples:
                key = sample.name, tuple(sorted(sample.labels.items()))
                assert key not in self.samples, f"{key} stands there twice"
                self.samples[key] = sample.value

    def __call__(self, name: str, **labels: str) -> float:
        """Return a value; 0 where there is none."""
        return self.samples.get((name, tuple(sorted(labels.items()))), 0.0)

    def counts(self) -> Samples:
        """Return the values that may never go back."""
        names = [name for name, kind in self.types.items() if kind in ("counter", "histogram")]
        endings = ("_total", "_bucket", "_count", "_sum")
        counting = {name + ending for name in names for ending in endings}
        return {key: value for key, value in self.samples.items() if key[0] in counting}


def metrics_of(
    service: Service, headers: Mapping[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> Metrics:
    """Ask a server for its metrics.

    Raises:
        HTTPError: It refuses.
    """
    request = urllib.request.Request(service.metrics, headers=dict(headers or {}))
    with urllib.request.urlopen(request, timeout=PATIENCE, context=tls) as response:
        assert response.headers["content-type"].startswith("text/plain; version=")
        return Metrics(response.read().decode())

"""A collector of OpenTelemetry's protocol, which keeps the spans that it is sent."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.support.launcher import Service
from tests.support.waiting import PATIENCE, eventually


@dataclass(frozen=True)
class Span:
    """A span as it was sent.

    Attributes:
        trace: The id of its trace.
        id: Its id.
        parent: The id of its parent; empty if it has none.
        name: Its name.
        kind: What it is: SERVER, CLIENT, INTERNAL.
        failed: Whether it is marked as failed.
        attributes: What it says.
        links: The ids of the spans that it has links to.
        resource: What is said of its process.
    """

    trace: str
    id: str
    parent: str
    name: str
    kind: str
    failed: bool
    attributes: Mapping[str, Any]
    links: frozenset[str]
    resource: Mapping[str, Any]

    @property
    def instance(self) -> str:
        """The process that has made it."""
        return str(self.resource["service.instance.id"])


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps spans.

    Attributes:
        endpoint: Where it listens, once it does.
        hangs: Whether it leaves its callers without an answer.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.hangs = False
        self.called = threading.Event()
        self._ended = threading.Event()
        self._spans: list[Span] = []

    def Export(self, request: pb.ExportTraceServiceRequest, _: Any) -> pb.ExportTraceServiceResponse:  # noqa: N802
        self.called.set()
        if self.hangs:
            self._ended.wait(PATIENCE)
        for group in request.resource_spans:
            resource = _attributes(group.resource.attributes)
            self._spans += (_span(each, resource) for scope in group.scope_spans for each in scope.spans)
        return pb.ExportTraceServiceResponse()

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a process sends its spans here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}

    def spans(self, **expected: Any) -> list[Span]:
        """Return the spans with some properties."""
        return [each for each in [*self._spans] if all(getattr(each, key) == value for key, value in expected.items())]

    def wait_for(self, number: int = 1, **expected: Any) -> list[Span]:
        """Wait for so many spans with some properties, and return all of them."""
        eventually(lambda: len(self.spans(**expected)) >= number)
        return self.spans(**expected)

    def names(self, trace: str) -> dict[str, list[str]]:
        """Return the names of the children of each span of a trace, by its name."""
        spans = {each.id: each for each in self.spans(trace=trace)}
        found: dict[str, list[str]] = defaultdict(list)
        for each in spans.values():
            found[spans[each.parent].name if each.parent in spans else ""].append(each.name)
        return {parent: sorted(names) for parent, names in found.items()}

    def stop(self) -> None:
        """Let go whoever waits for an answer."""
        self._ended.set()


@contextmanager
def collecting() -> Iterator[Collector]:
    """Start a collector, for the time of a block."""
    collector = Collector()
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool)
        register: Any = trace_service_pb2_grpc.add_TraceServiceServicer_to_server
        register(collector, server)
        collector.endpoint = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        try:
            yield collector
        finally:
            collector.stop()
            server.stop(None).wait(PATIENCE)


def logged(server: Service, **expected: str) -> dict[str, str]:
    """Return a line of the log of a server with `--log-format json`."""
    lines = map(json.loads, server.log.read_text().splitlines())
    return next(each for each in lines if expected.items() <= each.items())


def _span(span: trace_pb2.Span, resource: Mapping[str, Any]) -> Span:
    return Span(
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
        links=frozenset(link.span_id.hex() for link in span.links),
        resource=resource,
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}

"""OpenTelemetry's SDK, which samples spans and sends them to a collector: as its environment variables say."""

from __future__ import annotations

import logging
import threading
import uuid
from typing import TYPE_CHECKING, Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from workflow_results.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace.export import SpanExporter

_logger = logging.getLogger(__name__)

_NAME: Final = "service.name"
_INSTANCE: Final = "service.instance.id"
_UNNAMED: Final = "unknown_service"
_providers: Final[list[TracerProvider]] = []


def start(make_exporter: Callable[[], SpanExporter]) -> TracerProvider:
    """Set up the SDK of this process.

    Args:
        make_exporter: Makes what sends spans.

    Returns:
        What makes tracers. It is no global one: what other packages in this process might trace is not wanted.

    Raises:
        Exception: A variable has a value that can't be used.
    """
    resource = Resource.create()
    given = resource.attributes
    ours = {"service.version": __version__}
    if str(given.get(_NAME, _UNNAMED)).startswith(_UNNAMED):
        ours[_NAME] = "workflow-results"
    if _INSTANCE not in given:
        ours[_INSTANCE] = str(uuid.uuid4())
    exporter = make_exporter()
    provider = TracerProvider(resource=resource.merge(Resource(ours)), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _providers.append(provider)
    return provider


def stop(seconds: float) -> None:
    """Send what is left.

    Args:
        seconds: How long, at most: a collector that hangs must not keep the server.
    """
    while _providers:
        sending = threading.Thread(target=_providers.pop().shutdown, name="last-spans", daemon=True)
        sending.start()
        sending.join(seconds)
        if sending.is_alive():
            _logger.warning("the last spans could not be sent in %g s", seconds)

"""Traces, where the environment asks for them; elsewhere OpenTelemetry is not even loaded.

docs/operate/tracing.md says which spans there are.
"""

from __future__ import annotations

import logging
import os
from contextlib import nullcontext
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from opentelemetry.trace import Span

    from workflow_results_server.telemetry.spans import Spans

_logger = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 3.0
"""How long a server that has finished its calls tries to send the last spans."""
_DISABLED: Final = "OTEL_SDK_DISABLED"
_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
"""Variables of https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/."""
_SDK: Final = "opentelemetry.sdk.trace"
_EXPORTERS: Final = {
    "grpc": "opentelemetry.exporter.otlp.proto.grpc.trace_exporter",
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http.trace_exporter",
}
"""Modules by the names of protocols. The extra brings the first."""


class _Wish(NamedTuple):
    """What the environment asks for.

    Attributes:
        exporter: The module of the exporter.
        problem: Why it can't be had; empty if it can.
    """

    exporter: str
    problem: str = ""


class _State:
    """What this process has of traces: spans, if it makes any."""

    spans: Spans | None = None


_state: Final = _State()


def check() -> bool:
    """Return whether the environment asks for traces, and they can be had; the log says why not."""
    wish = _wish()
    if wish is not None and wish.problem:
        _logger.warning("no traces are sent: %s", wish.problem)
    return wish is not None and not wish.problem


def start() -> None:
    """Begin to trace, if the environment asks for it; to be called before anything serves."""
    wish = _wish()
    if wish is None or wish.problem:
        return
    try:
        from workflow_results_server.telemetry import exporting
        from workflow_results_server.telemetry.spans import Spans

        provider = exporting.start(import_module(wish.exporter).OTLPSpanExporter)
    except Exception as error:  # noqa: BLE001 - of a variable with a wrong value; a server serves without traces, too
        _logger.warning("no traces are sent: OpenTelemetry can't be set up: %s", error)
    else:
        _state.spans = Spans(provider)


def stop() -> None:
    """Send the spans that are left, for `FLUSH_SECONDS` at most."""
    if _state.spans is None:
        return
    from workflow_results_server.telemetry import exporting

    _state.spans = None
    exporting.stop(FLUSH_SECONDS)


def _wish() -> _Wish | None:
    if _value(_DISABLED).lower() == "true":
        return None
    names = {name.strip() for name in _value(_EXPORTER).split(",")} - {""}
    if not names:
        asking = next(filter(_value, _ENDPOINTS), "")
        if not asking:
            return None
    elif names == {"none"}:
        return None
    else:
        asking = f"{_EXPORTER}={_value(_EXPORTER)}"
        if names != {"otlp"}:
            return _Wish("", f"{asking} asks for another exporter than otlp")
    variable = next(filter(_value, _PROTOCOLS), "")
    protocol = _value(variable) or "grpc"
    exporter = _EXPORTERS.get(protocol)
    if exporter is None:
        return _Wish("", f"{variable}={protocol} is none of {', '.join(_EXPORTERS)}")
    if all(map(_is_installed, (_SDK, exporter))):
        return _Wish(exporter)
    package = "opentelemetry-exporter-otlp-proto-http" if protocol != "grpc" else ""
    needed = " ".join(filter(None, ("'workflow-results[otel]'", package)))
    return _Wish("", f"{asking} asks for them, which needs pip install {needed}")


def _value(name: str) -> str:
    return os.environ.get(name, "").strip()


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:  # nor is what it is a part of
        return False


def spans() -> Spans | None:
    """Return what makes spans; None where nobody wants any."""
    return _state.spans


def current_call() -> Span | None:
    """Return the span of the call that is being answered; None unless it is recorded."""
    return None if _state.spans is None else _state.spans.recorded()


def sharing(name: str, callers: Sequence[Span | None]) -> AbstractContextManager[object]:
    """Trace what is done within for several calls as a part of the first one, and link it with the others.

    Args:
        name: What it is.
        callers: The `current_call` of each.
    """
    if _state.spans is None:
        return nullcontext()
    recorded = list(dict.fromkeys(filter(None, callers)))
    return _state.spans.sharing(name, recorded) if recorded else nullcontext()


def ids() -> dict[str, str]:
    """Return the ids of the current trace and span, for the log; empty if there are none."""
    return {} if _state.spans is None else _state.spans.ids()

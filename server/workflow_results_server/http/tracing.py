"""A span for each request, by https://opentelemetry.io/docs/specs/semconv/http/http-spans/."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from workflow_results_server.telemetry.metrics import METHODS, OTHER_METHOD
from workflow_results_server.telemetry.spans import fail

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from workflow_results_server.http.asgi import Receive, Scope, Send
    from workflow_results_server.http.chain import Chain
    from workflow_results_server.telemetry.spans import Spans

_PATH_LENGTH: Final = 100
_HOST: Final = re.compile(r"\A(.{1,255}?)(?::(\d{1,5}))?\Z")
_LEAST_FAILURE: Final = 500


class TracedChain:
    """The application, with a span around each of its answers.

    Args:
        spans: Makes spans.
        chain: The application.
    """

    def __init__(self, spans: Spans, chain: Chain) -> None:
        self._spans = spans
        self._chain = chain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        attributes = self._attributes(scope, dict(headers).get("host", ""))
        method = str(attributes["http.request.method"])
        name = f"{'HTTP' if method == OTHER_METHOD else method} {attributes.get('http.route', '')}".rstrip()
        with self._spans.serving(name, attributes, headers) as span:

            async def send_and_look(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start" and span.is_recording():
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= _LEAST_FAILURE:
                        fail(span, str(status))
                await send(message)

            await self._chain(scope, receive, send_and_look)

    def _attributes(self, scope: Scope, host: str) -> dict[str, str | int]:
        method, path = scope["method"], scope["path"]
        attributes: dict[str, str | int] = {
            "http.request.method": method if method in METHODS else OTHER_METHOD,
            "url.scheme": scope["scheme"],
            "url.path": path[:_PATH_LENGTH],
        }
        if route := self._chain.route(path):
            attributes["http.route"] = route
        if address := _HOST.match(host):
            attributes["server.address"] = address[1].strip("[]")
            if address[2]:
                attributes["server.port"] = int(address[2])
        return attributes

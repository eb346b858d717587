"""A span for each command of MongoDB, by https://opentelemetry.io/docs/specs/semconv/db/mongodb/.

Only for those that are a part of a call. There is nothing of documents, queries and messages of errors in them. A span
is named after its command alone: callers give the collections their names, which stand in an attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from workflow_results_server.telemetry.spans import fail

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from workflow_results_server.telemetry.spans import Spans

_GET_MORE: Final = "getMore"


class CommandSpans(CommandListener):
    """Makes the spans. PyMongo calls it in the task that sends the command, so that the current span is the call's.

    Args:
        spans: Makes spans.
    """

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._under_way: dict[int, Span] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Begin a span."""
        if self._spans.recorded() is None or not event.command:  # those of a login are not shown
            return
        name = event.command_name
        host, port = event.connection_id
        attributes: dict[str, str | int] = {
            "db.system.name": "mongodb",
            "db.namespace": event.database_name,
            "db.operation.name": name,
            "server.address": host,
        }
        if port is not None:  # there is none for a Unix socket
            attributes["server.port"] = port
        collection = event.command.get("collection" if name == _GET_MORE else name)
        if isinstance(collection, str):
            attributes["db.collection.name"] = collection
        self._under_way[event.request_id] = self._spans.begin_command(name, attributes)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """End a span."""
        if (span := self._under_way.pop(event.request_id, None)) is not None:
            span.end()

    def failed(self, event: CommandFailedEvent) -> None:
        """End a span."""
        if (span := self._under_way.pop(event.request_id, None)) is None:
            return
        code = event.failure.get("code")
        if code is not None:
            span.set_attribute("db.response.status_code", str(code))
        fail(span, str(event.failure.get("codeName") or code or event.failure.get("errtype", "_OTHER")))
        span.end()

"""Structured logs on standard error: one line an event, with its fields, as text or as JSON.

What callers say may stand in any of it, so that all is escaped: nobody writes lines or fields of his own into the log,
nor anything that a terminal obeys.
"""

from __future__ import annotations

import json
import logging
import time
from contextvars import ContextVar
from typing import Final

from workflow_results.common.rules import visible
from workflow_results_server.telemetry import tracing

call_id: ContextVar[str] = ContextVar("call_id", default="")
"""The id of the call that is being answered, which stands in each of its log lines: the caller's `x-request-id`, or one
of our own."""

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

_CONTINUED: Final = "\n    | "
"""What each further line of a traceback begins with: no event does."""
_SELDOM_SECONDS: Final = 300.0
_MOST_SAID: Final = 100
_MARKS: Final = frozenset(" \"'\\=")
"""With these, the value of a field could look like another field."""


def configure(level: str, format_: str) -> None:
    """Send the logs of this process to standard error.

    Args:
        level: The name of the lowest level that is logged.
        format_: "text" for people, "json" for one JSON object a line.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if format_ == "json" else _Text())
    handler.addFilter(_Seldom("opentelemetry"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("pymongo").setLevel(logging.WARNING)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_about_us)


def _is_about_us(record: logging.LogRecord) -> bool:
    """Leave out that gRPC could not send the end of a call to a client that had left."""
    return "ExecuteBatchError" not in record.getMessage()


class _Seldom(logging.Filter):
    """Leaves out what some loggers say again and again, as that of a collector that is gone.

    Args:
        name: The name that those of the loggers begin with.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._said: dict[str, float] = {}
        """When each message was let through last, by its template."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not super().filter(record):
            return True
        last, now = self._said.get(str(record.msg)), time.monotonic()
        if last is not None and now - last < _SELDOM_SECONDS:
            return False
        if len(self._said) > _MOST_SAID:
            self._said.clear()
        self._said[str(record.msg)] = now
        return True


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    if id_ := call_id.get():
        fields["call_id"] = id_
    return {**fields, **tracing.ids()}


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={_value(str(value))}" for name, value in _fields(record).items())
        message = visible(record.getMessage())
        event = f"{self.formatTime(record)} {record.levelname:<7} {record.name}: {message} {fields}".rstrip()
        more = self.formatException(record.exc_info) if record.exc_info else ""
        return _CONTINUED.join([event, *(visible(line) for line in more.split("\n") if line)])


def _value(text: str) -> str:
    return text if text.isprintable() and not _MARKS.intersection(text) else repr(text)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: _encodable(value) for name, value in event.items()})


def _encodable(value: object) -> object:
    """Make strings valid Unicode, which some readers of JSON require, and make strings of types that JSON lacks."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value).encode(errors="backslashreplace").decode()

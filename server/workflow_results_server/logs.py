"""Structured logs on standard error: one line an event, with its fields, as text or as JSON."""

from __future__ import annotations

import json
import logging
from typing import Final

from workflow_results_server.interceptor import request_id

_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(level: str, format_: str) -> None:
    """Send the logs of this process to standard error.

    Args:
        level: The name of the lowest level that is logged.
        format_: "text" for people, "json" for one JSON object a line.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if format_ == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("pymongo").setLevel(logging.WARNING)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_about_us)


def _is_about_us(record: logging.LogRecord) -> bool:
    """Leave out that gRPC could not send the end of a call to a client that had left."""
    return "ExecuteBatchError" not in record.getMessage()


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    if id_ := request_id.get():
        fields["request_id"] = id_
    return fields


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        return f"{super().formatMessage(record)} {fields}".rstrip()


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
        return json.dumps(event, default=str)

"""Logs: one line an event, in which no field can pass for another."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given

from tests.support.odd_texts import ESCAPED, FORGED, TEXT
from workflow_results_server.telemetry import logs


def formatted(kind: type[logging.Formatter], message: str, text: str) -> str:
    record = logging.makeLogRecord({"name": "x", "levelname": "ERROR", "msg": message, "caller": text, "empty": ""})
    try:
        raise ValueError(text)
    except ValueError:
        record.exc_info = sys.exc_info()
    return kind().format(record)


@given(TEXT)
def test_a_log_in_text_has_one_line_an_event(text: str) -> None:
    event, *traceback = formatted(logs._Text, text, text).split("\n")
    assert event.isprintable()
    assert event.endswith(" empty=")
    assert traceback[0] == "    | Traceback (most recent call last):"
    for line in traceback:
        assert line.isprintable()
        assert line.startswith("    | ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("frb-worker", "caller=frb-worker"),
        ("x code=OK peer=1.2.3.4", "caller='x code=OK peer=1.2.3.4'"),
        ("a=b", "caller='a=b'"),
        ("it's", 'caller="it\'s"'),
        (FORGED, f"caller={ESCAPED}"),
        ("\udc80", r"caller='\udc80'"),
        ("Jürgen", "caller=Jürgen"),
    ],
)
def test_a_field_in_a_log_cannot_pass_for_another(value: str, shown: str) -> None:
    assert f" m {shown} empty=\n" in formatted(logs._Text, "m", value)


@given(TEXT)
def test_a_log_in_json_has_one_line_an_event_that_every_reader_takes(text: str) -> None:
    line = formatted(logs._Json, text, text)
    assert line.isascii()
    assert line.isprintable()
    event = json.loads(line)
    for name in ("event", "caller"):
        assert event[name] == text.encode(errors="backslashreplace").decode(), "some readers refuse lone surrogates"
    assert "ValueError" in event["exception"]

"""What a change stream says, as events: who changed which results, in transactions and outside of them."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import count
from typing import Any

import pytest

from workflow_results_server.store.watching.events import Event, HistoryLost, Interpreter, Kind

NOW = datetime(2026, 11, 27, 12, 0, 0, 250_000, tzinfo=timezone.utc)
MILLISECONDS = 1_795_780_800_250
START = bytes.fromhex("82") + bytes(10)


class Stream:
    """Says what MongoDB would, each with the next token."""

    def __init__(self) -> None:
        self.interpreter = Interpreter(START)
        self._numbers = count(1)
        self.token = START

    def says(self, operation: str, pipeline: str, id_: Any = None, **fields: Any) -> list[tuple[str, str, list[str]]]:
        self.token = START[:-1] + bytes([next(self._numbers)])
        change = {"_id": {"_data": self.token.hex().upper()}, "operation": operation, "pipeline": pipeline}
        return told(self.interpreter.read({**change, "time": MILLISECONDS, "id": id_, **fields}))

    def entry(self, method: str, pipeline: str, *ids: str, **fields: Any) -> list[tuple[str, str, list[str]]]:
        entry = {"method": method, "pipeline": pipeline, "ids": list(ids), "time": NOW, "caller": "c", "reason": "r"}
        return self.says("insert", "_history", "x", entry={**entry, "fields": ["f"]}, **fields)


def told(events: list[Event]) -> list[tuple[str, str, list[str]]]:
    return [(event.kind.name, event.pipeline, list(event.ids)) for event in events]


def of(number: int) -> dict[str, Any]:
    """Return what changes of a transaction have in common."""
    return {"lsid": {"id": b"session"}, "txnNumber": number}


def test_writes_outside_of_transactions_are_told_at_once() -> None:
    stream = Stream()
    assert stream.says("insert", "p", "a") == [("DEPOSITED", "p", ["a"])]
    assert stream.says("update", "p", "a") == [("CHANGED", "p", ["a"])]
    assert stream.says("replace", "p", "a") == [("CHANGED", "p", ["a"])]
    assert stream.says("delete", "p", "a") == [("DELETED", "p", ["a"])]
    assert stream.says("drop", "p") == [("DROPPED", "p", [])]
    assert stream.interpreter.token == stream.token


def test_an_event_says_when_and_where() -> None:
    interpreter = Interpreter(START)
    data = bytes.fromhex("826500000000112233")
    change = {"_id": {"_data": data.hex().upper()}, "operation": "insert", "pipeline": "p", "id": "a"}
    assert interpreter.read({**change, "time": MILLISECONDS}) == [
        Event(Kind.DEPOSITED, "p", ("a",), MILLISECONDS, data)
    ]
    [event] = interpreter.read({**change, "time": None})  # from a MongoDB that does not tell it
    assert event.time == 0x65000000 * 1_000


def test_the_entry_of_a_change_stands_for_its_writes() -> None:
    stream = Stream()
    for id_ in "abc":
        assert stream.says("update", "p", id_, **of(1)) == []
        assert stream.interpreter.token == START, "whoever goes on between them would miss what is held"
    stream_token = stream.token
    assert stream_token != START
    assert stream.entry("update", "p", "a", "b", **of(1)) == [("UPDATED", "p", ["a", "b"])]
    assert stream.interpreter.token == stream.token
    assert stream.entry("update", "p", "c", **of(1)) == [("UPDATED", "p", ["c"])]
    assert stream.says("insert", "p", "d") == [("DEPOSITED", "p", ["d"])]


@pytest.mark.parametrize(
    ("method", "kind"),
    [("update", "UPDATED"), ("delete_ids", "DELETED"), ("lock", "LOCKED"), ("unlock", "UNLOCKED")],
)
def test_an_entry_says_who_why_and_when(method: str, kind: str) -> None:
    interpreter = Interpreter(START)
    entry = {
        "method": method,
        "pipeline": "p",
        "ids": ["a"],
        "time": NOW,
        "caller": "c",
        "reason": "r",
        "fields": ["f"],
    }
    change = {"_id": {"_data": "8201"}, "operation": "insert", "pipeline": "_history", "id": "x", "entry": entry}
    assert interpreter.read({**change, **of(1)}) == [
        Event(Kind[kind], "p", ["a"], MILLISECONDS, bytes.fromhex("8201"), "c", "r", ["f"])
    ]


def test_a_transaction_without_an_entry_is_an_administrators() -> None:
    stream = Stream()
    for id_ in "ab":
        stream.says("update", "p", id_, **of(1))
    assert stream.says("delete", "p", "c", **of(2)) == [("CHANGED", "p", ["a"]), ("CHANGED", "p", ["b"])]
    held = stream.token
    assert stream.says("insert", "p", "d") == [("DELETED", "p", ["c"]), ("DEPOSITED", "p", ["d"])]
    stream.says("update", "p", "e", **of(3))
    events = stream.interpreter.idle(b"\x83")
    assert told(events) == [("CHANGED", "p", ["e"])]
    assert held < stream.interpreter.token == b"\x83"
    assert stream.interpreter.idle(b"\x84") == []


def test_the_events_of_an_administrators_transaction_stand_at_one_place() -> None:
    stream = Stream()
    tokens = []
    for id_ in "ab":
        stream.says("update", "p", id_, **of(1))
        tokens.append(stream.token)
    events = stream.interpreter.idle(b"\x83")
    assert [event.token for event in events] == [tokens[-1]] * 2


def test_an_idle_stream_never_goes_back() -> None:
    stream = Stream()
    stream.says("insert", "p", "a")
    stream.interpreter.idle(START)
    assert stream.interpreter.token == stream.token


@pytest.mark.parametrize(
    ("operation", "pipeline", "id_"),
    [
        ("insert", "_other", "a"),
        ("insert", "no pipeline", "a"),
        ("drop", "_history", None),
        ("insert", "p", 7),
        ("create", "p", None),
    ],
)
def test_what_is_no_result_is_not_told(operation: str, pipeline: str, id_: Any) -> None:
    stream = Stream()
    assert stream.says(operation, pipeline, id_) == []
    assert stream.interpreter.token == stream.token


def test_entries_of_pipelines_and_of_others_are_not_told() -> None:
    stream = Stream()
    assert stream.entry("drop_pipeline", "p", "") == []
    assert stream.says("insert", "_history", "x", entry={"something": "else"}) == []


@pytest.mark.parametrize("operation", ["rename", "dropDatabase"])
def test_what_whole_collections_go_through_is_not_known(operation: str) -> None:
    stream = Stream()
    with pytest.raises(HistoryLost):
        stream.says(operation, "p")

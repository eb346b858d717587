"""The options that select results, as the queries that they amount to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click
import pytest
from click.testing import CliRunner

from workflow_results.cli import filters


def query_of(*arguments: str) -> Any:
    """Return the query of some options, or the error about them."""
    found: list[Any] = []

    @click.command()
    @filters.filtered
    def command(query: Any) -> None:
        found.append(query)

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code in (0, 2), result.output
    return found[0] if found else result.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        ((), None),
        (("--query", "{}"), {}),
        (("--query", '{"a": {"$gt": {"$numberLong": "5"}}}'), {"a": {"$gt": 5}}),
        (("--where", "results.snr>20"), {"results.snr": {"$gt": 20}}),
        (("--where", " results.snr <= -1.5e3 "), {"results.snr": {"$lte": -1500.0}}),
        (("--where", "results.fit error > 0.5"), {"results.fit error": {"$gt": 0.5}}),
        (("--where", "version=1.2.3"), {"version": {"$eq": "1.2.3"}}),
        (("--where", "user=ana"), {"user": {"$eq": "ana"}}),
        (("--where", 'user="12"'), {"user": {"$eq": "12"}}),
        (("--where", "user = a b=c"), {"user": {"$eq": "a b=c"}}),
        (("--where", "results.ok!=true"), {"results.ok": {"$ne": True}}),
        (("--where", "results.fit=null"), {"results.fit": {"$eq": None}}),
        (("--where", "user="), {"user": {"$eq": ""}}),
        (("--status", "failure"), {"status": "failure"}),
        (("--tag", "a", "--tag", "b"), {"$and": [{"tags": "a"}, {"tags": "b"}]}),
        (("--event", "7", "--query", "{}"), {"event": 7}),
        (
            ("--query", '{"a": 1}', "--where", "b>2", "--status", "success", "--event", "3", "--tag", "t"),
            {"$and": [{"a": 1}, {"b": {"$gt": 2}}, {"status": "success"}, {"event": 3}, {"tags": "t"}]},
        ),
    ],
)
def test_a_query(arguments: tuple[str, ...], query: Any) -> None:
    assert query_of(*arguments) == query


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--where", "results.snr>.5"), '.5 is no JSON number: write 0.5, or ".5" for a string'),
        (("--where", "results.snr<=-5."), "-5. is no JSON number: write -5.0,"),
        (("--where", "results.snr!=+5"), "+5 is no JSON number: write 5.0,"),
        (("--where", "results.snr<1e400"), "is too large for a float"),
        (("--query", "[1]"), "it must be a JSON object like"),
        (("--query", '{"a":'), "it is not JSON: Expecting value at character 6"),
        (("--query", '{"a": 1} {}'), "something follows at character 9"),
        (("--query", '{"a": 1, "a": 2}'), "the name 'a' stands twice in an object"),
        (("--query", '{"a": NaN}'), 'NaN must be written as {"$numberDouble": "NaN"}'),
        (("--query", '{"a": {"$numberInt": "x"}}'), "is not Extended JSON"),
        (("--query", '{"a": {"$symbol": "x"}}'), "$symbol can't be kept"),
        (("--query", '{"a":' * 100_000), "it is nested too deeply"),
        (("--where", "results.snr=>20"), "=> is not one of = != > >= < <="),
        (("--where", "results.snr==20"), "== is not one of"),
        (("--where", "results.snr"), "is not like 'results.snr>20'"),
        (("--where", "=20"), "is not like"),
        (("--where", "a..b=20"), "a..b must be a field path"),
        (("--where", "a=NaN"), "must be written as"),
        (("--status", "ok"), "'ok' is not one of 'failure', 'success'"),
        (("--since", "yesterday"), "is neither a time like"),
        (("--since", "999999999w"), "is neither a time like"),
        (("--since", "0001-01-01"), "is neither a time like"),
    ],
)
def test_what_is_no_query(arguments: tuple[str, ...], said: str) -> None:
    assert said in query_of(*arguments)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("2026-11-27T14:00:00Z", dt.datetime(2026, 11, 27, 14, tzinfo=dt.timezone.utc)),
        ("2026-11-27T14:00:00+01:00", dt.datetime(2026, 11, 27, 13, tzinfo=dt.timezone.utc)),
        ("2026-11-27", dt.datetime(2026, 11, 27).astimezone()),
    ],
)
def test_since_a_time(text: str, since: dt.datetime) -> None:
    assert query_of("--since", text) == {
        "$or": [{"creation": {"$gte": since.timestamp()}}, {"creation": {"$gte": since}}]
    }


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("30m", 1800), ("12h", 43_200), ("7d", 604_800)])
def test_since_an_age(text: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    assert query_of("--since", text)["$or"][0] == {"creation": {"$gte": 1_800_000_000.0 - seconds}}

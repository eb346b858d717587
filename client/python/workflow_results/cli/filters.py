"""The options that select results, as a query of MongoDB."""

from __future__ import annotations

import datetime as dt
import functools
import re
import time
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results._encoding import extended_json
from workflow_results.common.rules import STATUSES, path_problem, shorten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Query = dict[str, Any]

_OPERATORS: Final = {"=": "$eq", "!=": "$ne", ">": "$gt", ">=": "$gte", "<": "$lt", "<=": "$lte"}
_CONDITION: Final = re.compile(r"\s*([^=!<>~\s](?:[^=!<>~]*[^=!<>~\s])?)\s*([=!<>~]+)\s*(.*?)\s*", re.DOTALL)
_NO_JSON_NUMBER: Final = re.compile(r"[+-]?\.[0-9]+|[+-]?[0-9]+\.|\+[0-9]+(\.[0-9]+)?")
"""What people write for a number, and JSON does not know; as a string it would match nothing."""
_AGO: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}


def _query(text: str) -> Query:
    try:
        query = extended_json.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error
    if not isinstance(query, dict):
        raise click.BadParameter(f'it must be a JSON object like \'{{"status": "success"}}\', not {shorten(text)}.')
    return query


def _where(text: str) -> Query:
    match = _CONDITION.fullmatch(text)
    if not match:
        raise click.BadParameter(f"{shorten(text)} is not like 'results.snr>20'.")
    field, operator, given = match.groups()
    if operator not in _OPERATORS:
        raise click.BadParameter(f"{operator} is not one of {' '.join(_OPERATORS)}, as in 'results.snr>20'.")
    if problem := path_problem(field):
        raise click.BadParameter(f"{field} {problem}.")
    try:
        return {field: {_OPERATORS[operator]: _value(given)}}
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


def _value(text: str) -> Any:
    """Return a JSON value, or the text itself where it is none."""
    try:
        return extended_json.parse(text)
    except extended_json.NotJSONError:
        if _NO_JSON_NUMBER.fullmatch(text):
            raise ValueError(f'{text} is no JSON number: write {float(text)}, or "{text}" for a string') from None
        return text


def _since(text: str) -> Query:
    try:
        since = _instant(text, time.time())
    except (ValueError, OverflowError) as error:
        forms = "neither a time like 2026-11-27 or 2026-11-27T14:00:00Z, nor an age like 30m, 12h or 7d"
        raise click.BadParameter(f"{shorten(text)} is {forms}.") from error
    return {"$or": [{"creation": {"$gte": since.timestamp()}}, {"creation": {"$gte": since}}]}


def _instant(text: str, now: float) -> dt.datetime:
    """Return the time that a text names: ISO 8601, local without a zone; or how long ago it is.

    Raises:
        ValueError, OverflowError: It names none.
    """
    if ago := _AGO.fullmatch(text):
        return dt.datetime.fromtimestamp(now - int(ago[1]) * _SECONDS[ago[2]], dt.timezone.utc)
    return dt.datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text)).astimezone(dt.timezone.utc)


_OPTIONS: Final = (
    click.option("--query", type=_query, metavar="JSON", help="A MongoDB filter, as JSON."),
    click.option(
        "--where",
        type=_where,
        multiple=True,
        metavar="'FIELD OP VALUE'",
        help="A condition such as 'results.snr>20'. OP is one of = != > >= < <=, VALUE a JSON value, else a string. A"
        " list matches if one of its elements does.",
    ),
    click.option("--status", type=click.Choice(sorted(STATUSES)), help="The status."),
    click.option("--event", "events", type=click.INT, multiple=True, help="A number that `event` contains."),
    click.option("--tag", "tags", multiple=True, help="A tag."),
    click.option(
        "--since",
        type=_since,
        metavar="TIME",
        help="The earliest `creation`: ISO 8601 (local time without a zone), or an age such as 30m, 12h or 7d.",
    ),
)
_NAMES: Final = ("query", "where", "status", "events", "tags", "since")


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that select results, and as `query` what they amount to: None if there are none.

    All conditions must hold, repeated ones as well.
    """

    @functools.wraps(command)
    def call(*results: Any, **given: Any) -> None:
        own = {name: given.pop(name) for name in _NAMES}
        command(*results, query=_joined(**own), **given)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def _joined(
    query: Query | None,
    where: tuple[Query, ...],
    status: str | None,
    events: tuple[int, ...],
    tags: tuple[str, ...],
    since: Query | None,
) -> Query | None:
    conditions = [
        *([query] if query else []),
        *where,
        *([{"status": status}] if status else []),
        *({"event": number} for number in events),
        *({"tags": tag} for tag in tags),
        *([since] if since else []),
    ]
    return all_of(conditions) if conditions or query is not None else None


def all_of(queries: Iterable[Query | None]) -> Query:
    """Return the query that a result matches if it matches all of some."""
    conditions = [query for query in queries if query]
    return {"$and": conditions} if len(conditions) > 1 else conditions[0] if conditions else {}

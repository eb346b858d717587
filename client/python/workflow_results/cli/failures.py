"""How commands end that fail: with one line, and an exit status that scripts can rely on."""

from __future__ import annotations

import re
from typing import Final

import click

from workflow_results.common.reasons import Reason
from workflow_results.common.rules import quoted
from workflow_results.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    PermissionDeniedError,
    ResultsError,
    ServiceUnavailableError,
    UnauthenticatedError,
)

REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
NOT_ALLOWED: Final = 4
INTERRUPTED: Final = 130
_MOST_NAMED: Final = 20
_STATUSES: Final = {
    ServiceUnavailableError: UNREACHABLE,
    DeadlineExceededError: UNREACHABLE,
    UnauthenticatedError: NOT_ALLOWED,
    PermissionDeniedError: NOT_ALLOWED,
}
_AS_OPTIONS: Final = (
    (r" \(token= or", " (--token-file or"),
    (r'token="" sends no token, ', ""),
    (r"\(argument, ", "(--target, "),
    (r"\btls=True\b", "--tls"),
    (r"\btls=False\b", "--plaintext"),
    (r"(?<![\w/.-])(ca|cert|key)_file\b(?!\.?[\w/-])=?", r"--\1-file"),
    (r": give a schema with the columns you need.*", ": choose the columns you need with --fields"),
    (r": leave the field out with a projection$", ": choose other fields with --fields, or export to another format"),
)
"""What the client advises to programs in Python, and what does the same here."""


def listed(ids: list[str]) -> str:
    """Name some ids, the first of them if they are many."""
    more = f" and {len(ids) - _MOST_NAMED:,} more" if len(ids) > _MOST_NAMED else ""
    return f"{', '.join(map(quoted, ids[:_MOST_NAMED]))}{more}"


def counted(number: int, noun: str = "result") -> str:
    """Say how many of something there are."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class InterruptedCommand(click.Abort):
    """A command was interrupted, and has something to say about it: the argument."""


def failure(message: str, status: int) -> click.ClickException:
    """Return what ends a command with one line and an exit status."""
    ended = click.ClickException(message)
    vars(ended)["exit_code"] = status
    return ended


def failure_of(error: ResultsError) -> click.ClickException:
    """Return what ends a command that met an error of the client."""
    message = str(error)
    if not error.reason or error.reason == Reason.TOKEN_MISSING:  # else it is the service that speaks
        for written, option in _AS_OPTIONS:
            message = re.sub(written, option, message)
    usage = isinstance(error, InvalidRequestError) and not error.reason  # found here, before anything was sent
    return failure(message, USAGE if usage else _STATUSES.get(type(error), REFUSED))

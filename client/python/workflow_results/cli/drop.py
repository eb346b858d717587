"""`workflow-results drop`: a pipeline without results goes, and makes room for another one."""

from __future__ import annotations

import sys
from typing import Final

import click

from workflow_results import arguments
from workflow_results.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    PermissionDeniedError,
    ResultsError,
    ServiceUnavailableError,
    UnauthenticatedError,
)
from workflow_results.results import Results

_REFUSED: Final = 1
_USAGE: Final = 2
_STATUSES: Final = {
    ServiceUnavailableError: 3,
    DeadlineExceededError: 3,
    UnauthenticatedError: 4,
    PermissionDeniedError: 4,
}
_INTERRUPTED: Final = 130


@click.command()
@click.argument("pipeline")
@click.option("--reason", default="", help="Why, for the history of the pipeline.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--target", metavar="HOST:PORT", help="The service. Default: as for the Python client.")
def drop(pipeline: str, reason: str, yes: bool, target: str | None) -> None:
    """Drop PIPELINE, which must have no results left. Takes the token of an admin.

    Its history stays, and tells of the drop. The next deposit makes the pipeline anew. The exit status is 1 where it
    has results, or does not exist.
    """
    try:
        if not yes and not _confirmed(arguments.pipeline(pipeline)):
            raise _failure("nothing was dropped", _REFUSED)
        with Results(target) as results:
            if not results.drop_pipeline(pipeline, reason=reason):
                raise _failure(f"there is no pipeline {pipeline}", _REFUSED)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except ResultsError as error:
        usage = isinstance(error, InvalidRequestError) and not error.reason  # found here, before anything was sent
        raise _failure(str(error), _USAGE if usage else _STATUSES.get(type(error), _REFUSED)) from error
    click.echo(f"{pipeline} is dropped")


def _confirmed(pipeline: str) -> bool:
    if not sys.stdin.isatty():
        raise _failure("there is no terminal to ask on: give --yes", _USAGE)
    return click.confirm(f"Drop pipeline {pipeline}?", err=True)


def _failure(message: str, status: int) -> click.ClickException:
    """Give what ends the command with one line and an exit status."""
    failure = click.ClickException(message)
    vars(failure)["exit_code"] = status
    return failure

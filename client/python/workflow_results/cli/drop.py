"""`workflow-results drop`: drops a pipeline without results, which makes room for another one."""

from __future__ import annotations

import sys

import click

from workflow_results._calls import arguments
from workflow_results.cli.failures import INTERRUPTED, REFUSED, USAGE, failure, failure_of
from workflow_results.errors import ResultsError
from workflow_results.results import Results


@click.command()
@click.argument("pipeline")
@click.option("--reason", default="", help="The reason, for the history of the pipeline.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--target", metavar="HOST:PORT", help="The service. Default: as in the Python client.")
def drop(pipeline: str, reason: str, yes: bool, target: str | None) -> None:
    """Drop PIPELINE, which must have no results left. Requires the role admin.

    Its history stays and includes the drop. The next deposit creates the pipeline again. The exit status is 1 if the
    pipeline has results or does not exist.
    """
    try:
        if not yes and not _confirmed(arguments.pipeline(pipeline)):
            raise failure("nothing was dropped", REFUSED)
        with Results(target) as results:
            if not results.drop_pipeline(pipeline, reason=reason):
                raise failure(f"pipeline {pipeline} does not exist", REFUSED)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except ResultsError as error:
        raise failure_of(error) from error
    click.echo(f"{pipeline} was dropped")


def _confirmed(pipeline: str) -> bool:
    if not sys.stdin.isatty():
        raise failure("there is no terminal to ask on: use --yes", USAGE)
    return click.confirm(f"Drop pipeline {pipeline}?", err=True)

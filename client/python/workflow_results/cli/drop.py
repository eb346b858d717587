"""`workflow-results drop`: drops a pipeline without results, which makes room for another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workflow_results._calls import arguments
from workflow_results.cli.confirmation import YES, confirm
from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.failures import REFUSED, failure

if TYPE_CHECKING:
    from workflow_results.results import Results


@click.command()
@pipeline_argument
@click.option("--reason", default="", help="The reason, for the history of the pipeline.")
@YES
@connected
def drop(results: Results, pipeline: str, reason: str, yes: bool) -> None:
    """Drop PIPELINE, which must have no results left. Requires the role admin.

    Its history stays and includes the drop. The next deposit creates the pipeline again. The exit status is 1 if the
    pipeline has results or does not exist.
    """
    if not yes:
        confirm(f"Drop pipeline {arguments.pipeline(pipeline)}?")
    if not results.drop_pipeline(pipeline, reason=reason):
        raise failure(f"pipeline {pipeline} does not exist", REFUSED)
    click.echo(f"{pipeline} was dropped")

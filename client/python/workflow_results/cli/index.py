"""`workflow-results index`: lists the indexes on fields of a pipeline, builds one, or drops it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import click

from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.failures import REFUSED, USAGE, failure
from workflow_results.cli.output import note
from workflow_results.common.rules import visible
from workflow_results.outcomes import FieldIndex

if TYPE_CHECKING:
    from workflow_results.results import Results

_MIB: Final = 1 << 20
_POLL_SECONDS: Final = 1.0


@click.command()
@pipeline_argument
@click.argument("field", required=False)
@click.option("--drop", is_flag=True, help="Drop the index on FIELD.")
@connected
def index(results: Results, pipeline: str, field: str | None, drop: bool) -> None:
    """List the indexes on fields of PIPELINE, or build one on FIELD. Requires the role admin.

    With an index on a field like results.snr, `top`, `count_by` and queries by it need no scan. Each index makes
    deposits 25 to 40 % more expensive for MongoDB. A pipeline may have 5. Building one on 10 million results takes
    a minute or more; this waits for it, and Ctrl-C does not stop it.
    """
    if drop and field is None:
        raise failure("--drop needs a FIELD", USAGE)
    if field is None:
        found = results.list_indexes(pipeline)
        for each in found:
            click.echo(_line(each))
        if not found:
            note(f"{pipeline} has no indexes on fields")
    elif drop:
        if not results.drop_index(pipeline, field):
            raise failure(f"{pipeline} has no index on {field}", REFUSED)
        click.echo(f"the index on {visible(field)} was dropped")
    else:
        click.echo(_line(_built(results, pipeline, field)))


def _built(results: Results, pipeline: str, field: str) -> FieldIndex:
    """Wait for an index, however long that takes."""
    while not (made := results.create_index(pipeline, field)).ready:
        click.echo(_line(made), err=True)
        time.sleep(_POLL_SECONDS)
    return made


def _line(index: FieldIndex) -> str:
    return f"{visible(index.field)}  {index.size_bytes / _MIB:,.1f} MiB{'' if index.ready else '  being built'}"

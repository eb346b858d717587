"""`workflow-results index`: lists the indexes on fields of a pipeline, builds one, or drops it."""

from __future__ import annotations

import sys
import time
from typing import Final

import click

from workflow_results.cli.failures import INTERRUPTED, REFUSED, USAGE, failure, failure_of
from workflow_results.errors import ResultsError
from workflow_results.outcomes import FieldIndex
from workflow_results.results import Results

_MIB: Final = 1 << 20
_POLL_SECONDS: Final = 1.0


@click.command()
@click.argument("pipeline")
@click.argument("field", required=False)
@click.option("--drop", is_flag=True, help="Drop the index on FIELD.")
@click.option("--target", metavar="HOST:PORT", help="The service. Default: as in the Python client.")
def index(pipeline: str, field: str | None, drop: bool, target: str | None) -> None:
    """List the indexes on fields of PIPELINE, or build one on FIELD. Requires the role admin.

    With an index on a field like results.snr, `top`, `count_by` and queries by it need no scan. Each index makes
    deposits 25 to 40 % more expensive for MongoDB. A pipeline may have 5. Building one on 10 million results takes
    a minute or more; this waits for it, and Ctrl-C does not stop it.
    """
    if drop and field is None:
        raise failure("--drop needs a FIELD", USAGE)
    try:
        with Results(target) as results:
            if field is None:
                for each in results.list_indexes(pipeline):
                    click.echo(_line(each))
            elif drop:
                if not results.drop_index(pipeline, field):
                    raise failure(f"{pipeline} has no index on {field}", REFUSED)
                click.echo(f"the index on {field} was dropped")
            else:
                click.echo(_line(_built(results, pipeline, field)))
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except ResultsError as error:
        raise failure_of(error) from error


def _built(results: Results, pipeline: str, field: str) -> FieldIndex:
    """Wait for an index, however long that takes."""
    while not (made := results.create_index(pipeline, field)).ready:
        click.echo(_line(made), err=True)
        time.sleep(_POLL_SECONDS)
    return made


def _line(index: FieldIndex) -> str:
    return f"{index.field}  {index.size_bytes / _MIB:,.1f} MiB{'' if index.ready else '  being built'}"

"""`workflow-results history`: who changed what, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.output import Output, formatted, note

if TYPE_CHECKING:
    from workflow_results.results import Results

_TOLD: Final = ("time", "method", "caller", "fields", "reason")
"""By a table."""


@click.command()
@pipeline_argument
@click.argument("id", required=False)
@formatted
@connected
def history(results: Results, pipeline: str, id: str | None, output: Output) -> None:  # noqa: A002
    """Show who updated, deleted, locked or unlocked a result of PIPELINE, when and why. The newest change comes first.

    The result with this ID may have been deleted. Without an ID, this shows the changes of the pipeline itself.
    Deposits are not changes. --json tells more of each change than the table.
    """
    rows = ({**entry._asdict(), "fields": list(entry.fields)} for entry in results.history(pipeline, id))
    told = ({name: row[name] for name in _TOLD} for row in rows) if output.is_table else rows
    if not output.print(told):
        note(f"{id or pipeline} was not changed since it was deposited" if id else f"{pipeline} was never dropped")

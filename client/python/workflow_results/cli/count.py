"""`workflow-results count`: how many results there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.failures import USAGE, failure
from workflow_results.cli.filters import filtered
from workflow_results.cli.group import as_written
from workflow_results.cli.output import Output, formatted, note

if TYPE_CHECKING:
    from workflow_results.results import Results


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results count frb-dm --status failure --since 12h",
        "workflow-results count frb-dm --by tags",
    )
)
@pipeline_argument
@filtered
@click.option("--by", "field", metavar="FIELD", help="Count by the values of a field, such as status or results.type.")
@formatted
@connected
def count(results: Results, pipeline: str, query: dict[str, Any] | None, field: str | None, output: Output) -> None:
    """Count the results of PIPELINE, or of those that match a filter. Prints a number.

    With --by, prints a table: the most frequent values, at most 1,000, and their numbers. A list counts for each of its
    distinct elements. Results without the field are left out.
    """
    if field is None:
        if not output.is_table:
            raise failure("a count is a bare number: --json, --jsonl and --csv need --by", USAGE)
        click.echo(results.count(pipeline, query or {}))
        return
    counted = results.count_by(pipeline, field, query or {})
    if not output.print({"value": value, "results": number} for value, number in counted.counts) and output.is_table:
        note(f"no results of {pipeline} {'that match ' if query else ''}have {field}")
    if counted.has_more:
        note("these are the most frequent values; there are more")
    if counted.other_count:
        note(f"not told apart: {counted.other_count:,} long values, documents, and lists in lists")

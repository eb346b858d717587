"""`workflow-results watch`: changes as they are made."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results._encoding import extended_json
from workflow_results.archive.columns import Columns
from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.filters import filtered
from workflow_results.cli.group import as_written
from workflow_results.cli.output import Output, printed_in_lines, write

if TYPE_CHECKING:
    from workflow_results.outcomes import Change
    from workflow_results.results import Results


_DESCRIBED: Final = Columns(["time", "kind", "id"], chosen=True)


def _token(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise click.BadParameter("it must be the resume_token of a line of --jsonl.") from error


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results watch frb-dm --where 'results.snr>20' --fields results.dm",
        "workflow-results watch frb-dm --snapshot --jsonl",
    )
)
@pipeline_argument
@filtered
@click.option("--snapshot", is_flag=True, help="Show the results that are there first.")
@click.option("--resume-token", type=_token, metavar="TOKEN", help="Go on behind the change with this resume_token.")
@printed_in_lines
@connected
def watch(
    results: Results,
    pipeline: str,
    query: dict[str, Any] | None,
    snapshot: bool,
    resume_token: bytes | None,
    output: Output,
) -> None:
    """Show changes of the results of PIPELINE as they are made, until Ctrl-C.

    Each change is a line: when, what happened, the id, and the fields that --fields names. A result that was changed
    and does not match the filter is shown as unmatched. --jsonl prints all about a change, with a resume_token.
    """
    columns = Columns(output.projection, chosen=True)
    with results.watch(
        pipeline, query or {}, output.projection, snapshot=snapshot, resume_token=resume_token
    ) as changes:
        for change in changes:
            if output.is_table:
                click.echo(_line(change, columns))
            else:
                write(f"{extended_json.dumps(_document(change))}\n")
                sys.stdout.flush()


def _document(change: Change) -> dict[str, Any]:
    token = base64.b64encode(change.resume_token).decode()
    return {**change._asdict(), "kind": change.kind.value, "fields": list(change.fields), "resume_token": token}


def _line(change: Change, columns: Columns) -> str:
    described = {"time": change.time, "kind": change.kind.value, "id": change.id}
    known = {name: value for name, value in described.items() if value}
    cells = [*_DESCRIBED.shown(known), *columns.shown(change.result or {})]
    return "  ".join(cell for cell in cells if cell)

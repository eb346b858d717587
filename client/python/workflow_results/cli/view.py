"""`workflow-results view`, `event`, `locked`, `top` and `get`: results in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.failures import REFUSED, failure, listed
from workflow_results.cli.filters import all_of, filtered
from workflow_results.cli.group import as_written
from workflow_results.cli.output import Output, note, printed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow_results.results import Results

_IDS_AT_ONCE: Final = 10_000
"""Far from the longest query."""


def _part(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which part of the results it shows."""
    limit = click.option(
        "--limit", type=click.IntRange(-1), default=100, show_default=True, help="The most results; -1 or 0 for all."
    )
    skip = click.option("--skip", type=click.IntRange(0), default=0, help="How many to leave out at the beginning.")
    return skip(limit(command))


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results view frb-dm --where 'results.snr>20' --fields id,results.dm",
        "workflow-results view frb-dm --status failure --since 12h",
        """workflow-results view frb-dm --query '{"event": {"$in": [1, 2]}}' --jsonl""",
    )
)
@pipeline_argument
@filtered
@_part
@printed
@connected
def view(results: Results, pipeline: str, query: dict[str, Any] | None, skip: int, limit: int, output: Output) -> None:
    """Show the results of PIPELINE.

    They come in descending order of their ids; with generated ids, the newest first. JSON is MongoDB Extended JSON.
    """
    _show(results, pipeline, query, skip, limit, output)


@click.command(
    epilog=as_written(
        "Example:",
        "workflow-results event frb-dm 9385707",
    )
)
@pipeline_argument
@click.argument("number", type=int)
@filtered
@_part
@printed
@connected
def event(
    results: Results, pipeline: str, number: int, query: dict[str, Any] | None, skip: int, limit: int, output: Output
) -> None:
    """Show the results of PIPELINE for the event NUMBER."""
    _show(results, pipeline, all_of([{"event": number}, query]), skip, limit, output)


@click.command(
    epilog=as_written(
        "Example:",
        "workflow-results locked frb-dm --fields id,plots",
    )
)
@pipeline_argument
@filtered
@_part
@printed
@connected
def locked(
    results: Results, pipeline: str, query: dict[str, Any] | None, skip: int, limit: int, output: Output
) -> None:
    """Show the locked results of PIPELINE."""
    _show(results, pipeline, all_of([{"results.locked": True}, query]), skip, limit, output)


@click.command(
    epilog=as_written(
        "Example:",
        "workflow-results top frb-dm results.snr --fields id,event,results.snr",
    )
)
@pipeline_argument
@click.argument("field", default="results.snr")
@filtered
@click.option("--limit", type=click.IntRange(1, 10_000), default=10, show_default=True, help="The most results.")
@click.option("--lowest", is_flag=True, help="Show the lowest values instead.")
@printed
@connected
def top(
    results: Results,
    pipeline: str,
    field: str,
    query: dict[str, Any] | None,
    limit: int,
    lowest: bool,
    output: Output,
) -> None:
    """Show the results of PIPELINE with the highest values of FIELD.

    FIELD is a path, by default results.snr. Results without a number there are left out. Fast if FIELD has an index
    (see `workflow-results index`); otherwise, all results that match are scanned.
    """
    found = results.top(pipeline, query or {}, field, limit, not lowest, output.projection)
    number = output.print(found, ranked_by=field)
    if output.is_table and not number:
        note(f"no results of {pipeline} {'that match ' if query else ''}have a number in {field}")


@click.command(
    epilog=as_written(
        "Example:",
        "workflow-results get frb-dm burst-1 burst-2 --json",
    )
)
@pipeline_argument
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@printed
@connected
def get(results: Results, pipeline: str, ids: tuple[str, ...], output: Output) -> None:
    """Show results of PIPELINE by their ids.

    They come in descending order of their ids. If some do not exist, the others are shown, and the exit status is 1.
    """
    missing = dict.fromkeys(ids)
    projection = output.projection
    wants_id = not projection or "id" in projection

    def found() -> Iterator[dict[str, Any]]:
        wanted = sorted(missing, reverse=True)
        for start in range(0, len(wanted), _IDS_AT_ONCE):
            query = {"id": {"$in": wanted[start : start + _IDS_AT_ONCE]}}
            for result in results.stream(pipeline, query, {**projection, "id": True} if projection else {}):
                missing.pop(result["id"] if wants_id else result.pop("id"))
                yield result

    output.print(found())
    if missing:
        raise failure(f"not found in {pipeline}: {listed(list(missing))}", REFUSED)


def _show(results: Results, pipeline: str, query: dict[str, Any] | None, skip: int, limit: int, output: Output) -> None:
    with results.stream(pipeline, query or {}, output.projection, skip, limit) as found:
        number = output.print(found)
    if output.is_table:
        if not number:
            beyond = f" beyond the first {skip:,}" if skip else ""
            note(f"no results of {pipeline} match{beyond}" if query else f"{pipeline} has no results{beyond}")
        elif number == limit:
            note(f"the first {number:,}; --limit -1 shows all")

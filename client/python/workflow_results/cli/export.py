"""`workflow-results export`: results of a pipeline in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from workflow_results._encoding import extended_json
from workflow_results._encoding.documents import decode, number_of, pieces
from workflow_results.archive.csv_lines import csv_lines
from workflow_results.archive.reading import naming_files
from workflow_results.archive.writing import complete_file, sha256_of
from workflow_results.cli.connection import connected_to, pipeline_argument
from workflow_results.cli.failures import REFUSED, USAGE, counted, failure
from workflow_results.cli.filters import filtered
from workflow_results.cli.group import as_written
from workflow_results.cli.output import FIELDS
from workflow_results.cli.progress import progress
from workflow_results.results import Results

_FORMATS: Final = ("bson", "jsonl", "csv", "parquet")
_SECONDS: Final = 60.0
"""Without anything from the service, after which an export fails."""


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results export frb-dm -o frb-dm.bson",
        "workflow-results export frb-dm --since 7d --fields id,results.dm -o week.csv",
    )
)
@pipeline_argument
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.{bson,jsonl,csv,parquet}",
    help="The file. Its ending chooses the format.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@filtered
@FIELDS
@connected_to(Results, _SECONDS)
def export(
    results: Results,
    pipeline: str,
    path: Path,
    overwrite: bool,
    query: dict[str, Any] | None,
    fields: list[str] | None,
) -> None:
    """Write results of PIPELINE to a file, and print their number and the SHA-256 of the file.

    .bson holds the results byte by byte as they are stored, locks included, and is read by `workflow-results deposit`
    and by mongorestore. .jsonl is canonical Extended JSON, which keeps every type, and is read by `workflow-results
    deposit` as well. .parquet has columns of one type each, and needs the extra arrow. .csv is for spreadsheets: all
    is text, lists and documents are JSON, and text that begins like a formula gets an apostrophe before it.

    The file has its name only when it is complete; until then it is FILE.part. If an export is interrupted, begin it
    again. Results that are deposited, changed or deleted meanwhile may be included as they were before or after.
    """
    format_ = path.suffix.removeprefix(".")
    if format_ not in _FORMATS:
        raise failure(f"{path} must end with .{', .'.join(_FORMATS)}", USAGE)
    if path.exists() and not overwrite:
        raise failure(f"{path} exists: choose another name, or use --overwrite", REFUSED)
    there = results.status().get(pipeline)
    if there is None:
        raise failure(f"{pipeline} has no results that this caller may read", REFUSED)
    projection = dict.fromkeys(fields or (), True)
    with naming_files(), progress() as begin:
        if format_ == "parquet":
            number = results.to_parquet(path, pipeline, query or {}, projection, progress=sys.stderr.isatty())
            digest = sha256_of(path)
        else:
            advance = begin(pipeline, there if query is None else None)
            found = _Counted(results.stream_batches(pipeline, query or {}, projection), advance)
            with complete_file(path) as file:
                for data in _CONTENTS[format_](found, fields):
                    file.write(data)
            number, digest = found.number, file.sha256
    click.echo(f"{counted(number)} of {pipeline}, SHA-256 {digest}")


class _Counted:
    def __init__(self, batches: Iterable[bytes], advance: Callable[[int], None]) -> None:
        self.number = 0
        self._batches = batches
        self._advance = advance

    def __iter__(self) -> Iterator[bytes]:
        for batch in self._batches:
            number = number_of(batch)
            self.number += number
            yield batch
            self._advance(number)


def _documents(batches: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for batch in batches:
        for piece in pieces(batch):
            yield from decode(piece)


def _bson(batches: Iterable[bytes], _fields: list[str] | None) -> Iterable[bytes]:
    return batches


def _jsonl(batches: Iterable[bytes], _fields: list[str] | None) -> Iterable[bytes]:
    return (f"{extended_json.dumps(each, extended_json.CANONICAL)}\n".encode() for each in _documents(batches))


def _csv(batches: Iterable[bytes], fields: list[str] | None) -> Iterable[bytes]:
    return (line.encode() for line in csv_lines(_documents(batches), fields))


_CONTENTS: Final[dict[str, Callable[[Iterable[bytes], list[str] | None], Iterable[bytes]]]] = {
    "bson": _bson,
    "jsonl": _jsonl,
    "csv": _csv,
}

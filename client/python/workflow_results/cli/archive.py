"""`workflow-results backup` and `workflow-results restore`: results to files like mongodump's, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

from workflow_results._encoding.documents import number_of
from workflow_results.archive.directory import SUFFIX, UNFINISHED, find
from workflow_results.archive.reading import FileError, naming_files, read_bson
from workflow_results.archive.works import Part, parts
from workflow_results.cli.connection import connected_to
from workflow_results.cli.depositing import SECONDS, DepositingService, Tally
from workflow_results.cli.failures import REFUSED, counted, failure
from workflow_results.cli.progress import progress
from workflow_results.common.files import check_regular
from workflow_results.common.rules import pipeline_problem
from workflow_results.outcomes import Outcome

_FOLDER: Final = "workflow_results"
"""The database that mongorestore puts the files of this folder into: the one that a server uses by default."""
_LOCKED_AT_ONCE: Final = 10_000
"""Far from the most that a transaction may lock, and from the longest query."""


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--pipeline", "pipelines", multiple=True, help="A pipeline to back up; may be repeated. Default: all.")
@connected_to(DepositingService, SECONDS)
def backup(results: DepositingService, directory: Path, pipelines: tuple[str, ...]) -> None:
    """Write the results of pipelines to DIRECTORY, which must be new or empty.

    Each pipeline becomes a file as of mongodump, workflow_results/PIPELINE.bson, which `workflow-results restore` and
    mongorestore can read. While a file is incomplete, its name is PIPELINE.bson.part: the backup is complete when no
    .part file is left. Only their owner can read the files.

    Results that are deposited, changed or deleted during the backup may be included as they were before or after. The
    history of changes is not included: see docs/operate/operations.md.
    """
    folder = directory / _FOLDER
    with naming_files(), progress() as begin:
        if directory.exists() and any(directory.iterdir()):
            raise FileError(f"{directory} is not empty: use a new directory, so that no backup is overwritten")
        counts = results.status()
        for pipeline in pipelines or counts:
            if problem := pipeline_problem(pipeline):  # which becomes the name of a file
                raise FileError(f"pipeline {problem}")
            if pipeline not in counts:
                raise FileError(
                    f"pipeline {pipeline} has no results that this caller may read, so the backup would be empty"
                )
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        files = {pipeline: folder / f"{pipeline}{UNFINISHED}" for pipeline in pipelines or sorted(counts)}
        for unfinished in files.values():  # all of them now, so that pipelines that were not begun leave a trace
            unfinished.touch(mode=0o600, exist_ok=False)
        for pipeline, unfinished in files.items():
            advance = begin(pipeline, counts[pipeline])
            with unfinished.open("wb") as file:
                for batch in results.stream_batches(pipeline, {}):
                    file.write(batch)
                    advance(number_of(batch))
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(folder / f"{pipeline}{SUFFIX}")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@connected_to(DepositingService, SECONDS)
def restore(results: DepositingService, directory: Path) -> None:
    """Deposit the results of all .bson files in DIRECTORY, and in the folders in it.

    Files of mongodump that contain no results are skipped: the oplog, files of MongoDB itself, and files whose names
    begin with _. An incomplete backup and compressed files are refused before anything is deposited.

    Results that exist with the same content stay as they are, so a restore may be repeated. Results that exist with
    other content are not overwritten; they are counted as conflicts, and the exit status is 1.

    Results that are locked in the files are deposited locked. If they exist with the same content but unlocked, they
    are locked again; this is counted and recorded in their history. Both require the role curator. Nothing is ever
    unlocked.
    """
    tally = Tally()
    try:
        with naming_files():
            files = find(directory)
            with progress() as begin:
                for path in files:
                    advance = begin(path.stem, path.stat().st_size, in_bytes=True)
                    check_regular(path)
                    with path.open("rb") as file:
                        for part in parts(read_bson(file, str(path)), complete=True):
                            _restore(part, results, tally)
                            advance(part.size)
    finally:  # also where it ends in between
        tally.tell()
    if number := tally.number_not_stored:
        raise failure(f"{counted(number)} not restored, see above", REFUSED)


def _restore(part: Part, results: DepositingService, tally: Tally) -> None:
    if part.invalid:
        raise FileError(f"this is no result: {part.invalid[0]}")
    there: dict[str, list[str]] = {}
    for receipt, place, locked in zip(results.deposit_prepared(part.works), part.places, part.locked, strict=True):
        tally.count(receipt, place)
        if locked and receipt.outcome is Outcome.ALREADY_DEPOSITED:
            there.setdefault(receipt.pipeline, []).append(receipt.id)
    for pipeline, ids in there.items():
        for start in range(0, len(ids), _LOCKED_AT_ONCE):
            number = results.lock_again(pipeline, ids[start : start + _LOCKED_AT_ONCE])
            tally.locked_again[pipeline] += number

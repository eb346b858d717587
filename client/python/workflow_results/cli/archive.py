"""`workflow-results backup` and `workflow-results restore`: results to files like mongodump's, and back."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from workflow_results.documents import decode, number_of
from workflow_results.errors import InvalidRequestError, ResultsError
from workflow_results.receipts import Outcome, Receipt
from workflow_results.results import Results
from workflow_results.rules import KIB, MIB, pipeline_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FOLDER: Final = "workflow_results"
"""The database that mongorestore puts the files of this folder into: the one that a server uses by default."""
_LENGTH_BYTES: Final = 4
_READ_BYTES: Final = 8 * MIB
_LARGEST_BYTES: Final = 16 * MIB + 16 * KIB
"""No document of MongoDB is larger."""
_FOLDERS_OF_MONGODB: Final = (("admin",), ("config",), ("local",))
_MOST_NAMED: Final = 20
"""Of results that can't be restored."""
_SECONDS: Final = 60.0
"""How long the service may take to store what is read at a time."""

_target = click.option("--target", metavar="HOST:PORT", help="The service. Default: as for the Python client.")


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--pipeline", "pipelines", multiple=True, help="A pipeline to write; may be repeated. Default: all.")
@_target
def backup(directory: Path, pipelines: tuple[str, ...], target: str | None) -> None:
    """Write the results of pipelines to DIRECTORY, which must be new or empty.

    Each pipeline becomes a file like those of mongodump, workflow_results/PIPELINE.bson, which `workflow-results
    restore` and mongorestore read. A file that is there is complete. Results that come, change or go meanwhile may be
    in it as they were before or after. The history of changes is not in it: see docs/operations.md.
    """
    folder = directory / _FOLDER
    with _explaining(), _service(target) as results, _progress() as begin:
        if directory.exists() and any(directory.iterdir()):
            raise click.ClickException(f"{directory} is not empty: give a new directory, so that no backup is lost")
        counts = results.status()
        for pipeline in pipelines or counts:
            if problem := pipeline_problem(pipeline):  # which becomes the name of a file
                raise click.ClickException(f"pipeline {problem}")
            if pipeline not in counts:
                raise click.ClickException(
                    f"pipeline {pipeline} has no results that this caller may read: it would be an empty backup"
                )
        folder.mkdir(parents=True)
        for pipeline in pipelines or sorted(counts):
            advance = begin(pipeline, counts[pipeline])
            unfinished = folder / f"{pipeline}.bson.part"
            with unfinished.open("wb") as file:
                for batch in results.stream_batches(pipeline, {}):
                    file.write(batch)
                    advance(number_of(batch))
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(folder / f"{pipeline}.bson")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_target
def restore(directory: Path, target: str | None) -> None:
    """Deposit the results of all .bson files in DIRECTORY, and in the folders in it.

    Of what mongodump writes, the files that hold no results are left out: the oplog, those of MongoDB itself, and those
    whose names begin with _.

    Results that are there already with the same content are left alone, so that a restore may be repeated. Those that
    are there with other content are not overwritten; they are counted as conflicts, and the exit status is 1. Locked
    results are locked again, for which the token must be that of a curator.
    """
    outcomes: dict[str, Counter[Outcome]] = {}
    unlike: list[Receipt] = []
    try:
        with _explaining():
            files = _files(directory)
            with _service(target) as results, _progress() as begin:
                for path in files:
                    advance = begin(path.stem, path.stat().st_size)
                    for works, size in _works(path):
                        for receipt in _deposited(works, path, results):
                            outcomes.setdefault(receipt.pipeline, Counter())[receipt.outcome] += 1
                            if receipt.outcome in (Outcome.CONFLICT, Outcome.REJECTED):
                                unlike.append(receipt)
                        advance(size)
    finally:  # also where it ends in between
        for pipeline, counted in outcomes.items():
            told = ", ".join(f"{number:,} {outcome.value}" for outcome, number in counted.items())
            click.echo(f"{pipeline}: {told}")
    if unlike:
        for receipt in unlike[:_MOST_NAMED]:
            click.echo(f"{receipt.pipeline} {receipt.id!a}: {receipt.outcome.value}: {receipt.reason}", err=True)
        raise click.ClickException(
            f"not all results are restored: {len(unlike):,} are not, of which the first are named above"
        )


def _files(directory: Path) -> list[Path]:
    """Find the files of pipelines."""
    found = []
    for path in sorted(directory.rglob("*.bson")):
        parts = path.relative_to(directory).parts
        of_mongodb = parts == ("oplog.bson",) or parts[-2:-1] in _FOLDERS_OF_MONGODB
        if of_mongodb or path.name.startswith(("_", "system.")) or path.is_dir():
            continue
        if problem := pipeline_problem(path.stem):
            raise click.ClickException(f"{path} is no file of a pipeline, whose name {problem}: move it elsewhere")
        found.append(path)
    if not found:
        raise click.ClickException(f"{directory} holds no .bson files of pipelines")
    return found


def _deposited(works: list[dict[str, Any]], path: Path, results: Results) -> list[Receipt]:
    try:
        return results.deposit_receipts(works, timeout=_SECONDS)
    except InvalidRequestError as error:
        raise click.ClickException(f"{path} holds documents that are no results: {error}") from error


@contextmanager
def _explaining() -> Iterator[None]:
    """Say what is wrong with a file or a disk."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'writing'}: {error.strerror}") from error


@contextmanager
def _service(target: str | None) -> Iterator[Results]:
    try:
        with Results(target) as results:
            yield results
    except ResultsError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _progress() -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """Show how far each pipeline is; gives a function that begins one and gives another that goes on with it."""
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def begin(pipeline: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(pipeline, total=total)
            return lambda steps: progress.advance(task, steps)

        yield begin


def _works(path: Path) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """Read the works of a file, some at a time, with their size in the file."""
    with path.open("rb") as file:
        data = bytearray()
        while length := file.read(_LENGTH_BYTES):
            size = int.from_bytes(length, "little")
            if not _LENGTH_BYTES < size <= _LARGEST_BYTES:
                raise _unreadable(path)
            data += length + file.read(size - _LENGTH_BYTES)
            if len(data) > _READ_BYTES:
                yield _decoded(data, path), len(data)
                data.clear()
        yield _decoded(data, path), len(data)


def _decoded(data: bytearray, path: Path) -> list[dict[str, Any]]:
    try:
        return decode(bytes(data))
    except ResultsError as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> click.ClickException:
    return click.ClickException(f"{path} is cut short, or no file of BSON documents")

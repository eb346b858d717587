"""`workflow-results backup` and `workflow-results restore`: results to files like mongodump's, and back."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from workflow_results.documents import decode, number_of
from workflow_results.errors import ResultsError
from workflow_results.receipts import Outcome
from workflow_results.results import Results
from workflow_results.rules import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FOLDER: Final = "workflow_results"
"""The database that mongorestore puts the files of this folder into: the one that a server uses by default."""
_LENGTH_BYTES: Final = 4
_READ_BYTES: Final = 8 * MIB
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
    if directory.exists() and any(directory.iterdir()):
        raise click.ClickException(f"{directory} is not empty: give a new directory, so that no backup is lost")
    folder = directory / _FOLDER
    with _service(target) as results, _progress() as begin:
        counts = results.status()
        folder.mkdir(parents=True)
        for pipeline in pipelines or sorted(counts):
            advance = begin(pipeline, counts.get(pipeline, 0))
            unfinished = folder / f"{pipeline}.bson.part"
            with unfinished.open("wb") as file:
                for batch in results.stream_batches(pipeline, {}):
                    file.write(batch)
                    advance(number_of(batch))
            unfinished.rename(folder / f"{pipeline}.bson")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_target
def restore(directory: Path, target: str | None) -> None:
    """Deposit the results of all .bson files in DIRECTORY, and in the folders in it.

    Results that are there already with the same content are left alone, so that a restore may be repeated. Those that
    are there with other content are not overwritten; they are counted as conflicts, and the exit status is 1. Locked
    results are locked again, for which the token must be that of a curator.
    """
    files = sorted(path for path in directory.rglob("*.bson") if not path.name.startswith("_"))
    if not files:
        raise click.ClickException(f"{directory} holds no .bson files of pipelines")
    outcomes: dict[str, Counter[Outcome]] = {}
    with _service(target) as results, _progress() as begin:
        for path in files:
            advance = begin(path.stem, path.stat().st_size)
            counted = outcomes.setdefault(path.stem, Counter())
            for works, size in _works(path):
                counted.update(receipt.outcome for receipt in results.deposit_receipts(works, timeout=_SECONDS))
                advance(size)
    for pipeline, counted in outcomes.items():
        click.echo(f"{pipeline}: {', '.join(f'{number:,} {outcome.value}' for outcome, number in counted.items())}")
    if any(counted[outcome] for counted in outcomes.values() for outcome in (Outcome.CONFLICT, Outcome.REJECTED)):
        raise click.ClickException("not all results are restored: see above")


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
            data += length + file.read(max(0, int.from_bytes(length, "little") - _LENGTH_BYTES))
            if len(data) > _READ_BYTES:
                yield _decoded(data, path), len(data)
                data.clear()
        yield _decoded(data, path), len(data)


def _decoded(data: bytearray, path: Path) -> list[dict[str, Any]]:
    try:
        return decode(bytes(data))
    except ResultsError as error:
        raise click.ClickException(f"{path} is cut short, or no file of BSON documents") from error

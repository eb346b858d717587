"""`workflow-results backup` and `workflow-results restore`: results to files like mongodump's, and back."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from workflow_results._calls.works import Prepared
from workflow_results._deposit import sending
from workflow_results._encoding.documents import number_of
from workflow_results.cli import archive_files
from workflow_results.cli.connection import connected_to
from workflow_results.cli.progress import progress
from workflow_results.common.rules import pipeline_problem, visible
from workflow_results.errors import ResultsError
from workflow_results.outcomes import Outcome, Receipt
from workflow_results.results import Results

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER: Final = "workflow_results"
"""The database that mongorestore puts the files of this folder into: the one that a server uses by default."""
_MOST_NAMED: Final = 20
"""Of results that can't be restored."""
_SECONDS: Final = 60.0
"""How long the service may take to store what is read at a time, or to lock some of it."""
_LOCKED_AT_ONCE: Final = 10_000
"""Far from the most that a transaction may lock, and from the longest query."""


class _Service(Results):
    """The service, with what only a restore asks of it."""

    def deposit_prepared(self, works: Prepared) -> list[Receipt]:
        """Deposit works as they are encoded."""
        return sending.deposit(self._channel, works, self._deadline(_SECONDS)).receipts()

    def lock_again(self, pipeline: str, ids: list[str]) -> int:
        """Lock those results that are not locked, and return their number."""
        query = {"id": {"$in": ids}, "results.locked": {"$ne": True}}
        unlocked = [result["id"] for result in self.stream(pipeline, query, {"id": True}, timeout=_SECONDS)]
        request_id = str(uuid.uuid4())  # so that it is sent again where its answer is lost
        self.lock(pipeline, unlocked, reason="restored from a backup", request_id=request_id, timeout=_SECONDS)
        return len(unlocked)


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option("--pipeline", "pipelines", multiple=True, help="A pipeline to back up; may be repeated. Default: all.")
@connected_to(_Service, _SECONDS)
def backup(results: _Service, directory: Path, pipelines: tuple[str, ...]) -> None:
    """Write the results of pipelines to DIRECTORY, which must be new or empty.

    Each pipeline becomes a file as of mongodump, workflow_results/PIPELINE.bson, which `workflow-results restore` and
    mongorestore can read. While a file is incomplete, its name is PIPELINE.bson.part: the backup is complete when no
    .part file is left. Only their owner can read the files.

    Results that are deposited, changed or deleted during the backup may be included as they were before or after. The
    history of changes is not included: see docs/operate/operations.md.
    """
    folder = directory / _FOLDER
    with _explaining(), progress() as begin:
        if directory.exists() and any(directory.iterdir()):
            raise click.ClickException(
                f"{directory} is not empty: use a new directory, so that no backup is overwritten"
            )
        counts = results.status()
        for pipeline in pipelines or counts:
            if problem := pipeline_problem(pipeline):  # which becomes the name of a file
                raise click.ClickException(f"pipeline {problem}")
            if pipeline not in counts:
                raise click.ClickException(
                    f"pipeline {pipeline} has no results that this caller may read, so the backup would be empty"
                )
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        files = {pipeline: folder / f"{pipeline}{archive_files.UNFINISHED}" for pipeline in pipelines or sorted(counts)}
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
            unfinished.rename(folder / f"{pipeline}{archive_files.SUFFIX}")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@connected_to(_Service, _SECONDS)
def restore(results: _Service, directory: Path) -> None:
    """Deposit the results of all .bson files in DIRECTORY, and in the folders in it.

    Files of mongodump that contain no results are skipped: the oplog, files of MongoDB itself, and files whose names
    begin with _. An incomplete backup and compressed files are refused before anything is deposited.

    Results that exist with the same content stay as they are, so a restore may be repeated. Results that exist with
    other content are not overwritten; they are counted as conflicts, and the exit status is 1.

    Results that are locked in the files are deposited locked. If they exist with the same content but unlocked, they
    are locked again; this is counted and recorded in their history. Both require the role curator. Nothing is ever
    unlocked.
    """
    tally = _Tally()
    try:
        with _explaining():
            files = archive_files.find(directory)
            with progress() as begin:
                for path in files:
                    advance = begin(path.stem, path.stat().st_size, in_bytes=True)
                    for part in archive_files.parts(path):
                        _restore(part, results, tally)
                        advance(part.size)
    finally:  # also where it ends in between
        tally.tell()
    if tally.number_unlike:
        for receipt in tally.unlike:
            told = f"{receipt.pipeline} {receipt.id!r}: {receipt.outcome.value}: {receipt.reason}"
            click.echo(visible(told), err=True)
        raise click.ClickException(
            f"{tally.number_unlike:,} results were not restored; the first of them are listed above"
        )


def _restore(part: archive_files.Part, results: _Service, tally: _Tally) -> None:
    there: dict[str, list[str]] = {}
    for receipt, locked in zip(results.deposit_prepared(part.works), part.locked, strict=True):
        tally.count(receipt)
        if locked and receipt.outcome is Outcome.ALREADY_DEPOSITED:
            there.setdefault(receipt.pipeline, []).append(receipt.id)
    for pipeline, ids in there.items():
        for start in range(0, len(ids), _LOCKED_AT_ONCE):
            number = results.lock_again(pipeline, ids[start : start + _LOCKED_AT_ONCE])
            tally.locked_again[pipeline] += number


@dataclass
class _Tally:
    """What became of the results: how many have which outcome by pipeline, and the first that are not restored."""

    outcomes: dict[str, Counter[Outcome]] = field(default_factory=dict)
    locked_again: Counter[str] = field(default_factory=Counter)
    unlike: list[Receipt] = field(default_factory=list)
    number_unlike: int = 0

    def count(self, receipt: Receipt) -> None:
        self.outcomes.setdefault(receipt.pipeline, Counter())[receipt.outcome] += 1
        if not receipt.stored:
            self.number_unlike += 1
            if self.number_unlike <= _MOST_NAMED:
                self.unlike.append(receipt)

    def tell(self) -> None:
        for pipeline, counted in self.outcomes.items():
            told = ", ".join(f"{number:,} {outcome.value}" for outcome, number in counted.items())
            locked = f"; {number:,} locked again" if (number := self.locked_again[pipeline]) else ""
            click.echo(f"{pipeline}: {told}{locked}")


@contextmanager
def _explaining() -> Iterator[None]:
    """Say what is wrong with a file or a disk."""
    try:
        yield
    except OSError as error:
        if isinstance(error, ResultsError):
            raise
        raise click.ClickException(f"{error.filename or 'writing'}: {error.strerror}") from error

"""`workflow-results deposit`: works from files, or from another program."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results._deposit.spool import REFUSED as REFUSED_FILE
from workflow_results._deposit.spool import works_left
from workflow_results._draining import drain
from workflow_results._encoding import extended_json
from workflow_results.archive.reading import naming_files, read_file, read_stream
from workflow_results.archive.works import Part, parts
from workflow_results.cli.connection import connected_to
from workflow_results.cli.depositing import FILE, SECONDS, DepositingService, Tally
from workflow_results.cli.failures import NOT_ALLOWED, REFUSED, USAGE, InterruptedCommand, counted, failure
from workflow_results.cli.group import as_written
from workflow_results.cli.output import write
from workflow_results.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STANDARD_INPUT: Final = "-"
_INTERRUPTED: Final = (
    "interrupted: works that were under way may or may not be stored. Deposit all again, which is safe for works with"
    " ids; those without may be stored once more"
)


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results deposit works.jsonl more.bson",
        "workflow-results view frb-dm --limit -1 --jsonl --target A |",
        "  workflow-results deposit - --target B",
    )
)
@click.argument("files", nargs=-1, type=FILE, metavar="FILE...")
@click.option(
    "--spool",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="Deposit what depositors have left in this directory, their spool_dir, during an outage.",
)
@click.option("--dry-run", is_flag=True, help="Check the files, and deposit nothing.")
@click.option("--receipts", is_flag=True, help="Print the receipt of each work, as JSON lines, instead of a summary.")
@connected_to(DepositingService, SECONDS)
def deposit(
    results: DepositingService, files: tuple[str, ...], spool: Path | None, dry_run: bool, receipts: bool
) -> None:
    """Deposit the works in FILEs, or in standard input (-).

    A file holds JSON objects, one after another or in an array, or BSON documents back to back, or Parquet; which of
    these is found out by its content. JSON may be MongoDB Extended JSON. Works without an id get one.

    Works that are stored already, with the same content, stay as they are, so a deposit may be repeated. The exit
    status is 1 if works conflict with stored ones, or break a rule; all others are deposited.
    """
    if spool is not None:
        if files or dry_run or receipts:
            raise failure("--spool has neither FILEs nor other options", USAGE)
        _drain(results, spool)
        return
    if not files:
        raise failure("name a FILE, or - for standard input", USAGE)
    tally, checked, begun = Tally(), Counter[str](), False
    try:
        for part in _parts(files, tally):
            for problem in part.invalid:
                tally.count_invalid(problem)
            if dry_run:
                checked.update(work["pipeline"] for work in part.works.works)
            else:
                begun = True
                _deposit(part, results, tally, receipts=receipts)
    except KeyboardInterrupt as error:
        if dry_run:
            raise
        raise InterruptedCommand(_INTERRUPTED if begun else "interrupted: nothing was deposited") from error
    finally:  # also where it ends in between
        tally.tell(summary=not receipts)
    for pipeline, number in checked.items():
        click.echo(f"would deposit {counted(number, 'work')} of {pipeline}")
    if number := tally.number_not_stored:
        raise failure(f"{counted(number, 'work')} not deposited, see above", REFUSED)


def _drain(results: DepositingService, spool: Path) -> None:
    with naming_files(), progress() as begin:
        drained = drain(results, spool, on_progress=begin(str(spool), works_left(spool)))
    click.echo(f"{spool}: {drained.deposited:,} deposited")
    if drained.left > drained.denied:
        click.echo(
            f"{drained.left - drained.denied:,} works belong to processes that run, which deposit them themselves"
        )
    if drained.denied:
        message = f"this caller may not deposit {drained.denied:,} works: they stay in {spool} for another one"
        raise failure(message, NOT_ALLOWED)
    if drained.refused:
        message = f"{drained.refused:,} works were refused: they are in {spool / REFUSED_FILE}, with the reasons"
        raise failure(message, REFUSED)


def _parts(files: tuple[str, ...], tally: Tally) -> Iterator[Part]:
    """Yield the works of files, and count the files that have none."""
    with naming_files(), progress() as begin:
        for name in files:
            if name == _STANDARD_INPUT:
                called, size = "standard input", None
                found = read_stream(sys.stdin.buffer, called)
            else:
                called, size = name, Path(name).stat().st_size or None  # that of a pipe is not known
                found = read_file(Path(name))
            is_typed = name == _STANDARD_INPUT and sys.stdin.isatty()
            advance: Callable[[int], None] = _ignore
            number = read = 0
            for part in parts(found):
                if not (number or is_typed):  # a bar would be drawn over what is typed, or above what is wrong
                    advance = begin(called, size, in_bytes=True)
                number += len(part.places) + len(part.invalid)
                read += part.size
                yield part
                advance(part.size)
            advance(max(0, (size or 0) - read))  # of Parquet, which does not say how far it is
            if not number:
                tally.empty.append(called)


def _ignore(_steps: int) -> None:
    pass


def _deposit(part: Part, results: DepositingService, tally: Tally, *, receipts: bool) -> None:
    for receipt, place in zip(results.deposit_prepared(part.works), part.places, strict=True):
        tally.count(receipt, place)
        if receipts:
            told: dict[str, Any] = {**receipt._asdict(), "outcome": receipt.outcome.value}
            write(f"{extended_json.dumps(told)}\n")

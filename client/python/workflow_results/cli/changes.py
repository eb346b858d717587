"""`workflow-results lock`, `unlock` and `delete`: changes of results, named by their ids or selected by a filter."""

from __future__ import annotations

import functools
import uuid
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results.cli.confirmation import YES, confirm
from workflow_results.cli.connection import connected, pipeline_argument
from workflow_results.cli.failures import REFUSED, USAGE, InterruptedCommand, counted, failure, failure_of, listed
from workflow_results.cli.filters import all_of, filtered
from workflow_results.cli.group import as_written
from workflow_results.common.rules import reason_problem, request_id_problem
from workflow_results.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from workflow_results.results import Results

_AT_ONCE: Final = 100_000
"""The most that a request may name."""
_IN_A_QUERY: Final = 10_000
"""Far from the longest query."""
_SECONDS: Final = 60.0
"""For a request that names more than `_IN_A_QUERY`."""


def changing(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all changes have, in a `Manner`."""

    @functools.wraps(command)
    def call(*results: Any, dry_run: bool, yes: bool, reason: str, request_id: str | None, **given: Any) -> None:
        for name, problem in (
            ("reason", reason_problem(reason)),
            ("request-id", None if request_id is None else request_id_problem(request_id)),
        ):
            if problem:
                raise failure(f"--{name} {problem}", USAGE)
        command(*results, manner=Manner(dry_run, yes, reason, request_id), **given)

    for option in (
        click.option(
            "--request-id",
            help="Identifies this request, so that it may be repeated: if it was carried out, it is answered as before."
            " 1 to 64 visible characters, like a UUID.",
        ),
        click.option("--reason", default="", help="Why, for the history of the results."),
        YES,
        click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing."),
    ):
        call = option(call)
    return call


@dataclass(frozen=True)
class Manner:
    """How results are to be changed, as the options say."""

    dry_run: bool
    yes: bool
    reason: str
    request_id: str | None

    def confirm(self, question: str, number: int) -> None:
        """Ask as `confirmation.confirm` does, unless told not to, or there is nothing to change."""
        if number and not self.yes:
            confirm(question)

    def is_dry(self, told: str) -> bool:
        """Return whether this is a dry run, which then says what would be changed."""
        if self.dry_run:
            click.echo(told)
        return self.dry_run

    def named(self) -> dict[str, Any]:
        """Return the arguments of a request: with an id, so that it is sent again where its answer is lost."""
        return {"reason": self.reason, "request_id": self.request_id or str(uuid.uuid4())}


def _selecting(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command ids or a filter that name the results, as a `selection`."""

    @functools.wraps(command)
    def call(results: Results, pipeline: str, ids: tuple[str, ...], query: dict[str, Any] | None, **given: Any) -> None:
        if ids and query is not None:
            raise failure("give either ids or a filter, not both", USAGE)
        if not ids and query is None:
            raise failure("give ids, or a filter such as --where or --query ('{}' for all results)", USAGE)
        command(selection=Selection(results, pipeline, list(dict.fromkeys(ids)), query), **given)

    return pipeline_argument(click.argument("ids", metavar="[ID]...", nargs=-1)(filtered(call)))


@dataclass(frozen=True)
class Selection:
    """Results that are named by their ids, or selected by a query."""

    results: Results
    pipeline: str
    ids: list[str]
    query: dict[str, Any] | None = None

    def count_locked(self) -> int:
        """Count those that are locked."""
        return self.count({"results.locked": True})

    def check_exist(self) -> None:
        """Check that all ids are those of results.

        Raises:
            ClickException: Some do not exist.
        """
        if self.ids and (missing := self._missing()):
            missed = f"these do not exist in {self.pipeline}: {listed(missing)}"
            raise failure(f"nothing was changed, because {missed}", REFUSED)

    def count(self, condition: dict[str, Any] | None = None) -> int:
        """Count them, or those of them that match a condition."""
        queries = (
            [self.query] if self.query is not None else [{"id": {"$in": ids}} for ids in _cut(self.ids, _IN_A_QUERY)]
        )
        return sum(self.results.count(self.pipeline, all_of([query, condition])) for query in queries)

    def _missing(self) -> list[str]:
        """Return those of the ids that do not exist."""
        left = dict.fromkeys(self.ids)
        for ids in _cut(self.ids, _IN_A_QUERY):
            for result in self.results.stream(self.pipeline, {"id": {"$in": ids}}, {"id": True}):
                left.pop(result["id"], None)
        return list(left)

    def parts(self) -> Iterator[list[str]]:
        """Yield the ids, as many at a time as a request may name."""
        if self.query is None:
            yield from _cut(self.ids, _AT_ONCE)
            return
        with self.results.stream(self.pipeline, self.query, {"id": True}) as found:
            while part := [result["id"] for result in islice(found, _AT_ONCE)]:
                yield part


def _cut(ids: list[str], length: int) -> Iterator[list[str]]:
    return (ids[start : start + length] for start in range(0, len(ids), length))


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results lock frb-dm burst-1 burst-2 --reason published",
        "workflow-results lock frb-dm --where 'results.snr>20' --dry-run",
    )
)
@connected
@_selecting
@changing
def lock(selection: Selection, manner: Manner) -> None:
    """Lock results of PIPELINE, so that they can be neither updated nor deleted.

    They are named by their IDs or selected by a filter. With ids, all are locked or none. With a filter, it asks for
    confirmation first, and goes on with 100,000 results at a time.
    """
    if selection.query is not None or manner.dry_run:
        number, locked = _checked(selection, manner)
        told = f"{_results(number, selection.pipeline)}, of which {locked:,} {_are(locked)} locked already"
        if manner.is_dry(f"would lock {told}"):
            return
        manner.confirm(f"Lock {told}?", number)
    _carry_out("locked", selection.results.lock, selection, manner)


@click.command(
    epilog=as_written(
        "Example:",
        "workflow-results unlock frb-dm burst-1 --reason 'wrong calibration'",
    )
)
@connected
@_selecting
@changing
def unlock(selection: Selection, manner: Manner) -> None:
    """Unlock results of PIPELINE, so that they can be updated and deleted. Asks for confirmation first.

    They are named by their IDs or selected by a filter. With ids, all are unlocked or none. With a filter, it goes on
    with 100,000 results at a time.
    """
    number, locked = _checked(selection, manner)
    told = f"{_results(number, selection.pipeline)}, of which {locked:,} {_are(locked)} locked"
    if manner.is_dry(f"would unlock {told}"):
        return
    manner.confirm(f"Unlock {told}? They can then be updated and deleted.", number)
    _carry_out("unlocked", functools.partial(selection.results.unlock, force=True), selection, manner)


@click.command(
    epilog=as_written(
        "Examples:",
        "workflow-results delete frb-dm burst-3",
        "workflow-results delete frb-dm --status failure --since 30d --dry-run",
    )
)
@connected
@_selecting
@changing
def delete(selection: Selection, manner: Manner) -> None:
    """Delete results of PIPELINE. Asks for confirmation first.

    They are named by their IDs or selected by a filter. If some of them are locked, nothing is deleted. With ids, all
    are deleted or none. With a filter, it goes on with 100,000 results at a time.
    """
    number, locked = _checked(selection, manner)
    told = _results(number, selection.pipeline)
    if locked and not manner.request_id:
        raise failure(f"{locked:,} of {told} {_are(locked)} locked, so none can be deleted: unlock them first", REFUSED)
    if manner.is_dry(f"would delete {told}, of which none are locked"):
        return
    manner.confirm(
        f"Delete {told}, of which {locked or 'none'} {_are(locked)} locked? They can't be brought back.", number
    )
    _carry_out("deleted", selection.results.delete_ids, selection, manner)


def _results(number: int, pipeline: str) -> str:
    return f"{counted(number)} of {pipeline}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _checked(selection: Selection, manner: Manner) -> tuple[int, int]:
    """Return how many results there are to be changed, and how many of them are locked."""
    number = selection.count()
    if manner.request_id:  # which may have been carried out before, so that only the service can tell what is wrong
        if number > _AT_ONCE:
            limit = f"one request, which can name at most {_AT_ONCE:,} results"
            raise failure(f"--request-id is for {limit}, not {number:,}", USAGE)
    else:
        selection.check_exist()
    return number, selection.count_locked()


def _carry_out(done: str, change: Callable[..., bool], selection: Selection, manner: Manner) -> None:
    def requests() -> Iterator[tuple[int, Callable[[], object]]]:
        for ids in selection.parts():
            timeout = long_timeout(selection.results) if len(ids) > _IN_A_QUERY else None
            yield len(ids), functools.partial(change, selection.pipeline, ids, timeout=timeout, **manner.named())

    carry_out(done, requests(), f" of {selection.pipeline}")


def long_timeout(results: Results) -> float:
    """Return the seconds for a request that names many results."""
    return max(_SECONDS, results.timeout or 0)


def carry_out(done: str, requests: Iterable[tuple[int, Callable[[], object]]], of: str = "") -> None:
    """Send requests, and say how far that went.

    Args:
        done: What they do, as a participle.
        requests: How many results each names, and what sends it.
        of: Whose results they are, as the end of a sentence.
    """
    number = 0

    def told() -> str:
        return f"{counted(number)}{of} {done}"

    try:
        for size, send in requests:
            if number:
                click.echo(f"{told()} so far", err=True)
            send()
            number += size
    except KeyboardInterrupt as error:
        raise InterruptedCommand(f"interrupted: {told()}; a request that was under way may be carried out") from error
    except ResultsError as error:
        if not number:
            raise
        stopped = failure_of(error)
        raise failure(f"{stopped.message}; {told()} before", stopped.exit_code) from error
    click.echo(told())

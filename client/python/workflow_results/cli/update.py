"""`workflow-results update`: fields of results, from a file."""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from workflow_results._calls.works import prepare_one
from workflow_results.archive.reading import naming_files, read_file, read_stream
from workflow_results.cli.changes import Manner, Selection, carry_out, changing, long_timeout
from workflow_results.cli.connection import connected
from workflow_results.cli.depositing import FILE
from workflow_results.cli.failures import REFUSED, USAGE, counted, failure
from workflow_results.cli.group import as_written
from workflow_results.common.rules import MIB
from workflow_results.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow_results.results import Results

_MOST_WORKS: Final = 100_000
_MOST_BYTES: Final = 31 * MIB
"""A request may hold 32 MiB in all."""


@click.command(
    epilog=as_written(
        "Example:",
        """echo '{"pipeline": "frb-dm", "id": "burst-3", "tags": ["checked"]}' |""",
        "  workflow-results update -",
    )
)
@click.argument("file", type=FILE)
@changing
@connected
def update(results: Results, file: str, manner: Manner) -> None:
    """Set fields of results, as FILE says, or standard input (-).

    The file is like one for `workflow-results deposit`. Each document has the pipeline and the id of a result, and the
    top-level fields to set. Other fields stay; `results` is replaced as a whole. All results are updated or none, up to
    100,000 and 31 MiB; more are updated so many at a time.
    """
    with naming_files():
        requests = _requests(file)
        first, second = next(requests, []), next(requests, [])
        if second and manner.request_id:
            raise failure("--request-id is for one request, but this file needs several", USAGE)
        if manner.dry_run:
            _check(results, chain([first, second], requests))
            return
        carry_out(
            "updated",
            (
                (len(works), partial(results.update, works, timeout=long_timeout(results), **manner.named()))
                for works in chain([first, second], requests)
                if works
            ),
        )


def _requests(file: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the works of a file, as many at a time as a request may have."""
    works: list[dict[str, Any]] = []
    size = 0
    for found in read_stream(sys.stdin.buffer, "standard input") if file == "-" else read_file(Path(file)):
        try:
            work, encoded = prepare_one(found.document, "work", partial=True)
        except InvalidRequestError as error:
            raise failure(f"{found.place}: {error}", REFUSED) from error
        if works and (size + len(encoded) > _MOST_BYTES or len(works) == _MOST_WORKS):
            yield works
            works, size = [], 0
        works.append(work)
        size += len(encoded)
    yield works


def _check(results: Results, requests: Iterable[list[dict[str, Any]]]) -> None:
    """Say what would be updated."""
    named: dict[str, list[str]] = {}
    for work in chain.from_iterable(requests):
        named.setdefault(work["pipeline"], []).append(work["id"])
    for pipeline, ids in named.items():
        selection = Selection(results, pipeline, ids)
        selection.check_exist()
        if locked := selection.count_locked():
            raise failure(f"nothing would be updated: {counted(locked)} of {pipeline} locked", REFUSED)
        click.echo(f"would update {counted(len(ids))} of {pipeline}")

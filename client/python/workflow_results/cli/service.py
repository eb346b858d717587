"""`workflow-results status`, `info` and `health`: the service as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from workflow_results.archive.columns import leaves, value_at
from workflow_results.cli.connection import connected, connected_to
from workflow_results.cli.failures import UNREACHABLE, failure
from workflow_results.cli.output import formatted, note
from workflow_results.results import Results

if TYPE_CHECKING:
    from workflow_results.cli.output import Output


@click.command()
@formatted
@connected
def status(results: Results, output: Output) -> None:
    """Show the number of results of each pipeline, without a scan. Pipelines without results are left out."""
    rows = ({"pipeline": pipeline, "results": number} for pipeline, number in results.status().items())
    if not output.print(rows):
        note("no pipeline has results")


@click.command()
@formatted
@connected
def info(results: Results, output: Output) -> None:
    """Show the versions of client and server, and the limits of the server, in bytes, seconds and characters."""
    told = results.info()
    output.print({"name": path, "value": value_at(told, path)} for path in leaves(told))


class _Service(Results):
    """The service, with what only this command asks of it."""

    def health(self) -> str:
        """Return the name of its state."""
        return self._channel.health(self._deadline(None))


@click.command()
@connected_to(_Service)
def health(results: _Service) -> None:
    """Check that the service serves.

    Prints SERVING and exits with status 0 if it does. Otherwise, the exit status is 3: it does not answer, or is about
    to stop, or can't reach MongoDB.
    """
    answer = results.health()
    if answer != "SERVING":
        raise failure(f"the service is {answer}", UNREACHABLE)
    click.echo(answer)

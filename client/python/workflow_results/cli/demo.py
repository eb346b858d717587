"""`workflow-results demo`: a tour in steps, on a server and a MongoDB that it starts and stops."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click
from rich.table import Table

from workflow_results.cli.story import Story
from workflow_results.errors import ResultsError
from workflow_results.results import Results
from workflow_results.samples import PIPELINES, sample_works

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

_STOP_SECONDS: Final = 30.0  # more than the server gives its mongod
_BATCH: Final = 1_000
_DM, _, _LOCALIZATION = PIPELINES


@click.command()
@click.option(
    "--works", type=click.IntRange(100), default=5_000, show_default=True, help="The number of works to deposit."
)
@click.option("--ui", is_flag=True, help="Leave it running until Ctrl-C, to look at the results in a browser.")
def demo(works: int, ui: bool) -> None:
    """Show what Workflow Results does.

    Starts a server with its own MongoDB, deposits works like those of a radio telescope's pipelines, and
    shows what you can do with the results. Leaves nothing running, and nothing on disk.
    """
    story = Story()
    logging.getLogger("workflow_results").addHandler(story)
    try:
        with _signals_go_to(signal.default_int_handler):
            _tell(story, works, ui=ui)
    except KeyboardInterrupt:
        story.tell("\nInterrupted: the server has stopped, and its data are removed.", "yellow")
        sys.exit(128 + signal.SIGINT)
    except (ImportError, OSError) as error:
        raise click.ClickException(str(error)) from error


class _Running(NamedTuple):
    """A server that runs."""

    process: subprocess.Popen[str]
    target: str
    page: str
    """The address of the dashboard; empty without one."""


def _tell(story: Story, number: int, *, ui: bool) -> None:
    works = sample_works(number)
    story.tell("Workflow Results: a store for the results of pipelines. gRPC over MongoDB.", "bold")
    story.step("Start a server", "It starts its own MongoDB and keeps the data in a directory.")
    since = time.perf_counter()
    with _server(story, ui=ui) as running:
        target = running.target
        story.measured("server and MongoDB started", time.perf_counter() - since)
        story.step("Connect", "Scripts for workflow.http.results.Results only need to change one import.")
        story.show(f'results = Results("{target}")')
        with Results(target, tls=False) as results:  # whatever the environment says of other servers
            _deposit(story, results, works, number)
            burst = _look(story, results)
            _lock(story, results, burst)
            _repeat(story, results, list(sample_works(3)))
            _stream(story, results, number)
        if ui:
            _show_page(story, running)
    story.step("Clean up", "The server has stopped, and its data are removed.")
    story.tell(story.measures)
    story.step("Go on", "With a server that keeps running. README.md describes the rest.")
    if not ui:
        story.tell("To look at the results of this demo in a browser:")
        story.show("$ workflow-results demo --ui")
    story.show("$ make serve")
    story.show("$ workflow-results serve --data-dir data")


def _deposit(story: Story, results: Results, works: Iterator[dict[str, Any]], number: int) -> None:
    story.step(f"Deposit {number:,} works", "From pipelines that study radio bursts, with numpy values in them.")
    stored: dict[str, bool] = {}
    seconds = 0.0
    with story.progress("depositing", number) as advance:
        while batch := list(islice(works, _BATCH)):
            since = time.perf_counter()
            stored |= results.deposit(batch)
            seconds += time.perf_counter() - since
            _expect(all(stored.values()), "works were not stored")
            advance(len(batch))
    story.show(f"for batch in batches(works, {_BATCH:_}): results.deposit(batch)", story.code(stored))
    story.measured("works deposited", seconds, number)

    story.step("See what is there", "The status comes from metadata: as fast with a hundred million results.")
    status = story.call(results.status)
    _expect(sum(status.values()) == number, f"{sum(status.values()):,} results are stored, not {number:,}")
    story.call(results.count, _DM, {"status": "failure"})


def _look(story: Story, results: Results) -> dict[str, Any]:
    """Read in several ways, and return a result."""
    story.step("Get the newest", "Results are sorted by id, the highest first: ObjectIds begin with a time.")
    newest = story.call(results.get_by_count, _LOCALIZATION, 5)
    table = Table("id", "event", "created (UTC)", "status", box=None, pad_edge=False, header_style="dim")
    table.columns[0].no_wrap = True
    for name in ("DM", "SNR"):
        table.add_column(name, justify="right")
    for result in newest:
        created = time.strftime("%Y-%m-%d %H:%M", time.gmtime(result["creation"]))
        measured = result["results"] or {}
        values = (f"{measured[name]:.1f}" if name in measured else "-" for name in ("dm", "snr"))
        events = ", ".join(map(str, result["event"]))
        table.add_row(result["id"], events, created, result["status"], *values)
    story.tell(table)

    story.step("Find bright bursts", "Filters and projections are MongoDB's.")
    bright = story.let("bright", {"results.snr": {"$gt": 100}})
    fields = story.let("fields", {"event": True, "results.dm": True, "results.snr": True})
    for result in story.call(results.view, _DM, bright, fields, limit=3):
        story.tell(story.code(result))

    story.step("Follow an event", "The newest burst, in all pipelines.")
    burst: dict[str, Any] = next(each for each in newest if each["results"])
    event = story.let("event", burst["event"][0])
    for pipeline in PIPELINES:
        seen = story.call(results.get_by_event, pipeline, event)
        _expect(len(seen) > 0, f"{pipeline} has no result of the event")
    return burst


def _lock(story: Story, results: Results, burst: dict[str, Any]) -> None:
    story.step("Lock a result", "It can't be deleted or updated any more, and a warning says why.")
    burst_id = story.let("burst", burst["id"])
    change = story.let("change", {"pipeline": _LOCALIZATION, "id": burst_id, "tags": ["reviewed"]})
    _expect(story.call(results.lock, _LOCALIZATION, [burst_id]), "the lock was refused")
    locked = results.get_by_id(_LOCALIZATION, [burst_id])
    _expect(not story.call(results.delete_ids, _LOCALIZATION, [burst_id]), "a locked result was deleted")
    _expect(not story.call(results.update, [change]), "a locked result was updated")
    _expect(results.get_by_id(_LOCALIZATION, [burst_id]) == locked, "a locked result has changed")
    story.tell("The result is unchanged.")

    story.step("Unlock it", "Without force, it asks on the terminal first.")
    _expect(story.call(results.unlock, _LOCALIZATION, [burst_id], force=True), "the unlock was refused")
    _expect(story.call(results.update, [change]), "the update was refused")


def _repeat(story: Story, results: Results, works: list[dict[str, Any]]) -> None:
    story.step("Deposit again", "Any deposit may be repeated: nothing is stored twice, nothing overwritten.")
    before = results.status()
    again = story.let("again", works, f"works[:{len(works)}]")
    receipts = story.call(results.deposit_receipts, again)
    _expect(all(receipt.stored for receipt in receipts), "works that are stored were not recognized")
    changed = story.let("changed", {**works[0], "site": "elsewhere"}, '{**works[0], "site": "elsewhere"}')
    _expect(not any(story.call(results.deposit, [changed]).values()), "a changed work was stored")
    _expect(results.status() == before, "works were stored twice")
    story.tell("The stored result is unchanged.")


def _stream(story: Story, results: Results, number: int) -> None:
    story.step("Stream everything", "In constant memory, and through restarts of the server.")
    since = time.perf_counter()
    counted = 0
    with story.progress("streaming", number) as advance:
        for pipeline in PIPELINES:
            for _ in results.stream(pipeline, {}):
                counted += 1
                advance(1)
    seconds = time.perf_counter() - since
    _expect(counted == number, f"{counted:,} results were streamed, but {number:,} works were deposited")
    story.show("for result in results.stream(pipeline, {})", f"{counted:,} results, as many as were deposited")
    story.measured("results streamed", seconds, counted)


def _show_page(story: Story, running: _Running) -> None:
    with suppress(KeyboardInterrupt):  # from the first line on, as somebody may have read it before it returns
        story.step("Look at the results", "The dashboard has tables, charts and the history of each result.")
        story.show(running.page)
        story.tell("Ctrl-C stops the server and removes its data.", "dim")
        running.process.wait()
        raise click.ClickException("the server has ended")


def _expect(met: bool, otherwise: str) -> None:
    if not met:
        raise click.ClickException(otherwise)


@contextmanager
def _server(story: Story, *, ui: bool) -> Iterator[_Running]:
    """Run a server, with a dashboard or without; whatever happens, nothing of it remains."""
    directory: Path | None = None
    process: subprocess.Popen[str] | None = None
    try:
        interrupts: list[int] = []
        with _signals_go_to(lambda number, _: interrupts.append(number)):  # not between a start and knowing of it
            directory = Path(tempfile.mkdtemp(prefix="results-demo-"))
            doors = ["--port", "0", *(["--http-port", "0"] if ui else [])]
            story.show(f"$ workflow-results serve {' '.join(doors)} --data-dir {directory / 'data'}")
            process = _start(directory, doors)
        if interrupts:
            raise KeyboardInterrupt
        assert process.stdout
        lines = [process.stdout.readline().strip() for _ in range(2 if ui else 1)]
        for line in lines:
            _expect(line.startswith("listening on "), "the server did not start")
            story.tell(line)
        target, *http = (line.split()[-1] for line in lines)
        yield _Running(process, target, f"{http[0]}/ui/" if http else "")
    except (click.ClickException, ResultsError) as error:
        log = (directory / "log").read_text(errors="replace").splitlines() if directory else []
        raise click.ClickException("\n    ".join([str(error), *log[-5:]])) from error
    finally:
        with _signals_go_to(lambda *_: None):
            if directory:
                if process and _stop(process) != 0 and (directory / "data").exists():  # else no MongoDB was started
                    _stop_orphan(directory)
                shutil.rmtree(directory)


def _start(directory: Path, doors: Sequence[str] = ("--port", "0")) -> subprocess.Popen[str]:
    with (directory / "log").open("w") as log:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "workflow_results", "serve", *doors, "--data-dir", str(directory / "data")],
            env={name: value for name, value in os.environ.items() if not name.startswith("WORKFLOW_RESULTS_SERVE_")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # so that Ctrl-C reaches the demo alone, which ends things in their order
        )


def _stop(process: subprocess.Popen[str]) -> int:
    """Stop a server, and return its exit status: 0 where it has stopped its MongoDB, too."""
    process.terminate()
    try:
        process.communicate(timeout=_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode


def _stop_orphan(directory: Path) -> None:
    """Stop the MongoDB that a killed server may have left behind: the next server takes it over, and stops it."""
    process = _start(directory)
    assert process.stdout
    process.stdout.readline()  # once it listens, or has ended
    _stop(process)


@contextmanager
def _signals_go_to(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Handle the signals that would end the demo, but for those that are ignored."""
    ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: given for number in ending if (given := signal.getsignal(number)) is not signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, given in before.items():
            signal.signal(number, given)

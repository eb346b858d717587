"""How far long work is, on a terminal: how much is done of how much, how fast, and how much time is left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from workflow_results.common.rules import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task


class _Rate(ProgressColumn):
    """How much is done in a second: results, or bytes."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{decimal(int(speed)) if task.fields['in_bytes'] else format(round(speed), ',')}/s", style="dim")


@contextmanager
def progress() -> Iterator[Callable[..., Callable[[int], None]]]:
    """Show how far work is, on standard error if that is a terminal.

    Yields:
        A function that begins a piece of work, by its name and its size in results or, with `in_bytes`, in bytes. It
        returns another one, which goes on with the work by so many of them.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda *_, **__: lambda _steps: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:

        def begin(name: str, total: int | None, *, in_bytes: bool = False) -> Callable[[int], None]:
            fields: dict[str, Any] = {"in_bytes": in_bytes}
            task = bars.add_task(visible(name), total=total, **fields)
            return lambda steps: bars.advance(task, steps)

        yield begin

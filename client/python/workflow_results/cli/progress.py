"""How far long work is, on a terminal: how much is done of how much, how fast, and how much time is left."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from workflow_results.common.rules import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Task

_LONGEST_NAME: Final = 24


class _Rate(ProgressColumn):
    """How much is done in a second: results, or bytes."""

    def render(self, task: Task) -> Text:
        speed = task.completed / task.finished_time if task.finished_time else task.speed
        if not speed:
            return Text("")
        return Text(f"{decimal(int(speed)) if task.fields['in_bytes'] else format(round(speed), ',')}/s", style="dim")


@contextmanager
def progress() -> Iterator[Callable[..., Callable[[int], None]]]:
    """Show how far work is, on standard error if that is a terminal on which lines can be replaced.

    Yields:
        A function that begins a piece of work, by its name and its size in results or, with `in_bytes`, in bytes. It
        returns another one, which goes on with the work by so many of them.
    """
    console = Console(stderr=True)
    if not console.is_interactive:
        yield lambda *_, **__: lambda _steps: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    bars = Progress(*columns, console=console)

    def begin(name: str, total: int | None, *, in_bytes: bool = False) -> Callable[[int], None]:
        bars.start()  # here, as a display without bars would still be an empty line
        fields: dict[str, Any] = {"in_bytes": in_bytes}
        task = bars.add_task(_shown(name), total=total, **fields)
        return lambda steps: bars.advance(task, steps)

    try:
        yield begin
    finally:
        bars.stop()


def _shown(name: str) -> str:
    """Return the end of a name, where paths differ, so that there is room for what is behind it."""
    shown = visible(name)
    return shown if len(shown) <= _LONGEST_NAME else f"…{shown[1 - _LONGEST_NAME :]}"

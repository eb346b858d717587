"""How many results were read, on a terminal or in a notebook."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class Counter:
    """Counts results, for use in a `with` block.

    Args:
        shown: Whether to show the number.
    """

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._closing = ExitStack()
        self._progress: Any = None

    def __enter__(self) -> Self:
        if self._shown:
            from rich.console import Console  # here, since most callers want none
            from rich.progress import Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
            from rich.text import Text

            class Rate(ProgressColumn):
                """Results a second."""

                def render(self, task: Any) -> Text:
                    return Text(f"{task.completed / max(task.elapsed or 0, 0.001):,.0f}/s")

            console = Console(stderr=True)
            if not (console.is_terminal or console.is_jupyter):
                return self  # where a bar that is disabled still ends with an empty line
            columns = SpinnerColumn(), TextColumn("{task.completed:,.0f} results"), Rate(), TimeElapsedColumn()
            self._progress = self._closing.enter_context(Progress(*columns, console=console))
            self._task = self._progress.add_task("", total=None)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def count(self, number: int) -> None:
        """Count some more."""
        if self._progress:
            self._progress.update(self._task, advance=number)

"""What the demo prints."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from workflow_results.outcomes import Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")

_WIDTH: Final = 88
_INDENT: Final = 4


class Story(logging.Handler):
    """Prints what happens: numbered steps, and calls with their outcomes and the warnings of the library."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._console = Console(highlight=False)
        self._console.width = min(self._console.width, _WIDTH) if self._console.is_terminal else _WIDTH
        self._steps = 0
        self._warnings: list[str] = []
        self.measures = Table(box=None, pad_edge=False, show_header=False, padding=(0, 4, 0, 0))
        self._names: dict[int, tuple[str, object]] = {}

    def tell(self, what: str | Text | Table, style: str = "") -> None:
        """Print a text, or a table."""
        if isinstance(what, Table):
            self._console.print(Padding(what, (0, 0, 0, _INDENT), expand=False))
            return
        text = Text(what, style) if isinstance(what, str) else what
        for line in text.wrap(self._console, self._console.width - _INDENT):
            line.rstrip()
            self._console.print(Text(" " * _INDENT if line else "").append_text(line))

    def step(self, title: str, sentence: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self._console.print(f"\n[bold cyan]{self._steps:2}  {title}[/]")
        self.tell(f"{sentence}\n")

    def show(self, code: str, outcome: str = "") -> None:
        """Show what is done and what comes of it, and what was warned of."""
        arrow = "  → " if len(code) + len(outcome) <= self._console.width - _INDENT - 4 else "\n→ "
        self.tell(Text.assemble((code, "green"), (arrow if outcome else "", "dim"), (outcome, "bold")))
        while self._warnings:
            self.tell(f"warning: {self._warnings.pop(0)}", "yellow")

    def measured(self, what: str, seconds: float, number: int = 0) -> None:
        """Note how long something took, and how many there were of it."""
        rate = (f"{number:9,}", f"{number / seconds:,.0f} a second") if number else ("", "")
        self.measures.add_row(what, f"{seconds:5.1f} s", *rate)

    def let(self, name: str, value: R, code: str | None = None) -> R:
        """Show an assignment, and the name instead of the value from now on."""
        self.show(f"{name} = {code or self.code(value)}")
        self._names[id(value)] = name, value  # holding on to the value, its id stays its own
        return value

    def call(self, method: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a method of `results`, and show the call, its outcome and what was warned of."""
        arguments = [*map(self.code, args), *(f"{name}={self.code(value)}" for name, value in kwargs.items())]
        outcome = method(*args, **kwargs)
        self.show(f"results.{method.__name__}({', '.join(arguments)})", self._outcome(outcome))
        return outcome

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning, to be shown after the call that it came from."""
        self._warnings.append(record.getMessage())

    def code(self, value: object) -> str:
        """Write a value as Python does, with double quotes and the names that were given."""
        if id(value) in self._names:
            return self._names[id(value)][0]
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, Receipt):
            return value.outcome.name
        if isinstance(value, list):
            return f"[{', '.join(map(self.code, value))}]"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.code(key)}: {self.code(each)}" for key, each in value.items()) + "}"
        return repr(value)

    @contextmanager
    def progress(self, label: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show a bar while something goes on, on a terminal only; returns what moves it forward."""
        if not self._console.is_terminal:
            yield lambda _: None
            return
        with Progress(console=self._console, transient=True) as progress:
            task = progress.add_task(f"{' ' * _INDENT}{label}", total=total)
            yield lambda steps: progress.advance(task, steps)

    def _outcome(self, outcome: object) -> str:
        if isinstance(outcome, list) and not (outcome and isinstance(outcome[0], Receipt)):
            return f"{len(outcome)} result{'s' if len(outcome) != 1 else ''}"
        return self.code(outcome)

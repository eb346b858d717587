"""How results are printed: as a table that fits the terminal, as JSON, as JSON lines, or as CSV."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import click
from rich.cells import cell_len, set_cell_size

from workflow_results._encoding import extended_json
from workflow_results.archive.columns import Columns, leaves, ordered
from workflow_results.archive.csv_lines import csv_lines
from workflow_results.cli.failures import USAGE, failure
from workflow_results.common.rules import path_problem, shorten, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Document = dict[str, Any]

_FORMATS: Final = ("json", "jsonl", "csv")
_FIRST_ROWS: Final = 100
"""By these, a table gets its columns and their widths, so that it can begin before all results are there."""
_WIDEST_CELL: Final = 40
_MOST_NAMED: Final = 6
"""Of the columns that a table has no room for."""
_GAP: Final = "  "
_NO_TERMINAL: Final = 160
"""Characters of a line where there is no terminal; COLUMNS overrides it."""


class Output:
    """Prints results as a command was told to.

    Attributes:
        projection: What to ask for.

    Args:
        format_: "json", "jsonl", "csv", or "" for a table.
        fields: The paths of the fields to show; None for all.
        as_given: Whether what is printed are no results, so that columns keep their order, and none is left out.
    """

    def __init__(self, format_: str = "", fields: list[str] | None = None, *, as_given: bool = False) -> None:
        self._format = format_
        self._fields = fields
        self._known = set() if as_given else {"pipeline"}
        """Fields that whoever looks at results has named."""
        self._squeezes = as_given or fields is not None
        self._ordered: Callable[[Iterable[str]], list[str]] = list if as_given else ordered

    @property
    def is_table(self) -> bool:
        """Whether people are to read it."""
        return not self._format

    @property
    def projection(self) -> dict[str, bool]:
        """The projection with what is shown."""
        return dict.fromkeys(self._fields or (), True)

    def print(self, documents: Iterable[Document], *, ranked_by: str = "") -> int:
        """Print results as they come, in constant memory.

        Args:
            documents: The results.
            ranked_by: The path of the field that decides their order, which a table shows behind the ids.

        Returns:
            How many there were.
        """
        counted = _Counted(documents)
        printers: dict[str, Callable[[Iterator[Document]], None]] = {
            "json": _print_json,
            "jsonl": _print_lines,
            "csv": self._print_csv,
            "": functools.partial(self._print_table, ranked_by=ranked_by),
        }
        printers[self._format](iter(counted))
        return counted.number

    def _print_csv(self, documents: Iterator[Document]) -> None:
        for line in csv_lines(documents, self._fields, self._ordered):
            write(line)

    def _print_table(self, documents: Iterator[Document], ranked_by: str) -> None:
        first = list(islice(documents, _FIRST_ROWS))
        if not first:
            return
        columns = Columns(self._fields or self._telling(first, ranked_by), chosen=self._fields is not None)
        widths = (_squeezed if self._squeezes else _fitting)(columns, first)
        left_out = [path for path, width in zip(columns.paths, widths, strict=True) if not width]
        columns.paths = [path for path in columns.paths if path not in left_out]
        table = _Table([width for width in widths if width], columns.numeric(first))
        table.headings(_headings(columns.paths))
        for document in chain(first, documents):
            table.line(columns.shown(document))
        if left_out:
            named = [_cell(path, min(_WIDEST_CELL, cell_len(path)), numeric=False) for path in _headings(left_out)]
            names = ", ".join(named[:_MOST_NAMED]) + (", …" if len(named) > _MOST_NAMED else "")
            note(f"not shown: {names}; --fields chooses, --json shows all")

    def _telling(self, documents: list[Document], ranked_by: str) -> list[str]:
        """Return the paths that have a value other than null in some results."""
        paths = dict.fromkeys(path for document in documents for path in leaves(document))
        columns = Columns(self._ordered(paths), chosen=False)
        cells = zip(*map(columns.shown, documents), strict=True)
        filled = [path for path, column in zip(columns.paths, cells, strict=True) if {*column} - {"", "null"}]
        telling = [path for path in filled if path not in self._known] or columns.paths
        if ranked_by in telling[1:]:
            telling.remove(ranked_by)
            telling.insert(1, ranked_by)
        return telling


class _Counted:
    def __init__(self, documents: Iterable[Document]) -> None:
        self.number = 0
        self._documents = documents

    def __iter__(self) -> Iterator[Document]:
        for document in self._documents:
            self.number += 1
            yield document


def note(text: str) -> None:
    """Tell people something about what is printed; scripts that read standard output don't see it."""
    if sys.stderr.isatty():
        click.secho(visible(text), err=True, dim=True)


def write(text: str) -> None:
    """Write text to standard output, in UTF-8 as JSON and CSV have it, whatever the locale says."""
    sys.stdout.buffer.write(text.encode())


def _print_json(documents: Iterator[Document]) -> None:
    separator = "[\n"
    for document in documents:
        write(f"{separator}{extended_json.dumps(document)}")
        separator = ",\n"
    write("[]\n" if separator == "[\n" else "\n]\n")


def _print_lines(documents: Iterator[Document]) -> None:
    for document in documents:
        write(f"{extended_json.dumps(document)}\n")


def _headings(paths: list[str]) -> list[str]:
    """Return paths as a terminal may show them: depositors choose the names in them."""
    return list(map(visible, paths))


def _widths(columns: Columns, documents: list[Document]) -> list[int]:
    rows = [_headings(columns.paths), *map(columns.shown, documents)]
    first, *others = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return [first, *(min(_WIDEST_CELL, width) for width in others)]  # an id is needed as it is


def _fitting(columns: Columns, documents: list[Document]) -> list[int]:
    """Return the widths of the columns that fit on a line, and 0 for the others."""
    left = _line_length()
    widths: list[int] = []
    for width in _widths(columns, documents):
        if not widths:
            width = min(width, left)  # there is always one
        fits = width <= left
        widths.append(width if fits else 0)
        left -= width + len(_GAP) if fits else 0
    return widths


def _squeezed(columns: Columns, documents: list[Document]) -> list[int]:
    """Return the widths of all columns, the widest of which are cut until they fit on a line."""
    widths = _widths(columns, documents)
    while sum(widths) + len(_GAP) * (len(widths) - 1) > _line_length() and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths


def _line_length() -> int:
    return shutil.get_terminal_size((_NO_TERMINAL, 0)).columns


class _Table:
    """Prints lines of cells, numbers to the right."""

    def __init__(self, widths: list[int], numeric: list[bool]) -> None:
        self._widths = widths
        self._numeric = numeric
        self._encoding = sys.stdout.encoding or "utf-8"
        self._styled = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def headings(self, cells: list[str]) -> None:
        self.line(list(map(_end, cells, self._widths)), bold=True)

    def line(self, cells: list[str], *, bold: bool = False) -> None:
        line = _GAP.join(map(_cell, cells, self._widths, self._numeric)).rstrip()
        if bold and self._styled:
            line = click.style(line, bold=True)
        sys.stdout.buffer.write(f"{line}\n".encode(self._encoding, "backslashreplace"))


def _end(path: str, width: int) -> str:
    """Return the end of a path, which tells more than what many paths begin with."""
    if cell_len(path) <= width:
        return path
    while cell_len(path) > width - 1:
        path = path[1:]
    return f"…{path}"


def _cell(text: str, width: int, numeric: bool) -> str:
    length = cell_len(text)
    if length > width:
        return f"{set_cell_size(text, width - 1)}…"
    return " " * (width - length) + text if numeric else text + " " * (width - length)


def _paths(text: str) -> list[str]:
    paths = [path.strip() for path in text.split(",")]
    for path in paths:
        if problem := path_problem(path):
            raise click.BadParameter(f"{shorten(path)} {problem}, as in 'id,event,results.dm'.")
    return list(dict.fromkeys(paths))


FIELDS: Final = click.option(
    "--fields", type=_paths, metavar="PATH,…", help="The fields to show, such as id,event,results.dm. Default: all."
)
_JSON_LINES: Final = click.option("--jsonl", is_flag=True, help="Print JSON lines.")
_FORMAT_OPTIONS: Final = (
    click.option("--json", is_flag=True, help="Print one JSON array."),
    _JSON_LINES,
    click.option("--csv", is_flag=True, help="Print CSV."),
)


def printed(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of how it prints results, as an `output`."""
    return FIELDS(_with_output(command, _FORMAT_OPTIONS))


def formatted(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of how it prints rows that are no results, as an `output`."""
    return _with_output(command, _FORMAT_OPTIONS, as_given=True)


def printed_in_lines(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of how it prints what has no end, as an `output`."""
    return FIELDS(_with_output(command, (_JSON_LINES,)))


def _with_output(
    command: Callable[..., None], options: tuple[Callable[..., Any], ...], *, as_given: bool = False
) -> Callable[..., None]:
    @functools.wraps(command)
    def call(*results: Any, fields: list[str] | None = None, **given: Any) -> None:
        formats = [name for name in _FORMATS if given.pop(name, False)]
        if len(formats) > 1:
            raise failure(f"--{formats[0]} and --{formats[1]} exclude each other", USAGE)
        command(*results, output=Output("".join(formats), fields, as_given=as_given), **given)

    for option in reversed(options):
        call = option(call)
    return call

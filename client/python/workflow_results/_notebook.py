"""What notebooks show of what methods return: tables, in which everything is text."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from html import escape
from typing import TYPE_CHECKING, Any, Final, TypeVar

from workflow_results.common.rules import cut, shorten, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TupleT = TypeVar("TupleT", bound=type[tuple[Any, ...]])
T = TypeVar("T", bound=tuple[Any, ...])

_ROWS: Final = 20
_LENGTH: Final = 200


def table(columns: Iterable[str], rows: Sequence[Iterable[object]], caption: str) -> str:
    """Return an HTML table.

    Args:
        columns: The names of the columns.
        rows: The values, of which strings stand there as they are. Only the first rows are shown.
        caption: What stands above the table.
    """
    head = f"<caption>{escape(caption)}</caption><thead>{_row(columns, 'th')}</thead>"
    body = "".join(_row(row, "td") for row in rows[:_ROWS])
    more = f"<p>and {len(rows) - _ROWS:,} more</p>" if len(rows) > _ROWS else ""
    return f"<table>{head}<tbody>{body}</tbody></table>{more}"


def shown_as_table(class_: TupleT) -> TupleT:
    """Let notebooks show each of these tuples as a table of its fields."""

    def _repr_html_(self: Any) -> str:
        return table(("field", "value"), [*zip(self._fields, self, strict=True)], class_.__name__)

    class_._repr_html_ = _repr_html_  # type: ignore[attr-defined]
    return class_


class TableList(list[T]):
    """A list of tuples with the same fields, which notebooks show as a table."""

    def _repr_html_(self) -> str:
        return self._table(self, f"{len(self):,} in all")

    @staticmethod
    def _table(rows: Sequence[Any], caption: str) -> str:
        return table(rows[0]._fields if rows else (), rows, caption)


def _row(values: Iterable[object], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(_text(value))}</{tag}>' for value in values)}</tr>"


def _text(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds")
    if isinstance(value, str):
        return cut(visible(value[: _LENGTH + 1]), _LENGTH)
    return shorten(value, _LENGTH)

"""Results as rows: which columns they have, and what stands in a cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, Final

from workflow_results._encoding import extended_json
from workflow_results.common.rules import visible

Document = dict[str, Any]

_FIRST: Final = ("id", "event", "status")
_LAST: Final = (
    "creation",
    "start",
    "stop",
    "attempt",
    "site",
    "user",
    "tags",
    "plots",
    "products",
    "pipeline",
    "config",
)
"""Where fields that most works have stand in a table; what a pipeline has found comes between them."""
_TIMES: Final = {"creation", "start", "stop"}
"""Seconds since the epoch, by workflow-core."""
_EARLIEST_SECONDS: Final = 100_000_000
"""Numbers below are no times of a work."""
_LATEST_SECONDS: Final = 10_000_000_000
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection."""
_MISSING: Final = object()


def leaves(document: Document) -> Iterator[str]:
    """Iterate over the paths of a result, down to what is no document; an empty document is one of them.

    A document with names that hold a dot is taken as a whole, as its paths would mean something else.
    """
    for name, value in document.items():
        if _is_divided(value):
            yield from (f"{name}.{path}" for path in leaves(value))
        else:
            yield name


def _is_divided(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and not any("." in each or not each for each in value)


def value_at(document: Document, path: str) -> Any:
    """Return the value at a path: of a list, those of its elements that have one; _MISSING where there is none."""
    value: Any = document
    for position, name in enumerate(path.split(".")):
        if isinstance(value, list):
            rest = ".".join(path.split(".")[position:])
            found = [value_at(each, rest) for each in value if isinstance(each, dict)]
            found = [each for each in found if each is not _MISSING]
            return found or _MISSING
        if not isinstance(value, dict) or name not in value:
            return _MISSING
        value = value[name]
    return value


def ordered(paths: Iterable[str]) -> list[str]:
    """Return the paths of some results in the order of columns: the most telling ones first."""
    seen = list(dict.fromkeys(paths))
    last = [path for name in _LAST for path in seen if path.split(".")[0] == name]
    between = [path for path in seen if path not in _FIRST and path not in last]
    between.sort(key=lambda path: not path.startswith("results."))
    return [*(name for name in _FIRST if name in seen), *between, *last]


class Columns:
    """The columns of some results.

    Attributes:
        paths: Their paths, in order.

    Args:
        paths: As above.
        chosen: Whether the caller has chosen them, so that a document is one value; else its fields are columns, too.
    """

    def __init__(self, paths: Iterable[str], *, chosen: bool) -> None:
        self.paths = list(paths)
        self._chosen = chosen

    def shown(self, document: Document) -> list[str]:
        """Return the cells of a row in a table: short, for people."""
        return [_shown(path, self._value(document, path)) for path in self.paths]

    def numeric(self, documents: list[Document]) -> list[bool]:
        """Return which columns have only numbers in some results."""
        values = [[self._value(document, path) for document in documents] for path in self.paths]
        return [all(_is_number(value) or value is _MISSING or value is None for value in column) for column in values]

    def written(self, document: Document) -> list[str]:
        """Return the cells of a row in a CSV file: whole; text is guarded from being taken for a formula."""
        return [_written(self._value(document, path)) for path in self.paths]

    def _value(self, document: Document, path: str) -> Any:
        value = value_at(document, path)
        return _MISSING if not self._chosen and _is_divided(value) else value


def _shown(path: str, value: Any) -> str:
    if value is _MISSING:
        return ""
    if path in _TIMES and _is_number(value):
        value = _time(value)
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, list) and not any(isinstance(each, (list, dict)) for each in value):
        return ", ".join(_shown(path, each) for each in value)
    return extended_json.dumps(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _time(seconds: float) -> Any:
    if _EARLIEST_SECONDS < seconds < _LATEST_SECONDS:
        return dt.datetime.fromtimestamp(seconds, dt.timezone.utc)
    return seconds


def _written(value: Any) -> str:
    if value is _MISSING or value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    if not isinstance(value, str):
        return extended_json.dumps(value)
    text = str.__str__(value)
    return f"'{text}" if text.startswith(_FORMULA) else text

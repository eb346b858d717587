"""What there is in some results: the paths of their fields, and points to draw. Pure: knows no store."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules
from workflow_results.common.bson_codec import decode
from workflow_results_server.http.ui.cells import MISSING, value_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow_results_server.store import Batch

_DEPTH: Final = 8
_MOST_PATHS: Final = 2_000
_LONG: Final = 200
"""From how many characters on, texts that are equal are not looked at: they tell results apart anyway."""
_TYPES: Final = (
    (type(None), "null"),
    (bool, "bool"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (datetime, "date"),
    (bytes, "binary"),
    (list, "list"),
    (dict, "document"),
)
_NAN: Final = object()
"""Stands for NaN, and is equal to itself."""
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(slots=True)
class _Path:
    types: set[str] = field(default_factory=set)
    seen: int = 0
    filled: int = 0
    longest: int = 0
    first: Any = MISSING
    is_constant: bool = True


class Columns:
    """Gathers what columns some results could be shown in."""

    def __init__(self) -> None:
        self._paths: dict[str, _Path] = {}
        self._results = 0
        self._has_more = False

    def add(self, batch: Batch) -> None:
        """Look at the results of a batch."""
        for document in decode(batch.data):
            self._results += 1
            for path, value in _leaves(document, "", 0):
                found = self._paths.get(path)
                if found is None:
                    if len(self._paths) >= _MOST_PATHS:
                        self._has_more = True
                        continue
                    found = self._paths[path] = _Path()
                _look(found, value)

    def found(self) -> dict[str, Any]:
        """Return all columns, with how many of the results have something in them."""
        return {
            "sampled": self._results,
            "has_more": self._has_more,
            "columns": [
                {
                    "path": path,
                    "types": sorted(each.types),
                    "filled": each.filled,
                    "longest": each.longest,
                    "empty": each.filled == 0,
                    "constant": self._results > 1 and each.is_constant and each.seen == self._results,
                }
                for path, each in self._paths.items()
            ],
        }


def _leaves(document: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Iterate over the values that are no documents, by their paths.

    A document with names that hold a dot is taken as a whole, as its paths would mean something else.
    """
    for name, value in document.items():
        path = prefix + name
        if rules.path_problem(path):
            continue
        is_divided = isinstance(value, dict) and value and depth < _DEPTH and not any(map(_is_odd, value))
        if is_divided:
            yield from _leaves(value, f"{path}.", depth + 1)
        else:
            yield path, value


def _is_odd(name: str) -> bool:
    return not name or "." in name or name.startswith("$")


def _look(found: _Path, value: Any) -> None:
    found.seen += 1
    found.types.add(next((name for kind, name in _TYPES if isinstance(value, kind)), "other"))
    if any(type(value) is type(each) and value == each for each in _EMPTY):
        value = None
    else:
        found.filled += 1
    if isinstance(value, (str, bytes, list)):
        found.longest = max(found.longest, len(value))
    if isinstance(value, float) and math.isnan(value):
        value = _NAN
    if found.first is MISSING:
        found.first = value
    elif found.is_constant:
        is_long = isinstance(value, (str, bytes, list)) and len(value) > _LONG
        found.is_constant = not is_long and type(value) is type(found.first) and value == found.first


class Points:
    """Gathers the numbers of some fields.

    Args:
        paths: The fields: one for a histogram, two for a scatter, three with a colour.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._dates: set[str] = set()
        self._ids: list[str] = []
        self._values: list[list[float]] = [[] for _ in paths]
        self._passed = 0

    def add(self, batch: Batch) -> None:
        """Take the points out of a batch; results without a finite number in each of the fields are only counted."""
        for document in decode(batch.data):
            numbers = [self._number(path, value_at(document, path)) for path in self._paths]
            if any(number is None for number in numbers):
                self._passed += 1
                continue
            self._ids.append(document["id"])
            for values, number in zip(self._values, numbers, strict=True):
                values.append(number)  # type: ignore[arg-type] # none of them is None

    def found(self, most: int) -> dict[str, Any]:
        """Return up to so many points, column by column."""
        return {
            "ids": self._ids[:most],
            "values": [values[:most] for values in self._values],
            "dates": [path in self._dates for path in self._paths],
            "passed": self._passed,
        }

    def _number(self, path: str, value: Any) -> float | None:
        if isinstance(value, datetime):
            self._dates.add(path)
            return value.timestamp()
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        return float(value) if math.isfinite(value) else None

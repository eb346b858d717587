"""Results as lines of a file: CSV for spreadsheets, which can't be taken for formulas, or JSON."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common.bson_codec import decode, encode
from workflow_results_server.documents import extended_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results_server.store import Batch

MISSING: Final = object()
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What spreadsheets take for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection."""


def value_at(document: dict[str, Any], path: str) -> Any:
    """Return the value at a path: of a list, those of its elements that have one; `MISSING` where there is none."""
    value: Any = document
    names = path.split(".")
    for position, name in enumerate(names):
        if isinstance(value, list):
            rest = ".".join(names[position:])
            found = [value_at(each, rest) for each in value if isinstance(each, dict)]
            return [each for each in found if each is not MISSING] or MISSING
        if not isinstance(value, dict) or name not in value:
            return MISSING
        value = value[name]
    return value


def csv_header(paths: Sequence[str]) -> bytes:
    """Return the line with the names of the columns."""
    return _lines([[_guarded(path) for path in paths]])


def csv_lines(batch: Batch, paths: Sequence[str]) -> bytes:
    """Return a line for each result of a batch."""
    return _lines([[_cell(value_at(document, path)) for path in paths] for document in decode(batch.data)])


def json_lines(batch: Batch) -> bytes:
    """Return a line of Extended JSON for each result of a batch, which keeps every type."""
    return "".join(f"{text}\n" for text in extended_json.from_bson(batch.data, extended_json.CANONICAL)).encode()


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return _guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (int, float)):
        return repr(value)
    [text] = extended_json.from_bson(encode({"v": value}), extended_json.RELAXED)
    return _guarded(text[len('{"v": ') : -1])


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

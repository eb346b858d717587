"""Results as CSV."""

from __future__ import annotations

import csv
import io
import tempfile
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from workflow_results._encoding.documents import decode, encode
from workflow_results.archive.columns import Columns, leaves, ordered
from workflow_results.common.rules import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Document = dict[str, Any]

_IN_MEMORY: Final = 16 * MIB
_LENGTH_BYTES: Final = 4


def csv_lines(
    documents: Iterable[Document],
    fields: list[str] | None,
    order: Callable[[Iterable[str]], list[str]] = ordered,
) -> Iterator[str]:
    """Return results as lines of CSV, in constant memory.

    Args:
        documents: The results.
        fields: The paths of the columns; None for all there are. Then all results are looked at, and kept in a
            temporary file, before the first line is returned.
        order: Returns paths in the order of columns.

    Yields:
        Lines, the first of which names the columns; none where there are no columns.
    """
    if fields is not None:
        yield from _lines(documents, Columns(fields, chosen=True))
        return
    paths: dict[str, None] = {}
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
        for document in documents:
            paths.update(dict.fromkeys(leaves(document)))
            data = encode(document, "result")
            kept.write(len(data).to_bytes(_LENGTH_BYTES, "little") + data)
        kept.seek(0)
        yield from _lines(_kept(kept), Columns(order(paths), chosen=False))


def _kept(file: Any) -> Iterator[Document]:
    while length := file.read(_LENGTH_BYTES):
        yield from decode(file.read(int.from_bytes(length, "little")))


def _lines(documents: Iterable[Document], columns: Columns) -> Iterator[str]:
    if not columns.paths:
        return
    line = io.StringIO()
    writer = csv.writer(line)
    for row in chain([columns.paths], map(columns.written, documents)):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()

"""Results as CSV."""

from __future__ import annotations

import csv
import io
import tempfile
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from workflow_results._encoding.documents import encode
from workflow_results.archive.columns import Columns, leaves, ordered
from workflow_results.archive.reading import read_bson
from workflow_results.common.rules import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Document = dict[str, Any]

_IN_MEMORY: Final = 16 * MIB


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
            kept.write(encode(document, "result"))
        kept.seek(0)
        again = (found.document for found in read_bson(kept, "the temporary file"))
        yield from _lines(again, Columns(order(paths), chosen=False))


def _lines(documents: Iterable[Document], columns: Columns) -> Iterator[str]:
    if not columns.paths:
        return
    line = io.StringIO()
    writer = csv.writer(line)
    rows = map(columns.written, documents)
    first = list(islice(rows, 1))  # before the header, as it may fail
    for row in chain([columns.paths], first, rows):
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()

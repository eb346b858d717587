"""Tables in memory."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.types as is_


class TableSink:
    """Collects record batches.

    Attributes:
        directory: As in `Sink`.
        has_empty_documents: As in `Sink`.
        pool: As in `Sink`.

    Args:
        kind: "arrow", "pandas" or "polars".
    """

    directory: str | None = None
    has_empty_documents = True
    pool: Any = None

    def __init__(self, kind: str) -> None:
        self._convert = _KINDS[kind]
        self._batches: list[Any] = []

    def open(self) -> None:
        """There is nothing to prepare."""

    def add(self, batch: Any) -> None:
        """Take a record batch."""
        self._batches.append(batch)

    def finish(self, schema: Any) -> Any:
        """Return the table, pandas's or polars's where it is to be one."""
        table = pa.Table.from_batches(self._batches, schema)
        self._batches.clear()
        return self._convert(table)

    def close(self) -> None:
        """Drop what was collected."""
        self._batches.clear()


def _as_it_is(table: Any) -> Any:
    return table


def _pandas(table: Any) -> Any:
    import pandas as pd

    nullable = {
        index: {pa.bool_(): pd.BooleanDtype()}.get(field.type) or pd.Int64Dtype()
        for index, field in enumerate(table.schema)
        if (field.type == pa.bool_() or is_.is_integer(field.type)) and table.column(index).null_count
    }
    names = table.column_names
    columns = [(index, table.column(index)) for index in nullable]
    rest = table.select([index for index in range(len(names)) if index not in nullable])
    del table
    # Integers would become floats where one is missing, and lose digits.
    frame = rest.to_pandas(split_blocks=True, self_destruct=True, integer_object_nulls=True)
    for index, column in columns:
        frame.insert(index, names[index], column.to_pandas(types_mapper=lambda _, index=index: nullable[index]))
    return frame


def _polars(table: Any) -> Any:
    import polars as pl

    return pl.from_arrow(table)


_KINDS: Final = {"arrow": _as_it_is, "pandas": _pandas, "polars": _polars}

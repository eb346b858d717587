"""Tables of results: Arrow, pandas, polars and Parquet.

The methods `to_arrow`, `to_pandas`, `to_polars` and `to_parquet` of `Results` and `AsyncResults` lead here. None of
these libraries is loaded before one of them is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflow_results._calls import arguments
from workflow_results._transport.forks import fork_guard

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from workflow_results.frames.filling import Frame


def frame(
    kind: str,
    schema: Any,
    projection: Mapping[str, Any],
    *,
    flatten: bool,
    progress: bool,
    path: str | os.PathLike[str] | None = None,
) -> Frame:
    """Return an empty table, to be filled with batches of results.

    Args:
        kind: "arrow", "pandas", "polars" or "parquet".
        schema: The columns and their types; None to take those of the results.
        projection: That of the caller; if it is empty and there is a schema, the fields of the schema are read.
        flatten: Whether fields of nested documents become columns.
        progress: Whether to show a progress bar.
        path: For "parquet", the file.

    Raises:
        InvalidRequestError: An argument can't be used.
        ResultsError: A library is not installed.
    """
    arguments.flag("flatten", flatten)
    arguments.flag("progress", progress)
    with fork_guard:  # a child forked while another thread imports would wait for the import forever
        from workflow_results.frames import extras

        extras.require(kind)
        from workflow_results.frames import filling, parquet, sinks
    sink = parquet.ParquetSink(path) if kind == "parquet" else sinks.TableSink(kind)
    return filling.Frame(sink, schema, projection, flatten=flatten, progress=progress)

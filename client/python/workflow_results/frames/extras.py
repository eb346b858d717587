"""The libraries that tables need, which come with extras."""

from __future__ import annotations

import importlib
from typing import Final

from workflow_results.errors import ResultsError

_NEEDS: Final = {
    "arrow": ("arrow", ["pyarrow"]),
    "pandas": ("pandas", ["pyarrow", "pandas"]),
    "polars": ("polars", ["pyarrow", "polars"]),
    "parquet": ("arrow", ["pyarrow", "pyarrow.parquet"]),
}
"""By the kind of table: the extra, and the modules of its libraries."""


def require(kind: str) -> None:
    """Import the libraries of a kind of table.

    Args:
        kind: "arrow", "pandas", "polars" or "parquet".

    Raises:
        ResultsError: One is not installed, or can't be imported; the message says what to install.
    """
    extra, modules = _NEEDS[kind]
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            library = module.partition(".")[0]
            raise ResultsError(
                f"to_{kind} needs {library}, which can't be imported ({error}): pip install 'workflow-results[{extra}]'"
            ) from error

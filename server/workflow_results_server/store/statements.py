"""How many results one statement, or one entry of the history, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_STATEMENT_IDS: Final = 10_000
"""With ids of 128 characters well below the 16 MiB of a command."""


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut ids into what one statement holds."""
    for start in range(0, len(ids), _STATEMENT_IDS):
        yield ids[start : start + _STATEMENT_IDS]

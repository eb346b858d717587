"""How long to wait before a call is made again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0


def pauses() -> Iterator[float]:
    """Return the pauses before each further try: growing, and random so that clients don't come back all at once."""
    longest = _FIRST_PAUSE
    while True:
        yield random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        longest = min(longest * 2, _LONGEST_PAUSE)

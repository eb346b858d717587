"""How fast results come, as far as their ids tell: those that are ObjectIds begin with the second they were made in."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from workflow_results.common.bson_codec import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow_results_server.store import Batch

NEWEST: Final = 100
"""How many ids to look at."""
_OBJECT_ID: Final = re.compile("[0-9a-f]{24}")
_WINDOW: Final = 3600.0
_LEAST_SECONDS: Final = 60.0
_MINUTE: Final = 60.0


def ids_of(batch: Batch) -> list[str]:
    """Return the ids in a batch."""
    return [document["id"] for document in decode(batch.data)]


def rate(ids: Sequence[str]) -> dict[str, float | None]:
    """Return when the newest of some results was made, and how many a minute there were in the last hour.

    Args:
        ids: The highest ids, in descending order.

    Returns:
        `newest`, in seconds since the epoch, and `per_minute`; None where the ids don't tell.
    """
    times = [int(id_[:8], 16) for id_ in ids if _OBJECT_ID.fullmatch(id_)]
    if not times or len(times) < len(ids):
        return {"newest": None, "per_minute": None}
    now = time.time()
    recent = [each for each in times if now - each <= _WINDOW]
    # Where all that were looked at are recent, there may be more: they tell the rate since the oldest of them.
    span = max(_LEAST_SECONDS, now - recent[-1]) if len(recent) == NEWEST else _WINDOW
    return {"newest": times[0], "per_minute": round(len(recent) * _MINUTE / span, 2)}

"""Works, as tests deposit them."""

from __future__ import annotations

from typing import Any


def work(pipeline: str, id_: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a minimal work."""
    made = {"pipeline": pipeline, "status": "success", **fields}
    return made if id_ is None else {"id": id_, **made}

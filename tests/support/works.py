"""Works, as tests deposit them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from bson import Binary, Decimal128, Int64, ObjectId


def work(pipeline: str, id_: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a minimal work."""
    made = {"pipeline": pipeline, "status": "success", **fields}
    return made if id_ is None else {"id": id_, **made}


OF_ALL_TYPES: dict[str, Any] = {
    "small": Int64(5),
    "large": 2**60,
    "int": 5,
    "nan": float("nan"),
    "date": dt.datetime(2026, 1, 2, 3, 4, 5, 6000, dt.timezone.utc),
    "bytes": b"\x00\xff",
    "binary": Binary(b"ab", 128),
    "decimal": Decimal128("1.10"),
    "object_id": ObjectId("5f0000000000000000000000"),
    "text": "é\x1b\n",
    "ref": {"$ref": "a", "$id": 1},
}
"""Results with values that not every format keeps."""

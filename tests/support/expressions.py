"""The expressions of `$expr` that are supported."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from bson import Decimal128, Int64, MaxKey, ObjectId

NOW = datetime(2026, 1, 2, tzinfo=timezone.utc)

NAN = float("nan")

SUPPORTED: tuple[Any, ...] = (
    *(None, True, 1, 1.5, Int64(1), Decimal128("1"), "text", "a$b", "", NOW, ObjectId(b"twelve bytes"), MaxKey()),
    *("$field", "$results.fit.dm", "$" + ".".join("a" * 100)),
    {"$literal": "$price"},
    {"$literal": [1, {"a.b": ["$$ROOT"]}]},
    *({operator: ["$dm", 1]} for operator in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp")),
    {"$eq": ["$name", {"$literal": {"a": 1}}]},
    {"$and": ["$dm", True, {"$or": [{"$not": "$dm"}, {"$not": [{"$eq": ["$dm", 1]}]}]}]},
    {"$or": "$dm"},
    *({operator: "$dm"} for operator in ("$abs", "$ceil", "$floor", "$round", "$trunc", "$sqrt", "$exp", "$add")),
    *({operator: ["$dm"]} for operator in ("$ln", "$log10", "$abs", "$multiply")),
    *({operator: ["$dm", 2]} for operator in ("$subtract", "$multiply", "$divide", "$mod", "$pow", "$log", "$round")),
    *({operator: ["$dm", None]} for operator in ("$add", "$divide", "$mod", "$round", "$log")),
    {"$gt": [{"$divide": [{"$add": ["$dm", "$snr", 1, {"$cmp": ["$dm", 1]}]}, {"$abs": "$dm"}]}, 0.5]},
    {"$add": ["$at", 1]},
    {"$lt": [{"$subtract": [NOW, "$at"]}, 86_400_000]},
    *({operator: NAN} for operator in ("$sqrt", "$ln", "$log10", "$abs", "$round")),
    {"$log": [NAN, NAN]},
    {"$divide": [NAN, Decimal128("NaN")]},
    *({"$round": ["$dm", places]} for places in (-20, 100, 2.0, Decimal128("1"))),
    {"$add": [1] * 1000},
)

"""Where things are."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
VECTORS = REPOSITORY / "tests" / "vectors"

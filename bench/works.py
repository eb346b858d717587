"""The works that are deposited and read, kept as bytes: dicts would slow down the garbage collector of everyone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import bson
import numpy as np

from workflow_results._encoding.documents import encode
from workflow_results.samples import sample_works

_WATERFALL: Final = (32, 100)
"""The shape of the array that makes a work about 40 kB large."""


@dataclass(frozen=True)
class Works:
    """Works that are the same in each run.

    Attributes:
        encoded: One BSON document each.
    """

    encoded: list[bytes]

    @classmethod
    def make(cls, number: int, *, large: bool = False) -> Works:
        """Make sample works.

        Args:
            number: How many.
            large: Whether they have about 40 kB each instead of about 1.4 kB.
        """
        random = np.random.default_rng(number)
        encoded = []
        for work in sample_works(number):
            if large:
                work["results"] = {**(work["results"] or {}), "waterfall": random.random(_WATERFALL, "float32")}
            encoded.append(encode(work, "work"))
        return cls(encoded)

    def first(self, number: int) -> Works:
        """Return the first of them."""
        return Works(self.encoded[:number])

    def decoded(self, pipeline: str) -> list[dict[str, Any]]:
        """Return them anew as dicts that hold nothing of numpy, which PyMongo and JSON would not take.

        Args:
            pipeline: To which they shall belong.
        """
        return [{**bson.decode(each), "pipeline": pipeline} for each in self.encoded]

    def ids(self) -> list[str]:
        """Return their ids."""
        return [bson.decode(each)["id"] for each in self.encoded]

    def commonest_event(self) -> tuple[int, int]:
        """Return the event of the most works, and their number."""
        return Counter(event for each in self.encoded for event in bson.decode(each)["event"]).most_common(1)[0]

    def __len__(self) -> int:
        return len(self.encoded)

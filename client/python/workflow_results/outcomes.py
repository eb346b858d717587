"""What became of the works and results named in a call."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Outcome(Enum):
    """What became of one deposited work."""

    DEPOSITED = "deposited"
    """Stored durably by this call."""
    ALREADY_DEPOSITED = "already deposited"
    """Stored durably before, with the same content."""
    CONFLICT = "conflict"
    """Not stored: another content is stored under its id, and was not changed."""
    REJECTED = "rejected"
    """Not stored: the work breaks a rule, named by `Receipt.reason`."""


class Receipt(NamedTuple):
    """The outcome of one deposited work.

    Attributes:
        pipeline: The pipeline of the work.
        id: The id of the work.
        outcome: What became of it.
        reason: Why it was rejected, or what it conflicts with; empty for works that are stored.
    """

    pipeline: str
    id: str
    outcome: Outcome
    reason: str = ""

    @property
    def stored(self) -> bool:
        """Whether the work is now stored durably with the content that was sent."""
        return self.outcome in (Outcome.DEPOSITED, Outcome.ALREADY_DEPOSITED)


class Refusal(NamedTuple):
    """One result that stood in the way of an all-or-nothing call.

    Attributes:
        pipeline: The pipeline of the result.
        id: The id of the result.
        locked: True when it is locked, False when it does not exist.
    """

    pipeline: str
    id: str
    locked: bool

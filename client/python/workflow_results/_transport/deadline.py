"""The time that a method of the facade has, for all that it does."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Final

_GLANCE: Final = 0.05
"""How often a pause looks whether it has been given up. (An Event would end it at once, but takes longer to make than
all else here, at every call.)"""


@dataclass(frozen=True)
class Deadline:
    """A moment to be done by.

    Attributes:
        seconds: The time that there was in all; None for no end.
        at: The moment, on the clock of `time.monotonic`.
    """

    seconds: float | None
    at: float | None
    _given_up: list[bool] = field(default_factory=list)

    @classmethod
    def after(cls, seconds: float | None) -> Deadline:
        """Return the moment in so many seconds; None for no end."""
        return cls(seconds, None if seconds is None else time.monotonic() + seconds)

    def later(self, seconds: float) -> Deadline:
        """Return the same deadline so many seconds later, for time that was not spent on the service."""
        return self if self.at is None else replace(self, at=self.at + seconds)

    def since(self, moment: float) -> Deadline:
        """Return the deadline of as many seconds from a moment on; giving up either gives up both."""
        return self if self.seconds is None else replace(self, at=moment + self.seconds)

    def at_most(self, seconds: float) -> Deadline:
        """Return the moment in so many seconds, or this one if it comes before; giving up either gives up both."""
        left = self.remaining()
        if left is not None and left < seconds:
            return self
        return replace(self, seconds=seconds, at=time.monotonic() + seconds)

    def remaining(self) -> float | None:
        """Return the seconds that are left: at least a millisecond, since gRPC takes 0 and less as an error of ours."""
        return None if self.at is None else max(0.001, self.at - time.monotonic())

    def allows(self, seconds: float) -> bool:
        """Return whether a pause of so many seconds ends before the deadline, and nobody has given up."""
        return not self._given_up and (self.at is None or time.monotonic() + seconds < self.at)

    def pause(self, seconds: float) -> bool:
        """Sleep, unless the deadline comes before the end of it, or `give_up` does; returns whether."""
        if not self.allows(seconds):
            return False
        end = time.monotonic() + seconds
        while not self._given_up and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _GLANCE))
        return not self._given_up

    def give_up(self) -> None:
        """End all pauses: nobody waits for the outcome any more."""
        self._given_up.append(True)


def earlier(one: Deadline, other: Deadline) -> Deadline:
    """Return the deadline that comes first."""
    return min(one, other, key=lambda deadline: float("inf") if deadline.at is None else deadline.at)

"""Ends waits for the next part of a stream.

gRPC waits for it until the deadline of the whole call, and a read may have none, since its reader takes any time. A
thread ends those waits that take too long; it lives while there are some, and a little longer.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from workflow_results._transport.forks import fork_guard, renew_in_child

if TYPE_CHECKING:
    from workflow_results._transport.connection import Place


class _Watchdog:
    """Those who wait, each for the call of a place."""

    def __init__(self) -> None:
        self.begin_in_child()

    def begin_in_child(self) -> None:
        """Start over: in the child of a fork, nobody waits."""
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._ends: dict[Place, float] = {}
        """When to end each wait, on the clock of `time.monotonic`."""
        self._wakes_at: float | None = None
        """When the thread looks again; None where there is none."""

    def begin(self, place: Place, seconds: float) -> None:
        """Cancel the call of a place in so many seconds, unless `end` comes before.

        Not within `fork_guard`, since the thread waits for forks.
        """
        end = time.monotonic() + seconds
        with self._lock:
            self._ends[place] = end
            if self._wakes_at is None:
                self._wakes_at = end
                try:
                    threading.Thread(target=self._run, name="workflow-results-watchdog", daemon=True).start()
                except BaseException as error:
                    self._wakes_at = None
                    if not isinstance(error, RuntimeError):  # which means that the interpreter ends
                        raise
            elif end < self._wakes_at:
                self._changed.notify_all()

    def end(self, place: Place) -> bool:
        """Return whether the wait was ended."""
        return self._ends.pop(place, None) is None

    def _run(self) -> None:
        with self._lock:
            while ends := [*self._ends.items()]:
                now = time.monotonic()
                for place, end in ends:
                    if end <= now and self._ends.pop(place, 0.0) and (call := place.call) is not None:
                        with fork_guard:
                            call.cancel()
                self._wakes_at = min([end for _, end in ends if end > now], default=now)
                self._changed.wait(self._wakes_at - now)
            self._wakes_at = None


watchdog: Final = _Watchdog()
renew_in_child(watchdog)

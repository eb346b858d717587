"""When a mongod that died is started again, and when there is no hope left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workflow_results_server.mongod.data_directory import MongodError

_FIRST_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 30.0
_CALM_SECONDS: Final = 60.0
"""After a life of this length, a death counts as the first one again."""
_MOST_FAILURES: Final = 5


class Restarts:
    """The pauses between the starts of one mongod.

    It is started again at once after its first death, then after one second, two, four and so on, up to half a minute.

    Args:
        first_seconds: The first pause that is one.
        longest_seconds: The longest pause.
        calm_seconds: How long mongod must have lived for the pauses to start over.
        most_failures: How many starts in a row may fail for reasons that do not go away.
    """

    def __init__(
        self,
        first_seconds: float = _FIRST_SECONDS,
        longest_seconds: float = _LONGEST_SECONDS,
        calm_seconds: float = _CALM_SECONDS,
        most_failures: int = _MOST_FAILURES,
    ) -> None:
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._calm_seconds = calm_seconds
        self._most_failures = most_failures
        self._failures = 0
        self.pause = 0.0
        """How long to wait before the next start."""

    def died(self, age: float) -> None:
        """Note the death of a mongod that had started.

        Args:
            age: How long it lived, in seconds.
        """
        self._failures = 0
        if age >= self._calm_seconds:
            self.pause = 0.0

    def started(self) -> None:
        """Note that mongod is started again: if it dies soon, the next pause is longer."""
        self._lengthen()

    def failed(self, error: MongodError) -> bool:
        """Note that a start has failed.

        Args:
            error: What was wrong.

        Returns:
            Whether to try again.
        """
        self._failures = 0 if error.passes else self._failures + 1
        self._lengthen()
        return self._failures < self._most_failures

    def _lengthen(self) -> None:
        self.pause = min(self.pause * 2, self._longest_seconds) if self.pause else self._first_seconds

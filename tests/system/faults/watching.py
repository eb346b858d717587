"""What watchers watch, and how they do it: some for the whole run, others from token to token.

A watcher is a chain of watches, each of which goes on where some change before it was told. All that it is told is
recorded as it comes; `watches` checks it.
"""

from __future__ import annotations

import math
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.system.faults.reader import text
from tests.system.faults.workload import LARGE, LAST, PIPELINES, compact
from workflow_results import DeadlineExceededError, ServiceUnavailableError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.system.faults.history import Outcome, Recorder
    from tests.system.faults.model import Content
    from workflow_results import Change, Results

EARLY, EARLIEST = "c4", "c1"
"""The markers of half of the clients, and of the first one, come before them."""
_REMEMBERED: Final = 60
_FRESH_SHARE: Final = 0.15
_FRESH_SECONDS: Final = 20.0
"""So long before the end of a run, nobody begins anew, who might then begin after what is to be seen last."""
_PAUSE_SECONDS: Final = (1.0, 6.0)
_PAUSE_SHARE: Final = 0.005
_CLOSED_SHARE: Final = 0.003
_RETRY_SECONDS: Final = 0.5
_QUIET_SECONDS: Final = 4.0
_QUIET_SHARE: Final = 0.5
"""In the end, how long a watch is given, and for which part of it it must have begun and told nothing."""


class Query(NamedTuple):
    """What results must be like.

    Attributes:
        filter: In MongoDB's words.
        matches: In Python's.
    """

    filter: dict[str, Any]
    matches: Callable[[Content], bool]


QUERIES: Final = {
    "all": Query({}, lambda _: True),
    "locked": Query({"results.locked": True}, lambda content: content.locked),
    "early": Query({"a": {"$lt": EARLY}}, lambda content: content.a < EARLY),
    "earliest": Query({"a": {"$lt": EARLIEST}}, lambda content: content.a < EARLIEST),
}
_FIELDS: Final = ("id", "pipeline", "a", "b", "results")


class _Place(NamedTuple):
    """Where to go on.

    Attributes:
        token: The resume token; none to begin now.
        number: How many changes had been told up to there. Those told behind it must come again.
    """

    token: bytes | None = None
    number: int = 0


@dataclass(frozen=True)
class Habit:
    """How somebody watches.

    Attributes:
        pipelines: Which pipelines; None for all.
        query: The name of a query.
        snapshot: Whether to begin with what is there.
        fields: Which fields to ask for; none for all.
        seconds: How long until the watch is given up and another one goes on; none for the whole run.
        tokens: Where that goes on: behind a recent change, or at the token of the watch itself.
        pauses: Whether to read nothing for some seconds now and then.
    """

    pipelines: tuple[str, ...] | None
    query: str = "all"
    snapshot: bool = False
    fields: tuple[str, ...] = ()
    seconds: tuple[float, float] | None = None
    tokens: tuple[str, ...] = ("own",)
    pauses: bool = False

    @property
    def watched(self) -> tuple[str, ...]:
        """The names of the pipelines."""
        return (*PIPELINES, LARGE) if self.pipelines is None else self.pipelines


HABITS: Final = {
    "a": Habit(PIPELINES),
    "b": Habit(PIPELINES[:1], snapshot=True, seconds=(0.5, 3.0), tokens=("recent",)),
    "c": Habit(PIPELINES[:2], query="locked", seconds=(0.2, 4.0)),
    "d": Habit(
        None,
        query="early",
        snapshot=True,
        fields=_FIELDS,
        seconds=(3.0, 12.0),
        tokens=("recent", "own"),
        pauses=True,
    ),
    "e": Habit((LARGE,), query="earliest", fields=_FIELDS, seconds=(16.0, 20.0)),
}
"""By the end of a watcher's name."""


class Watcher:
    """Watches until it has seen the last changes of a run, and nothing comes behind them.

    Args:
        results: The facade.
        recorder: Where it is recorded.
        name: Its name.
        lots: For what is left to choose.
        until: When the clients stop that make changes.
    """

    def __init__(self, results: Results, recorder: Recorder, name: str, lots: random.Random, until: float) -> None:
        self._results = results
        self._recorder = recorder
        self._name = name
        self._lots = lots
        self._until = until
        self._habit = HABITS[name[-1]]
        self._chains = 0
        self._is_over = False
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._chains += 1
        self._place = _Place()
        self._recent: deque[_Place] = deque(maxlen=_REMEMBERED)
        self._unseen = set(self._habit.watched)

    def run(self) -> None:
        """Watch until the end, which must come."""
        while not self._is_over:
            self._watch(at_end=not self._unseen)
            if self._is_restless(_FRESH_SECONDS) and self._lots.random() < _FRESH_SHARE:
                self._begin_anew()

    def _watch(self, *, at_end: bool) -> None:
        """Watch for a while.

        Args:
            at_end: Whether all has been seen, and something may still come behind it.
        """
        habit = self._habit
        name = self._recorder.begin(
            "watch",
            chain=f"{self._name}.{self._chains}",
            pipelines=habit.watched,
            query=habit.query,
            snapshot=habit.snapshot,
            resumed=self._place.token is not None,
            behind=self._place.number,
        )
        seconds = self._lots.uniform(*habit.seconds) if habit.seconds else None
        number, began = 0, math.inf
        outcome: Outcome = "ok"
        told: dict[str, Any] = {}
        try:
            with self._results.watch(
                None if habit.pipelines is None else list(habit.pipelines),
                QUERIES[habit.query].filter,
                dict.fromkeys(habit.fields, True),
                snapshot=habit.snapshot,
                resume_token=self._place.token,
                timeout=_QUIET_SECONDS if at_end else seconds,
            ) as watch:
                began = time.monotonic()
                self._place = self._place._replace(token=watch.resume_token)
                self._recorder.note(name, "began")
                with suppress(DeadlineExceededError):
                    for change in watch:
                        number += 1
                        self._take(name, change)
                        if self._is_done(at_end):
                            break
                self._place = self._next_place(watch.resume_token)
        except (DeadlineExceededError, ServiceUnavailableError) as error:
            outcome, told = "failed", {"error": text(error)}
            time.sleep(_RETRY_SECONDS)
        except Exception as error:  # noqa: BLE001 - it is what must never be
            outcome, told = "broken", {"error": text(error)}
        is_quiet = not number and time.monotonic() - began > _QUIET_SECONDS * _QUIET_SHARE
        is_complete = at_end and is_quiet and outcome == "ok"
        self._is_over = is_complete or outcome == "broken"
        self._recorder.end(name, outcome, **told, complete=is_complete)

    def _is_done(self, at_end: bool) -> bool:
        """Whether to close the watch behind a change."""
        if at_end or not self._unseen:
            return not at_end
        return self._is_restless() and self._lots.random() < _CLOSED_SHARE

    def _is_restless(self, seconds: float = 0.0) -> bool:
        """Whether to do more than to wait for the next change, until some seconds before the end of the run."""
        return self._habit.seconds is not None and time.monotonic() < self._until - seconds

    def _next_place(self, own: bytes) -> _Place:
        """Return where to go on; in the end only behind what was told, so that there is an end."""
        if not self._recent or not self._is_restless() or self._lots.choice(self._habit.tokens) == "own":
            return self._place._replace(token=own)
        for _ in range(self._lots.randrange(len(self._recent))):
            self._recent.pop()
        return self._recent[-1]

    def _take(self, name: str, change: Change) -> None:
        content = None if change.result is None else compact(change.result, self._habit.fields)
        row = [change.kind.name, change.pipeline, change.id, content, change.reason, list(change.fields)]
        self._recorder.note(name, row)
        self._place = _Place(change.resume_token, self._place.number + 1)
        self._recent.append(self._place)
        if change.id == LAST:
            self._unseen.discard(change.pipeline)
        if self._habit.pauses and self._lots.random() < _PAUSE_SHARE and time.monotonic() < self._until:
            time.sleep(self._lots.uniform(*_PAUSE_SECONDS))

"""How a client reads, and how it records what it is answered."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from tests.system.faults import workload
from workflow_results import (
    DeadlineExceededError,
    LockedError,
    NotFoundError,
    ServiceUnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.system.faults import history
    from tests.system.faults.history import Recorder
    from workflow_results import Results

_PAUSE_EACH: Final = 25


class Tries(logging.Handler):
    """Counts how often the facade went on after a failure, which it tells in its debug log.

    Attributes:
        again: How often a call or works were sent again, by any thread.
        streams: How often a stream broke, by thread.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.again = 0
        self.streams: Counter[int] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        self.again += "tried again" in message
        self.streams[threading.get_ident()] += message.startswith("View failed")


class Reader:
    """Reads, and records what comes.

    Args:
        results: The facade, which must be strict: only then it tells what stood in the way.
        recorder: Where calls are recorded.
        tries: Counts what was tried again.
    """

    def __init__(self, results: Results, recorder: Recorder, tries: Tries) -> None:
        self._results = results
        self._recorder = recorder
        self._tries = tries

    def _read(self, pipeline: str, ids: list[str]) -> dict[str, Any]:
        def read() -> dict[str, Any]:
            found = self._results.get_by_id(pipeline, ids)
            by_id = {result["id"]: workload.compact(result) for result in found}
            if len(by_id) < len(found):
                raise TypeError("a result came twice")
            return {"found": by_id}

        return self._recorded("read", read, pipeline=pipeline, ids=ids)

    def _view(self, pipeline: str, **first: str) -> None:
        self.stream(pipeline, first["from"], pause=0)

    def stream(self, pipeline: str, first: str, pause: float) -> None:
        """Read a whole pipeline, from an id on, and pause now and then."""

        def read() -> dict[str, Any]:
            found = []
            before = self._tries.streams[threading.get_ident()]
            for result in self._results.stream(pipeline, {"id": {"$gte": first}} if first else {}):
                found.append([result["id"], *workload.compact(result)])
                if pause and len(found) % _PAUSE_EACH == 0:
                    time.sleep(pause)
            told = workload.without_archived(found) if pipeline == workload.ARCHIVE else {"found": found}
            return {**told, "broke": self._tries.streams[threading.get_ident()] - before}

        self._recorded("stream", read, pipeline=pipeline, **{"from": first})

    def _count(self, pipeline: str, **first: str) -> None:
        query = {"id": {"$gte": first["from"]}} if first["from"] else {}
        self._recorded("count", lambda: {"count": self._results.count(pipeline, query)}, pipeline=pipeline, **first)

    def _locked_count(self, pipeline: str) -> None:
        count = self._results.get_locked_count
        self._recorded("locked_count", lambda: {"count": count(pipeline)}, pipeline=pipeline)

    def _status(self) -> None:
        self._recorded("status", lambda: {"counts": self._results.status()})

    def _by_count(self, pipeline: str, count: int) -> None:
        def read() -> dict[str, Any]:
            return {"found": _rows(self._results.get_by_count(pipeline, count))}

        self._recorded("by_count", read, pipeline=pipeline, count=count)

    def _by_event(self, pipeline: str, event: int) -> None:
        def read() -> dict[str, Any]:
            return {"found": _rows(self._results.get_by_event(pipeline, event))}

        self._recorded("by_event", read, pipeline=pipeline, event=event)

    def _locked(self, pipeline: str, skip: int, count: int) -> None:
        def read() -> dict[str, Any]:
            found = self._results.get_locked(pipeline, skip, count)
            return {"found": [workload.compact_locked(pipeline, result) for result in found]}

        self._recorded("locked", read, pipeline=pipeline, skip=skip, count=count)

    def _changes(self, pipeline: str, **named: str) -> None:
        """Read the history of a result, the newest change first."""

        def read() -> dict[str, Any]:
            entries = self._results.history(pipeline, named["id"])
            return {
                "found": [[each.reason, each.method, list(each.fields), each.result_count] for each in entries],
                "counted": all(each.field_count == len(each.fields) for each in entries),
            }

        self._recorded("changes", read, pipeline=pipeline, **named)

    def _recorded(self, kind: str, call: Callable[[], dict[str, Any]], **arguments: Any) -> dict[str, Any]:
        name = self._recorder.begin(kind, **arguments)
        outcome, told = answer(call)
        self._recorder.end(name, outcome, **told)
        return told


def _rows(results: list[dict[str, Any]]) -> list[list[Any]]:
    return [[result["id"], *workload.compact(result)] for result in results]


def answer(call: Callable[[], dict[str, Any]]) -> tuple[history.Outcome, dict[str, Any]]:
    """Make a call, and tell how it ended."""
    try:
        return "ok", call()
    except (LockedError, NotFoundError) as error:
        refusals = [[each.pipeline, each.id, "locked" if each.locked else "missing"] for each in error.refusals]
        return "refused", {"refusals": refusals}
    except (ServiceUnavailableError, DeadlineExceededError) as error:
        return "unknown" if error.outcome_unknown else "failed", {"error": text(error)}
    except Exception as error:  # noqa: BLE001 - it is what must never be
        return "broken", {"error": text(error)}


def text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]

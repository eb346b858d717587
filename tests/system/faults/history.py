"""What the clients did and saw: written line by line as it happens, read again as operations.

Each client has a file of its own. An operation is two lines in it, one before the call and one after; a client that
was killed leaves the second one out. What a watch is told stands between them, each change when it comes. Times are
those of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import json
import math
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self

Outcome: TypeAlias = Literal["ok", "refused", "failed", "unknown", "broken", "unanswered"]
"""Made; refused with reasons; certainly nothing changed; may have happened; an answer that must never be; none."""
_SHOWN: Final = 300
_SHOWN_LINES: Final = 60
RUN_FILE: Final = "run.json"
FAULTS_FILE: Final = "faults.jsonl"
_UNEXPECTED: Final = {
    # Not any traceback: PyMongo logs some of what it does in the background and has failed. Nor any worker that ends:
    # it does so where it can't start since there is no primary.
    "server.log": (
        "internal error",
        "never retrieved",
        "Exception in callback",
        "MemoryError",
        "code=-11",
        "code=-6",
        "code=-7",
    ),
    "clients.log": ("Traceback",),
}
LOGS: Final = tuple(_UNEXPECTED)
HAPPENED_FILE: Final = "happened.txt"


@dataclass
class Operation:
    """One call and its answer.

    Attributes:
        name: Unique, such as "c3-17": the 17th call of client 3.
        kind: deposit, update, delete, lock, unlock, repeat, declined (an unlock that was not confirmed), read, stream,
            locked, by_count, by_event, count, locked_count, status, changes (the history of one result), watch; in the
            end dump and history, of all that a member holds.
        begin: When it was called.
        told: Its arguments and, once it has ended, its answer.
        end: When it was answered; infinity as long as it may still happen.
        outcome: What is known about it.
        seconds: How long it took until it was answered, whatever the answer.
        notes: What it told meanwhile, and when.
    """

    name: str
    kind: str
    begin: float
    told: dict[str, Any] = field(default_factory=dict)
    end: float = math.inf
    outcome: Outcome = "unanswered"
    seconds: float = 0.0
    notes: list[tuple[float, Any]] = field(default_factory=list)

    @property
    def heading(self) -> str:
        """When it was, and which."""
        end = "        …" if math.isinf(self.end) else f"{self.end:9.3f}"
        return f"{self.begin:9.3f} to {end}  {self.name:<8} {self.kind:<12} {self.outcome:<8}"

    def __str__(self) -> str:
        return f"{self.heading} {json.dumps(self.told)[:_SHOWN]}"


class Recorder:
    """Writes the operations of a client.

    Args:
        directory: Of the history.
        client: Its name, such as "c3".
    """

    def __init__(self, directory: Path, client: str) -> None:
        self._file = (directory / f"{client}.jsonl").open("a", encoding="utf-8")
        self._client = client
        self._lock = threading.Lock()
        self._number = 0

    def begin(self, kind: str, **arguments: Any) -> str:
        """Report that a call begins; returns its name."""
        with self._lock:
            self._number += 1
            name = f"{self._client}-{self._number}"
        self._write({"op": name, "kind": kind, "begin": time.monotonic(), **arguments})
        return name

    def end(self, name: str, outcome: Outcome, **answer: Any) -> None:
        """Return how a call ended."""
        self._write({"op": name, "end": time.monotonic(), "outcome": outcome, **answer})

    def note(self, name: str, told: Any) -> None:
        """Record what a call that goes on has told, and when."""
        self._write({"op": name, "at": time.monotonic(), "note": told})

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()


def parsed(lines: Iterable[str]) -> list[Operation]:
    """Read operations from the lines of a client."""
    operations: dict[str, Operation] = {}
    for line in lines:
        told = json.loads(line)
        name = told.pop("op")
        if "begin" in told:
            operations[name] = Operation(name, told.pop("kind"), told.pop("begin"), told)
            continue
        operation = operations[name]
        if "note" in told:
            operation.notes.append((told["at"], _interned(told["note"])))
            continue
        end, operation.outcome = told.pop("end"), told.pop("outcome")
        if operation.outcome != "unknown":
            operation.end = end
        operation.told |= told
        operation.seconds = end - operation.begin
    return list(operations.values())


def _interned(told: Any) -> Any:
    """Return what was told with each text only once in memory: watchers are told the same names many times."""
    if isinstance(told, str):
        return sys.intern(told)
    return [_interned(each) for each in told] if isinstance(told, list) else told


def load(directory: Path) -> list[Operation]:
    """Read the operations of all clients, in the order in which they began."""
    operations = []
    for path in sorted(directory.glob("*.jsonl")):
        if path.name != FAULTS_FILE:
            with path.open(encoding="utf-8") as lines:
                operations += parsed(line for line in lines if line.endswith("\n"))
    return sorted(operations, key=lambda operation: operation.begin)


def faults_in(log: Path) -> str:
    """Return what a server, or a client, has logged from the first thing on that nobody expected."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    unexpected = _UNEXPECTED[log.name]
    first = next((index for index, line in enumerate(lines) if any(each in line for each in unexpected)), None)
    shown = [] if first is None else lines[first : first + _SHOWN_LINES]
    return "\n".join(line[:_SHOWN] for line in shown)

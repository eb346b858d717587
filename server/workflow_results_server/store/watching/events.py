"""What MongoDB's change stream says, as events of results. Pure: knows no MongoDB.

A change that a caller makes is one transaction: first come the writes of the results, then the entries of the history,
which name the same results and say who, how and why. So the writes of a transaction are held until its first entry
comes, and are dropped then. Writes of a transaction without an entry are an administrator's.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from bson.timestamp import Timestamp

from workflow_results.common import rules
from workflow_results_server.store.history import COLLECTION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class Kind(enum.Enum):
    """What happened to a result."""

    EXISTING = enum.auto()
    """It was there when the watch began."""
    DEPOSITED = enum.auto()
    UPDATED = enum.auto()
    LOCKED = enum.auto()
    UNLOCKED = enum.auto()
    DELETED = enum.auto()
    CHANGED = enum.auto()
    """An administrator has written it, past the service."""
    UNMATCHED = enum.auto()
    """It was changed, and does not match the query, or no more."""
    DROPPED = enum.auto()
    """Its whole pipeline is gone."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to some results.

    Attributes:
        kind: What.
        pipeline: Their pipeline.
        ids: Their ids; empty where the pipeline itself is gone.
        time: When, in milliseconds since the epoch: by the clock of the server that made the change where the history
            tells of it, else by MongoDB's.
        token: MongoDB's place in its stream behind the event.
        caller: Who made the change; empty if that is not known.
        reason: Why; may be empty.
        fields: The top-level fields that an update set; with very many, the first ones.
    """

    kind: Kind
    pipeline: str
    ids: Sequence[str]
    time: int
    token: bytes
    caller: str = ""
    reason: str = ""
    fields: Sequence[str] = ()


class HistoryLost(Exception):
    """What has changed can't be told any more: results must be read anew."""


_WRITES: Final = {
    "insert": Kind.DEPOSITED,
    "update": Kind.CHANGED,
    "replace": Kind.CHANGED,
    "delete": Kind.DELETED,
    "drop": Kind.DROPPED,
}
_LOSSES: Final = frozenset({"rename", "dropDatabase"})
"""What an administrator does with whole collections, without a word of what was in them."""
_METHODS: Final = {
    "update": Kind.UPDATED,
    "delete_ids": Kind.DELETED,
    "lock": Kind.LOCKED,
    "unlock": Kind.UNLOCKED,
}
"""What entries of the history stand for. That of a pipeline stands for none: the drop itself follows."""
STAGES: Final[list[dict[str, Any]]] = [
    {
        # Without the results themselves: an event over 16 MiB would end the stream. To leave out events of other
        # collections as well would double the time that MongoDB takes for each.
        "$project": {
            "operation": "$operationType",
            "pipeline": "$ns.coll",
            "id": "$documentKey._id",
            "time": {"$toLong": "$wallTime"},
            "lsid": 1,
            "txnNumber": 1,
            "entry": {"$cond": [{"$eq": ["$ns.coll", COLLECTION]}, "$fullDocument", "$$REMOVE"]},
        }
    },
]
"""The stages behind `$changeStream`. A stream that goes on where another one ended must have the same."""
_TOKEN: Final = struct.Struct(">BII")
_TYPE: Final = 0x82
"""How each token begins: with a type, and MongoDB's time. MongoDB documents that they can be compared."""
_is_pipeline: Final = lru_cache(10_000)(lambda name: rules.pipeline_problem(name) is None)


class Interpreter:
    """Makes events of what one change stream says.

    Args:
        token: The place where the stream begins.

    Attributes:
        token: The place behind the last events; a stream may begin there.
    """

    def __init__(self, token: bytes) -> None:
        self.token = token
        self._last = token
        self._transaction: object = None
        self._has_entry = False
        self._held: list[Event] = []

    def read(self, change: Mapping[str, Any]) -> list[Event]:
        """Return the events that are complete with a change.

        Args:
            change: What the stream says next.

        Raises:
            HistoryLost: It says that results may be others now than before.
        """
        transaction = (change["lsid"], change["txnNumber"]) if "txnNumber" in change else None
        complete: list[Event] = []
        if transaction is None or transaction != self._transaction:
            complete = self._end_transaction()
            self._transaction = transaction
        self._last = bytes.fromhex(change["_id"]["_data"])
        event = _event(change, self._last)
        if "entry" in change:
            self._has_entry = True
            self._held.clear()
        elif transaction is not None:
            if not self._has_entry and event is not None:
                self._held.append(event)
            return complete
        self.token = self._last
        if event is not None:
            complete.append(event)
        return complete

    def idle(self, token: bytes) -> list[Event]:
        """Return the events that are complete since the stream has nothing more to say for now.

        Args:
            token: The place that the stream has come to.
        """
        complete = self._end_transaction()
        self._transaction = None
        self.token = self._last = max(self._last, token)
        return complete

    def _end_transaction(self) -> list[Event]:
        """Return what an administrator has written in the transaction before."""
        complete = [replace(event, token=self._last) for event in self._held]
        self._held.clear()
        self._has_entry = False
        self.token = self._last
        return complete


def _event(change: Mapping[str, Any], token: bytes) -> Event | None:
    """Return the event that a change stands for; None for those that say nothing of results."""
    if entry := change.get("entry"):
        kind = _METHODS.get(entry.get("method"))
        if kind is None:
            return None
        return Event(
            kind=kind,
            pipeline=entry["pipeline"],
            ids=entry["ids"],
            time=_milliseconds(entry["time"]),
            token=token,
            caller=entry["caller"],
            reason=entry["reason"],
            fields=entry["fields"],
        )
    operation, pipeline = change["operation"], change.get("pipeline", "")
    if operation in _LOSSES:
        raise HistoryLost
    kind = _WRITES.get(operation)
    if kind is None or not _is_pipeline(pipeline):
        return None
    ids: tuple[str, ...] = ()
    if kind is not Kind.DROPPED:
        id_ = change["id"]
        if not isinstance(id_, str):  # which is no result
            return None
        ids = (id_,)
    time = change["time"]  # which MongoDB tells from version 6.0 on
    return Event(kind, pipeline, ids, seconds_of(token) * 1_000 if time is None else time, token)


def token_of(time: Timestamp) -> bytes:
    """Return a token of our own: behind all that MongoDB has done up to a time of its, and before all else."""
    return _TOKEN.pack(_TYPE, time.time, time.inc + 1)


def time_of(token: bytes) -> Timestamp | None:
    """Return the time of MongoDB at which a stream begins for a token of our own; None for a token of MongoDB's."""
    if len(token) != _TOKEN.size:
        return None
    _, seconds, number = _TOKEN.unpack(token)
    return Timestamp(seconds, number)


def is_token(token: bytes) -> bool:
    """Return whether a token may be one of MongoDB's, or of ours."""
    return len(token) >= _TOKEN.size and token[0] == _TYPE


def seconds_of(token: bytes) -> int:
    """Return the time of a token, in seconds since the epoch."""
    return int.from_bytes(token[1:5], "big")


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1_000)

"""What the clients do: calls drawn by lot, on results that several of them fight over."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

Work: TypeAlias = tuple[str, str, str, bool]
"""Of a deposit: pipeline, id, marker, and whether it is deposited locked."""

How: TypeAlias = Literal["once", "repeatable", "repeated"]
"""Of a change: sent at most once; or with an id, which lets it be sent again; or sent again on purpose, too."""

CHANGES: Final = ("update", "delete", "lock", "unlock")
LAST: Final = "zz_last"
"""The id of a result that each pipeline gets when all else is over: who watches knows then that nothing more comes."""
ARCHIVE: Final = "archive"
ARCHIVED: Final = 3_000
_PADDED_BYTES: Final = 8_000
PIPELINES: Final = ("burst-a", "burst-b", ARCHIVE)
LARGE: Final = "large"
_LARGE_BYTES: Final = 600_000
_EPOCH_SECONDS: Final = 5.0
_EPOCHS: Final = 4
"""How many epochs a result is used for: new ones come all the time, so that none has too long a history to check."""
_KEYS: Final = 16
"""How many results of a pipeline each epoch brings; the first of them are used most."""
_FAVOURITES: Final = 5
_MOST_KEYS: Final = 4
_TOGETHER: Final = 0.15
_FOUGHT_OVER: Final = 3
"""The share of calls over several results that all are about the same few, and how many these are."""
_REMEMBERED: Final = 40

WEIGHTS: Final = {
    "deposit": 14,
    "deposit_several": 7,
    "deposit_again": 6,
    "deposit_large": 1,
    "depositor": 4,
    "update": 16,
    "lock": 8,
    "unlock": 9,
    "delete": 9,
    "read": 18,
    "view": 3,
    "count": 3,
    "locked_count": 3,
    "locked": 3,
    "by_count": 3,
    "by_event": 3,
    "changes": 4,
    "status": 2,
    "unlock_asked": 6,
    "tidy": 2,
    "race": 2,
}


def archive_id(number: int) -> str:
    """Return the id of a result of the archive."""
    return f"{number:05d}"


def padding(id_: str, size: int = _PADDED_BYTES) -> str:
    """Return what makes a result of the archive long; it can be told from that of another one."""
    return (id_ * (size // len(id_) + 1))[:size]


def event_of(id_: str) -> int:
    """Return the event of a result: the epoch that its id names; 0 for other ids."""
    epoch = id_.split("-")[-2:-1]
    return int(epoch[0]) if epoch else 0


def document(work: Work) -> dict[str, Any]:
    """Return the payload of a work."""
    pipeline, id_, marker, locked = work
    payload: dict[str, Any] = {
        "id": id_,
        "pipeline": pipeline,
        "status": "success",
        "event": [event_of(id_)],
        "plots": [f"{id_}.png"],
        "products": [f"{id_}.h5"],
        "a": marker,
        "b": marker,
        "results": {"m": marker, "locked": True} if locked else {"m": marker},
    }
    if pipeline == LARGE:
        payload["padding"] = padding(id_, _LARGE_BYTES)
    elif pipeline == ARCHIVE and len(id_) == len(archive_id(0)):
        payload["padding"] = padding(id_)
    return payload


def fields(markers: dict[str, str]) -> dict[str, Any]:
    """Return the fields of an update."""
    return {name: {"m": marker} if name == "results" else marker for name, marker in markers.items()}


def compact(result: dict[str, Any], names: Collection[str] = ()) -> list[Any]:
    """Return what is recorded of a result that was read; see `events.content`.

    Args:
        result: The result.
        names: The fields that were asked for; none for all.
    """
    results = result.get("results") or {}
    a, b, m, locked = result.get("a"), result.get("b"), results.get("m"), results.get("locked") is True
    flag = {"locked": results["locked"]} if isinstance(results.get("locked"), bool) else {}
    rest = document((result.get("pipeline", ""), result.get("id", ""), "", False))
    whole = {**rest, "a": a, "b": b, "results": {"m": m, **flag}}
    whole = {name: value for name, value in whole.items() if not names or name in names}
    if {name: value for name, value in result.items() if name != "_id"} != whole:
        b = "not whole"
    return [a] if a == b == m and not locked else [a, b, m, locked]


def compact_locked(pipeline: str, result: dict[str, Any]) -> list[Any]:
    """Return what is recorded of a result from `get_locked`: its id, and the marker in its results."""
    id_, results = result.get("id", ""), result.get("results") or {}
    rest = document((pipeline, id_, "", False))
    whole = {name: rest[name] for name in ("id", "event", "plots", "products")}
    whole["results"] = {"m": results.get("m"), "locked": True}
    found = {name: value for name, value in result.items() if name != "_id"}
    return [id_, results.get("m") if found == whole else "not whole"]


def without_archived(found: list[list[Any]]) -> dict[str, Any]:
    """Return what is recorded of a whole archive: the results that it was filled with only if something is wrong."""
    archived = [row for row in found if len(row[0]) == len(archive_id(0))]
    ids = [row[0] for row in found]
    if archived == _ALL_ARCHIVED and ids == sorted(set(ids), reverse=True):
        return {"archived": True, "found": [row for row in found if len(row[0]) > len(archive_id(0))]}
    return {"archived": False, "found": found}


def archived_marker(id_: str) -> str:
    """Return the marker of a result that the archive is filled with."""
    return f"f.{id_}"


_ALL_ARCHIVED: Final = [[id_, archived_marker(id_)] for id_ in map(archive_id, reversed(range(ARCHIVED)))]


@dataclass
class Plan:
    """The calls of one client.

    Attributes:
        client: Its name, which all its markers begin with.
        random: Where its lots come from.
    """

    client: str
    random: random.Random
    _markers: int = 0
    _deposited: list[Work] = field(default_factory=list)

    def next(self) -> tuple[str, dict[str, Any]]:
        """Draw a call and its arguments."""
        kind = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        arguments: dict[str, Any] = getattr(self, f"_{kind}", self._named)()
        if kind in (*CHANGES, "unlock_asked", "tidy", "race"):
            arguments["how"] = self.random.choices(("once", "repeatable", "repeated"), (6, 5, 1))[0]
        return kind, arguments

    def _marker(self) -> str:
        self._markers += 1
        return f"{self.client}.{self._markers}"

    def _id(self, pipeline: str) -> str:
        number = min(self.random.randrange(_KEYS), self.random.randrange(_KEYS + _FAVOURITES))
        return self._id_of(pipeline, self.random.randrange(_EPOCHS), number)

    def _id_of(self, pipeline: str, epochs_ago: int, number: int) -> str:
        epoch = int(time.monotonic() / _EPOCH_SECONDS) - epochs_ago
        id_ = f"{epoch:07d}-{number:02d}"
        # In the archive they stand between the others, at the same places of all streams.
        return f"{archive_id(number * ARCHIVED // _KEYS)}-{id_}" if pipeline == ARCHIVE else id_

    def _keys(self, most: int, pipelines: tuple[str, ...] = PIPELINES) -> list[tuple[str, str]]:
        if self.random.random() < _TOGETHER:
            pipeline = self.random.choice(pipelines)
            keys = [(pipeline, self._id_of(pipeline, 0, number)) for number in range(_FOUGHT_OVER)]
            return self.random.sample(keys, self.random.randint(2, _FOUGHT_OVER))
        drawn = set()
        for _ in range(self.random.choice((1, 1, 1, 2, most))):
            pipeline = self.random.choice(pipelines)
            drawn.add((pipeline, self._id(pipeline)))
        return sorted(drawn, key=lambda _: self.random.random())

    def _works(self, keys: list[tuple[str, str]]) -> list[Work]:
        works = [(*key, self._marker(), self.random.random() < 0.05) for key in keys]
        self._deposited = [*self._deposited, *works][-_REMEMBERED:]
        return works

    def _deposit(self) -> dict[str, Any]:
        return {"works": self._works(self._keys(1)), "receipts": self.random.random() < 0.5}

    def _deposit_several(self) -> dict[str, Any]:
        return {"works": self._works(self._keys(2 * _MOST_KEYS)), "receipts": self.random.random() < 0.7}

    def _deposit_again(self) -> dict[str, Any]:
        work = self.random.choice(self._deposited) if self._deposited else None
        return {"works": [work] if work else self._works(self._keys(1)), "receipts": True}

    def _deposit_large(self) -> dict[str, Any]:
        """So large that each work is a request of its own."""
        works = [(LARGE, marker, marker, False) for marker in (self._marker() for _ in range(3))]
        return {"works": works, "receipts": self.random.random() < 0.5}

    def _depositor(self) -> dict[str, Any]:
        return {"works": self._works(self._keys(2 * _MOST_KEYS))}

    def _update(self) -> dict[str, Any]:
        works = []
        for key in self._keys(_MOST_KEYS):
            names = self.random.sample(("a", "b", "results"), self.random.choice((1, 1, 2, 3)))
            works.append((*key, {name: self._marker() for name in names}))
        return {"works": works}

    def _named(self) -> dict[str, Any]:
        """Of lock, unlock, delete and read."""
        pipeline = self.random.choice(PIPELINES)
        keys = self._keys(_MOST_KEYS, (pipeline,))
        return {"pipeline": pipeline, "ids": [id_ for _, id_ in keys]}

    def _view(self) -> dict[str, Any]:
        return {"pipeline": self.random.choice(PIPELINES[:-1]), "from": self._recently()}

    def _count(self) -> dict[str, Any]:
        pipeline = self.random.choice(PIPELINES)
        return {"pipeline": pipeline, "from": "" if pipeline == ARCHIVE else self._recently()}

    def _locked_count(self) -> dict[str, Any]:
        return {"pipeline": self.random.choice(PIPELINES)}

    def _locked(self) -> dict[str, Any]:
        pipeline = self.random.choice(PIPELINES)
        return {"pipeline": pipeline, "skip": self.random.choice((0, 0, 1)), "count": self.random.choice((-1, 5, 10))}

    def _by_count(self) -> dict[str, Any]:
        return {"pipeline": self.random.choice(PIPELINES), "count": self.random.choice((1, 10, 40))}

    def _by_event(self) -> dict[str, Any]:
        pipeline = self.random.choice(PIPELINES)
        return {"pipeline": pipeline, "event": event_of(self._id(pipeline))}

    def _changes(self) -> dict[str, Any]:
        pipeline = self.random.choice(PIPELINES)
        return {"pipeline": pipeline, "id": self._id(pipeline)}

    def _status(self) -> dict[str, Any]:
        return {}

    def _unlock_asked(self) -> dict[str, Any]:
        return {**self._named(), "confirm": self.random.random() < 0.4}

    def _tidy(self) -> dict[str, Any]:
        pipeline = self.random.choice(PIPELINES)
        epochs_ago = _EPOCHS + self.random.randint(1, 4)
        return {"pipeline": pipeline, "ids": [self._id_of(pipeline, epochs_ago, number) for number in range(_KEYS)]}

    def _race(self) -> dict[str, Any]:
        pipeline = self.random.choice(PIPELINES)
        return {"pipeline": pipeline, "ids": [self._id_of(pipeline, 1, number) for number in range(_FOUGHT_OVER)]}

    def _recently(self) -> str:
        """Return an id such that greater ones are at most some epochs old, or "" for all."""
        if self.random.random() < 0.1:
            return ""
        return f"{int(time.monotonic() / _EPOCH_SECONDS) - 2 * _EPOCHS:07d}"

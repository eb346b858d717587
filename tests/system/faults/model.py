"""What one result may become: a state, and what each call does to it or says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias


class Impossible(Enum):
    """That a call can't have been answered as it was, given the state that it would have found."""

    IMPOSSIBLE = "impossible"


IMPOSSIBLE: Final = Impossible.IMPOSSIBLE


class Content(NamedTuple):
    """A stored result: by field, the marker of the call that wrote it."""

    a: str
    b: str
    results: str
    locked: bool

    def __str__(self) -> str:
        markers = self.a if self.a == self.b == self.results else f"a={self.a} b={self.b} results={self.results}"
        return f"{markers}{' (locked)' if self.locked else ''}"

    @property
    def unlocked(self) -> Content:
        """The same without its lock, which is no part of what was deposited."""
        return self._replace(locked=False)


State: TypeAlias = Content | None
"""None: there is no such result."""
Next: TypeAlias = State | Literal[Impossible.IMPOSSIBLE]
FIELDS: Final = ("a", "b", "results")


def deposited(marker: str, *, locked: bool = False) -> Content:
    """Return what a deposit stores."""
    return Content(marker, marker, marker, locked)


class Step(Protocol):
    """What one call did to one result, or what it told of it."""

    @property
    def reads(self) -> bool:
        """Whether it certainly changes nothing."""

    def after(self, state: State) -> Next:
        """Return the state after it, or that it can't have found this one."""


@dataclass(frozen=True)
class Deposit:
    """A deposit of one work; `answer` is None where nobody knows what became of it."""

    content: Content
    answer: Literal["deposited", "already", "conflict", "stored"] | None

    def __str__(self) -> str:
        return f"of {self.content}: {self.answer or 'nobody knows'}"

    @property
    def reads(self) -> bool:
        return self.answer in ("already", "conflict")

    def after(self, state: State) -> Next:
        if state is None:
            return self.content if self.answer in (None, "deposited", "stored") else IMPOSSIBLE
        same = state.unlocked == self.content.unlocked
        fits = {None: True, "deposited": False, "already": same, "conflict": not same, "stored": same}
        return state if fits[self.answer] else IMPOSSIBLE


@dataclass(frozen=True)
class Update:
    """An update that was made."""

    fields: tuple[tuple[str, str], ...]
    reads = False

    def __str__(self) -> str:
        return "sets " + " ".join(f"{name}={marker}" for name, marker in self.fields)

    def after(self, state: State) -> Next:
        return IMPOSSIBLE if state is None or state.locked else state._replace(**dict(self.fields))  # type: ignore[arg-type] # fields are never `locked`


@dataclass(frozen=True)
class Delete:
    """A delete that was made."""

    reads = False

    def __str__(self) -> str:
        return ""

    def after(self, state: State) -> Next:
        return IMPOSSIBLE if state is None or state.locked else None


@dataclass(frozen=True)
class SetLock:
    """A lock or unlock that was made."""

    locked: bool
    reads = False

    def __str__(self) -> str:
        return ""

    def after(self, state: State) -> Next:
        return IMPOSSIBLE if state is None else state._replace(locked=self.locked)


@dataclass(frozen=True)
class Found:
    """What a refused call told of a result: that it is missing, or locked, or does not stand in the way."""

    told: Literal["missing", "locked", "present", "unlocked"]
    reads = True

    def __str__(self) -> str:
        return f"since it, or another one, stood in the way; this one was {self.told}"

    def after(self, state: State) -> Next:
        true = {
            "missing": state is None,
            "locked": state is not None and state.locked,
            "present": state is not None,
            "unlocked": state is not None and not state.locked,
        }
        return state if true[self.told] else IMPOSSIBLE


@dataclass(frozen=True)
class Read:
    """What a read gave."""

    found: State
    reads = True

    def __str__(self) -> str:
        return f"gave {self.found or 'nothing'}"

    def after(self, state: State) -> Next:
        return state if state == self.found else IMPOSSIBLE


@dataclass(frozen=True)
class ReadLocked:
    """What a read of locked results gave of one: the marker in its results, or that it is not among them."""

    found: str | None
    reads = True

    def __str__(self) -> str:
        return f"gave {self.found or 'nothing'} of what is locked"

    def after(self, state: State) -> Next:
        seen = state.results if state is not None and state.locked else None
        return state if seen == self.found else IMPOSSIBLE

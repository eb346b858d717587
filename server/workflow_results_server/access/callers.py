"""Who is calling: callers, their roles, and the one whose call is being answered."""

from __future__ import annotations

import enum
import fnmatch
import re
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Role(enum.IntEnum):
    """What a caller may do; each role includes those before it."""

    READER = 1
    DEPOSITOR = 2
    CURATOR = 3
    ADMIN = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Caller:
    """One who may call.

    Attributes:
        name: Its name; empty where everyone may do everything.
        role: What it may do.
        pipelines: The globs of the pipelines that it may do it with.
        digest: The SHA-256 of its token, in hex; None where its name is that of client certificates alone.
        created: When it was made, if that is known.
        expires: When it stops being one, if ever.
    """

    name: str
    role: Role
    pipelines: tuple[str, ...]
    digest: str | None = field(default=None, repr=False)
    created: datetime | None = None
    expires: datetime | None = None
    may_use: Callable[[str], object] = field(init=False, repr=False, compare=False)
    """Whether a pipeline is one of its pipelines, by its truth."""

    def __post_init__(self) -> None:
        either = re.compile("|".join(map(fnmatch.translate, self.pipelines)))
        object.__setattr__(self, "may_use", either.match)

    @property
    def expired(self) -> bool:
        """Whether it has expired."""
        return self.expires is not None and time.time() >= self.expires.timestamp()


EVERYONE = Caller("", Role.ADMIN, ("*",))
"""Who calls where nobody has to say who calls."""
current_caller: ContextVar[Caller] = ContextVar("caller", default=EVERYONE)
"""The caller whose call is being answered."""
look_up_caller: ContextVar[Callable[[], None]] = ContextVar("look_up", default=lambda: None)
"""Sets `current_caller` to what it is now; raises a `RequestError` where the caller may not make the call any more."""

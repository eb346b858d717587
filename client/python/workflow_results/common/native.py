"""The native part, where `workflow-results-native` is installed: it does what Python does, and only faster.

Whatever it might do otherwise, it leaves to Python. The environment variable WORKFLOW_RESULTS_NATIVE=off does without
it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final, Protocol

Accepted = tuple[str, str, str, bool, bytes]
"""A work: its pipeline, id and status, whether it is locked, and its BSON with `_id` first."""


class Cut(Protocol):
    """Cuts documents that stand back to back apart, and looks through each; see `native/src/module.rs`."""

    def __call__(  # noqa: D102
        self, data: bytes, start: int, *, size: int, number: int, levels: int, most_bytes: int
    ) -> tuple[Sequence[Accepted | bytes], int]: ...


class Encode(Protocol):
    """Encodes a document as BSON; returns None where it leaves that to Python."""

    def __call__(self, document: dict[str, Any], levels: int, most_bytes: int) -> bytes | None: ...  # noqa: D102


_VARIABLE: Final = "WORKFLOW_RESULTS_NATIVE"
_NO: Final = ("off", "0", "no", "false")
_INTERFACE: Final = 1
"""What the module must say of itself: it changes with what its functions take and return."""


def _load() -> tuple[str, Any]:
    """Return what is to be said of the native part, and its module, or None."""
    if os.environ.get(_VARIABLE, "").lower() in _NO:
        return f"python ({_VARIABLE} is off)", None
    try:
        module = import_module("workflow_results_native")
    except ModuleNotFoundError:
        return "python", None
    except ImportError as error:  # it is made for another machine, say
        return f"python (workflow-results-native can't be loaded: {error})", None
    version = getattr(module, "__version__", "of an unknown version")
    if getattr(module, "INTERFACE", None) != _INTERFACE:
        return f"python (workflow-results-native {version} is made for another version)", None
    return f"native {version}", module


NAME: str
"""What checks works: "native" with its version, or "python" and, where that is no matter of course, why."""
NAME, _module = _load()
cut: Cut | None = _module and _module.cut
encode: Encode | None = _module and _module.encode

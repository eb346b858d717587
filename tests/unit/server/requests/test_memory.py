"""Memory for what is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow_results.common import rules
from workflow_results_server.errors import Unavailable
from workflow_results_server.requests.memory import Room

if TYPE_CHECKING:
    from collections.abc import Callable


def test_room_is_for_what_is_large() -> None:
    room = Room(rules.MIB)
    taken: list[Callable[[], object]] = []
    with room.reserve(rules.MIB):
        with room.reserve(64 * rules.KIB - 1):
            taken.append(list)
        with pytest.raises(Unavailable), room.reserve(64 * rules.KIB):
            taken.append(list)
    with room.reserve(2 * rules.MIB):
        taken.append(list)
    assert len(taken) == 2

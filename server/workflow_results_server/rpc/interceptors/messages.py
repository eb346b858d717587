"""The messages of requests, and memory for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflow_results.common import rules
from workflow_results_server.access.callers import Role
from workflow_results_server.access.policy import LEAST_ROLES
from workflow_results_server.requests.memory import Room
from workflow_results_server.rpc.interceptors.authorization import pipelines
from workflow_results_server.rpc.interceptors.call import ENDLESS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from workflow_results_server.rpc.interceptors.call import Call, Link
    from workflow_results_server.rpc.parsing import Incoming

_HELD_BYTES: Final = 128 * rules.MIB
"""How many bytes of large requests are held at a time while they are answered, which takes a stream of results as long
as its reader likes; so much for each role, so that readers keep nobody else out, and for watches, which keep it."""
_HELD_ELSEWHERE: Final = frozenset({"Deposit", "DepositStream", "Update"})
"""Methods whose works are counted in `intake.py`."""


class Messages:
    """Passes on the messages of requests, and reserves memory for large ones while they are answered.

    Args:
        service: The full name of our service; the requests to others are small.
        inner: The next link.
    """

    def __init__(self, service: str, inner: Link) -> None:
        self._inner = inner
        by_role, endless = {role: Room(_HELD_BYTES) for role in Role}, Room(_HELD_BYTES, "watches")
        self._rooms = {
            f"/{service}/{name}": endless if name in ENDLESS else by_role[role]
            for name, role in LEAST_ROLES.items()
            if name not in _HELD_ELSEWHERE
        }

    def __call__(self, request: Any, call: Call) -> Awaitable[Any]:
        """Answer a call."""
        if call.method.takes_stream:
            return self._inner(_authorized(request, call), call)
        room = self._rooms.get(call.method.path)
        return self._inner(request.take(), call) if room is None else self._in_room(room, request, call)

    async def _in_room(self, room: Room, request: Incoming, call: Call) -> Any:
        with room.reserve(request.size):
            return await self._inner(request.take(), call)


async def _authorized(requests: AsyncIterator[Incoming], call: Call) -> AsyncIterator[Any]:
    """Pass on the messages of a stream, each after asking whether the caller may still send it."""
    async for request in requests:
        call.received += request.size
        call.authorize(pipelines(request.message))
        yield request.take()

"""The health of a server, as `grpc.health.v1` reports it.

The servicer of grpcio-health-checking writes to its watchers while it holds the lock with which a status is set, so
that one watcher which does not read would hold up the health of everybody, and the end of the server. Here nothing
waits for a watcher but its own call.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from grpc_health.v1 import health_pb2, health_pb2_grpc

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import InvalidRequest, RequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVICE_NAME: Final[str] = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

_LONGEST_NAME: Final = 1_000
"""A watch holds its request for as long as it lasts, and needs no token."""
_Status = health_pb2.HealthCheckResponse


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # it has no stubs
    """The health of the services of a server.

    Args:
        services: Their names; the empty one is the server as a whole. They are NOT_SERVING at first.
    """

    def __init__(self, *services: str) -> None:
        self._statuses = dict.fromkeys(services, _Status.NOT_SERVING)
        self._changed = asyncio.Event()
        """Set at the next change of a status, and replaced by another one."""
        self._stopping = False

    def tell(self, *, serving: bool) -> None:
        """Set the status of all services, for good once `stop` was called."""
        status = _Status.SERVING if serving and not self._stopping else _Status.NOT_SERVING
        self._statuses = dict.fromkeys(self._statuses, status)
        self._changed.set()
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """Be NOT_SERVING from now on."""
        self._stopping = True
        self.tell(serving=False)

    async def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Report the status of a service; NOT_FOUND if there is none of that name."""
        status = self._statuses.get(_name(request))
        if status is None:
            raise RequestError(Reason.UNKNOWN_SERVICE, f"service must be one of {list(self._statuses)}")
        return _Status(status=status)

    async def List(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Report the status of each service."""
        answers = {name: _Status(status=status) for name, status in self._statuses.items()}
        return health_pb2.HealthListResponse(statuses=answers)

    async def Watch(self, request: Any, _context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Report the status of a service, and each later one; a slow reader gets only the last one."""
        name = _name(request)
        told = None
        while True:
            changed = self._changed
            status = self._statuses.get(name, _Status.SERVICE_UNKNOWN)
            if status != told:
                yield _Status(status=status)
                told = status  # another one may have come while this one was sent
            else:
                await changed.wait()


def _name(request: Any) -> str:
    name: str = request.service
    if len(name) > _LONGEST_NAME:
        raise InvalidRequest("service", f"must have at most {_LONGEST_NAME:,} characters")
    return name

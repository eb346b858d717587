"""The primary of the replica set: known, and up to date."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import Unavailable
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.shielding import in_own_context, retrieve_outcome, shielded

if TYPE_CHECKING:
    from collections.abc import Hashable

    from bson.timestamp import Timestamp
    from pymongo.asynchronous.database import AsyncDatabase
    from pymongo.topology_description import TopologyDescription

    Database = AsyncDatabase[dict[str, Any]]

_ELECTION_SECONDS: Final = 5.0


class Primary:
    """What is known of the primary.

    Args:
        database: Any database of the replica set.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._topology: TopologyDescription | None = None
        """The last one whose primary is known to be up to date."""
        self._elected: Hashable = object()
        """The election of that primary; in the beginning like no other."""
        self._catching_up: asyncio.Task[Timestamp | None] | None = None
        """The wait for another one, which all calls share."""

    async def wait_until_ready(self, seconds: float) -> float:
        """Wait for a primary if none is known at the moment, but no longer than an election takes.

        (What runs under `pymongo.timeout` would wait for one until its very end.)

        A new primary holds all that was acknowledged by the one before, but may take a moment to know that a majority
        has it, too. Until then reads with the concern "majority" would miss it. So that moment is waited for.

        Args:
            seconds: The time that is left.

        Returns:
            The time that is left then.

        Raises:
            Unavailable: There is none.
        """
        client = self._database.client
        if client.topology_description is self._topology:  # it is replaced by another one whenever something changes
            return seconds
        began = time.monotonic()
        end = began + min(seconds, _ELECTION_SECONDS)
        while True:
            if not client.topology_description.has_writable_server():
                await self._answers(end - time.monotonic())
            topology = client.topology_description
            if _election(topology) == self._elected:
                self._topology = topology
                return seconds - (time.monotonic() - began)
            task = self._catching_up
            if task is None or task.done():
                task = in_own_context(self.catch_up())  # for all who wait, with its own time limit
                task.add_done_callback(retrieve_outcome)
                self._catching_up = task
            await asyncio.wait((task,), timeout=max(0.0, end - time.monotonic()))
            if not task.done():
                message = "MongoDB has a new primary, which is not ready yet"
                raise Unavailable(Reason.MONGODB_UNAVAILABLE, message, not_applied=True)
            try:
                task.result()
            finally:
                # It keeps its error, as that keeps the frames of all who wait, and so what they were given.
                if self._catching_up is task:
                    self._catching_up = None
                del task

    @shielded
    async def _answers(self, seconds: float) -> None:
        with mongodb_deadline(seconds):
            await self._database.command("ping")

    @shielded
    async def catch_up(self) -> Timestamp | None:
        """Wait until a majority has all that the primary has, as far as the primary knows.

        Returns:
            The time of the cluster at which it had that; None for a MongoDB that has not written anything yet.

        Raises:
            RequestError: MongoDB failed.
        """
        database = self._database
        topology = database.client.topology_description
        with mongodb_deadline(_ELECTION_SECONDS):
            async with database.client.start_session(causal_consistency=True) as session:
                await database.command("ping", session=session)  # returns the time of the last operation, …
                reached: Timestamp | None = session.operation_time
                await database["_history"].find_one({"_id": None}, session=session)  # … which a majority must have
        self._topology, self._elected = topology, _election(topology)
        return reached


def _election(topology: TopologyDescription) -> Hashable:
    """Return what is different after each election; None if the topology does not show it, behind mongos."""
    for server in topology.server_descriptions().values():
        if server.server_type_name == "RSPrimary":
            return server.election_id
    return None

"""Indexes on fields of results: made and dropped by admins, so that queries, ranks and counts by them need no scan."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pymongo
from pymongo.errors import OperationFailure

from workflow_results.common import rules
from workflow_results.common.reasons import Reason
from workflow_results_server.errors import RequestError
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.shielding import in_own_context, retrieve_outcome, shielded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.primary import Primary

_MOST: Final = 5
_BUILD_SECONDS: Final = 24 * 3600.0
_SHARE_OF_WAIT: Final = 0.8
"""Of the time of a call. A build goes on when nobody waits for it."""
_PLAIN: Final = frozenset({"v", "key", "name", "ns"})
"""What MongoDB says of an index of all results, whose strings are compared byte by byte."""
_GONE_CODES: Final = frozenset({26, 27})
"""NamespaceNotFound and IndexNotFound."""
_NOT_BUILT: Final = {
    67: "MongoDB can't build one on this field, or the collection has as many as MongoDB takes",
    85: "an administrator has made another one with the same keys",
    86: "an administrator has made another one of the same name",
    276: "it was dropped while it was built",
}
"""What CannotCreateIndex, IndexOptionsConflict, IndexKeySpecsConflict and IndexBuildAborted mean."""
_BAD_VALUE: Final = 2
_SIZES: Final[list[dict[str, Any]]] = [
    {"$collStats": {"storageStats": {}}},
    {"$project": {"sizes": "$storageStats.indexSizes", "builds": "$storageStats.indexBuilds"}},
]


class Index(NamedTuple):
    """An index on a field.

    Attributes:
        field: The path of the field.
        name: Its name in MongoDB.
        size: How many bytes it takes.
        ready: Whether it serves queries; else it is being built.
    """

    field: str
    name: str
    size: int
    ready: bool


class Indexes:
    """The indexes on fields, in one database.

    Args:
        database: The database of the results.
        primary: What is known of the primary.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary) -> None:
        self._database = database
        self._primary = primary
        self._building: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._steps = 0
        """How many builds have begun or ended."""

    @shielded
    async def of(self, pipeline: str, seconds: float) -> list[Index]:
        """List the indexes on fields of a pipeline, in the order of the fields.

        Those that every pipeline has are left out, and so is what else an administrator has made.

        Args:
            pipeline: The pipeline.
            seconds: The time that is left.

        Raises:
            RequestError: MongoDB failed.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds, may_have_changed=lambda: False):
            return await self._list(pipeline) or []

    @shielded
    async def create(self, pipeline: str, field: str, seconds: float) -> Index:
        """Build an index on a field, unless there is one.

        Args:
            pipeline: The pipeline.
            field: The path of the field.
            seconds: The time that is left, for most of which the index is waited for.

        Raises:
            RequestError: There is no such pipeline, it has too many indexes, or MongoDB failed or can't build it.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds, may_have_changed=lambda: False):
            steps = None
            while steps != self._steps:  # a build that ends meanwhile may be in neither list
                steps = self._steps
                found = await self._list(pipeline)
        if found is None:
            message = f"pipeline {pipeline} does not exist: deposit into it first"
            raise RequestError(Reason.PIPELINE_NOT_FOUND, message)
        count = len({index.field for index in found} | {each for name, each in self._building if name == pipeline})
        existing = next((index for index in found if index.field == field), None)
        if existing is not None and existing.ready:
            return existing
        building = self._building.get((pipeline, field))
        if existing is None and building is None and count >= _MOST:
            fields = ", ".join(index.field for index in found)
            message = f"pipeline {pipeline} has {count} indexes ({fields}), which is the most: drop one first"
            raise RequestError(Reason.TOO_MANY_INDEXES, message)
        if building is None:
            building = in_own_context(self._build(pipeline, field))  # for all who wait, with its own time limit
            building.add_done_callback(retrieve_outcome)
            self._building[pipeline, field] = building
            self._steps += 1
        await asyncio.wait((building,), timeout=seconds * _SHARE_OF_WAIT)
        unfinished = Index(field, _name(field), 0, ready=False)
        if not building.done():
            return unfinished
        building.result()
        with mongodb_deadline(seconds * (1 - _SHARE_OF_WAIT), may_have_changed=lambda: True):
            made = await self._list(pipeline) or []
        return next((index for index in made if index.field == field), unfinished)

    @shielded
    async def drop(self, pipeline: str, field: str, seconds: float) -> bool:
        """Drop the index on a field; one that is being built is given up.

        Args:
            pipeline: The pipeline.
            field: The path of the field.
            seconds: The time that is left.

        Returns:
            Whether there was one.

        Raises:
            RequestError: MongoDB failed.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds, may_have_changed=lambda: True):
            found = await self._list(pipeline) or []
            for index in found:
                if index.field == field:
                    try:
                        await self._database[pipeline].drop_index(index.name)
                    except OperationFailure as error:
                        if error.code in _GONE_CODES:
                            return False
                        raise
                    return True
        return False

    async def _list(self, pipeline: str) -> list[Index] | None:
        """Return the indexes; None where there is no such pipeline."""
        collection = self._database[pipeline]
        information = await collection.index_information()
        if not information:
            return None
        stats = [each async for each in await collection.aggregate(_SIZES)]
        sizes = stats[0].get("sizes", {}) if stats else {}
        builds = stats[0].get("builds", []) if stats else []
        found = [
            Index(field, name, int(sizes.get(name, 0)), ready=name not in builds)
            for name, about in information.items()
            if (field := _field_of(about)) is not None
        ]
        return sorted(found)

    async def _build(self, pipeline: str, field: str) -> None:
        model = pymongo.IndexModel([(field, pymongo.ASCENDING), ("_id", pymongo.ASCENDING)], name=_name(field))
        try:
            with mongodb_deadline(_BUILD_SECONDS, may_have_changed=lambda: False):
                # Also while a member of the replica set is down, for which MongoDB would wait.
                try:
                    await self._database[pipeline].create_indexes([model], commitQuorum="majority")
                except OperationFailure as error:
                    if error.code not in _NOT_BUILT:
                        raise
                    message = f"no index on {field}: {_NOT_BUILT[error.code]}"
                    raise RequestError(Reason.INDEX_NOT_BUILT, message) from error
        finally:
            del self._building[pipeline, field]
            self._steps += 1

    async def holds_values(self, pipeline: str, field: str) -> str | None:
        """Return the name of the index on a field, if it holds the field's values themselves, not those of lists.

        Raises:
            PyMongoError: MongoDB failed.
        """
        information = await self._database[pipeline].index_information()
        name = next((name for name, about in information.items() if _field_of(about) == field), None)
        if name is None:
            return None
        find = {"find": pipeline, "filter": {}, "projection": {"_id": 1, field: 1}, "hint": name}
        try:
            plan = await self._database.command("explain", find, verbosity="queryPlanner")
        except OperationFailure as error:
            if error.code == _BAD_VALUE:  # there is no such index yet
                return None
            raise
        scan = next(_stages(plan["queryPlanner"]["winningPlan"], "IXSCAN"), {"isMultiKey": True})
        return None if scan["isMultiKey"] else name


def _stages(plan: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """Return the stages of a plan that have a name."""
    if plan.get("stage") == name:
        yield plan
    for value in plan.values():
        if isinstance(value, dict):
            yield from _stages(value, name)


def _name(field: str) -> str:
    return f"field_{field}"


def _field_of(about: Mapping[str, Any]) -> str | None:
    """Return the field of an index like ours, whoever has made it; None for any other."""
    keys = [(name, int(direction)) for name, direction in about["key"] if isinstance(direction, (int, float))]
    if len(keys) != len(about["key"]) or about.keys() - _PLAIN:
        return None
    match keys:
        case [(str(field), 1), ("_id", 1)] if rules.path_problem(field) is None and not rules.has_number(field):
            return field
    return None

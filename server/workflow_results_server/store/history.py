"""The history: one append-only collection that holds who changed which results, when, how and why.

An entry is inserted in the transaction of its change, so that there is neither a change without an entry nor an entry
without a change. (A pipeline can't be dropped in a transaction: that entry is inserted just before.) It names up to as
many results as one statement does; a larger change has several entries.

Entries that carry the id of a request make it repeatable: found again, the request is answered as it was then.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from bson.timestamp import Timestamp
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from workflow_results.common.reasons import Reason
from workflow_results_server.errors import InvalidRequest
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.shielding import shielded
from workflow_results_server.store.statements import chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.primary import Primary

    Method = Literal["update", "delete_ids", "lock", "unlock", "drop_pipeline"]

COLLECTION: Final = "_history"
OF_PIPELINE: Final = ""
"""Stands in an entry of a pipeline itself for the ids of results, of which none is empty."""

_INDEXES: Final = [
    IndexModel([("pipeline", ASCENDING), ("ids", ASCENDING), ("order", DESCENDING)], name="results"),
    IndexModel(
        [("caller", ASCENDING), ("request_id", ASCENDING)],
        name="requests",
        unique=True,
        partialFilterExpression={"digest": {"$exists": True}},
    ),
]
_FIELDS_LENGTH: Final = 16_384
"""How many characters the names of an entry's fields have together at most; the others are only counted."""
_NOW: Final = Timestamp(0, 0)
"""MongoDB replaces it by the cluster's time at the insert, which gives changes of one result the order of their
commits, whichever server made them."""


class Origin(NamedTuple):
    """Where a change comes from.

    Attributes:
        caller: Who asks for it; empty where callers are not known.
        reason: Why, in the caller's words; may be empty.
        request_id: The caller's name for the request; empty where it is not meant to be repeated.
        digest: Of what is asked for, by its content; shows whether a request is the same as an earlier one.
    """

    caller: str = ""
    reason: str = ""
    request_id: str = ""
    digest: bytes = b""


class Target(NamedTuple):
    """Results that a change names, which become one entry of the history, or several.

    Attributes:
        pipeline: Their pipeline.
        fields: The top-level fields that are set in each of them.
        ids: Their ids.
    """

    pipeline: str
    fields: Sequence[str]
    ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of a result, or of a pipeline.

    Attributes:
        order: Its place among the changes of the same.
        time: When it was made, by the clock of the server that made it.
        method: What was done.
        caller: Who asked for it.
        reason: Why.
        request_id: The caller's name for the request.
        fields: The top-level fields that were set; with very many, the first ones.
        field_count: How many they were.
        result_count: How many results of the pipeline the change named.
    """

    order: Timestamp
    time: datetime
    method: Method
    caller: str
    reason: str
    request_id: str
    fields: list[str]
    field_count: int
    result_count: int


class History:
    """The history of the results in one database.

    Args:
        database: The database of the results.
        primary: What is known of the primary.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary) -> None:
        self._primary = primary
        self._entries = database[COLLECTION]

    async def prepare(self) -> None:
        """Create the collection and its indexes, where they are not there yet.

        Raises:
            PyMongoError: MongoDB failed.
        """
        await self._entries.create_indexes(_INDEXES)

    async def answered(self, origin: Origin, session: AsyncClientSession) -> int | None:
        """Look whether a request was carried out before.

        Args:
            origin: Where it comes from.
            session: One with a transaction, which must be committed: what is seen is durable only then.

        Returns:
            How many results it changed then; None where it was not.

        Raises:
            InvalidRequest: The id was given to another request.
            PyMongoError: MongoDB failed.
        """
        if not origin.request_id:
            return None
        named = {"caller": origin.caller, "request_id": origin.request_id, "digest": {"$exists": True}}
        found = await self._entries.find_one(named, {"digest": 1, "changed": 1}, session=session)
        if found is None:
            return None
        if found["digest"] != origin.digest:
            raise InvalidRequest("request_id", "was used for another request: use a new one", Reason.REQUEST_ID_REUSED)
        return int(found["changed"])

    async def record(
        self, method: Method, results: Sequence[Target], origin: Origin, changed: int, session: AsyncClientSession
    ) -> None:
        """Insert the entries of a change.

        Args:
            method: What was done.
            results: The results that the change named.
            origin: Where it comes from.
            changed: How many of them are different now.
            session: The session with the transaction of the change.

        Raises:
            PyMongoError: MongoDB failed.
        """
        common = _common(method, origin)
        counts: Counter[str] = Counter()
        for target in results:
            counts[target.pipeline] += len(target.ids)
        entries = [
            {
                **common,
                "pipeline": target.pipeline,
                **_told(target.fields),
                "result_count": counts[target.pipeline],
                "ids": ids,
            }
            for target in results
            for ids in chunks(target.ids)
        ]
        if origin.request_id:
            entries[0] |= {"digest": origin.digest, "changed": changed}
        await self._entries.insert_many(entries, session=session)

    async def record_drop(self, pipeline: str, uuid: Any, origin: Origin) -> None:
        """Insert the entry of a pipeline that is being dropped, unless an attempt before has done so.

        Args:
            pipeline: The pipeline.
            uuid: The UUID of its collection.
            origin: Where the change comes from.

        Raises:
            PyMongoError: MongoDB failed.
        """
        entry = {
            "_id": uuid,
            **_common("drop_pipeline", origin),
            "pipeline": pipeline,
            **_told(()),
            "result_count": 0,
            "ids": [OF_PIPELINE],
        }
        try:
            await self._entries.insert_one(entry)
        except DuplicateKeyError as error:
            if "_id" not in (error.details or {}).get("keyPattern", {}):
                raise

    @shielded
    async def read(self, pipeline: str, id_: str, before: Timestamp | None, limit: int, seconds: float) -> list[Entry]:
        """Read the changes of a result, or of a pipeline itself, the newest first.

        Args:
            pipeline: The pipeline.
            id_: The id of the result, or `OF_PIPELINE`.
            before: The place of the last entry that was read before; None to begin with the newest.
            limit: How many entries to read at most.
            seconds: The time that is left.

        Raises:
            RequestError: MongoDB failed.
        """
        about: dict[str, Any] = {"pipeline": pipeline, "ids": id_}
        if before is not None:
            about["order"] = {"$lt": before}
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds):
            found = await self._entries.find(about, {"ids": 0}).sort("order", DESCENDING).to_list(limit)
        return [Entry(**{name: document[name] for name in Entry.__slots__}) for document in found]


def _common(method: Method, origin: Origin) -> dict[str, Any]:
    """Return what all entries of a change have in common."""
    return {
        "order": _NOW,
        "time": datetime.now(timezone.utc),
        "method": method,
        "caller": origin.caller,
        "reason": origin.reason,
        "request_id": origin.request_id,
    }


def _told(fields: Sequence[str]) -> dict[str, Any]:
    told: list[str] = []
    length = 0
    for field in fields:
        length += len(field)
        if length > _FIELDS_LENGTH:
            break
        told.append(field)
    return {"fields": told, "field_count": len(fields)}

"""Works that were rejected, put aside whole: for clients that would send them again and again otherwise.

They stand in a collection of their own, as the text that was sent. It is never emptied here: an administrator looks at
them and deletes them. So it takes no more when it is full.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.read_concern import ReadConcern

from workflow_results.common import rules
from workflow_results_server.offload import Turns, offload
from workflow_results_server.store.mongodb_errors import mongodb_deadline
from workflow_results_server.store.shielding import shielded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.primary import Primary

_COLLECTION: Final = "_rejected"
"""No pipeline: their names don't begin with `_`."""
_MOST_BYTES: Final = rules.GIB
"""How much it holds, before compression."""
_PART_CHARACTERS: Final = 3 * rules.MIB
"""With at most four bytes each, they fit into a document of MongoDB."""
_DUPLICATE_KEY: Final = 11000
_NAMESPACE_NOT_FOUND: Final = 26


class Aside(NamedTuple):
    """A work to be put aside.

    Attributes:
        text: The work, as it was sent.
        pipeline: The pipeline that it names; None where it names none.
        id: Its id; None where it has none.
        reason: Why it was rejected.
        message: The same as a sentence.
        caller: Who sent it; empty where callers are not known.
    """

    text: str
    pipeline: str | None
    id: str | None
    reason: str
    message: str
    caller: str


class Quarantine:
    """The works that were put aside in one database.

    Args:
        database: The database of the results.
        primary: What is known of the primary.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary) -> None:
        self._database = database
        self._primary = primary

    @shielded
    async def put(self, works: Sequence[Aside], seconds: float) -> bool:
        """Put works aside; what is there already is kept as it is.

        Args:
            works: The works.
            seconds: The time that is left.

        Returns:
            Whether there was room for them; else none is put aside.

        Raises:
            RequestError: MongoDB failed; some may be put aside.
        """
        seconds = await self._primary.wait_until_ready(seconds)
        with mongodb_deadline(seconds, may_have_changed=lambda: True):
            documents: list[dict[str, Any]] = []
            size = 0
            turns = Turns()
            for work in works:
                parts = await offload(len(work.text), lambda work=work: _parts(work))  # type: ignore[misc]
                size += sum(len(part["work"]) for part in parts)
                documents += parts
                await turns.next()
            if await self._size() + size > _MOST_BYTES:
                return False
            try:
                await self._database[_COLLECTION].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                failures = error.details["writeErrors"]
                if error.details["writeConcernErrors"] or any(each["code"] != _DUPLICATE_KEY for each in failures):
                    raise
        return True

    async def _size(self) -> int:
        collection = self._database.get_collection(_COLLECTION, read_concern=ReadConcern("local"))
        try:
            async for found in await collection.aggregate([{"$collStats": {"storageStats": {}}}]):
                return int(found["storageStats"]["size"])
        except OperationFailure as error:
            if error.code != _NAMESPACE_NOT_FOUND:
                raise
        return 0


def _parts(work: Aside) -> list[dict[str, Any]]:
    """Return the documents of a work: one, unless it is very large."""
    name = hashlib.sha256(work.text.encode()).hexdigest()
    starts = range(0, len(work.text), _PART_CHARACTERS)
    return [
        {
            "_id": f"{name}-{number}",
            "time": datetime.now(timezone.utc),
            "caller": work.caller,
            "pipeline": work.pipeline,
            "id": work.id,
            "reason": work.reason,
            "message": work.message,
            "part": number,
            "parts": len(starts),
            "work": work.text[start : start + _PART_CHARACTERS],
        }
        for number, start in enumerate(starts, 1)
    ]

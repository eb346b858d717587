"""What to read, and the first of it: with a plain command."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson.raw_bson import RawBSONDocument

from workflow_results.common.bson_codec import OPTIONS
from workflow_results_server.store.mongodb_errors import mongodb_deadline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.asynchronous.collection import AsyncCollection

FIRST_DOCUMENTS: Final = 100
"""How many documents the first fetch asks for: few, so that the first result comes at once."""
SLOW_HINT: Final = ": query fields with an index (id, event, results.locked, or those of create_index) or request less"
_RAW: Final = OPTIONS.with_options(document_class=RawBSONDocument)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents to read, and what of them.

    Attributes:
        filter: A MongoDB filter.
        projection: A MongoDB projection that keeps `_id`; empty for whole documents.
        skip: How many matching documents to pass over.
        limit: How many to read at most; None for no limit.
        after: Read only documents behind this `_id` in descending order; None for all.
        ids: The ids, where it is nothing but documents with some ids.
    """

    filter: dict[str, Any] = field(default_factory=dict)
    projection: dict[str, Any] = field(default_factory=dict)
    skip: int = 0
    limit: int | None = None
    after: str | None = None
    ids: Sequence[str] = ()

    @classmethod
    def of_ids(cls, ids: Sequence[str]) -> Selection:
        """Select the documents with some ids, each named once."""
        return cls(filter={"_id": {"$in": ids}}, limit=len(ids), ids=ids)

    def find(self) -> dict[str, Any]:
        """Return the arguments of `Collection.find`."""
        filter_ = self.filter
        if self.after is not None:
            below = {"_id": {"$lt": self.after}}
            filter_ = {"$and": [below, filter_]} if filter_ else below
        return {
            "filter": filter_,
            "projection": self.projection or None,
            "sort": [("_id", -1)],
            "skip": self.skip,
            "limit": self.limit or 0,
        }

    def rest(self, last: str, count: int) -> Selection:
        """Return what is left to read once `count` documents up to `last` have been read."""
        left = None if self.limit is None else self.limit - count
        return replace(self, after=last, skip=0, limit=left, ids=())


class Batch(NamedTuple):
    """Documents back to back."""

    data: bytes
    number: int
    last: str
    """The `_id` of the last one."""
    final: bool
    """Whether it is known that no more follow."""


async def fetch_first(
    collection: AsyncCollection[dict[str, Any]], selection: Selection, seconds: float
) -> tuple[bytes, bool]:
    """Fetch the first documents with a plain command and no cursor, which takes less time.

    Returns:
        The documents, and whether they are known to be all.
    """
    database = collection.database
    number = min(FIRST_DOCUMENTS, selection.limit or FIRST_DOCUMENTS)
    find = {name: value for name, value in selection.find().items() if value}
    find |= {
        "sort": dict(find["sort"]),
        "limit": number,
        "batchSize": number + 1,  # so that no cursor is left
        "readConcern": collection.read_concern.document,
    }
    with mongodb_deadline(seconds, hint=SLOW_HINT):
        reply = await database.command({"find": collection.name, **find}, codec_options=_RAW)
        cursor = reply["cursor"]
        if cursor["id"]:  # except where the documents have more than the 16 MiB that fit into a reply
            await database.command({"killCursors": collection.name, "cursors": [cursor["id"]]})
    documents = [document.raw for document in cursor["firstBatch"]]
    complete = not cursor["id"] and (len(documents) < number or number == selection.limit)
    return b"".join(documents), complete

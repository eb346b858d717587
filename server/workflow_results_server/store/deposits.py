"""Works become stored documents: once, unchanged, with an outcome for each."""

from __future__ import annotations

from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure

from workflow_results.common.reasons import Reason
from workflow_results_server.documents.bson_bytes import stored_id
from workflow_results_server.documents.content import same_content
from workflow_results_server.errors import Unavailable, let_go
from workflow_results_server.offload import Turns, offload
from workflow_results_server.store.mongodb_errors import MEMBER_CODES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.collection import AsyncCollection

    from workflow_results_server.documents.works import Work

    Reopen = Callable[[], Awaitable["Outcome | None"]]

DOES_NOT_FIT: Final = 16755
"""The code with which an index of places on the globe refuses a document; see `pipelines.py`."""
_DUPLICATE_KEY: Final = 11000
_DOCUMENT_CODES: Final = {2, 9, 14, 15, 22, 51, 52, 55, 57, 10334, 17280, 17419, 17420}
"""Codes with which MongoDB refuses a whole insert for what one document holds: InvalidBSON, BSONObjectTooLarge, …"""
_INTERRUPTING_CODES: Final = MEMBER_CODES | {50, 112, 262}
"""Codes of errors that are not about the work itself: the time was over, or the primary stepped down."""
_ROUNDS: Final = 5
"""How often a work is tried again that is neither insertable nor there, since another caller deletes it meanwhile, or
drops the pipeline."""
_RAW: Final = CodecOptions(document_class=RawBSONDocument)


class Outcome(IntEnum):
    """What became of one work."""

    DEPOSITED = 1
    ALREADY_DEPOSITED = 2
    CONFLICT = 3
    REFUSED = 4
    """MongoDB does not take this document."""
    TOO_MANY_PIPELINES = 5
    """There is no room for the pipeline."""


async def deposit(
    collection: AsyncCollection[dict[str, Any]], works: Sequence[Work], session: AsyncClientSession, reopen: Reopen
) -> list[Outcome]:
    """Store works of one pipeline.

    Args:
        collection: The collection of the pipeline.
        works: The works; those with the same id are taken in their order.
        session: A causally consistent session: it makes the stored document visible on which an insert has failed.
        reopen: Is called when works did not fit an index; gives what becomes of them, or None to try again.

    Returns:
        The outcome of each work, in their order. DEPOSITED and ALREADY_DEPOSITED are durable.

    Raises:
        PyMongoError: MongoDB failed; nothing is known about the outcomes.
        Unavailable: Another caller kept deleting a work while it was deposited.
    """
    outcomes: list[Outcome | None] = [None] * len(works)
    for _ in range(_ROUNDS + len(works) + 1):
        left = [index for index, outcome in enumerate(outcomes) if outcome is None]
        if not left:
            return cast("list[Outcome]", outcomes)
        firsts: dict[str, int] = {}
        for index in left:
            firsts.setdefault(works[index].id, index)
        unfit: set[str] = set()
        inserted = await _insert(collection, [works[index] for index in firsts.values()], session, unfit)
        if len(inserted) == len(works) and inserted.count(Outcome.DEPOSITED) == len(works):  # as nearly always
            return cast("list[Outcome]", inserted)
        verdict = await reopen() if unfit else None
        for index, outcome in zip(firsts.values(), inserted, strict=True):
            outcomes[index] = verdict if works[index].id in unfit else outcome
        if verdict is Outcome.TOO_MANY_PIPELINES:
            return [verdict if outcome is None else outcome for outcome in outcomes]
        there: dict[str, list[int]] = {}
        for index in left:
            if outcomes[index] is None and outcomes[firsts[works[index].id]] is not Outcome.REFUSED:
                there.setdefault(works[index].id, []).append(index)
        turns = Turns()
        async for stored in _stored(collection, list(there), session):
            for index in there[stored_id(stored)]:
                data = works[index].data
                same = await offload(len(stored) + len(data), partial(same_content, stored, data))
                outcomes[index] = Outcome.ALREADY_DEPOSITED if same else Outcome.CONFLICT
                await turns.next()
    raise Unavailable(Reason.CONTENTION, "results are deleted as fast as they are deposited", not_applied=False)


async def _insert(
    collection: AsyncCollection[dict[str, Any]], works: Sequence[Work], session: AsyncClientSession, unfit: set[str]
) -> list[Outcome | None]:
    """Insert works with different ids; None stands for those whose id is there already, or that are added to `unfit`.

    Unfit are works that fit no index of places on the globe, which only a look at the indexes can judge.
    """
    outcomes: list[Outcome | None] = [Outcome.DEPOSITED] * len(works)
    try:
        await collection.insert_many([RawBSONDocument(work.data) for work in works], ordered=False, session=session)
    except BulkWriteError as error:
        if error.details["writeConcernErrors"]:
            raise Unavailable(
                Reason.NOT_DURABLE, "MongoDB could not make the works durable", not_applied=False
            ) from error
        for failure in error.details["writeErrors"]:
            if failure["code"] in _INTERRUPTING_CODES:
                message = "MongoDB was interrupted while it stored the works"
                raise Unavailable(Reason.MONGODB_UNAVAILABLE, message, not_applied=False) from error
            on_id = failure["code"] == _DUPLICATE_KEY and list(failure.get("keyPattern", {})) == ["_id"]
            if failure["code"] == DOES_NOT_FIT:
                unfit.add(works[failure["index"]].id)
            outcomes[failure["index"]] = None if on_id or failure["code"] == DOES_NOT_FIT else Outcome.REFUSED
    except OperationFailure as error:
        if error.code not in _DOCUMENT_CODES:
            raise
        let_go(error)
        if len(works) == 1:
            return [Outcome.REFUSED]
        half = len(works) // 2
        return [
            *await _insert(collection, works[:half], session, unfit),
            *await _insert(collection, works[half:], session, unfit),
        ]
    return outcomes


async def _stored(
    collection: AsyncCollection[dict[str, Any]], ids: Sequence[str], session: AsyncClientSession
) -> AsyncIterator[bytes]:
    if ids:
        raw = collection.with_options(codec_options=_RAW)
        async for stored in raw.find({"_id": {"$in": ids}}, session=session):
            yield bytes(stored.raw)

"""The only changes that the page makes, lock and unlock, and the history of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.http.answers import Answer
from workflow_results_server.http.errors import HttpError
from workflow_results_server.http.ui.asked import Asked
from workflow_results_server.http.ui.session import authorize
from workflow_results_server.requests import fields
from workflow_results_server.requests.continuations import PageTokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from workflow_results_server.http.requests import Call
    from workflow_results_server.store import Change, Entry, Origin, Store

    ChangeOfIds = Callable[[str, Sequence[str], Origin, float], Awaitable[Change]]

_IDS_MOST: Final = 10_000
_SHOWN_MOST: Final = 1_000
_NEVER: Final = {"cache-control": "no-store"}


class Changes:
    """The handlers.

    Args:
        store: Where the results are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def lock(self, call: Call) -> Answer:
        """Lock results, all or nothing."""
        return await self._change(call, "Lock", pb.LockRequest, self._store.changes.lock)

    async def unlock(self, call: Call) -> Answer:
        """Unlock results, all or nothing."""
        return await self._change(call, "Unlock", pb.UnlockRequest, self._store.changes.unlock)

    async def history(self, call: Call) -> Answer:
        """Answer the changes of a result, the newest first."""
        check = authorize(call, "History")
        asked = Asked.of_url(call)
        pipeline, id_ = asked.pipeline(), fields.id_(asked.text("id"))
        check((pipeline,))
        size, tokens = fields.page_size(0), PageTokens(pipeline, id_)
        before = tokens.place(asked.text("page", ""))
        entries = await self._store.history.read(pipeline, id_, before, size + 1, call.left())
        more = tokens.behind(entries[size - 1].order) if len(entries) > size else ""
        return Answer.of({"entries": [*map(_shown, entries[:size])], "next_page": more}, headers=_NEVER)

    async def _change(
        self, call: Call, method: str, request: type[pb.LockRequest | pb.UnlockRequest], change: ChangeOfIds
    ) -> Answer:
        check = authorize(call, method)
        asked = await Asked.of(call)
        pipeline = asked.pipeline()
        check((pipeline,))
        ids = await fields.ids(asked.texts("ids", _IDS_MOST))
        origin = await fields.origin(request(pipeline=pipeline, reason=asked.text("reason", "")), ids=ids)
        if not ids:
            return Answer.of({"changed": 0}, headers=_NEVER)
        made = await change(pipeline, ids, origin, call.left())
        if made.refusals:
            refused = [{"id": each.id, "reason": "LOCKED" if each.locked else "NOT_FOUND"} for each in made.refusals]
            message = f"nothing was changed: {len(refused):,} of {len(ids):,} results can't be"
            raise HttpError(409, "REFUSED", message, refusals=refused[:_SHOWN_MOST])
        return Answer.of({"changed": made.changed}, headers=_NEVER)


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "time": round(entry.time.timestamp(), 3),
        "method": entry.method,
        "caller": entry.caller,
        "reason": entry.reason,
        "fields": entry.fields,
        "field_count": entry.field_count,
        "result_count": entry.result_count,
    }

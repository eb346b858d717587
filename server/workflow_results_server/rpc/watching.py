"""The responses of Watch: what the store tells, in the words of the proto."""

from __future__ import annotations

from contextlib import aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final

from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.access.callers import current_caller, look_up_caller
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields
from workflow_results_server.requests.continuations import WatchTokens, unknown_token
from workflow_results_server.rpc.result_texts import write
from workflow_results_server.store import InvalidToken, Kind, Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bson.json_util import JSONOptions

    from workflow_results_server.rpc.result_texts import Texts
    from workflow_results_server.store import Event, Part, Watches

_KINDS: Final = {
    Kind.EXISTING: pb.CHANGE_KIND_EXISTING,
    Kind.DEPOSITED: pb.CHANGE_KIND_DEPOSITED,
    Kind.UPDATED: pb.CHANGE_KIND_UPDATED,
    Kind.LOCKED: pb.CHANGE_KIND_LOCKED,
    Kind.UNLOCKED: pb.CHANGE_KIND_UNLOCKED,
    Kind.DELETED: pb.CHANGE_KIND_DELETED,
    Kind.CHANGED: pb.CHANGE_KIND_CHANGED,
    Kind.UNMATCHED: pb.CHANGE_KIND_UNMATCHED,
    Kind.DROPPED: pb.CHANGE_KIND_DROPPED,
}


async def watched(request: pb.WatchRequest, watches: Watches, texts: Texts) -> AsyncGenerator[pb.WatchResponse, None]:
    """Stream the changes of results as they are made.

    Args:
        request: What to watch.
        watches: Where changes come from.
        texts: The memory for results as JSON.

    Raises:
        RequestError: The request can't be answered, or the stream can't go on.
    """
    options = fields.json_options(request.format)
    pipelines = fields.pipelines(request.pipelines)
    query, projection = await fields.query(request.query), await fields.projection(request.projection)
    database = await watches.database_id()
    tokens = await offload(request.ByteSize(), partial(WatchTokens, database, pipelines, query, projection))
    wanted = Wanted(pipelines, _may_use, query, projection)
    place = tokens.resumed(request.resume_token)
    try:
        async with aclosing(watches.watch(wanted, place, existing=request.snapshot)) as parts:
            async for part in parts:
                response = await _response(part, options)
                if part.place is not None:
                    response.resume_token = tokens.behind(part.place)
                with texts.reserve(response) if options else nullcontext():
                    yield response
    except InvalidToken:
        raise unknown_token() from None


def _may_use(pipeline: str) -> object:
    """Return whether the caller may use a pipeline now, which may have changed long after the call began."""
    look_up_caller.get()()
    return current_caller.get().may_use(pipeline)


async def _response(part: Part, options: JSONOptions | None) -> pb.WatchResponse:
    response = pb.WatchResponse(snapshot_complete=part.is_complete)
    for told in part.told:
        event = response.events.add(
            kind=_KINDS[told.kind], pipeline=told.pipeline, id=told.id, result_index=told.position
        )
        if told.event is not None:
            _describe(event, told.event)
    if part.batch is not None:
        await write(response.results, part.batch, options)
    return response


def _describe(written: pb.WatchEvent, event: Event) -> None:
    written.time.seconds, milliseconds = divmod(event.time, 1_000)
    written.time.nanos = milliseconds * 1_000_000
    if event.caller:
        written.caller = event.caller
    if event.reason:
        written.reason = event.reason
    if event.fields:
        written.fields.extend(event.fields)

"""The RPCs of `ResultsService`: each checks its request, asks the store and words the answer."""

from __future__ import annotations

import time
from contextlib import aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from workflow_results.common import native, rules
from workflow_results.v1 import results_pb2 as pb
from workflow_results.v1 import results_pb2_grpc
from workflow_results.version import __version__
from workflow_results_server.access.callers import current_caller
from workflow_results_server.access.policy import allow_works
from workflow_results_server.documents import works
from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, InvalidRequest
from workflow_results_server.offload import offload
from workflow_results_server.requests import fields
from workflow_results_server.requests.continuations import PageTokens, ReadTokens
from workflow_results_server.rpc.result_texts import Texts, write
from workflow_results_server.rpc.watching import watched
from workflow_results_server.store import OF_PIPELINE, Change, Ranking, Selection
from workflow_results_server.store.shielding import shielded

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence

    import grpc
    from bson.json_util import JSONOptions

    from workflow_results_server.requests.intake import Intake
    from workflow_results_server.store import Batch, Entry, Index, Origin, Store

    Context = grpc.aio.ServicerContext[Any, Any]
    ChangeOfIds = Callable[[str, Sequence[str], Origin, float], Awaitable[Change]]
    IdsRequest = pb.DeleteIdsRequest | pb.LockRequest | pb.UnlockRequest
    ReadRequest = pb.ViewRequest | pb.GetByCountRequest | pb.GetByIdRequest | pb.GetByEventRequest | pb.GetLockedRequest

PartT = TypeVar(
    "PartT",
    pb.ViewResponse,
    pb.GetByCountResponse,
    pb.GetByIdResponse,
    pb.GetByEventResponse,
    pb.GetLockedResponse,
    pb.TopResponse,
)

_MOST_REFUSALS: Final = 1_000
_MOST_VALUES: Final = 1_000
"""How many values of a field results are counted by."""
_SHARE_OF_DEADLINE: Final = 0.95
_METHODS: Final = {
    "update": pb.CHANGE_METHOD_UPDATE,
    "delete_ids": pb.CHANGE_METHOD_DELETE_IDS,
    "lock": pb.CHANGE_METHOD_LOCK,
    "unlock": pb.CHANGE_METHOD_UNLOCK,
    "drop_pipeline": pb.CHANGE_METHOD_DROP_PIPELINE,
}
_LOCKED_FIELDS: Final = dict.fromkeys(("id", "event", "plots", "products", "results"), 1)
_LOCKED: Final = {"results.locked": True}
# `$gt: null` means present and not null; unlike `$ne: null` it does not look into lists.
_LOCKED_AND_WHOLE: Final = {
    **_LOCKED,
    "$expr": {"$and": [{"$gt": [f"${field}", None]} for field in ("plots", "products")]},
}


class _Source(NamedTuple):
    """What answers a read."""

    batches: AsyncGenerator[Batch, None]
    options: JSONOptions | None
    """How to write results as JSON; None for BSON."""
    token: Callable[[str, int], bytes]
    """Makes the resume token behind an id, after so many results of this stream."""


class ResultsService(results_pb2_grpc.ResultsServiceServicer):
    """The service.

    Args:
        store: Where the results are.
        intake: Takes deposited works in.
        seconds: The longest time to spend on a unary call.
    """

    def __init__(self, store: Store, intake: Intake, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._intake = intake
        self._texts = Texts()

    async def Deposit(self, request: pb.DepositRequest, context: Context) -> pb.DepositResponse:
        """Store works, with an outcome for each."""
        outcomes, rejections = await self._intake.deposit(request.works, self._time(context))
        return pb.DepositResponse(outcomes=outcomes, rejections=rejections)

    def DepositStream(
        self, stream: AsyncIterator[pb.DepositStreamRequest], context: Context
    ) -> AsyncIterator[pb.DepositStreamResponse]:
        """Store the works of each request of a stream, and acknowledge it."""
        return self._intake.stream(stream)

    async def Update(self, request: pb.UpdateRequest, context: Context) -> pb.UpdateResponse:
        """Set fields of results, all or nothing."""
        return await self._update(request, self._time(context))

    @shielded
    async def _update(self, request: pb.UpdateRequest, seconds: float) -> pb.UpdateResponse:
        """Update, while there is room: what is sent and given up by its caller takes memory as well."""
        end = time.monotonic() + seconds
        with self._intake.reserve(request.works.ByteSize()):
            return await self._updated(request, end)

    async def _updated(self, request: pb.UpdateRequest, end: float) -> pb.UpdateResponse:
        by_pipeline: dict[str, dict[str, works.Work]] = {}
        parsed = await works.parse(request.works, partial_works=True)
        allow_works(parsed)
        for work in parsed:
            if isinstance(work, works.Rejected):
                raise InvalidRequest(work.where, work.message, work.reason)
            same = by_pipeline.setdefault(work.pipeline, {})
            if work.id in same:
                raise InvalidRequest(
                    f"works[{work.position}].id", "must not be the id of another work in the same update"
                )
            same[work.id] = work
        data = [work.data for work in parsed if isinstance(work, works.Work)]
        origin = await fields.origin(request, works=data)
        change = Change()
        if by_pipeline:
            change = await self._store.changes.update(by_pipeline, origin, _left_until(end))
        return pb.UpdateResponse(outcome=_outcome(change))

    async def DeleteIds(self, request: pb.DeleteIdsRequest, context: Context) -> pb.DeleteIdsResponse:
        """Delete results, all or nothing."""
        change = await self._change(self._store.changes.delete, request, context)
        return pb.DeleteIdsResponse(outcome=_outcome(change))

    async def Lock(self, request: pb.LockRequest, context: Context) -> pb.LockResponse:
        """Lock results, all or nothing."""
        change = await self._change(self._store.changes.lock, request, context)
        return pb.LockResponse(outcome=_outcome(change))

    async def Unlock(self, request: pb.UnlockRequest, context: Context) -> pb.UnlockResponse:
        """Unlock results, all or nothing; or, without force, count the locked ones."""
        changes = self._store.changes
        change = await self._change(changes.unlock if request.force else changes.count_locked, request, context)
        answer = pb.UnlockResponse(outcome=_outcome(change), locked_count=change.changed)
        answer.outcome.applied &= request.force
        return answer

    def View(self, request: pb.ViewRequest, context: Context) -> AsyncIterator[pb.ViewResponse]:
        """Stream the results that match a query."""

        async def select() -> Selection:
            return Selection(
                filter=await fields.query(request.query),
                projection=await fields.projection(request.projection),
                skip=fields.skip(request.skip),
                limit=fields.limit("limit", request.limit),
            )

        return self._stream(select, request, pb.ViewResponse)

    def Top(self, request: pb.TopRequest, context: Context) -> AsyncIterator[pb.TopResponse]:
        """Stream the results with the highest or lowest values of a field."""
        return self._answers(partial(self._ranked, request), pb.TopResponse)

    def GetByCount(self, request: pb.GetByCountRequest, context: Context) -> AsyncIterator[pb.GetByCountResponse]:
        """Stream the results with the highest ids: for ObjectId strings, the newest."""
        selection = Selection(limit=fields.limit("count", request.count))
        return self._stream(selection, request, pb.GetByCountResponse)

    def GetById(self, request: pb.GetByIdRequest, context: Context) -> AsyncIterator[pb.GetByIdResponse]:
        """Stream the results with some ids."""

        async def select() -> Selection:
            return Selection.of_ids(await fields.ids(request.ids))

        return self._stream(select, request, pb.GetByIdResponse)

    def GetByEvent(self, request: pb.GetByEventRequest, context: Context) -> AsyncIterator[pb.GetByEventResponse]:
        """Stream the results of an event."""
        selection = Selection(filter={"event": fields.event_number(request)})
        return self._stream(selection, request, pb.GetByEventResponse)

    def GetLocked(self, request: pb.GetLockedRequest, context: Context) -> AsyncIterator[pb.GetLockedResponse]:
        """Stream the locked results that carry results, plots and products."""
        selection = Selection(
            filter=_LOCKED_AND_WHOLE,
            projection=_LOCKED_FIELDS,
            skip=fields.skip(request.skip),
            limit=fields.limit("count", request.count),
        )
        return self._stream(selection, request, pb.GetLockedResponse)

    async def GetLockedCount(self, request: pb.GetLockedCountRequest, context: Context) -> pb.GetLockedCountResponse:
        """Count all locked results."""
        pipeline = fields.pipeline(request.pipeline)
        return pb.GetLockedCountResponse(count=await self._store.count(pipeline, _LOCKED, self._time(context)))

    async def Count(self, request: pb.CountRequest, context: Context) -> pb.CountResponse:
        """Count the results that match a query."""
        end = time.monotonic() + self._time(context)
        pipeline, query = fields.pipeline(request.pipeline), await fields.query(request.query)
        return pb.CountResponse(count=await self._store.count(pipeline, query, _left_until(end)))

    async def CountBy(self, request: pb.CountByRequest, context: Context) -> pb.CountByResponse:
        """Count the results that match a query by the values of a field."""
        end = time.monotonic() + self._time(context)
        options = fields.json_options(request.format)
        pipeline, field = fields.pipeline(request.pipeline), fields.path(request.field)
        query = await fields.query(request.query)
        counted = await self._store.count_by(pipeline, query, field, _MOST_VALUES, _left_until(end))
        answer = pb.CountByResponse(has_more=counted.has_more, other_count=counted.other)
        for value, count in counted.counts:
            answer.counts.add(value=fields.encoded({"value": value}, options), count=count)
        return answer

    async def Status(self, _request: pb.StatusRequest, context: Context) -> pb.StatusResponse:
        """Count the results of every pipeline that the caller may use."""
        counts = await self._store.status(self._time(context))
        may_use = current_caller.get().may_use
        return pb.StatusResponse(counts={name: count for name, count in counts.items() if may_use(name)})

    async def Info(self, _request: pb.InfoRequest, _context: Context) -> pb.InfoResponse:
        """Return versions and limits."""
        return pb.InfoResponse(
            server_version=__version__,
            api_version=pb.DESCRIPTOR.package,
            mongodb_version=self._store.mongodb_version,
            checker=native.NAME,
            limits=pb.Limits(
                message_bytes=rules.MESSAGE_BYTES,
                work_bytes=rules.WORK_BYTES,
                work_depth=rules.WORK_DEPTH,
                pipeline_length=rules.PIPELINE_LENGTH,
                id_length=rules.ID_LENGTH,
                transaction_results=rules.TRANSACTION_RESULTS,
                request_works=rules.REQUEST_WORKS,
                batch_bytes=rules.BATCH_BYTES,
                server_seconds=self._seconds,
                pipelines=self._store.pipelines.most,
            ),
        )

    async def History(self, request: pb.HistoryRequest, context: Context) -> pb.HistoryResponse:
        """Return the changes of a result, or of a pipeline itself."""
        pipeline = fields.pipeline(request.pipeline)
        id_ = fields.id_(request.id) if request.id else OF_PIPELINE
        size, tokens = fields.page_size(request.page_size), PageTokens(pipeline, id_)
        before = tokens.place(request.page_token)
        entries = await self._store.history.read(pipeline, id_, before, size + 1, self._time(context))
        more = tokens.behind(entries[size - 1].order) if len(entries) > size else ""
        return pb.HistoryResponse(entries=map(_history_entry, entries[:size]), next_page_token=more)

    def Watch(self, request: pb.WatchRequest, context: Context) -> AsyncIterator[pb.WatchResponse]:
        """Stream the changes of results as they are made."""
        return watched(request, self._store.watches, self._texts)

    async def ListIndexes(self, request: pb.ListIndexesRequest, context: Context) -> pb.ListIndexesResponse:
        """List the indexes on fields of a pipeline."""
        found = await self._store.indexes.of(fields.pipeline(request.pipeline), self._time(context))
        return pb.ListIndexesResponse(indexes=map(_index, found))

    async def CreateIndex(self, request: pb.CreateIndexRequest, context: Context) -> pb.CreateIndexResponse:
        """Build an index on a field."""
        pipeline, field = fields.pipeline(request.pipeline), fields.indexed(request.field)
        made = await self._store.indexes.create(pipeline, field, self._time(context))
        return pb.CreateIndexResponse(index=_index(made))

    async def DropIndex(self, request: pb.DropIndexRequest, context: Context) -> pb.DropIndexResponse:
        """Drop the index on a field."""
        pipeline, field = fields.pipeline(request.pipeline), fields.indexed(request.field)
        return pb.DropIndexResponse(dropped=await self._store.indexes.drop(pipeline, field, self._time(context)))

    async def DropPipeline(self, request: pb.DropPipelineRequest, context: Context) -> pb.DropPipelineResponse:
        """Drop a pipeline that has no results."""
        pipeline, origin = fields.pipeline(request.pipeline), await fields.origin(request)
        dropped = await self._store.pipelines.drop(pipeline, origin, self._time(context))
        return pb.DropPipelineResponse(dropped=dropped)

    def _time(self, context: Context) -> float:
        """Return the seconds that a unary call may take, so that its answer comes before the caller's deadline."""
        remaining = context.time_remaining()
        return self._seconds if remaining is None else min(remaining * _SHARE_OF_DEADLINE, self._seconds)

    async def _change(self, change: ChangeOfIds, request: IdsRequest, context: Context) -> Change:
        end = time.monotonic() + self._time(context)
        pipeline, ids = fields.pipeline(request.pipeline), await fields.ids(request.ids)
        origin = await fields.origin(request, ids=ids)
        return await change(pipeline, ids, origin, _left_until(end)) if ids else Change()

    def _stream(
        self,
        selection: Selection | Callable[[], Awaitable[Selection]],
        request: ReadRequest,
        response: Callable[..., PartT],
    ) -> AsyncGenerator[PartT, None]:
        return self._answers(partial(self._resumed, selection, request), response)

    async def _resumed(
        self, selection: Selection | Callable[[], Awaitable[Selection]], request: ReadRequest
    ) -> _Source:
        if not isinstance(selection, Selection):
            selection = await selection()
        pipeline, options = fields.pipeline(request.pipeline), fields.json_options(request.format)
        make_tokens = partial(ReadTokens, request.DESCRIPTOR.name, pipeline, selection)
        tokens = await offload(request.ByteSize(), make_tokens)
        rest, before = tokens.resumed(request.resume_token)
        return _Source(self._store.read(pipeline, rest), options, lambda last, sent: tokens.behind(last, before + sent))

    async def _ranked(self, request: pb.TopRequest) -> _Source:
        pipeline, options = fields.pipeline(request.pipeline), fields.json_options(request.format)
        ranking = Ranking(fields.path(request.field), fields.ranked(request.limit), request.ascending)
        selection = Selection(
            filter=await fields.query(request.query), projection=await fields.projection(request.projection)
        )
        return _Source(self._store.top(pipeline, selection, ranking), options, _no_token)

    async def _answers(
        self, prepare: Callable[[], Awaitable[_Source]], response: Callable[..., PartT]
    ) -> AsyncGenerator[PartT, None]:
        """Word a stream of batches, and its end.

        Args:
            prepare: Checks the request, and returns what answers it.
            response: Makes a response.
        """
        source, options, token = await prepare()
        sent = 0
        async with aclosing(source) as batches:
            async for batch in batches:
                sent += batch.number
                answer = response()  # filled in place: to put a message into another one copies it
                part = answer.part
                part.batch.resume_token = token(batch.last, sent)
                await write(part.batch.results, batch, options)
                if batch.final:
                    part.summary.count = sent
                with self._texts.reserve(answer) if options else nullcontext():
                    yield answer
                if batch.final:
                    return
        yield response(part=pb.ResultPart(summary=pb.ReadSummary(count=sent)))


def _no_token(_last: str, _sent: int) -> bytes:
    """Return no token: what is ranked changes with every result, so that such a stream is started again."""
    return b""


def _left_until(end: float) -> float:
    """Return the seconds that are left of a call's time, which checking its request has taken a part of.

    Raises:
        DeadlineExceeded: None are.
    """
    left = end - time.monotonic()
    if left <= 0:
        raise DeadlineExceeded("the deadline passed", NOT_APPLIED)
    return left


def _history_entry(entry: Entry) -> pb.HistoryEntry:
    written = pb.HistoryEntry(
        method=_METHODS[entry.method],
        caller=entry.caller,
        fields=entry.fields,
        field_count=entry.field_count,
        reason=entry.reason,
        request_id=entry.request_id,
        result_count=entry.result_count,
    )
    written.time.FromDatetime(entry.time)
    return written


def _index(index: Index) -> pb.FieldIndex:
    return pb.FieldIndex(field=index.field, size_bytes=index.size, ready=index.ready)


def _outcome(change: Change) -> pb.ChangeOutcome:
    refusals = [
        pb.Refusal(
            pipeline=refusal.pipeline,
            id=refusal.id,
            reason=pb.REFUSAL_REASON_LOCKED if refusal.locked else pb.REFUSAL_REASON_NOT_FOUND,
        )
        for refusal in change.refusals[:_MOST_REFUSALS]
    ]
    return pb.ChangeOutcome(applied=not change.refusals, refusals=refusals, refusal_count=len(change.refusals))

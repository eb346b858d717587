"""The requests of the facade's methods, made of arguments that are checked before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workflow_results._calls import arguments
from workflow_results._calls.works import prepare
from workflow_results.common import rules
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    IdsRequest = pb.DeleteIdsRequest | pb.LockRequest | pb.UnlockRequest

_IDS_PER_REQUEST: Final = 10_000


def view(
    pipeline: str, query: Mapping[str, Any], projection: Mapping[str, Any], skip: int, limit: int
) -> pb.ViewRequest:
    """Ask for the results that match a query."""
    return pb.ViewRequest(
        pipeline=arguments.pipeline(pipeline),
        query=arguments.document("query", query),
        projection=arguments.document("projection", projection),
        skip=arguments.integer("skip", skip, least=0),
        limit=arguments.limit("limit", limit),
    )


def top(
    pipeline: str, query: Mapping[str, Any], by: str, limit: int, descending: bool, projection: Mapping[str, Any]
) -> pb.TopRequest:
    """Ask for the results with the highest or lowest values of a field."""
    return pb.TopRequest(
        pipeline=arguments.pipeline(pipeline),
        field=arguments.path("by", by),
        query=arguments.document("query", query),
        projection=arguments.document("projection", projection),
        limit=arguments.integer("limit", limit, least=1, most=rules.RANKED_RESULTS),
        ascending=not arguments.flag("descending", descending),
    )


def count_by(pipeline: str, field: str, query: Mapping[str, Any]) -> pb.CountByRequest:
    """Ask how many results there are by the values of a field."""
    return pb.CountByRequest(
        pipeline=arguments.pipeline(pipeline),
        field=arguments.path("field", field),
        query=arguments.document("query", query),
    )


def count(pipeline: str, query: Mapping[str, Any]) -> pb.CountRequest:
    """Ask how many results match a query."""
    return pb.CountRequest(pipeline=arguments.pipeline(pipeline), query=arguments.document("query", query))


def get_by_count(pipeline: str, count: int) -> pb.GetByCountRequest:
    """Ask for the results with the highest ids."""
    return pb.GetByCountRequest(pipeline=arguments.pipeline(pipeline), count=arguments.limit("count", count))


def get_by_id(pipeline: str, ids: Iterable[str]) -> list[pb.GetByIdRequest]:
    """Ask for results by any number of ids: in several requests, which follow the order of the results."""
    named = arguments.named(pipeline, ids)
    ordered = sorted(named["ids"], reverse=True)
    starts = range(0, len(ordered), _IDS_PER_REQUEST)
    return [
        pb.GetByIdRequest(pipeline=named["pipeline"], ids=ordered[start : start + _IDS_PER_REQUEST]) for start in starts
    ]


def get_by_event(pipeline: str, event_number: int) -> pb.GetByEventRequest:
    """Ask for the results of an event."""
    number = arguments.integer("event_number", event_number)
    return pb.GetByEventRequest(pipeline=arguments.pipeline(pipeline), event_number=number)


def get_locked(pipeline: str, skip: int, count: int) -> pb.GetLockedRequest:
    """Ask for locked results that carry `results`, `plots` and `products`."""
    return pb.GetLockedRequest(
        pipeline=arguments.pipeline(pipeline),
        skip=arguments.integer("skip", skip, least=0),
        count=arguments.limit("count", count),
    )


def get_locked_count(pipeline: str) -> pb.GetLockedCountRequest:
    """Ask how many results are locked."""
    return pb.GetLockedCountRequest(pipeline=arguments.pipeline(pipeline))


def watch(
    pipeline: str | Iterable[str] | None,
    query: Mapping[str, Any],
    projection: Mapping[str, Any],
    snapshot: bool,
    resume_token: bytes | None,
) -> pb.WatchRequest:
    """Ask for changes as they are made."""
    return pb.WatchRequest(
        pipelines=arguments.pipelines(pipeline),
        query=arguments.document("query", query),
        projection=arguments.document("projection", projection),
        snapshot=arguments.flag("snapshot", snapshot),
        resume_token=arguments.token("resume_token", resume_token),
    )


def history(pipeline: str, id_: str | None) -> pb.HistoryRequest:
    """Ask for the first page of the changes of a result, or of a pipeline itself."""
    return pb.HistoryRequest(pipeline=arguments.pipeline(pipeline), id="" if id_ is None else arguments.id_(id_))


def update(works: Sequence[dict[str, Any]], reason: str, request_id: str | None) -> pb.UpdateRequest:
    """Ask for fields of results to be set."""
    origin = arguments.origin(reason, request_id)
    return pb.UpdateRequest(works=pb.EncodedDocuments(bson=b"".join(prepare(works, partial=True).encoded)), **origin)


def delete_ids(pipeline: str, ids: Iterable[str], reason: str, request_id: str | None) -> pb.DeleteIdsRequest:
    """Ask for results to be deleted."""
    return pb.DeleteIdsRequest(**arguments.named(pipeline, ids), **arguments.origin(reason, request_id))


def lock(pipeline: str, ids: Iterable[str], reason: str, request_id: str | None) -> pb.LockRequest:
    """Ask for results to be locked."""
    return pb.LockRequest(**arguments.named(pipeline, ids), **arguments.origin(reason, request_id))


def unlock(pipeline: str, ids: Iterable[str], reason: str, request_id: str | None) -> pb.UnlockRequest:
    """Ask for results to be unlocked."""
    named, origin = arguments.named(pipeline, ids), arguments.origin(reason, request_id)
    return pb.UnlockRequest(**named, **origin, force=True)


def count_locked(request: pb.UnlockRequest) -> pb.UnlockRequest:
    """Ask how many results a request would unlock."""
    return pb.UnlockRequest(pipeline=request.pipeline, ids=request.ids)


def list_indexes(pipeline: str) -> pb.ListIndexesRequest:
    """Ask for the indexes on fields."""
    return pb.ListIndexesRequest(pipeline=arguments.pipeline(pipeline))


def create_index(pipeline: str, field: str) -> pb.CreateIndexRequest:
    """Ask for an index on a field."""
    return pb.CreateIndexRequest(pipeline=arguments.pipeline(pipeline), field=arguments.path("field", field))


def drop_index(pipeline: str, field: str) -> pb.DropIndexRequest:
    """Ask for the index on a field to be dropped."""
    return pb.DropIndexRequest(pipeline=arguments.pipeline(pipeline), field=arguments.path("field", field))


def drop_pipeline(pipeline: str, reason: str) -> pb.DropPipelineRequest:
    """Ask for a pipeline to be dropped."""
    origin = arguments.origin(reason, None)
    return pb.DropPipelineRequest(pipeline=arguments.pipeline(pipeline), reason=origin["reason"])

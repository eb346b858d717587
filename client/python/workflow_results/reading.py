"""The methods of the facade that read results."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from workflow_results import settings
from workflow_results._calls import arguments
from workflow_results._calls.history import told
from workflow_results._encoding.documents import decode, pieces
from workflow_results._stream import resuming
from workflow_results._stream.relaxed_gc import relaxed_gc
from workflow_results._stream.result_stream import Handed, HandedBatches, ResultStream
from workflow_results._transport.deadline import Deadline
from workflow_results._transport.forks import fork_guard
from workflow_results.common.rules import quoted
from workflow_results.outcomes import HistoryEntry
from workflow_results.session import Session
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_IDS_PER_REQUEST: Final = 10_000


class Reading(Session):
    """Views, counts and look-ups; `timeout` and common errors are those of `Results`."""

    def view(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006 - as in the HTTP client; it is never changed
        skip: int = 0,
        limit: int = 100,
        *,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]:
        """Get the results that match a query.

        Args:
            pipeline: The pipeline of the results.
            query: A MongoDB filter. Supported are $eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type
                $all $elemMatch $size $mod $regex $options $bitsAllSet $bitsAnySet $bitsAllClear $bitsAnyClear, and
                $expr with field paths, literals, comparison, boolean and arithmetic operators. {} matches all.
                Of patterns that repeat a group, MongoDB 6.0 gives up on long texts in silence, as if they didn't match:
                `(a|b)*c` finds those of up to 1,999 characters, `^(ab)+c$` up to 3,999. `[ab]*c` and `.*` find all.
            projection: A MongoDB projection: inclusion, exclusion, $slice, $elemMatch. Defaults to whole results.
            skip: How many matching results to pass over. Defaults to 0.
            limit: How many results to get at most; -1 and 0 for no limit. Defaults to 100.
            timeout: Seconds, see the class.

        Returns:
            The results.

        Raises:
            InvalidRequestError: The query or projection holds what is not supported; the message names its path.
            ResultsError: See the class.
        """
        request = _view_request(pipeline, query, projection, skip, limit)
        return _listed(_results(self._read("View", request, timeout)))

    def stream(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = arguments.UNLIMITED,
        *,
        timeout: float | None = None,
    ) -> ResultStream[dict[str, Any]]:
        """Iterate over the results that match a query, in constant memory.

        Args:
            pipeline: As in `view`.
            query: As in `view`.
            projection: As in `view`.
            skip: As in `view`.
            limit: As in `view`, but defaults to no limit.
            timeout: Seconds for the whole iteration, see the class.

        Returns:
            An iterator over the results. Through restarts of the service, none is missing and none comes twice.
            `close()` ends it early, and so does the end of a `with` block.

        Raises:
            InvalidRequestError: As in `view`.
            ResultsError: See the class; also where this would be the 1,001st of all streams and depositors of this
                `Results` that are open. A stream is open from its first result until it is exhausted, closed or
                collected as garbage.
        """
        request = _view_request(pipeline, query, projection, skip, limit)
        handed = Handed()
        results = _results(self._read("View", request, timeout), handed)
        return ResultStream(results, self._named("stream", request), handed)

    def stream_batches(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = arguments.UNLIMITED,
        *,
        timeout: float | None = None,
    ) -> ResultStream[bytes]:
        """Iterate over the results that match a query, undecoded: to write files, or to fill a DataFrame.

        Args:
            pipeline: As in `stream`.
            query: As in `stream`.
            projection: As in `stream`.
            skip: As in `stream`.
            limit: As in `stream`.
            timeout: As in `stream`.

        Returns:
            An iterator as that of `stream`, but over batches: about 1 MiB of BSON documents back to back, as in
            mongodump's .bson files, each with MongoDB's `_id`.

        Raises:
            InvalidRequestError: As in `view`.
            ResultsError: See the class.
        """
        request = _view_request(pipeline, query, projection, skip, limit)
        handed = HandedBatches()
        batches = handed.each(self._read("View", request, timeout))
        return ResultStream(batches, self._named("stream_batches", request), handed)

    def count(self, pipeline: str, query: dict[str, Any], *, timeout: float | None = None) -> int:
        """Count the results that match a query, exactly.

        Fast for queries on `id`, `event` and `results.locked`; others scan the pipeline within the timeout.

        Args:
            pipeline: The pipeline of the results.
            query: A MongoDB filter, as in `view`.
            timeout: Seconds, see the class.

        Returns:
            The number of results.

        Raises:
            InvalidRequestError: As in `view`.
            DeadlineExceededError: The scan took too long.
            ResultsError: See the class.
        """
        request = pb.CountRequest(pipeline=arguments.pipeline(pipeline), query=arguments.document("query", query))
        return int(self._channel.unary("Count", request, self._deadline(timeout)).count)

    def status(self, *, timeout: float | None = None) -> dict[str, int]:
        """Count the results of every pipeline, from MongoDB's metadata: exact except after an unclean stop of it.

        Args:
            timeout: Seconds, see the class.

        Returns:
            The number of results by pipeline; in the order of their names; pipelines without any are left out.

        Raises:
            ResultsError: See the class.
        """
        counts = self._channel.unary("Status", pb.StatusRequest(), self._deadline(timeout)).counts
        return dict(sorted(counts.items()))

    def get_by_count(self, pipeline: str, count: int = 10, *, timeout: float | None = None) -> list[dict[str, Any]]:
        """Get the results with the highest ids, in byte order: for ObjectId strings, the newest.

        Ids that don't begin with a time have no such order; then ask for the newest by a field, as in
        `view(pipeline, {"creation": {"$gt": …}})`.

        Args:
            pipeline: The pipeline of the results.
            count: How many results to get at most; -1 and 0 for no limit. Defaults to 10.
            timeout: Seconds, see the class.

        Returns:
            The results.

        Raises:
            ResultsError: See the class.
        """
        request = pb.GetByCountRequest(pipeline=arguments.pipeline(pipeline), count=arguments.limit("count", count))
        return _listed(_results(self._read("GetByCount", request, timeout)))

    def get_by_id(self, pipeline: str, ids: list[str], *, timeout: float | None = None) -> list[dict[str, Any]]:
        """Get results by their ids.

        Args:
            pipeline: The pipeline of the results.
            ids: Any number of ids. Those that do not exist are left out.
            timeout: Seconds, see the class.

        Returns:
            The results.

        Raises:
            ResultsError: See the class.
        """
        named = arguments.named(pipeline, ids)
        ordered = sorted(set(named["ids"]), reverse=True)  # so that the requests follow the order of the results
        deadline = Deadline.after(None if timeout is None else settings.checked_timeout(timeout))
        found: list[dict[str, Any]] = []
        for start in range(0, len(ordered), _IDS_PER_REQUEST):
            request = pb.GetByIdRequest(pipeline=named["pipeline"], ids=ordered[start : start + _IDS_PER_REQUEST])
            found += _listed(_results(self._read("GetById", request, deadline)))
        return found

    def get_by_event(self, pipeline: str, event_number: int, *, timeout: float | None = None) -> list[dict[str, Any]]:
        """Get the results of an event.

        Args:
            pipeline: The pipeline of the results.
            event_number: The number that the field `event` contains, alone or among others.
            timeout: Seconds, see the class.

        Returns:
            The results.

        Raises:
            ResultsError: See the class.
        """
        event_number = arguments.integer("event_number", event_number)
        request = pb.GetByEventRequest(pipeline=arguments.pipeline(pipeline), event_number=event_number)
        return _listed(_results(self._read("GetByEvent", request, timeout)))

    def get_locked(
        self, pipeline: str, skip: int = 0, count: int = 10, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Get locked results that carry `results`, `plots` and `products`.

        Args:
            pipeline: The pipeline of the results.
            skip: How many of them to pass over. Defaults to 0.
            count: How many to get at most; -1 and 0 for no limit. Defaults to 10.
            timeout: Seconds, see the class.

        Returns:
            The results, each with just `id`, `event`, `plots`, `products` and `results`.

        Raises:
            ResultsError: See the class.
        """
        request = pb.GetLockedRequest(
            pipeline=arguments.pipeline(pipeline),
            skip=arguments.integer("skip", skip, least=0),
            count=arguments.limit("count", count),
        )
        return _listed(_results(self._read("GetLocked", request, timeout)))

    def get_locked_count(self, pipeline: str, *, timeout: float | None = None) -> int:
        """Count all locked results.

        Args:
            pipeline: The pipeline of the results.
            timeout: Seconds, see the class.

        Returns:
            The number of locked results.

        Raises:
            ResultsError: See the class.
        """
        request = pb.GetLockedCountRequest(pipeline=arguments.pipeline(pipeline))
        return int(self._channel.unary("GetLockedCount", request, self._deadline(timeout)).count)

    def history(
        self,
        pipeline: str,
        id: str | None = None,  # noqa: A002
        *,
        timeout: float | None = None,
    ) -> list[HistoryEntry]:
        """Return who updated, deleted, locked or unlocked a result, when and why; or who dropped a pipeline.

        Args:
            pipeline: The pipeline.
            id: The id of the result, which may have been deleted. Defaults to none: the changes of the pipeline itself.
            timeout: Seconds, see the class.

        Returns:
            The changes, the newest first. Deposits are none.

        Raises:
            ResultsError: See the class.

        Example:
            >>> results.lock("sample", ["burst-1"], reason="published")
            True
            >>> results.history("sample", "burst-1")[0].reason
            'published'
        """
        deadline = self._deadline(timeout)
        request = pb.HistoryRequest(pipeline=arguments.pipeline(pipeline), id="" if id is None else arguments.id_(id))
        entries: list[HistoryEntry] = []
        while True:
            page = self._channel.unary("History", request, deadline)
            entries += map(told, page.entries)
            if not page.next_page_token:
                return entries
            request.page_token = page.next_page_token

    def _read(self, method: str, request: Any, timeout: float | Deadline | None) -> Generator[bytes, None, None]:
        if not isinstance(timeout, Deadline):
            timeout = Deadline.after(None if timeout is None else settings.checked_timeout(timeout))
        return resuming.batches(self._channel, method, request, timeout, self._patience, self._silence)

    def _named(self, method: str, request: pb.ViewRequest) -> str:
        return f"{method} of {request.pipeline} at {quoted(self.baseurl)}"


def _view_request(
    pipeline: str, query: dict[str, Any], projection: dict[str, bool], skip: int, limit: int
) -> pb.ViewRequest:
    return pb.ViewRequest(
        pipeline=arguments.pipeline(pipeline),
        query=arguments.document("query", query),
        projection=arguments.document("projection", projection),
        skip=arguments.integer("skip", skip, least=0),
        limit=arguments.limit("limit", limit),
    )


def _results(
    batches: Generator[bytes, None, None], handed: Handed | None = None
) -> Generator[dict[str, Any], None, None]:
    forks = fork_guard.forks
    handed = handed or Handed()
    with closing(batches):
        for batch in batches:
            for piece in pieces(batch):
                for result in handed.each(decode(piece)):
                    resuming.same_process(forks)
                    yield result


def _listed(results: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    with relaxed_gc:
        return list(results)

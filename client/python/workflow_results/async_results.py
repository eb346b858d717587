"""The facade for event loops: the methods of `results.py`, to be awaited."""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any

from workflow_results import frames, settings
from workflow_results._calls import requests
from workflow_results._calls.arguments import UNLIMITED
from workflow_results._calls.responses import applied, field_index, history_entry, value_counts
from workflow_results._calls.works import prepare_in_steps
from workflow_results._confirmation import ask_on_terminal, check_unlock, checked_answer, unlock_question
from workflow_results._deposit import async_sending
from workflow_results._deposit import batches as deposits
from workflow_results._deposit.async_depositor import AsyncDepositor
from workflow_results._deposit.spool import open_spool
from workflow_results._notebook import TableList
from workflow_results._session import AsyncSession
from workflow_results._stream import async_resuming
from workflow_results._stream.async_result_stream import AsyncResultStream
from workflow_results._stream.async_watching import AsyncWatch
from workflow_results._stream.result_stream import Handed, HandedBatches
from workflow_results._transport.deadline import Deadline
from workflow_results.common.rules import GIB
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Callable

    import pandas
    import polars
    import pyarrow

    from workflow_results.outcomes import FieldIndex, HistoryEntry, Receipt, ValueCounts


class AsyncResults(AsyncSession):
    """The results of pipelines, on a Workflow Results server, for programs that use `asyncio`.

    It has the methods of `Results`, with the same parameters, defaults, results and errors. All are awaited, except
    those that return something to iterate over or to open: `async for` goes over `stream`, `stream_batches` and
    `watch`, `async with` opens a `depositor`. `Results` says what each method does.

    Any number of tasks may use it at a time, in one event loop. Once that loop has ended, another one may use it. A
    task may be cancelled at any point: a stream that it reads ends at the server, too. The outcome of a change that is
    cancelled is unknown, as after an error with `outcome_unknown`; for a deposit, such an error is the `__context__` of
    the CancelledError.

    Close it before the process forks: gRPC does not support event loops in a child.

    Args:
        baseurl: As in `Results`.
        token: As in `Results`.
        timeout: As in `Results`.
        ca_file: As in `Results`.
        cert_file: As in `Results`.
        key_file: As in `Results`.
        tls: As in `Results`.
        strict: As in `Results`.

    Attributes:
        baseurl (str): The target.
        timeout (float | None): The timeout that was chosen, if any.

    Raises:
        InvalidRequestError: A setting can't be used.

    Example:
        >>> async with AsyncResults() as results:
        ...     await results.deposit([{"pipeline": "sample", "status": "success", "results": {"snr": 12.5}}])
        ...     async for result in results.stream("sample", {"results.snr": {"$gt": 10}}):
        ...         print(result["id"])
    """

    async def deposit(self, works: list[dict[str, Any]], *, timeout: float | None = None) -> dict[str, bool]:
        """Deposit works, as `Results.deposit` does."""
        return deposits.summed_up(await self._deposited(works, timeout), strict=self._strict)

    async def deposit_receipts(self, works: list[dict[str, Any]], *, timeout: float | None = None) -> list[Receipt]:
        """Deposit works and return the outcome of each, as `Results.deposit_receipts` does."""
        return (await self._deposited(works, timeout)).receipts()

    def depositor(
        self,
        *,
        spool_dir: str | os.PathLike[str] | None = None,
        spool_bytes: int = GIB,
        spool_fsync: bool = True,
        timeout: float | None = None,
    ) -> AsyncDepositor:
        """Deposit works one at a time, as `Results.depositor` does.

        Returns:
            A depositor for an `async with` block.

        Example:
            >>> async with results.depositor() as depositor:
            ...     for work in works:
            ...         future = await depositor.deposit(work)
            >>> (await future).outcome
            <Outcome.DEPOSITED: 'deposited'>
        """
        patience = self._patience if timeout is None else settings.checked_timeout(timeout)
        spool = open_spool(spool_dir, spool_bytes, spool_fsync)
        return AsyncDepositor(self._channel, patience, strict=self._strict, spool=spool)

    async def update(
        self,
        works: list[dict[str, Any]],
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Set fields of results, as `Results.update` does."""
        deadline = self._deadline(timeout)
        request = requests.update(works, reason, request_id)
        return not request.works.bson or await self._change("Update", "update", request, deadline)

    async def delete_ids(
        self,
        pipeline: str,
        ids: list[str],
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Delete results, as `Results.delete_ids` does."""
        deadline = self._deadline(timeout)
        request = requests.delete_ids(pipeline, ids, reason, request_id)
        return not request.ids or await self._change("DeleteIds", "delete_ids", request, deadline)

    async def view(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006 - as in the HTTP client; it is never changed
        skip: int = 0,
        limit: int = 100,
        *,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]:
        """Get the results that match a query, as `Results.view` does."""
        return await self._listed("View", requests.view(pipeline, query, projection, skip, limit), timeout)

    def stream(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        timeout: float | None = None,
    ) -> AsyncResultStream[dict[str, Any]]:
        """Iterate over the results that match a query, as `Results.stream` does.

        Returns:
            An asynchronous iterator. `await close()` ends it early, and so does the end of an `async with` block.
        """
        request = requests.view(pipeline, query, projection, skip, limit)
        handed = Handed()
        results = async_resuming.results(self._batches("View", request, timeout), handed)
        return AsyncResultStream(results, self._named("stream", request.pipeline), handed)

    def stream_batches(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        timeout: float | None = None,
    ) -> AsyncResultStream[bytes]:
        """Iterate over the results that match a query as BSON, as `Results.stream_batches` does."""
        request = requests.view(pipeline, query, projection, skip, limit)
        handed = HandedBatches()
        batches = async_resuming.counted(self._batches("View", request, timeout), handed)
        return AsyncResultStream(batches, self._named("stream_batches", request.pipeline), handed)

    async def to_arrow(
        self,
        pipeline: str,
        query: dict[str, Any] = {},  # noqa: B006
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        schema: Any = None,
        flatten: bool = False,
        progress: bool = False,
        timeout: float | None = None,
    ) -> pyarrow.Table:
        """Get the results that match a query as an Arrow table, as `Results.to_arrow` does."""
        frame = frames.frame("arrow", schema, projection, flatten=flatten, progress=progress)
        return await self._filled(frame, timeout, pipeline, query, skip, limit)

    async def to_pandas(
        self,
        pipeline: str,
        query: dict[str, Any] = {},  # noqa: B006
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        schema: Any = None,
        flatten: bool = False,
        progress: bool = False,
        timeout: float | None = None,
    ) -> pandas.DataFrame:
        """Get the results that match a query as a pandas DataFrame, as `Results.to_pandas` does."""
        frame = frames.frame("pandas", schema, projection, flatten=flatten, progress=progress)
        return await self._filled(frame, timeout, pipeline, query, skip, limit)

    async def to_polars(
        self,
        pipeline: str,
        query: dict[str, Any] = {},  # noqa: B006
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        schema: Any = None,
        flatten: bool = False,
        progress: bool = False,
        timeout: float | None = None,
    ) -> polars.DataFrame:
        """Get the results that match a query as a polars DataFrame, as `Results.to_polars` does."""
        frame = frames.frame("polars", schema, projection, flatten=flatten, progress=progress)
        return await self._filled(frame, timeout, pipeline, query, skip, limit)

    async def to_parquet(
        self,
        path: str | os.PathLike[str],
        pipeline: str,
        query: dict[str, Any] = {},  # noqa: B006
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        schema: Any = None,
        flatten: bool = False,
        progress: bool = False,
        timeout: float | None = None,
    ) -> int:
        """Write the results that match a query to a Parquet file, as `Results.to_parquet` does."""
        frame = frames.frame("parquet", schema, projection, flatten=flatten, progress=progress, path=path)
        return int(await self._filled(frame, timeout, pipeline, query, skip, limit))

    async def top(
        self,
        pipeline: str,
        query: dict[str, Any] = {},  # noqa: B006
        by: str = "results.snr",
        limit: int = 100,
        descending: bool = True,
        projection: dict[str, bool] = {},  # noqa: B006
        *,
        timeout: float | None = None,
    ) -> list[dict[str, Any]]:
        """Get the results with the highest or lowest values of a field, as `Results.top` does."""
        request = requests.top(pipeline, query, by, limit, descending, projection)
        return await self._listed("Top", request, timeout)

    async def count(self, pipeline: str, query: dict[str, Any], *, timeout: float | None = None) -> int:
        """Count the results that match a query, as `Results.count` does."""
        return int((await self._unary("Count", requests.count(pipeline, query), timeout)).count)

    async def count_by(
        self,
        pipeline: str,
        field: str,
        query: dict[str, Any] = {},  # noqa: B006
        *,
        timeout: float | None = None,
    ) -> ValueCounts:
        """Count the results by the values of a field, as `Results.count_by` does."""
        return value_counts(await self._unary("CountBy", requests.count_by(pipeline, field, query), timeout))

    async def status(self, *, timeout: float | None = None) -> dict[str, int]:
        """Count the results of every pipeline, as `Results.status` does."""
        return dict(sorted((await self._unary("Status", pb.StatusRequest(), timeout)).counts.items()))

    async def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Return versions and limits, as `Results.info` does."""
        return self._info(await self._unary("Info", pb.InfoRequest(), timeout))

    async def get_by_count(
        self, pipeline: str, count: int = 10, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Get the results with the highest ids, as `Results.get_by_count` does."""
        return await self._listed("GetByCount", requests.get_by_count(pipeline, count), timeout)

    async def get_by_id(self, pipeline: str, ids: list[str], *, timeout: float | None = None) -> list[dict[str, Any]]:
        """Get results by their ids, as `Results.get_by_id` does."""
        deadline = self._read_deadline(timeout)
        found: list[dict[str, Any]] = []
        for request in requests.get_by_id(pipeline, ids):
            found += await self._listed("GetById", request, deadline)
        return found

    async def get_by_event(
        self, pipeline: str, event_number: int, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Get the results of an event, as `Results.get_by_event` does."""
        return await self._listed("GetByEvent", requests.get_by_event(pipeline, event_number), timeout)

    async def get_locked(
        self, pipeline: str, skip: int = 0, count: int = 10, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Get locked results, as `Results.get_locked` does."""
        return await self._listed("GetLocked", requests.get_locked(pipeline, skip, count), timeout)

    async def get_locked_count(self, pipeline: str, *, timeout: float | None = None) -> int:
        """Count all locked results, as `Results.get_locked_count` does."""
        return int((await self._unary("GetLockedCount", requests.get_locked_count(pipeline), timeout)).count)

    async def lock(
        self,
        pipeline: str,
        ids: list[str],
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Lock results, as `Results.lock` does."""
        deadline = self._deadline(timeout)
        request = requests.lock(pipeline, ids, reason, request_id)
        return not request.ids or await self._change("Lock", "lock", request, deadline)

    async def unlock(
        self,
        pipeline: str,
        ids: list[str],
        force: bool = False,
        *,
        confirm: Callable[[str], Awaitable[bool] | bool] | None = None,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Unlock results, as `Results.unlock` does.

        Args:
            pipeline: As in `Results.unlock`.
            ids: As in `Results.unlock`.
            force: As in `Results.unlock`.
            confirm: As in `Results.unlock`; it may also be a coroutine function. Without it, the question on the
                terminal is asked in a thread, which a cancellation leaves there.
            reason: As in `Results.unlock`.
            request_id: As in `Results.unlock`.
            timeout: As in `Results.unlock`.
        """
        check_unlock(force, confirm)
        request = requests.unlock(pipeline, ids, reason, request_id)
        deadline = self._deadline(timeout)
        if not request.ids:
            return True
        if not force:
            counted = await self._channel.unary("Unlock", requests.count_locked(request), deadline)
            if counted.outcome.refusals and not request_id:  # else the request may have been carried out before
                return applied("unlock", counted.outcome, strict=self._strict)
            asked = time.monotonic()
            question = unlock_question(counted.locked_count, request)
            answer = confirm(question) if confirm else asyncio.to_thread(ask_on_terminal, question)
            if not checked_answer(await answer if inspect.isawaitable(answer) else answer):
                return False
            deadline = deadline.later(time.monotonic() - asked)
        return await self._change("Unlock", "unlock", request, deadline)

    def watch(
        self,
        pipeline: str | list[str] | None,
        query: dict[str, Any] = {},  # noqa: B006
        projection: dict[str, bool] = {},  # noqa: B006
        *,
        snapshot: bool = False,
        resume_token: bytes | None = None,
        timeout: float | None = None,
    ) -> AsyncWatch:
        """Iterate over changes of results as they are made, as `Results.watch` does.

        Returns:
            An asynchronous iterator over changes. It begins with its `async with` block, or with its first change.

        Example:
            >>> async with results.watch("sample", {"results.snr": {"$gt": 10}}) as changes:
            ...     async for change in changes:
            ...         print(change.kind, change.id)
        """
        request = requests.watch(pipeline, query, projection, snapshot, resume_token)
        name, deadline = self._named("watch", *request.pipelines), self._read_deadline(timeout)
        return AsyncWatch(self._channel, request, name, deadline, self._patience)

    async def history(
        self,
        pipeline: str,
        id: str | None = None,  # noqa: A002
        *,
        timeout: float | None = None,
    ) -> list[HistoryEntry]:
        """Return who changed a result, or dropped a pipeline, as `Results.history` does."""
        deadline = self._deadline(timeout)
        request = requests.history(pipeline, id)
        entries: list[HistoryEntry] = TableList()
        while True:
            page = await self._channel.unary("History", request, deadline)
            entries += map(history_entry, page.entries)
            if not page.next_page_token:
                return entries
            request.page_token = page.next_page_token

    async def list_indexes(self, pipeline: str, *, timeout: float | None = None) -> list[FieldIndex]:
        """List the indexes on fields of a pipeline, as `Results.list_indexes` does."""
        found = await self._unary("ListIndexes", requests.list_indexes(pipeline), timeout)
        return TableList(map(field_index, found.indexes))

    async def create_index(self, pipeline: str, field: str, *, timeout: float | None = None) -> FieldIndex:
        """Build an index on a field, as `Results.create_index` does."""
        return field_index((await self._unary("CreateIndex", requests.create_index(pipeline, field), timeout)).index)

    async def drop_index(self, pipeline: str, field: str, *, timeout: float | None = None) -> bool:
        """Drop the index on a field, as `Results.drop_index` does."""
        return bool((await self._unary("DropIndex", requests.drop_index(pipeline, field), timeout)).dropped)

    async def drop_pipeline(self, pipeline: str, *, reason: str = "", timeout: float | None = None) -> bool:
        """Drop a pipeline that has no results left, as `Results.drop_pipeline` does."""
        return bool((await self._unary("DropPipeline", requests.drop_pipeline(pipeline, reason), timeout)).dropped)

    async def _unary(self, method: str, request: Any, timeout: float | None) -> Any:
        return await self._channel.unary(method, request, self._deadline(timeout))

    async def _change(self, method: str, name: str, request: Any, deadline: Deadline) -> bool:
        response = await self._channel.unary(method, request, deadline)
        return applied(name, response.outcome, strict=self._strict)

    async def _deposited(self, works: list[dict[str, Any]], timeout: float | None) -> deposits.Deposited:
        deadline = self._deadline(timeout)
        for prepared in prepare_in_steps(works):
            if len(prepared.works) < len(works):
                await asyncio.sleep(0)  # encoding many works would keep other tasks waiting
        return await async_sending.deposit(self._channel, prepared, deadline)

    def _batches(
        self, method: str, request: Any, timeout: float | Deadline | None, *, as_list: bool = False
    ) -> async_resuming.Batches:
        deadline = timeout if isinstance(timeout, Deadline) else self._read_deadline(timeout)
        return async_resuming.Batches(
            self._channel, method, request, deadline, self._patience, self._silence(deadline), as_list=as_list
        )

    async def _filled(self, frame: Any, timeout: float | None, pipeline: str, query: Any, *where: int) -> Any:
        return await frame.fill_async(self.stream_batches(pipeline, query, frame.projection, *where, timeout=timeout))

    async def _listed(self, method: str, request: Any, timeout: float | Deadline | None) -> list[dict[str, Any]]:
        return await async_resuming.listed(self._batches(method, request, timeout, as_list=True))

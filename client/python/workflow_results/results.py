"""The facade: the 14 methods of `workflow.http.results.Results`, and what goes beyond them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from workflow_results import frames, settings
from workflow_results._calls import requests
from workflow_results._calls.arguments import UNLIMITED
from workflow_results._calls.responses import applied, field_index, history_entry, value_counts
from workflow_results._calls.works import prepare
from workflow_results._confirmation import ask_on_terminal, check_unlock, checked_answer, unlock_question
from workflow_results._deposit import batches as deposits
from workflow_results._deposit.depositor import Depositor
from workflow_results._deposit.spool import open_spool
from workflow_results._notebook import TableList
from workflow_results._session import Session
from workflow_results._stream import resuming, watching
from workflow_results._stream.relaxed_gc import relaxed_gc
from workflow_results._stream.result_stream import Handed, HandedBatches, ResultStream
from workflow_results._transport.deadline import Deadline
from workflow_results.common.rules import GIB
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator

    import pandas
    import polars
    import pyarrow

    from workflow_results._stream.watching import Watch
    from workflow_results.outcomes import FieldIndex, HistoryEntry, Receipt, ValueCounts


class Results(Session):
    """The results of pipelines, on a Workflow Results server.

    A drop-in replacement for `workflow.http.results.Results`, safe to use from several threads. In the child of a fork,
    it opens new connections. Results always come in descending order of their ids: for ObjectId strings, newest first.

    Every method takes `timeout`: the seconds for the whole call, retries included. Methods with one answer default to
    the timeout of the constructor, or to 15. Methods that read results have no limit by default, but the service limits
    the time to the next batch. A broken stream is resumed until nothing has arrived for 60 seconds, or for the timeout
    of the constructor if that is shorter. If the service is silent, a read fails after 66 seconds, or 1.1 times the
    timeout of the constructor if that is longer; pass a `timeout` to a read for which the service may need more.

    Every method may raise these errors, in addition to those that it lists:

    - `InvalidRequestError`: an argument breaks a rule; the message names it.
    - `ServiceUnavailableError`: the service can't be reached, or can't reach MongoDB.
    - `DeadlineExceededError`: the call took longer than its timeout, or than the server spends on one.
    - `UnauthenticatedError`, `PermissionDeniedError`: the token or certificate is missing or wrong, or does not allow
      this.
    - `ResultsError`: the base class of all these, and any other error.

    Args:
        baseurl: The target of the service, "host:port". Defaults to the environment variable WORKFLOW_RESULTS_TARGET,
            else `grpc.targets.results` of workflow-core's workspace file, else "localhost:50051".
        token: The access token; "" for none. Defaults to WORKFLOW_RESULTS_TOKEN, else WORKFLOW_TOKEN.
        timeout: Seconds, see above. Defaults to WORKFLOW_RESULTS_TIMEOUT.
        ca_file: The certificates of the authorities to trust (PEM), for TLS. Defaults to WORKFLOW_RESULTS_CA_FILE, else
            to the well-known ones.
        cert_file: The certificate that identifies the caller (PEM). Defaults to WORKFLOW_RESULTS_CERT_FILE.
        key_file: The key of that certificate (PEM). Defaults to WORKFLOW_RESULTS_KEY_FILE.
        tls: True for TLS, False for plain text, even if that exposes the token. Defaults to TLS if one of the files is
            given.
        strict: Whether conflicts, and results that are locked or missing, raise an error; else the method returns
            False.

    Attributes:
        baseurl (str): The target.
        timeout (float | None): The timeout that was chosen, if any.

    Raises:
        InvalidRequestError: A setting can't be used.

    Example:
        >>> with Results() as results:
        ...     results.deposit([{"pipeline": "sample", "status": "success", "results": {"snr": 12.5}}])
        ...     results.view("sample", {"results.snr": {"$gt": 10}}, {"results.snr": True})
    """

    def deposit(self, works: list[dict[str, Any]], *, timeout: float | None = None) -> dict[str, bool]:
        """Deposit works. Any deposit may be repeated: works that are already stored with the same content stay as is.

        Args:
            works: Payloads of finished works. Those without an `id` get one.
            timeout: Seconds, see the class.

        Returns:
            By pipeline, whether all its works are now stored durably; False if a result with the same id is stored with
            other content, which is also logged.

        Raises:
            InvalidStatusError: A status is neither 'success' nor 'failure'; nothing was sent.
            InvalidRequestError: A work breaks a rule. If the client found that, nothing was sent; if the service found
                it, all other works are stored, and `receipts` of the error has the outcome of each.
            ConflictError: With `strict`, instead of False.
            ResultsError: See the class. `works` of the error has the works with their ids. After Ctrl-C, such an error
                is the `__context__` of the KeyboardInterrupt.

        Example:
            >>> results.deposit([work.payload])
            {'sample': True}
        """
        return deposits.summed_up(self._deposited(works, timeout), strict=self._strict)

    def deposit_receipts(self, works: list[dict[str, Any]], *, timeout: float | None = None) -> list[Receipt]:
        """Deposit works and return the outcome of each; no outcome raises an error.

        Args:
            works: As in `deposit`.
            timeout: Seconds, see the class.

        Returns:
            One receipt for each work, in their order.

        Raises:
            InvalidRequestError: The client found that a work breaks a rule; nothing was sent.
            ResultsError: See the class. `works` of the error has the works with their ids.
        """
        return self._deposited(works, timeout).receipts()

    def depositor(
        self,
        *,
        spool_dir: str | os.PathLike[str] | None = None,
        spool_bytes: int = GIB,
        spool_fsync: bool = True,
        timeout: float | None = None,
    ) -> Depositor:
        """Deposit works one at a time, as they are finished, at the speed of many at once.

        Args:
            spool_dir: A directory for works that come while the service can't be reached, or has taken none for the
                timeout because it is overloaded. They are written to a file there, their receipts are `SPOOLED`, and
                they are deposited in their order when the service is back, ahead of others: by this depositor, by a
                later one with this directory, or by `workflow-results deposit --spool`. The directory is created if it
                is missing; processes of one user on one machine may share it. Defaults to none: works then wait in
                memory, and after the timeout the depositor fails.
            spool_bytes: How much the files in the directory may hold, in bytes. Defaults to 1 GiB.
            spool_fsync: Whether a receipt waits until its work is on the disk (fsync). Otherwise works that were
                spooled are lost if the machine crashes, but not if the process does. Defaults to True.
            timeout: Seconds without an acknowledgement after which the depositor fails. Defaults to the timeout of the
                constructor, else to 60.

        Returns:
            A depositor for a `with` block; the end of the block waits until all works are acknowledged. If a work is
            rejected, or the caller may not deposit it, all other works are still stored. Its future has the outcome; if
            nobody reads that, the end of the block raises an `InvalidRequestError` or `PermissionDeniedError`. Ctrl-C
            ends the block within a second; works that are not acknowledged are logged, and are in `works` of the errors
            of their futures. A `Results` can have at most 1,000 open streams and depositors.

            With a spool, works that can't be spooled (it is full, the disk is full) are not accepted: their futures
            raise a `ResultsError`, and `deposit` does from then on, until the spool takes works again or the service is
            back. What is left in the spool at the end of the block is logged. Works from the spool that are rejected or
            conflict are logged, and kept with the reason in `refused.bson` in the directory; those that the caller may
            not deposit, in `denied.bson`.

        Raises:
            InvalidRequestError: The spool can't be used, for example because others may write into the directory.

        Example:
            >>> with results.depositor() as depositor:
            ...     for work in works:
            ...         future = depositor.deposit(work)
            >>> future.result().outcome
            <Outcome.DEPOSITED: 'deposited'>
        """
        patience = self._patience if timeout is None else settings.checked_timeout(timeout)
        spool = open_spool(spool_dir, spool_bytes, spool_fsync)
        return Depositor(self._channel, patience, strict=self._strict, spool=spool)

    def update(
        self,
        works: list[dict[str, Any]],
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Set fields of results: all of them, or nothing.

        Args:
            works: For each result its `pipeline`, its `id` and the top-level fields to set. Fields not given are kept;
                a given `results` is replaced whole. At most 100,000 works and 32 MiB.
            reason: Why, for the history of the results: at most 1,000 characters.
            request_id: 1 to 64 visible ASCII characters that identify this request only, like `str(uuid.uuid4())`. With
                it, the client retries the call if its outcome is unknown, and you may repeat it after an error: a
                request that was applied is answered as before, and not applied again.
            timeout: Seconds, see the class.

        Returns:
            True when all results were updated. False when nothing was changed, because some are locked or do not exist;
            a warning names them.

        Raises:
            InvalidStatusError: A status is neither 'success' nor 'failure'.
            InvalidRequestError: A work breaks a rule, has a `results.locked` of true, or occurs twice.
            LockedError, NotFoundError: With `strict`, instead of False.
            ResultsError: See the class.
        """
        deadline = self._deadline(timeout)
        request = requests.update(works, reason, request_id)
        return not request.works.bson or self._change("Update", "update", request, deadline)

    def delete_ids(
        self,
        pipeline: str,
        ids: list[str],
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Delete results: all of them, or nothing.

        Args:
            pipeline: The pipeline of the results.
            ids: Their ids, at most 100,000. An id that is given twice counts once.
            reason: Why, as in `update`.
            request_id: Identifies this request, so that it may be repeated, as in `update`.
            timeout: Seconds, see the class.

        Returns:
            True when all were deleted. False when nothing was changed, because some are locked or do not exist; a
            warning names them.

        Raises:
            LockedError, NotFoundError: With `strict`, instead of False.
            ResultsError: See the class.
        """
        deadline = self._deadline(timeout)
        request = requests.delete_ids(pipeline, ids, reason, request_id)
        return not request.ids or self._change("DeleteIds", "delete_ids", request, deadline)

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
                If a pattern repeats a group, MongoDB 6.0 silently gives up on long strings, as if they did not match:
                `(a|b)*c` finds those of up to 1,999 characters, `^(ab)+c$` up to 3,999. `[ab]*c` and `.*` find all.
            projection: A MongoDB projection: inclusion, exclusion, $slice, $elemMatch. Defaults to whole results.
            skip: How many matching results to skip. Defaults to 0.
            limit: How many results to get at most; -1 and 0 for no limit. Defaults to 100.
            timeout: Seconds, see the class.

        Returns:
            The results.

        Raises:
            InvalidRequestError: The query or projection has something that is not supported; the message names its
                path.
            ResultsError: See the class.
        """
        return _listed(self._results("View", requests.view(pipeline, query, projection, skip, limit), timeout))

    def stream(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
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
            An iterator over the results. Even if the service restarts, none is missing and none comes twice. `close()`
            ends it early, and so does the end of a `with` block.

        Raises:
            InvalidRequestError: As in `view`.
            ResultsError: See the class; also if 1,000 streams and depositors of this `Results` are already open. A
                stream is open from its first result until it is exhausted, closed or garbage-collected.
        """
        request = requests.view(pipeline, query, projection, skip, limit)
        handed = Handed()
        results = self._results("View", request, timeout, handed)
        return ResultStream(results, self._named("stream", request.pipeline), handed)

    def stream_batches(
        self,
        pipeline: str,
        query: dict[str, Any],
        projection: dict[str, bool] = {},  # noqa: B006
        skip: int = 0,
        limit: int = UNLIMITED,
        *,
        timeout: float | None = None,
    ) -> ResultStream[bytes]:
        """Iterate over the results that match a query as BSON, to write files or to fill a DataFrame.

        Args:
            pipeline: As in `stream`.
            query: As in `stream`.
            projection: As in `stream`.
            skip: As in `stream`.
            limit: As in `stream`.
            timeout: As in `stream`.

        Returns:
            An iterator like that of `stream`, but over batches: about 1 MiB of BSON documents back to back, as in
            mongodump's .bson files, each with MongoDB's `_id`.

        Raises:
            InvalidRequestError: As in `view`.
            ResultsError: See the class.
        """
        request = requests.view(pipeline, query, projection, skip, limit)
        handed = HandedBatches()
        batches = handed.each(self._batches("View", request, timeout))
        return ResultStream(batches, self._named("stream_batches", request.pipeline), handed)

    def to_arrow(
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
        """Get the results that match a query as an Arrow table. Requires the extra `arrow`.

        Integers become int64, integers and floats in one column float64, datetimes timestamps in UTC with milliseconds,
        documents structs, lists lists. ObjectIds, decimals and UUIDs become strings. Fields that are null or missing
        are null. See docs/guide/dataframes.md.

        Args:
            pipeline: As in `stream`.
            query: As in `stream`. Defaults to all results.
            projection: As in `stream`. If it is empty and there is a schema, the fields of the schema are read.
            skip: As in `stream`.
            limit: As in `stream`.
            schema: The columns: a mapping of names to types, such as `{"id": str, "results.dm": float}`, or a
                `pyarrow.Schema`. Defaults to all fields of the results, each of a type that holds all its values; then
                the results are kept, in a temporary file if they are many, until all are known.
            flatten: Whether fields of nested documents become columns of their own, such as "results.dm". Defaults to
                columns of documents.
            progress: Whether to show the number of results and their rate, on a terminal or in a notebook. Defaults to
                not.
            timeout: Seconds for the whole call, see the class.

        Returns:
            A `pyarrow.Table`. Without results, it has no rows.

        Raises:
            InvalidRequestError: As in `view`; also if the schema can't be used.
            ResultsError: See the class; also if no type holds all values of a field, or a value does not fit the
                schema: the message names the field and a result. Or a library is missing.

        Example:
            >>> results.to_arrow("sample", {"results.snr": {"$gt": 10}}, schema={"id": str, "results.dm": float})
        """
        frame = frames.frame("arrow", schema, projection, flatten=flatten, progress=progress)
        return frame.fill(self.stream_batches(pipeline, query, frame.projection, skip, limit, timeout=timeout))

    def to_pandas(
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
        """Get the results that match a query as a pandas DataFrame. Requires the extra `pandas`.

        Columns of integers or bools with nulls are of pandas's types Int64 and boolean, so that no integer becomes a
        float. Documents are dicts, lists numpy arrays.

        Args:
            pipeline: As in `to_arrow`.
            query: As in `to_arrow`.
            projection: As in `to_arrow`.
            skip: As in `to_arrow`.
            limit: As in `to_arrow`.
            schema: As in `to_arrow`.
            flatten: As in `to_arrow`.
            progress: As in `to_arrow`.
            timeout: As in `to_arrow`.

        Returns:
            A `pandas.DataFrame`.

        Raises:
            InvalidRequestError, ResultsError: As in `to_arrow`.

        Example:
            >>> frame = results.to_pandas("sample", projection={"results": True}, flatten=True)
            >>> frame.plot.scatter("results.dm", "results.snr")
        """
        frame = frames.frame("pandas", schema, projection, flatten=flatten, progress=progress)
        return frame.fill(self.stream_batches(pipeline, query, frame.projection, skip, limit, timeout=timeout))

    def to_polars(
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
        """Get the results that match a query as a polars DataFrame. Requires the extra `polars`.

        Args:
            pipeline: As in `to_arrow`.
            query: As in `to_arrow`.
            projection: As in `to_arrow`.
            skip: As in `to_arrow`.
            limit: As in `to_arrow`.
            schema: As in `to_arrow`.
            flatten: As in `to_arrow`.
            progress: As in `to_arrow`.
            timeout: As in `to_arrow`.

        Returns:
            A `polars.DataFrame`.

        Raises:
            InvalidRequestError, ResultsError: As in `to_arrow`.
        """
        frame = frames.frame("polars", schema, projection, flatten=flatten, progress=progress)
        return frame.fill(self.stream_batches(pipeline, query, frame.projection, skip, limit, timeout=timeout))

    def to_parquet(
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
        """Write the results that match a query to a Parquet file, in constant memory. Requires the extra `arrow`.

        Args:
            path: The file. It is replaced when all results are written; until then, they go to a file with the suffix
                ".part" beside it, which is removed if anything fails.
            pipeline: As in `to_arrow`.
            query: As in `to_arrow`.
            projection: As in `to_arrow`.
            skip: As in `to_arrow`.
            limit: As in `to_arrow`.
            schema: As in `to_arrow`.
            flatten: As in `to_arrow`.
            progress: As in `to_arrow`.
            timeout: As in `to_arrow`.

        Returns:
            The number of results in the file.

        Raises:
            InvalidRequestError, ResultsError: As in `to_arrow`.
            OSError: The file can't be written.
        """
        frame = frames.frame("parquet", schema, projection, flatten=flatten, progress=progress, path=path)
        batches = self.stream_batches(pipeline, query, frame.projection, skip, limit, timeout=timeout)
        return int(frame.fill(batches))

    def top(
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
        """Get the results with the highest or lowest values of a field: the ten of the highest SNR, say.

        Fast if the field has an index; else all results that match the query are scanned.

        Args:
            pipeline: The pipeline of the results.
            query: A MongoDB filter, as in `view`. Defaults to all results.
            by: The path of the field. Results where it is missing, not a number, or NaN, are left out. Defaults to
                "results.snr".
            limit: How many results to get at most, from 1 to 10,000. Defaults to 100.
            descending: Whether the highest values come first; else the lowest. Defaults to True.
            projection: A MongoDB projection, as in `view`. Defaults to whole results.
            timeout: Seconds, see the class.

        Returns:
            The results in the order of their values; those with equal values in the order of their ids, in the same
            direction. If the connection breaks, the results are read again from the first one.

        Raises:
            InvalidRequestError: As in `view`; also if `by` is not a field path, or `limit` is out of range.
            ResultsError: See the class.

        Example:
            >>> results.top("sample", by="results.snr", limit=10)
        """
        request = requests.top(pipeline, query, by, limit, descending, projection)
        return _listed(self._results("Top", request, timeout))

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
        return int(self._unary("Count", requests.count(pipeline, query), timeout).count)

    def count_by(
        self,
        pipeline: str,
        field: str,
        query: dict[str, Any] = {},  # noqa: B006
        *,
        timeout: float | None = None,
    ) -> ValueCounts:
        """Count the results by the values of a field.

        All results that match the query are scanned, within the timeout.

        Args:
            pipeline: The pipeline of the results.
            field: The path of the field. If it holds a list, the result counts for each distinct element. Results
                without the field are left out.
            query: A MongoDB filter, as in `view`. Defaults to all results.
            timeout: Seconds, see the class.

        Returns:
            The most frequent values, at most 1,000, with their numbers. Numbers that are equal, like 1 and 1.0, count
            together.

        Raises:
            InvalidRequestError: As in `view`; also if `field` is not a field path.
            DeadlineExceededError: The scan took too long.
            ResultsError: See the class.

        Example:
            >>> results.count_by("sample", "status").counts
            [ValueCount(value='success', number=980), ValueCount(value='failure', number=20)]
        """
        return value_counts(self._unary("CountBy", requests.count_by(pipeline, field, query), timeout))

    def status(self, *, timeout: float | None = None) -> dict[str, int]:
        """Count the results of every pipeline, from MongoDB's metadata: exact except after an unclean shutdown of it.

        Args:
            timeout: Seconds, see the class.

        Returns:
            The number of results by pipeline, in the order of their names; pipelines without results are left out.

        Raises:
            ResultsError: See the class.
        """
        return dict(sorted(self._unary("Status", pb.StatusRequest(), timeout).counts.items()))

    def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the versions of client, server, API and MongoDB, and the limits of the server.

        Args:
            timeout: Seconds, see the class.

        Returns:
            {"client": {…}, "server": {…}}; limits are in bytes, seconds and characters, as their names say.

        Raises:
            ResultsError: See the class.
        """
        return self._info(self._unary("Info", pb.InfoRequest(), timeout))

    def get_by_count(self, pipeline: str, count: int = 10, *, timeout: float | None = None) -> list[dict[str, Any]]:
        """Get the results with the highest ids, in byte order: for ObjectId strings, the newest.

        If your ids don't begin with a time, select the newest by a field instead, as in
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
        return _listed(self._results("GetByCount", requests.get_by_count(pipeline, count), timeout))

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
        deadline = self._read_deadline(timeout)
        found: list[dict[str, Any]] = []
        for request in requests.get_by_id(pipeline, ids):
            found += _listed(self._results("GetById", request, deadline))
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
        return _listed(self._results("GetByEvent", requests.get_by_event(pipeline, event_number), timeout))

    def get_locked(
        self, pipeline: str, skip: int = 0, count: int = 10, *, timeout: float | None = None
    ) -> list[dict[str, Any]]:
        """Get locked results that have `results`, `plots` and `products`.

        Args:
            pipeline: The pipeline of the results.
            skip: How many of them to skip. Defaults to 0.
            count: How many to get at most; -1 and 0 for no limit. Defaults to 10.
            timeout: Seconds, see the class.

        Returns:
            The results, each with just `id`, `event`, `plots`, `products` and `results`.

        Raises:
            ResultsError: See the class.
        """
        return _listed(self._results("GetLocked", requests.get_locked(pipeline, skip, count), timeout))

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
        return int(self._unary("GetLockedCount", requests.get_locked_count(pipeline), timeout).count)

    def lock(
        self,
        pipeline: str,
        ids: list[str],
        *,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Lock results, so that they can be neither updated nor deleted: all of them, or none.

        Args:
            pipeline: The pipeline of the results.
            ids: Their ids, at most 100,000. Locking a locked result is fine.
            reason: Why, as in `update`.
            request_id: Identifies this request, so that it may be repeated, as in `update`.
            timeout: Seconds, see the class.

        Returns:
            True when all are now locked. False when nothing was changed, because some do not exist; a warning names
            them.

        Raises:
            NotFoundError: With `strict`, instead of False.
            ResultsError: See the class.
        """
        deadline = self._deadline(timeout)
        request = requests.lock(pipeline, ids, reason, request_id)
        return not request.ids or self._change("Lock", "lock", request, deadline)

    def unlock(
        self,
        pipeline: str,
        ids: list[str],
        force: bool = False,
        *,
        confirm: Callable[[str], bool] | None = None,
        reason: str = "",
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Unlock results: all of them, or none.

        Args:
            pipeline: The pipeline of the results.
            ids: Their ids, at most 100,000. Unlocking a result that is not locked is fine.
            force: Whether to unlock without asking. Defaults to asking on the terminal.
            confirm: A function that asks instead of the terminal. It gets the question and returns True to unlock or
                False to change nothing. Any other answer, such as the string that `input` returns, is an error.
            reason: Why, as in `update`.
            request_id: Identifies this request, so that it may be repeated, as in `update`.
            timeout: Seconds for the calls, without the time for the answer, see the class.

        Returns:
            True when all are now unlocked. False when nothing was changed: some do not exist (a warning names them),
            the answer was no, or there is no terminal to ask on.

        Raises:
            InvalidRequestError: `force`, or what `confirm` returned, is neither True nor False; nothing was changed.
            NotFoundError: With `strict`, for results that do not exist.
            ResultsError: See the class.
        """
        check_unlock(force, confirm)
        request = requests.unlock(pipeline, ids, reason, request_id)
        deadline = self._deadline(timeout)
        if not request.ids:
            return True
        if not force:
            counted = self._channel.unary("Unlock", requests.count_locked(request), deadline)
            if counted.outcome.refusals and not request_id:  # else the request may have been carried out before
                return applied("unlock", counted.outcome, strict=self._strict)
            asked = time.monotonic()
            question = unlock_question(counted.locked_count, request)
            if not checked_answer((confirm or ask_on_terminal)(question)):
                return False
            deadline = deadline.later(time.monotonic() - asked)
        return self._change("Unlock", "unlock", request, deadline)

    def watch(
        self,
        pipeline: str | list[str] | None,
        query: dict[str, Any] = {},  # noqa: B006
        projection: dict[str, bool] = {},  # noqa: B006
        *,
        snapshot: bool = False,
        resume_token: bytes | None = None,
        timeout: float | None = None,
    ) -> Watch:
        """Iterate over changes of results as they are made, each with the result as it is when the change is sent.

        Returns once the service has begun to watch: every change that is made from then on comes. If a result changes
        several times in a moment, each change comes with its last state. A change may come twice; none is lost. The
        watch survives restarts of the service, and waits for changes until it is closed.

        Args:
            pipeline: The pipeline of the results, a list of pipelines, or None for all that the caller may use.
            query: A MongoDB filter, as in `view`. A result that was changed and does not match comes as UNMATCHED,
                whether it matched before or not. Defaults to all results.
            projection: A MongoDB projection, as in `view`. Defaults to whole results.
            snapshot: Whether the results that are there come first, as EXISTING, and then SNAPSHOT_COMPLETE.
            resume_token: That of a change, or of an earlier watch with the same pipeline, query and projection: go on
                there, also in the middle of a snapshot. Defaults to this moment.
            timeout: Seconds for the whole iteration, see the class.

        Returns:
            An iterator over changes, which waits for the next one. `close()` ends it, and so does the end of a `with`
            block. Its `resume_token` says where it is, also while nothing changes.

        Raises:
            InvalidRequestError: As in `view`; also if the resume token is that of another watch, or the changes behind
                it are not known any more (`reason` of the error is "RESUME_TOKEN_EXPIRED"; it may be raised at any
                time): watch again with `snapshot`, and forget results that are not in it.
            ResultsError: See the class; also if too many streams are open, as in `stream`.

        Example:
            >>> for change in results.watch("sample", {"results.snr": {"$gt": 10}}, snapshot=True):
            ...     print(change.kind, change.id, change.result)
        """
        request = requests.watch(pipeline, query, projection, snapshot, resume_token)
        name, deadline = self._named("watch", *request.pipelines), self._read_deadline(timeout)
        return watching.watch(self._channel, request, name, deadline, self._patience)

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
            id: The id of the result, which may have been deleted. Without it, the changes of the pipeline itself.
            timeout: Seconds, see the class.

        Returns:
            The changes, the newest first. Deposits are not among them.

        Raises:
            ResultsError: See the class.

        Example:
            >>> results.lock("sample", ["burst-1"], reason="published")
            True
            >>> results.history("sample", "burst-1")[0].reason
            'published'
        """
        deadline = self._deadline(timeout)
        request = requests.history(pipeline, id)
        entries: list[HistoryEntry] = TableList()
        while True:
            page = self._channel.unary("History", request, deadline)
            entries += map(history_entry, page.entries)
            if not page.next_page_token:
                return entries
            request.page_token = page.next_page_token

    def list_indexes(self, pipeline: str, *, timeout: float | None = None) -> list[FieldIndex]:
        """List the indexes on fields of a pipeline. Requires the role admin.

        Args:
            pipeline: The pipeline.
            timeout: Seconds, see the class.

        Returns:
            The indexes in the order of their fields, without those that every pipeline has.

        Raises:
            ResultsError: See the class.
        """
        found = self._unary("ListIndexes", requests.list_indexes(pipeline), timeout)
        return TableList(map(field_index, found.indexes))

    def create_index(self, pipeline: str, field: str, *, timeout: float | None = None) -> FieldIndex:
        """Build an index on a field, so that `top`, `count_by` and queries by it need no scan. Requires the role admin.

        Each index makes deposits 25 to 40 % more expensive for MongoDB, and takes memory and disk space. Deposits and
        reads go on while it is built.

        Args:
            pipeline: The pipeline, which must exist.
            field: The path of the field, such as "results.snr".
            timeout: Seconds, see the class.

        Returns:
            The index. If it is not `ready` in time, the service goes on building it: call this again to wait, or look
            with `list_indexes`.

        Raises:
            InvalidRequestError: The field has an index in every pipeline, the pipeline does not exist, or has 5 indexes
                (`reason` of the error is "PIPELINE_NOT_FOUND" or "TOO_MANY_INDEXES").
            ResultsError: See the class.
        """
        return field_index(self._unary("CreateIndex", requests.create_index(pipeline, field), timeout).index)

    def drop_index(self, pipeline: str, field: str, *, timeout: float | None = None) -> bool:
        """Drop the index on a field, or give up building it. Requires the role admin.

        Args:
            pipeline: The pipeline.
            field: The path of the field.
            timeout: Seconds, see the class.

        Returns:
            True when it was dropped. False when there was none.

        Raises:
            InvalidRequestError: The field has an index in every pipeline.
            ResultsError: See the class.
        """
        return bool(self._unary("DropIndex", requests.drop_index(pipeline, field), timeout).dropped)

    def drop_pipeline(self, pipeline: str, *, reason: str = "", timeout: float | None = None) -> bool:
        """Drop a pipeline that has no results left, which makes room for another one. Requires the role admin.

        Its history stays and includes the drop: `history(pipeline)`. The next deposit creates the pipeline again.

        Args:
            pipeline: The pipeline.
            reason: Why, as in `update`.
            timeout: Seconds, see the class.

        Returns:
            True when it was dropped. False when it did not exist.

        Raises:
            InvalidRequestError: It has results (`reason` of the error is "PIPELINE_NOT_EMPTY"); nothing was changed.
            ResultsError: See the class.
        """
        return bool(self._unary("DropPipeline", requests.drop_pipeline(pipeline, reason), timeout).dropped)

    def _unary(self, method: str, request: Any, timeout: float | None) -> Any:
        return self._channel.unary(method, request, self._deadline(timeout))

    def _change(self, method: str, name: str, request: Any, deadline: Deadline) -> bool:
        return applied(name, self._channel.unary(method, request, deadline).outcome, strict=self._strict)

    def _deposited(self, works: list[dict[str, Any]], timeout: float | None) -> deposits.Deposited:
        deadline = self._deadline(timeout)
        return self._sharing.deposit(prepare(works), deadline)

    def _batches(self, method: str, request: Any, timeout: float | Deadline | None) -> Generator[bytes, None, None]:
        deadline = timeout if isinstance(timeout, Deadline) else self._read_deadline(timeout)
        return resuming.batches(self._channel, method, request, deadline, self._patience, self._silence(deadline))

    def _results(
        self, method: str, request: Any, timeout: float | Deadline | None, handed: Handed | None = None
    ) -> Generator[dict[str, Any], None, None]:
        return resuming.results(self._batches(method, request, timeout), handed or Handed())


def _listed(results: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    with relaxed_gc:
        return list(results)

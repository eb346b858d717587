"""The methods of the facade that store and change results."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

from workflow_results import settings
from workflow_results._calls import arguments
from workflow_results._calls.refusals import applied
from workflow_results._deposit import batches
from workflow_results._deposit.depositor import Depositor
from workflow_results.common import rules
from workflow_results.errors import InvalidRequestError
from workflow_results.session import Session
from workflow_results.v1 import results_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow_results._transport.deadline import Deadline
    from workflow_results.outcomes import Receipt


_logger = logging.getLogger(__name__)


class Writing(Session):
    """Deposit, update, delete, lock and unlock; `timeout` and common errors are those of `Results`."""

    def deposit(self, works: list[dict[str, Any]], *, timeout: float | None = None) -> dict[str, bool]:
        """Deposit works. Any deposit may be repeated: what is stored already with the same content is left alone.

        Args:
            works: Payloads of finished works. Those without an `id` get one.
            timeout: Seconds, see the class.

        Returns:
            By pipeline, whether all its works are stored durably now; False where a result with the same id is
            stored with other content (which is logged, too).

        Raises:
            InvalidStatusError: A status is neither 'success' nor 'failure'; nothing was sent.
            InvalidRequestError: A work breaks a rule. Found before sending, nothing was sent; found by the service,
                all other works are stored, and `receipts` of the error tells which.
            ConflictError: With `strict`, instead of False.
            ResultsError: See the class. `works` of the error holds the works with their ids. After Ctrl-C, such an
                error is the `__context__` of the KeyboardInterrupt.

        Example:
            >>> results.deposit([work.payload])
            {'sample': True}
        """
        return batches.summed_up(self._deposited(works, timeout), strict=self._strict)

    def deposit_receipts(self, works: list[dict[str, Any]], *, timeout: float | None = None) -> list[Receipt]:
        """Deposit works, and tell what became of each; no outcome raises.

        Args:
            works: As in `deposit`.
            timeout: Seconds, see the class.

        Returns:
            One receipt a work, in their order.

        Raises:
            InvalidRequestError: The client found that a work breaks a rule; nothing was sent.
            ResultsError: See the class. `works` of the error holds the works with their ids.
        """
        return self._deposited(works, timeout).receipts()

    def depositor(self, *, timeout: float | None = None) -> Depositor:
        """Deposit works one at a time, as they are finished, at the speed of many at once.

        Args:
            timeout: Seconds without an acknowledgement after which the service is given up. Defaults to the timeout of
                the constructor, else to 60.

        Returns:
            A depositor for a `with` block, the end of which waits until all works are acknowledged. A work that is
            rejected, or that the caller may not deposit, keeps none of the others from being stored; what became of it
            tells its future, else the end of the block raises an `InvalidRequestError` or `PermissionDeniedError`.
            Ctrl-C ends the block within a second; which works are not acknowledged is logged, and stands in the
            `works` of the errors of their futures. At most 1,000 streams and depositors of a `Results` may be open.

        Example:
            >>> with results.depositor() as depositor:
            ...     for work in works:
            ...         future = depositor.deposit(work)
            >>> future.result().outcome
            <Outcome.DEPOSITED: 'deposited'>
        """
        patience = self._patience if timeout is None else settings.checked_timeout(timeout)
        return Depositor(self._channel, patience, strict=self._strict)

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
            request_id: 1 to 64 visible ASCII characters that name this request and no other, like `str(uuid.uuid4())`.
                With it the call is sent again where it is not known whether it was done, and you may repeat it
                yourself after an error: what was done already is answered as it was then, and not done again.
            timeout: Seconds, see the class.

        Returns:
            True when all results were updated. False when nothing was changed, since some are locked or do not exist;
            a warning is logged that names them.

        Raises:
            InvalidStatusError: A status is neither 'success' nor 'failure'.
            InvalidRequestError: A work breaks a rule, holds a `results.locked` of true, or is there twice.
            LockedError, NotFoundError: With `strict`, instead of False.
            ResultsError: See the class.
        """
        deadline = self._deadline(timeout)
        origin = arguments.origin(reason, request_id)
        prepared = batches.prepare(works, partial=True)
        if not prepared.encoded:
            return True
        request = pb.UpdateRequest(works=pb.EncodedDocuments(bson=b"".join(prepared.encoded)), **origin)
        return applied("update", self._channel.unary("Update", request, deadline).outcome, strict=self._strict)

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
            ids: Their ids, at most 100,000. One that is named twice counts once.
            reason: Why, as in `update`.
            request_id: Names this request, so that it may be repeated, as in `update`.
            timeout: Seconds, see the class.

        Returns:
            True when all were deleted. False when nothing was changed, since some are locked or do not exist; a
            warning is logged that names them.

        Raises:
            LockedError, NotFoundError: With `strict`, instead of False.
            ResultsError: See the class.
        """
        request = pb.DeleteIdsRequest(**arguments.named(pipeline, ids), **arguments.origin(reason, request_id))
        return self._change("DeleteIds", "delete_ids", request, self._deadline(timeout))

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
            ids: Their ids, at most 100,000. Locking what is locked is fine.
            reason: Why, as in `update`.
            request_id: Names this request, so that it may be repeated, as in `update`.
            timeout: Seconds, see the class.

        Returns:
            True when all are locked now. False when nothing was changed, since some do not exist; a warning is logged
            that names them.

        Raises:
            NotFoundError: With `strict`, instead of False.
            ResultsError: See the class.
        """
        request = pb.LockRequest(**arguments.named(pipeline, ids), **arguments.origin(reason, request_id))
        return self._change("Lock", "lock", request, self._deadline(timeout))

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
            ids: Their ids, at most 100,000. Unlocking what is not locked is fine.
            force: Whether to go ahead without asking. Defaults to asking on the terminal.
            confirm: Asks instead of the terminal: is given the question, and returns True to go ahead, False to leave
                all as it is. An answer that is no bool, like the text that `input` gives, is an error.
            reason: Why, as in `update`.
            request_id: Names this request, so that it may be repeated, as in `update`.
            timeout: Seconds for the calls, without the time for the answer, see the class.

        Returns:
            True when all are unlocked now. False when nothing was changed: some do not exist (a warning is logged that
            names them), the answer was no, or there is no terminal to ask on.

        Raises:
            InvalidRequestError: `force`, or what `confirm` returned, is neither True nor False; nothing was changed.
            NotFoundError: With `strict`, for results that do not exist.
            ResultsError: See the class.
        """
        settings.flag("force", force)
        if confirm is not None and not callable(confirm):
            raise InvalidRequestError(f"confirm must be a function that asks, not {rules.shorten(confirm)}")
        named = arguments.named(pipeline, ids)
        origin = arguments.origin(reason, request_id)
        deadline = self._deadline(timeout)
        if named["ids"] and not force:
            counted = self._channel.unary("Unlock", pb.UnlockRequest(**named), deadline)
            if counted.outcome.refusals and not request_id:  # else the request may have been carried out before
                return applied("unlock", counted.outcome, strict=self._strict)
            question = (
                f"Unlock {counted.locked_count:,} locked of {len(named['ids']):,} results of {named['pipeline']}? "
                "They can then be updated and deleted."
            )
            asked = time.monotonic()
            answer = (confirm or ask_on_terminal)(question)
            if answer is False:
                return False
            if answer is not True:  # "no" is as true as "yes"
                raise InvalidRequestError(
                    f"confirm must return True or False, not {rules.shorten(answer)}: nothing was changed"
                )
            deadline = deadline.later(time.monotonic() - asked)
        return self._change("Unlock", "unlock", pb.UnlockRequest(**named, **origin, force=True), deadline)

    def drop_pipeline(self, pipeline: str, *, reason: str = "", timeout: float | None = None) -> bool:
        """Drop a pipeline that has no results left, which makes room for another one. Takes the token of an admin.

        Its history stays, and tells of the drop: `history(pipeline)`. The next deposit makes the pipeline anew.

        Args:
            pipeline: The pipeline.
            reason: Why, as in `update`.
            timeout: Seconds, see the class.

        Returns:
            True when it was dropped. False when there was none of this name.

        Raises:
            InvalidRequestError: It has results (`reason` of the error is "PIPELINE_NOT_EMPTY"); nothing was changed.
            ResultsError: See the class.
        """
        if problem := rules.reason_problem(reason):
            raise InvalidRequestError(f"reason {problem}")
        request = pb.DropPipelineRequest(pipeline=arguments.pipeline(pipeline), reason=reason)
        return bool(self._channel.unary("DropPipeline", request, self._deadline(timeout)).dropped)

    def _deposited(self, works: list[dict[str, Any]], timeout: float | None) -> batches.Deposited:
        deadline = self._deadline(timeout)
        return batches.deposit(self._channel, batches.prepare(works), deadline)

    def _change(
        self,
        method: str,
        name: str,
        request: pb.DeleteIdsRequest | pb.LockRequest | pb.UnlockRequest,
        deadline: Deadline,
    ) -> bool:
        if not request.ids:
            return True
        response = self._channel.unary(method, request, deadline)
        return applied(name, response.outcome, strict=self._strict)


def ask_on_terminal(question: str) -> bool:
    """Ask a yes-or-no question on the terminal; without one the answer is no."""
    if not (sys.stdin and sys.stdin.isatty()):
        _logger.warning("unlock changed nothing: there is no terminal to ask on; give force=True or confirm=")
        return False
    try:
        return input(f"{question} Type 'yes' to go ahead: ").strip().lower() == "yes"
    except EOFError:
        return False

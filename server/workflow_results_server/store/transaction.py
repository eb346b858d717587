"""A transaction of MongoDB with a deadline: attempted again on conflicts, committed for certain or aborted for certain.

PyMongo's own loop, `with_transaction`, has no time set apart for the commit, leaves a transaction open when its time is
up, and keeps errors with the frames that they came through, and so with the request.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pymongo
from pymongo import ReadPreference
from pymongo.errors import ExecutionTimeout, PyMongoError
from pymongo.read_concern import ReadConcern

from workflow_results_server.errors import NOT_APPLIED, DeadlineExceeded, let_go
from workflow_results_server.store.mongodb_errors import MAX_TIME_EXPIRED, mongodb_deadline
from workflow_results_server.store.shielding import in_own_context, shielded
from workflow_results_server.telemetry.metrics import TRANSACTION_RETRIES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pymongo.asynchronous.client_session import AsyncClientSession
    from pymongo.asynchronous.database import AsyncDatabase

    from workflow_results_server.store.primary import Primary

    Attempt = Callable[[AsyncClientSession], Awaitable["OutcomeT | None"]]
    """Reads and writes in a transaction; returns its outcome, or None where the transaction must be aborted."""

OutcomeT = TypeVar("OutcomeT")

_logger = logging.getLogger(__name__)

_ABORT_SECONDS: Final = 5.0
_LATE_SECONDS: Final = 0.3
"""How long after its time a call is answered at the latest, where MongoDB does not answer."""
_SHARE_OF_ATTEMPTS: Final = 0.8
"""How much of its time a call has until it must commit. Where no time is left to send a commit, PyMongo sends neither
that nor an abort, so that the transaction would hold its results for a minute."""
_COMMIT_SECONDS: Final = 0.1
"""The least time for a commit, even if a caller with very little time no longer waits."""
_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.5
_PAUSE_GROWTH: Final = 1.5
"""A random part of a pause comes before each further attempt, as in PyMongo: longer ones after more conflicts."""


class Transaction:
    """Carries out attempts, each in a transaction, until one of them is committed.

    Args:
        database: The database.
        primary: What is known of the primary.
        seconds: The time that is left.

    Attributes:
        complete: An attempt sets it once it has made all its changes, so that a commit may apply them. Until then it is
            certain that nothing is changed.
    """

    def __init__(self, database: AsyncDatabase[dict[str, Any]], primary: Primary, seconds: float) -> None:
        self.complete = False
        self._database = database
        self._primary = primary
        self._seconds = seconds
        self._attempts_end = self._end = 0.0

    async def run(self, *attempts: Attempt[OutcomeT]) -> OutcomeT:
        """Carry out attempts in turn, from the first one again after the last one, until one has an outcome.

        Args:
            attempts: They may be carried out several times each.

        Returns:
            The outcome, which is committed: what an attempt has only seen is durable then, too.

        Raises:
            RequestError: An attempt raised it, MongoDB failed, or the deadline passed.
        """
        try:
            return await asyncio.wait_for(self._run(attempts), self._seconds + _LATE_SECONDS)
        except asyncio.TimeoutError:
            # To abort may take longer, and goes on. Nothing that is not complete by now will be committed.
            raise DeadlineExceeded("the deadline passed", {} if self.complete else NOT_APPLIED) from None

    @shielded
    async def _run(self, attempts: tuple[Attempt[OutcomeT], ...]) -> OutcomeT:
        left = await self._primary.wait_until_ready(self._seconds)
        commit_seconds = max(left * (1 - _SHARE_OF_ATTEMPTS), _COMMIT_SECONDS)
        self._attempts_end = time.monotonic() + left * _SHARE_OF_ATTEMPTS
        self._end = self._attempts_end + commit_seconds
        with mongodb_deadline(self._end - time.monotonic(), may_have_changed=lambda: self.complete):
            async with self._database.client.start_session() as session:
                while True:
                    for attempt in attempts:
                        outcome = await self._committed(session, attempt)
                        if outcome is not None:
                            return outcome

    async def _committed(self, session: AsyncClientSession, attempt: Attempt[OutcomeT]) -> OutcomeT | None:
        """Carry out an attempt, as often as others get in its way, and commit it."""
        longest_pause = _PAUSE_SECONDS
        while True:
            try:
                outcome = await self._attempted(session, attempt)
                if outcome is not None:
                    await self._commit(session)
                return outcome
            except PyMongoError as error:
                if not _is_transient(error):
                    raise
                self.complete = False  # for MongoDB has aborted it
                longest_pause = min(longest_pause * _PAUSE_GROWTH, _LONGEST_PAUSE_SECONDS)
                pause = random.random() * longest_pause  # noqa: S311 - no secret
                if time.monotonic() + pause >= self._attempts_end:
                    raise _deadline_passed() from error
                let_go(error)
            TRANSACTION_RETRIES.inc()
            await asyncio.sleep(pause)

    async def _attempted(self, session: AsyncClientSession, attempt: Attempt[OutcomeT]) -> OutcomeT | None:
        """Carry out an attempt in time to be committed; abort it if it fails, comes too late or has no outcome."""
        self.complete = False
        await session.start_transaction(ReadConcern("snapshot"), self._database.write_concern, ReadPreference.PRIMARY)
        try:
            with pymongo.timeout(max(self._attempts_end - time.monotonic(), 0.001)):
                outcome = await attempt(session)
            if time.monotonic() >= self._attempts_end:
                raise DeadlineExceeded("the deadline passed", NOT_APPLIED)
        except BaseException as error:
            if isinstance(error, PyMongoError):
                let_go(error)
            await _abort(session)
            raise
        if outcome is None:
            await _abort(session)
        return outcome

    async def _commit(self, session: AsyncClientSession) -> None:
        """Commit, again and again while it is not known whether that has worked: it is done once all the same."""
        while True:
            try:
                await session.commit_transaction()
                return
            except PyMongoError as error:
                if not _is_unknown(error):
                    raise
                if time.monotonic() >= self._end:
                    raise _deadline_passed() from error
                let_go(error)


async def _abort(session: AsyncClientSession) -> None:
    """Abort a transaction, also where its own time is up.

    Left open, it would keep what it wrote from everybody until MongoDB gives it up, after a minute.
    """

    async def abort() -> None:
        try:
            with pymongo.timeout(_ABORT_SECONDS):
                await session.abort_transaction()
        except Exception as error:  # noqa: BLE001 - nobody waits for it; pymongo fails in its own way on ended sessions
            _logger.warning(
                "a transaction could not be aborted; MongoDB will end it", extra={"error": type(error).__name__}
            )

    await in_own_context(abort())  # since the time of the call may be up


def _deadline_passed() -> PyMongoError:
    """Return an error for `mongodb_deadline`, which looks at its cause, too."""
    return ExecutionTimeout("the deadline passed", MAX_TIME_EXPIRED)


def _is_transient(error: PyMongoError) -> bool:
    """Return whether a transaction was aborted for a reason that may be gone at the next attempt."""
    return error.has_error_label("TransientTransactionError") and not _is_unknown(error)


def _is_unknown(error: PyMongoError) -> bool:
    """Return whether a transaction may or may not be committed."""
    return error.has_error_label("UnknownTransactionCommitResult")

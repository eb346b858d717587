"""The future of a receipt, which costs almost nothing until it is used."""

from __future__ import annotations

import copy
import logging
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, NoReturn

from workflow_results._transport.forks import fork_guard
from workflow_results.common.rules import quoted, visible
from workflow_results.errors import ResultsError
from workflow_results.outcomes import Receipt

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

_logger = logging.getLogger(__name__)


class DepositFuture(Future[Receipt]):
    """The future receipt of a work: a `concurrent.futures.Future` that can't be cancelled.

    Its exception is a `PermissionDeniedError` if the caller may not deposit this work. Any other `ResultsError` means
    that the service has not acknowledged the work, which may or may not be stored. Depositing it again is safe.
    """

    # A Future takes 3 µs to make, this 0.5, where encoding a work takes 16; and most are looked at when they are done,
    # if ever. So the rest of it is made when somebody looks.

    _made = False
    _known: Receipt | ResultsError | None = None
    seen = False
    """Whether anybody has asked for the outcome of the work."""

    def __init__(self, making: threading.Lock, work: Mapping[str, Any] | None = None) -> None:
        self._making = making
        self._work = work
        self._forks = fork_guard.forks

    def __repr__(self) -> str:
        work, known = self._work or {}, self._known  # in this order: the work is dropped when the rest is known
        state = "pending"
        if isinstance(known, Receipt):
            work = known._asdict()
            state = f"{known.outcome.value}{f': {known.reason}' if known.reason else ''}"
        elif known is not None:
            state = f"{type(known).__name__}: {known}"
        named = f" of {work['pipeline']} {quoted(work['id'])}" if work else ""
        return f"<DepositFuture{named}: {visible(state)}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a DepositFuture can't be copied or pickled: use the Receipt that result() returns")

    def __getattr__(self, name: str) -> Any:
        if "_making" not in self.__dict__:  # of an object that nothing has initialized
            raise AttributeError(name)
        with fork_guard, self._making:
            if not self._made:
                super().__init__()
                self._made = True
                self._tell()  # nobody waits or is called back yet
        return self.__getattribute__(name)

    def result(self, timeout: float | None = None) -> Receipt:
        """Wait for the receipt, as in `concurrent.futures`."""
        self.seen = True
        self._check_process()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the error, if there is one, as in `concurrent.futures`."""
        self.seen = True
        self._check_process()
        return super().exception(timeout)

    def add_done_callback(self, fn: Callable[[Future[Receipt]], object]) -> None:
        """Call `fn` when it is done, as in `concurrent.futures`: in the thread that receives all receipts."""
        self.seen = True
        super().add_done_callback(fn)

    def cancel(self) -> bool:
        """Return False: the deposit of a work can't be cancelled."""
        return False

    def _check_process(self) -> None:
        """Refuse to wait in the child of a fork for a receipt that only its parent gets."""
        if self._forks != fork_guard.forks and self._known is None:
            raise ResultsError("this work was deposited before a fork; only the parent process gets its receipt")

    def become(self, known: Receipt | ResultsError) -> None:
        """Finish the future; for the depositor only."""
        with self._making:
            self._known = known
            made = self._made
        # The work may be large, and a receipt names it.
        self._work = None if isinstance(known, Receipt) else self._work and _named(self._work)
        if made:
            try:
                self._tell()
            except BaseException:
                # Of a callback; a Future logs exceptions itself, and lets only the likes of SystemExit through.
                _logger.exception("a callback of a deposit raised")

    def _tell(self) -> None:
        if isinstance(self._known, ResultsError):
            self.set_exception(copy.copy(self._known))  # each has a traceback of its own
        elif self._known is not None:
            self.set_result(self._known)


def _named(work: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"pipeline": work["pipeline"], "id": work["id"]}

"""The future of a receipt, in an event loop."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any, NoReturn

from workflow_results.errors import ResultsError
from workflow_results.outcomes import Receipt

if TYPE_CHECKING:
    from collections.abc import Generator


class AsyncDepositFuture(asyncio.Future[Receipt]):
    """The future receipt of a work: an `asyncio.Future`, to be awaited.

    Its exception is a `PermissionDeniedError` if the caller may not deposit this work. Any other `ResultsError` means
    that the service has not acknowledged the work, which may or may not be stored. Depositing it again is safe. To
    cancel it, or a task that awaits it, does not cancel the deposit of the work.
    """

    _asked = False

    @property
    def seen(self) -> bool:
        """Whether anybody has asked for the outcome of the work, and not turned away from it."""
        return self._asked and not self.cancelled()

    def __await__(self) -> Generator[Any, None, Receipt]:
        self._asked = True
        return super().__await__()

    def result(self) -> Receipt:
        """Return the receipt, as in `asyncio`."""
        self._asked = True
        return super().result()

    def exception(self) -> BaseException | None:
        """Return the error, if there is one, as in `asyncio`."""
        self._asked = True
        return super().exception()

    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        """Call `fn` when it is done, as in `asyncio`."""
        self._asked = True
        super().add_done_callback(fn, context=context)

    def __reduce__(self) -> NoReturn:
        raise TypeError("an AsyncDepositFuture can't be copied or pickled: use the Receipt that it returns")

    def become(self, known: Receipt | ResultsError) -> None:
        """Finish the future; for the depositor only."""
        if self.done():
            return
        if isinstance(known, ResultsError):
            self.set_exception(copy.copy(known))  # each has a traceback of its own
            super().exception()  # or asyncio would complain in the log: the depositor raises it, too
        else:
            self.set_result(known)

"""The errors that a request can be answered with, in the terms of gRPC but without it.

The store and the service raise them; `rpc/status.py` puts them on the wire. Their reasons stand in
`workflow_results.common.reasons`, and the proto says what each means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workflow_results.common.reasons import Reason
from workflow_results.common.rules import cut, visible

if TYPE_CHECKING:
    from typing_extensions import Self

_LENGTH: Final = 1_000
"""More is cut on the wire."""

NOT_APPLIED = {"outcome": "NOT_APPLIED"}
"""The metadata that says that nothing was changed, so that the client may send the request again."""
_RETRY_SECONDS: Final = {Reason.OVERLOADED: 0.2, Reason.SERVER_STOPPING: 0.05}
"""A request that there was no room for takes about so long to answer; another server may take over at once."""


def _shown(text: str) -> str:
    """Escape what callers said, since clients in all languages show it in terminals and logs; cut it first."""
    return visible(cut(text, _LENGTH))


class RequestError(Exception):
    """A request can't be answered.

    Attributes:
        retry_seconds (float | None): How long a caller should wait before it sends the request again, for
            google.rpc.RetryInfo.

    Args:
        reason: The reason.
        message: One sentence for the caller: what is wrong and what would be right.
        metadata: Metadata of the google.rpc.ErrorInfo.
        fields: The invalid fields and what is wrong with each, for google.rpc.BadRequest.
        code: The name of the canonical gRPC code. Defaults to that of the reason.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        metadata: dict[str, str] | None = None,
        fields: dict[str, str] | None = None,
        code: str = "",
    ) -> None:
        message = _shown(message)
        super().__init__(message)
        self.code = code or reason.code
        self.reason = reason
        self.retry_seconds = _RETRY_SECONDS.get(reason)
        self.message = message
        self.metadata = metadata or {}
        self.fields = {_shown(field): _shown(problem) for field, problem in (fields or {}).items()}

    @property
    def not_applied(self) -> bool:
        """Whether it is certain that nothing was changed."""
        return self.metadata.items() >= NOT_APPLIED.items()

    def of_a_part(self) -> Self:
        """Return the same error for a request of which another part may have been carried out."""
        error = type(self).__new__(type(self))
        metadata = {name: value for name, value in self.metadata.items() if name not in NOT_APPLIED}
        RequestError.__init__(error, self.reason, self.message, metadata=metadata, fields=self.fields, code=self.code)
        return error


class InvalidRequest(RequestError):
    """A field of the request breaks a rule.

    Args:
        field: The path of the field, as in `works[3].status`.
        problem: What is wrong with it and what would be right.
        reason: The reason.
    """

    def __init__(self, field: str, problem: str, reason: Reason = Reason.INVALID_REQUEST) -> None:
        super().__init__(reason, f"{field} {problem}", fields={field: problem}, code="INVALID_ARGUMENT")


class Unavailable(RequestError):
    """MongoDB can't be reached, or the server is stopping.

    Args:
        reason: The reason.
        message: One sentence for the caller.
        not_applied: Whether it is certain that nothing was changed.
    """

    def __init__(self, reason: Reason, message: str, *, not_applied: bool) -> None:
        super().__init__(reason, message, metadata=NOT_APPLIED if not_applied else None)


class DeadlineExceeded(RequestError):
    """The caller's deadline, or the server's own limit, has passed."""

    def __init__(self, message: str, metadata: dict[str, str] | None = None) -> None:
        super().__init__(Reason.DEADLINE_EXCEEDED, message, metadata=metadata)


def let_go(error: BaseException) -> None:
    """Release the frames that an error came through, and with them the request that some hold.

    An error and a frame that refer to each other keep both, and PyMongo keeps its errors in just that way.

    Args:
        error: It, its cause and its context have no traceback any more.
    """
    seen: set[BaseException | None] = {None}
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in seen:
            seen.add(each)
            each.__traceback__ = None
            waiting += (each.__cause__, each.__context__)

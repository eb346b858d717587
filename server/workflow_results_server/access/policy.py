"""What callers may do: the least role for each RPC, and the check that each call passes before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from workflow_results.common.reasons import Reason
from workflow_results.common.rules import shorten
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.access.callers import EVERYONE, Caller, Role, current_caller
from workflow_results_server.access.tokens import ANONYMOUS
from workflow_results_server.documents.works import Work
from workflow_results_server.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow_results_server.access.tokens import TokensFile
    from workflow_results_server.documents.works import Rejected

    Authorize = Callable[[Sequence[str]], None]

LEAST_ROLES: Final = {
    "View": Role.READER,
    "Top": Role.READER,
    "Count": Role.READER,
    "CountBy": Role.READER,
    "Status": Role.READER,
    "Info": Role.READER,
    "GetByCount": Role.READER,
    "GetById": Role.READER,
    "GetByEvent": Role.READER,
    "GetLocked": Role.READER,
    "GetLockedCount": Role.READER,
    "Watch": Role.READER,
    "History": Role.READER,
    "Deposit": Role.DEPOSITOR,
    "DepositStream": Role.DEPOSITOR,
    "Update": Role.CURATOR,
    "DeleteIds": Role.CURATOR,
    "Lock": Role.CURATOR,
    "Unlock": Role.CURATOR,
    "ListIndexes": Role.ADMIN,
    "CreateIndex": Role.ADMIN,
    "DropIndex": Role.ADMIN,
    "DropPipeline": Role.ADMIN,
}
"""The least role for each RPC. One that does not stand here is denied to everyone."""
_LEAST_FOR_LOCKED: Final = Role.CURATOR
"""To deposit works that are locked already."""

_SERVICE: Final = f"/{pb.DESCRIPTOR.services_by_name['ResultsService'].full_name}/"
_LEAST_BY_PATH: Final = {f"{_SERVICE}{method}": role for method, role in LEAST_ROLES.items()}
_OPEN: Final = "/grpc.health.v1.Health/"
"""Load balancers ask for health, and clients before they send a token anywhere."""
_REFLECTION: Final = "/grpc.reflection."


class Credentials(NamedTuple):
    """What a caller has shown of itself.

    Attributes:
        digest: The SHA-256 of its token, in hex, or the empty string for what is no token; None if it has sent none.
        names: The names of its client certificate, in the order in which they count, where it has sent no token.
    """

    digest: str | None
    names: Sequence[str] = ()


def path_of(method: str) -> str:
    """Return the path of an RPC."""
    return f"{_SERVICE}{method}"


class Access:
    """Decides about calls.

    Args:
        tokens: The callers; None where everyone may do everything.
    """

    def __init__(self, tokens: TokensFile | None) -> None:
        self._tokens = tokens

    def authorization(self, path: str, shown: Callable[[], Credentials]) -> Authorize:
        """Return the check of a call.

        Args:
            path: The path of the RPC; a door without RPCs gives that of the one that does the same (`path_of`).
            shown: Returns what the caller has shown of itself.

        Returns:
            A function of the pipelines that are named in the request, none while there is no request yet. It raises a
            `RequestError` where the caller may not make it, else sets `callers.current_caller`. Call it again to check
            whether the caller still may.
        """
        tokens = self._tokens
        if tokens is None or path.startswith(_OPEN):
            return authorize_all
        digest, names = shown()

        def authorize(pipelines: Sequence[str]) -> None:
            callers = tokens.callers()
            if digest is None:
                caller = next(filter(None, map(callers.by_name.get, names)), None)
            else:
                caller = callers.by_digest.get(digest)
            if caller is not None:
                current_caller.set(caller)  # the log says who made a call, even if it is refused
            _authenticate(caller, has_token=digest is not None, names=names)
            _allow(path, pipelines)

        return authorize


def authorize_all(_pipelines: Sequence[str]) -> None:
    """Authorize everyone."""


def _authenticate(caller: Caller | None, *, has_token: bool, names: Sequence[str]) -> None:
    if caller is not None and not caller.expired:
        return
    if caller is not None:
        problem = Reason.TOKEN_EXPIRED, f"caller {caller.name} has expired: ask for a new token"
    elif has_token:
        problem = Reason.TOKEN_INVALID, "unknown or revoked token"
    elif names and ANONYMOUS not in names:
        problem = Reason.TOKEN_MISSING, f"the client certificate names no known caller: {shorten(names, 300)}"
    else:
        problem = Reason.TOKEN_MISSING, "this server requires a token, as `authorization: Bearer <token>`"
    raise RequestError(*problem)


def _allow(path: str, pipelines: Sequence[str]) -> None:
    caller = current_caller.get()
    least = _LEAST_BY_PATH.get(path)
    if least is None:
        if path.startswith(_REFLECTION):
            return
        raise RequestError(Reason.ROLE, f"{path} is not allowed for any role")
    if caller.role < least:
        raise _role_denied(path.removeprefix(_SERVICE), least, caller)
    for pipeline in pipelines:
        if not caller.may_use(pipeline):
            raise _pipeline_denied(pipeline, caller)


def allow_works(works: Sequence[Work | Rejected]) -> None:
    """Check that the current caller may store, or update, all works of a request.

    Args:
        works: The works, of which those that are rejected don't matter.

    Raises:
        RequestError: It may not.
    """
    caller = current_caller.get()
    if caller is EVERYONE:
        return
    seen: dict[str, int] = {}
    for work in works:
        if isinstance(work, Work):
            seen.setdefault(work.pipeline, work.position)
            if work.locked and caller.role < _LEAST_FOR_LOCKED:
                what = f"depositing locked works (works[{work.position}].results.locked)"
                raise _role_denied(what, _LEAST_FOR_LOCKED, caller)
    for pipeline, position in seen.items():
        if not caller.may_use(pipeline):
            raise _pipeline_denied(pipeline, caller, f"works[{position}]: ")


def _role_denied(what: str, least: Role, caller: Caller) -> RequestError:
    message = f"{what} requires at least the role {least}: caller {caller.name} has the role {caller.role}"
    return RequestError(Reason.ROLE, message)


def _pipeline_denied(pipeline: str, caller: Caller, where: str = "") -> RequestError:
    allowed = ", ".join(caller.pipelines)
    message = f"{where}caller {caller.name} may not use pipeline {shorten(pipeline)}, only {allowed}"
    return RequestError(Reason.PIPELINE, message)

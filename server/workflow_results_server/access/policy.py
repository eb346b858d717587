"""What callers may do: the least role for each RPC, and the check that each call passes before anything else."""

from __future__ import annotations

import base64
import functools
import re
from typing import TYPE_CHECKING, Any, Final

from workflow_results.common.reasons import Reason
from workflow_results.common.rules import KIB, shorten
from workflow_results.v1 import results_pb2 as pb
from workflow_results_server.access.callers import EVERYONE, Caller, Role, current_caller
from workflow_results_server.access.tokens import TokensFile, digest_of
from workflow_results_server.documents.works import Work
from workflow_results_server.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import grpc

    from workflow_results_server.documents.works import Rejected

    Context = grpc.aio.ServicerContext[Any, Any]
    Authorize = Callable[[Any], None]

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
_NAMES: Final = ("x509_subject_alternative_name", "x509_common_name")
"""Where gRPC puts the names of a client certificate, which it has verified, in the order in which they count."""
_CERTIFICATE: Final = "x509_pem_cert"
_REMEMBERED_BYTES: Final = 8 * KIB
"""The largest certificate whose names are remembered; most have 2 KiB."""
_STRING_HEADER: Final = re.compile(rb"[\x0c-\x1e\x81\x82\x86](?:[\0-\x7f]|\x81.|\x82..)\Z", re.DOTALL)
"""The tag and the length of a string in DER, at the end of what is looked at."""
_ENCODINGS: Final = ("utf-8", "latin-1", "utf-16-be", "utf-32-be")
"""Those of the strings in certificates."""


class Access:
    """Decides about calls.

    Args:
        tokens: The callers; None where everyone may do everything.
        certificates: Whether clients show certificates.
    """

    def __init__(self, tokens: TokensFile | None, *, certificates: bool) -> None:
        self._tokens = tokens
        self._certificates = certificates

    def authorization(self, path: str, context: Context) -> Authorize:
        """Return the check of a call.

        Args:
            path: The path of the RPC.
            context: The call.

        Returns:
            A function of a request, or of None while there is none yet. It raises a `RequestError` where the caller
            may not make it, else sets `callers.current_caller`. Call it again to check whether the caller still may.
        """
        tokens = self._tokens
        if tokens is None or path.startswith(_OPEN):
            return authorize_all
        digest, names = self._shown(context)

        def authorize(request: Any) -> None:
            callers = tokens.callers()
            if digest is None:
                caller = next(filter(None, map(callers.by_name.get, names)), None)
            else:
                caller = callers.by_digest.get(digest)
            if caller is not None:
                current_caller.set(caller)  # the log says who made a call, even if it is refused
            _authenticate(caller, has_token=digest is not None, names=names)
            _allow(path, _pipelines(request))

        return authorize

    def _shown(self, context: Context) -> tuple[str | None, list[str]]:
        """Return the hash of the token that a caller has sent, if it has; else the names of its certificate."""
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                scheme, _, token = str(value).partition(" ")
                return digest_of(token) if scheme.lower() == "bearer" else "", []
        if not self._certificates:
            return None, []
        shown = context.auth_context()
        names = [name for key in _NAMES for name in shown.get(key, ())]
        (certificate,) = shown.get(_CERTIFICATE) or (b"",)
        whole_names = _whole_names if len(certificate) <= _REMEMBERED_BYTES else _whole_names.__wrapped__
        return None, whole_names(certificate, *names)


@functools.lru_cache(maxsize=1024)
def _whole_names(certificate: bytes, *names: bytes) -> list[str]:
    """Return the names of a certificate, of which gRPC for Python shows no more than what stands before a NUL.

    Else who gets a certificate for `admin<NUL>.example.org` from an authority would be `admin`. A name that was cut is
    given its NUL back, with which it is that of no caller.
    """
    encoded = b"".join(line for line in certificate.splitlines() if not line.startswith(b"-----"))
    content = base64.b64decode(encoded)
    given = []
    for name in (name.decode(errors="surrogateescape") for name in names):
        was_cut = any(_string(name, encoding, content) for encoding in _ENCODINGS)
        given.append(f"{name}\0" if was_cut else name)
    return given


def _string(name: str, encoding: str, content: bytes) -> bool:
    """Look for a longer string in DER that begins with a name and a NUL: behind its tag and its length."""
    try:
        beginning = f"{name}\0".encode(encoding)
    except UnicodeEncodeError:
        return False
    at = content.find(beginning)
    while at >= 0:
        if _STRING_HEADER.search(content, max(0, at - 4), at):
            return True
        at = content.find(beginning, at + 1)
    return False


def authorize_all(_request: Any) -> None:
    """Authorize everyone."""


def _authenticate(caller: Caller | None, *, has_token: bool, names: list[str]) -> None:
    if caller is not None and not caller.expired:
        return
    if caller is not None:
        problem = Reason.TOKEN_EXPIRED, f"caller {caller.name} has expired: ask for a new token"
    elif has_token:
        problem = Reason.TOKEN_INVALID, "unknown or revoked token"
    elif names:
        problem = Reason.TOKEN_MISSING, f"the client certificate names no known caller: {shorten(names, 300)}"
    else:
        problem = Reason.TOKEN_MISSING, "this server requires a token, as metadata `authorization: Bearer <token>`"
    raise RequestError(*problem)


def _pipelines(request: Any) -> Sequence[str]:
    """Return the pipelines that a request names, beside those of works in it."""
    if hasattr(request, "pipelines"):
        named: Sequence[str] = request.pipelines
        return named
    return (request.pipeline,) if hasattr(request, "pipeline") else ()


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
